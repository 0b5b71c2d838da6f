"""Whether a group is worth a decision: a cheap look that may be wrong in one direction only.

It never says no where `decide` would find the reasons of a rule there; a property test holds it to that.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import islice

from bridge.rules.matching import CompiledRule
from bridge.rules.moments import SKEW
from bridge.rules.when import Trigger

NONE = -1
FIRST, LAST = -1, 1 << 62
"""Before and after every incident of the same moment."""


@dataclass(slots=True, eq=False)
class Trace:
    """What is kept of a group: its incidents by their opening, and those that have been open for long.

    `contested`: some of them count, or counted, for another promotion. `promotion` is the number of the group's newest
    one, NONE when it never had any, `since` when the first of its incidents was opened. `unsettled`: some of the
    group's incidents may join it although nothing happens to them.
    """

    key: str
    label: str
    entries: list[tuple[datetime, int]] = field(default_factory=list)
    late: set[int] = field(default_factory=set)
    contested: bool = False
    unsettled: bool = False
    promotion: int = NONE
    since: datetime | None = None
    most: dict[str, int] = field(default_factory=dict)

    def join(self, opened_at: datetime, incident: int) -> None:
        """Takes an incident in."""
        entry = (opened_at, incident)
        if self.entries and entry < self.entries[-1]:
            insort(self.entries, entry)
        else:
            self.entries.append(entry)

    def leave(self, opened_at: datetime, incident: int) -> None:
        """Lets an incident go."""
        if self.has(opened_at, incident):
            del self.entries[bisect_left(self.entries, (opened_at, incident))]
        self.late.discard(incident)
        self.unsettled = True

    def has(self, opened_at: datetime, incident: int) -> bool:
        """Whether an incident is in it."""
        place = bisect_left(self.entries, (opened_at, incident))
        return place < len(self.entries) and self.entries[place] == (opened_at, incident)

    def opened(self, since: datetime, before: datetime) -> int:
        """How many were opened in [since, before)."""
        return bisect_left(self.entries, (before, FIRST)) - bisect_left(self.entries, (since, FIRST))

    def newest(self, limit: int, until: datetime | None = None) -> list[int]:
        """The newest incidents, newest first; with `until` only those opened by then."""
        end = len(self.entries) if until is None else bisect_right(self.entries, (until, LAST))
        return [incident for _, incident in reversed(self.entries[max(0, end - limit) : end])]

    def after(self, entry: tuple[datetime, int] | None) -> Iterator[int]:
        """The incidents after such a pair, oldest first; None: all of them."""
        begin = 0 if entry is None else bisect_right(self.entries, entry)
        return (incident for _, incident in islice(self.entries, begin, None))


Near = Callable[[Trace, datetime], bool]
"""Whether the reasons may be there at that moment."""


def near(rule: CompiledRule, counts: Callable[[int], bool]) -> Near:
    """The cheap look for a rule. `counts`: whether an incident of a contested group may count for it."""
    tests = tuple(_test(one, counts) for one in rule.triggers)
    if len(tests) == 1:
        return tests[0]
    if rule.needs_all:
        return lambda trace, now: all(test(trace, now) for test in tests)
    return lambda trace, now: any(test(trace, now) for test in tests)


def _test(trigger: Trigger, counts: Callable[[int], bool]) -> Near:
    if trigger.open_for or trigger.on_hold_for:
        return lambda trace, _: bool(trace.late)
    for name, asked in (("reopened", trigger.reopened), ("reassigned", trigger.reassigned)):
        if asked is not None:
            return _often(name, asked.at_least)
    for several in (trigger.recurs, trigger.affected):
        if several is not None:
            return _together(several.at_least, several.within, counts)
    if trigger.breached is not None:
        return _together(trigger.breached.times, trigger.breached.within, counts)
    if trigger.rate is not None:
        return _lately(trigger.rate.at_least, trigger.rate.within)
    return _together(1, trigger.effort.within, counts) if trigger.effort is not None else _perhaps


def _perhaps(_: Trace, __: datetime) -> bool:
    return True


def _often(name: str, at_least: int) -> Near:
    return lambda trace, _: trace.most.get(name, 0) >= at_least


def _together(at_least: int, within: timedelta, counts: Callable[[int], bool]) -> Near:
    """At least so many incidents in a window that ends with the newest one, which is new itself."""

    def test(trace: Trace, now: datetime) -> bool:
        entries = trace.entries
        if len(entries) < at_least:
            return False
        newest = entries[-1][0]
        if newest - now > SKEW:
            return True  # a wrong date: what counts is older, and decide knows which
        if not trace.contested:
            return newest - entries[-at_least][0] <= within and now - newest <= within
        return _free(entries, at_least, within, now, counts)

    return test


def _free(
    entries: Sequence[tuple[datetime, int]],
    at_least: int,
    within: timedelta,
    now: datetime,
    counts: Callable[[int], bool],
) -> bool:
    """The same of those that count."""
    last: datetime | None = None
    found = 0
    for opened, incident in reversed(entries):
        if opened < (now if last is None else last) - within:
            return False
        if counts(incident):
            last = last or opened
            found += 1
            if found == at_least:
                return True
    return False


def _lately(at_least: int, within: timedelta) -> Near:
    """At least so many since twice as long ago: those of other promotions count, but no window ends with them."""

    def test(trace: Trace, now: datetime) -> bool:
        return len(trace.entries) >= at_least and now - trace.entries[-at_least][0] <= 2 * within

    return test
