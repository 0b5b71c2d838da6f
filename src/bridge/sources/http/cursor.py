"""The place in a list of changes up to which everything was taken in."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from zlib import crc32

from bridge.model.errors import ConfigurationError, Problem


@dataclass(frozen=True, slots=True)
class ChangeCursor:
    """`at` is the last change seen; `seen` what was taken in no more than the overlap before: id to (time, mark).

    The mark tells two versions of an incident apart, also when both carry the same second.
    """

    at: datetime
    seen: Mapping[str, tuple[float, int]] = field(default_factory=dict)

    @classmethod
    def parse(cls, text: str, where: str) -> ChangeCursor:
        """The cursor that `str` wrote. Raises ConfigurationError for anything else."""
        try:
            value = json.loads(text)
            seen = {number: (float(at), int(known)) for number, (at, known) in value["seen"].items()}
            return cls(datetime.fromisoformat(value["at"]).astimezone(UTC), seen)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            problem = Problem(where, f"“{text[:80]}” is not a cursor of this kind", "Was the source's kind changed?")
            raise ConfigurationError([problem]) from error

    def __str__(self) -> str:
        return json.dumps({"at": self.at.isoformat(), "seen": self.seen}, separators=(",", ":"))

    def since(self, overlap: timedelta) -> datetime:
        """From when on to ask."""
        return self.at - overlap

    def fresh(self, number: str, item: Any) -> bool:
        """Whether this version of an incident was not taken in before."""
        return number not in self.seen or self.seen[number][1] != mark(item)

    def advanced(
        self, items: Sequence[tuple[str, datetime, Any]], overlap: timedelta, latest: datetime
    ) -> ChangeCursor:
        """The cursor after these (id, changed, item) as well.

        A change after `latest` does not move it: one wrong year, and nothing before that year would ever be asked for.
        """
        at = max([self.at, *(changed for _, changed, _ in items if changed <= latest)])
        boundary = at - overlap
        first = boundary.timestamp()
        seen = {number: known for number, known in self.seen.items() if known[0] >= first}
        for number, changed, item in items:
            if changed >= boundary:
                seen[number] = (changed.timestamp(), mark(item))
        return ChangeCursor(at, seen)


def mark(item: Any) -> int:
    """A number that differs for different contents."""
    return crc32(json.dumps(item, sort_keys=True).encode())
