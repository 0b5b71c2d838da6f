"""The place in RT's transactions up to which everything was read."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from bridge.model.errors import ConfigurationError, Problem

SETTLED = timedelta(minutes=10)
"""No transaction is believed to commit later than this after one with a higher id."""


@dataclass(frozen=True, slots=True)
class FeedCursor:
    """`last` is the highest id read, `gaps` the lower ones near it that were not there, `at` when `last` was read.

    PostgreSQL commits out of order: an id below `last` may appear later, and is looked for until SETTLED has passed.
    """

    last: int
    at: datetime
    gaps: frozenset[int] = frozenset()

    @classmethod
    def parse(cls, text: str, where: str) -> FeedCursor:
        """The cursor that `str` wrote. Raises ConfigurationError for anything else."""
        try:
            last, _, rest = text.partition("@")
            moment, _, gaps = rest.partition("-")
            at = datetime.fromtimestamp(int(moment), UTC)
            return cls(int(last), at, frozenset(int(last) - int(back) for back in gaps.split(",") if back))
        except ValueError as error:
            problem = Problem(where, f"“{text}” is not a cursor of a Request Tracker", "Was the source's kind changed?")
            raise ConfigurationError([problem]) from error

    def __str__(self) -> str:
        behind = ",".join(str(self.last - gap) for gap in sorted(self.gaps, reverse=True))
        return f"{self.last}@{int(self.at.timestamp())}-{behind}"

    def quiet(self, now: datetime) -> bool:
        """Whether nothing was read for so long that it is worth asking whether anything is overlooked."""
        return now - self.at > SETTLED

    def begin(self, now: datetime) -> int:
        """The id after which to read: below `last` while a gap may still fill."""
        if not self.gaps or self.quiet(now):
            return self.last
        return min(self.gaps) - 1

    def fresh(self, transaction: int) -> bool:
        """Whether a transaction was not read before."""
        return transaction > self.last or transaction in self.gaps

    def advanced(self, read: Iterable[int], overlap: int, now: datetime) -> FeedCursor:
        """The cursor after reading these transactions; gaps more than `overlap` behind are given up."""
        seen = set(read)
        last = max(seen, default=self.last)
        if last <= self.last:
            return FeedCursor(self.last, self.at, self.gaps - seen)
        window = {*self.gaps, *range(max(self.last + 1, last - overlap), last)}
        return FeedCursor(last, now, frozenset(one for one in window - seen if one >= last - overlap))
