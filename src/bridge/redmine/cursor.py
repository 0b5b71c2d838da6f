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
        except (ValueError, KeyError, TypeError, IndexError, AttributeError) as error:
            raise ValueError(f"no cursor of this tracker: {text[:80]}") from error

    def base(self, overlap: timedelta) -> datetime | None:
        """The second from which everything has to be listed; None for all there is."""
        return _base(self.at, self.seen, overlap) if self.at is not None else None


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
    safe = _surely_past(cursor, top, reading)
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
    if at is not None:
        # one second more than the next list: `>=T` also gives what Redmine shows as T - 1
        oldest = _base(at, seen, overlap) - _SECOND
        seen = {key: row for key, row in seen.items() if row.second >= oldest}
    quiet = (
        at is not None
        and safe is not None
        and safe >= at + _SECOND + overlap
        and all(row.settled for row in seen.values())
    )
    return tuple(delivered), Cursor(at, cursor.since if at == cursor.at else reading.ended, quiet, seen)


def _surely_past(cursor: Cursor, top: datetime | None, reading: Reading) -> datetime | None:
    """A moment by Redmine's clock that was over before the reading."""
    known = [moment for moment in (reading.server, top) if moment is not None]
    if cursor.at is not None:
        # Redmine's clock was at `at` or later when we first saw it, and both clocks run equally fast
        known.append(cursor.at + max(reading.began - cursor.since, timedelta()))
    return max(known, default=None)


def _base(at: datetime, seen: Mapping[int, Seen], overlap: timedelta) -> datetime:
    return min([at - overlap, *(row.second for row in seen.values() if not row.settled)])


def second(moment: datetime) -> str:
    """A moment as Redmine's filters take it."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
