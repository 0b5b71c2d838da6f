"""The position in Redmine's stream of changes, pure. Times that Redmine shows are whole seconds.

An issue shown as changed in second u may change again in the same second, and a change may become visible some time
after the second it carries (a slow transaction, clocks of several servers). `overlap` bounds both: a reading made when
Redmine's clock was past u + 1 + overlap has seen everything of second u. Such a row is *settled*; one that was read
earlier is delivered once more when it is. When everything up to the newest second is settled the cursor is *quiet*:
only a newer second can bring news, which one cheap request finds out.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from bridge.model.project import Changed

_SECOND = timedelta(seconds=1)


class Seen(NamedTuple):
    """A row as it was last delivered: the second it showed, and whether that is settled."""

    second: datetime
    settled: bool


@dataclass(frozen=True, slots=True)
class Cursor:
    """`at` is the newest second seen (None: no issue yet), `since` our clock when it was first seen."""

    at: datetime | None
    since: datetime
    quiet: bool = False
    seen: Mapping[int, Seen] = field(default_factory=dict)

    def to_json(self) -> str:
        """The opaque text that is stored."""
        return json.dumps(
            {
                "at": self.at and self.at.isoformat(),
                "since": self.since.isoformat(),
                "quiet": self.quiet,
                "seen": {str(key): [row.second.isoformat(), row.settled] for key, row in self.seen.items()},
            }
        )

    @classmethod
    def from_json(cls, text: str) -> Cursor:
        """Raises ValueError for a text that is no cursor."""
        try:
            raw = json.loads(text)
            return cls(
                at=raw["at"] and datetime.fromisoformat(raw["at"]),
                since=datetime.fromisoformat(raw["since"]),
                quiet=raw["quiet"],
                seen={int(key): Seen(datetime.fromisoformat(row[0]), row[1]) for key, row in raw["seen"].items()},
            )
        except (KeyError, TypeError, IndexError, AttributeError) as error:
            raise ValueError(f"no cursor of this tracker: {text[:80]}") from error

    def base(self, overlap: timedelta) -> datetime | None:
        """The second from which everything has to be listed; None for all there is."""
        if self.at is None:
            return None
        return min([self.at - overlap, *(row.second for row in self.seen.values() if not row.settled)])


@dataclass(frozen=True, slots=True)
class Reading:
    """When a list was read. `began` and `ended` by our clock; `server` is a moment by Redmine's clock that was surely
    over before the list was read (None: it does not tell).
    """

    began: datetime
    ended: datetime
    server: datetime | None


def take(
    cursor: Cursor, rows: Iterable[Changed], top: datetime | None, reading: Reading, overlap: timedelta
) -> tuple[tuple[Changed, ...], Cursor]:
    """What to deliver of a complete list from `cursor.base` on, oldest first, and the next cursor.

    `top` is the newest second that was there when the reading began; rows may be newer when it took several requests.
    """
    safe = _surely_past(cursor, reading)
    delivered: list[Changed] = []
    seen: dict[int, Seen] = {}
    for row in sorted(rows, key=lambda row: (row.updated_at, row.id)):
        before = cursor.seen.get(row.id)
        settled = safe is not None and safe >= row.updated_at + _SECOND + overlap
        if before is None or before.second != row.updated_at:
            delivered.append(row)
        elif before.settled:
            settled = True
        elif settled:
            delivered.append(row)
        seen[row.id] = Seen(row.updated_at, settled)
    at = max((moment for moment in (cursor.at, top) if moment is not None), default=None)
    kept = {
        key: row
        for key, row in seen.items()
        # one second more than the overlap: `>=T` also gives what Redmine shows as T - 1
        if not row.settled or (at is not None and row.second >= at - overlap - _SECOND)
    }
    moved = at != cursor.at
    quiet = at is None or (not moved and safe is not None and safe >= at + _SECOND + overlap)
    if moved and at is not None and reading.server is not None:
        quiet = reading.server >= at + _SECOND + overlap
    return tuple(delivered), Cursor(at, reading.ended if moved else cursor.since, quiet and _all_settled(kept), kept)


def _surely_past(cursor: Cursor, reading: Reading) -> datetime | None:
    """A moment by Redmine's clock that was over before the reading."""
    known = [reading.server] if reading.server is not None else []
    if cursor.at is not None:
        # Redmine's clock was at `at` or later when we first saw it, and both clocks run equally fast
        known.append(cursor.at + max(reading.began - cursor.since, timedelta()))
    return max(known, default=None)


def _all_settled(seen: Mapping[int, Seen]) -> bool:
    return all(row.settled for row in seen.values())


def second(text: datetime) -> str:
    """A moment as Redmine's filters take it."""
    return text.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
