"""How Redmine 5.0.4 moves issues when a `precedes` relation is created: its Ruby, word for word, as far as dates go.

From lib/redmine/utils/date_calculation.rb, app/models/issue.rb (reschedule_on!, soonest_start) and issue_relation.rb,
with the default settings: Saturday and Sunday are free, a parent's dates derive from its children.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta

FREE = {6, 7}


def working_days(start: date, end: date) -> int:
    days = (end - start).days
    if days <= 0:
        return 0
    weeks = days // 7
    result = weeks * (7 - len(FREE))
    for i in range(days - weeks * 7):
        if ((start.isoweekday() + i - 1) % 7) + 1 not in FREE:
            result += 1
    return result


def add_working_days(day: date, count: int) -> date:
    if count <= 0:
        return day
    weeks = count // (7 - len(FREE))
    result = weeks * 7
    left = count - weeks * (7 - len(FREE))
    weekday = day.isoweekday()
    while left > 0:
        weekday += 1
        if ((weekday - 1) % 7) + 1 not in FREE:
            left -= 1
        result += 1
    return next_working_date(day + timedelta(days=result))


def next_working_date(day: date) -> date:
    days = 0
    while ((day.isoweekday() + days - 1) % 7) + 1 in FREE:
        days += 1
    return day + timedelta(days=days)


@dataclass(eq=False)
class Issue:
    """An issue with dates; `moved` counts how often Redmine saved other dates."""

    key: str
    own_start: date
    own_due: date
    parent: Issue | None = None
    children: list[Issue] = field(default_factory=list)
    relations_to: list[tuple[Issue, int]] = field(default_factory=list)
    relations_from: list[Issue] = field(default_factory=list)
    moved: int = 0

    def __post_init__(self) -> None:
        if self.parent is not None:
            self.parent.children.append(self)

    @property
    def start(self) -> date:
        return min(child.start for child in self.children) if self.children else self.own_start

    @property
    def due(self) -> date:
        return max(child.due for child in self.children) if self.children else self.own_due

    def leaves(self) -> list[Issue]:
        return [leaf for child in self.children for leaf in child.leaves()] if self.children else [self]

    def soonest_start(self) -> date | None:
        dates = [add_working_days(source.due, 1 + delay) for source, delay in self.relations_to]
        if self.parent is not None and (inherited := self.parent.soonest_start()):
            dates.append(inherited)
        return max(dates, default=None)

    def reschedule_on(self, day: date) -> None:
        before = (self.own_start, self.own_due)
        duration = working_days(self.own_start, self.own_due)
        self.own_start = next_working_date(day)
        self.own_due = add_working_days(self.own_start, duration)
        if (self.own_start, self.own_due) != before:
            self.moved += 1
            follower: Issue | None = self
            while follower is not None:
                for other in follower.relations_from:
                    reschedule_following(follower, other)
                follower = follower.parent

    def reschedule_now(self, day: date) -> None:
        if not self.children:
            if self.own_start != day:
                if self.own_start > day:
                    day = max(filter(None, (self.soonest_start(), day)))
                self.reschedule_on(day)
            return
        start = self.start
        for leaf in self.leaves():
            if start == leaf.start or day > leaf.start:
                leaf.reschedule_now(day)


def reschedule_following(source: Issue, target: Issue) -> None:
    for other, delay in target.relations_to:
        if other is source:
            target.reschedule_now(add_working_days(source.due, 1 + delay))


def precede(source: Issue, target: Issue, delay: int) -> None:
    """Creates the relation, and moves what Redmine moves."""
    target.relations_to.append((source, delay))
    source.relations_from.append(target)
    target.reschedule_now(add_working_days(source.due, 1 + delay))
