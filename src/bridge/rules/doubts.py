"""Rules that can never fire, and rules that an earlier one leaves nothing: warnings with the reason.

A warning is never wrong; that none is given proves nothing. A rule that is off is not looked at. Recognised are, beside
what `possible` sees in conditions:

- `unless` excepts everything that `match` covers;
- a field of `group_by` that no covered incident can have (without it an incident is in no group);
- reasons for which every covered incident is in the wrong state (`open_for`, `on_hold_for`) or was reopened or given on
  too rarely, and reasons that count incidents or values where a group has only one (`group_by: [external_id]`, or the
  counted field itself);
- an earlier rule that covers everything that this one covers, groups at least as widely, and has a reason at the latest
  when this one has. It is taken for granted that incidents arrive in the order in which they were opened.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bridge.model.errors import Problem
from bridge.model.incident import OPEN_STATES, State
from bridge.rules.fields import Kind, field
from bridge.rules.matching import CompiledRule
from bridge.rules.on_recurrence import AfterDelivery
from bridge.rules.possible import Literal, conflict
from bridge.rules.questions import AllOf, Holds, Not, Path, Question
from bridge.rules.ruleset import Required, required
from bridge.rules.schema import Mode
from bridge.rules.when import CameBack, Recurs, Trigger
from bridge.yamlfile import Marked

MOST_RULES = 1000
"""Among more rules than these, none is looked for that leaves another nothing."""
MOST_COMPARED = 20_000
"""Nor are more pairs than these compared in depth."""


@dataclass(frozen=True, slots=True)
class Placed:
    """A rule and where it stands."""

    rule: CompiledRule
    marked: Marked
    number: int

    def where(self, path: Path) -> str:
        """The place of what stands at this path within the rule."""
        return self.marked.where(("rules", self.number, *path))

    def doubt(self, path: Path, what: str, advice: str) -> Problem:
        """A warning about it."""
        what = f"“{self.rule.id}” {what}"
        return self.marked.problem(("rules", self.number, *path), what, advice, severity="warning")


def doubts(rules: Sequence[Placed]) -> list[Problem]:
    """A warning for each rule that can never fire, or not before another one has."""
    problems: list[Problem] = []
    alive = []
    for placed in rules:
        if placed.rule.mode is Mode.OFF:
            continue
        found, dead = _never(placed)
        problems += found
        if not dead:
            alive.append(placed)
    if len(alive) <= MOST_RULES:
        problems += _shadowed(sorted(alive, key=lambda one: one.rule.rule.priority))
    return problems


def _never(placed: Placed) -> tuple[list[Problem], bool]:
    """What can never be, and whether the rule can never fire."""
    rule = placed.rule
    covers = rule.covers
    found = conflict(covers)
    if found:
        return [_contradiction(placed, found)], True
    for number, name in enumerate(rule.rule.group_by):
        if field(name) and conflict(
            AllOf((covers, _asked(name, "exists", True, lambda value: value not in {None, ""})))
        ):
            what = f"can never fire: no incident that it covers has “{name}”, and without it an incident is in no group"
            return [placed.doubt(("group_by", number), what, "group by something else")], True
    reasons = []
    how = "all" if rule.needs_all else "any"
    for number, trigger in enumerate(rule.triggers):
        why = _dead(rule, trigger)
        if why:
            reasons.append((("when", how, number), why))
    dead = bool(reasons) and (rule.needs_all or len(reasons) == len(rule.triggers))
    told = "can never fire: it cannot have this reason" if dead else "can never have this reason"
    return [placed.doubt(path, f"{told}: {why}", "mend or remove it") for path, why in reasons], dead


def _contradiction(placed: Placed, found: tuple[Literal, ...]) -> Problem:
    """Why nothing is covered. The place is that of the last of what contradicts the rest."""
    covers = placed.rule.covers
    parts = " and ".join(dict.fromkeys(map(str, found)))
    if placed.rule.rule.unless is not None and isinstance(covers, AllOf) and not conflict(AllOf(covers.parts[:-1])):
        involved = any(one.question.path[0] == "unless" for one in found)
        what = f"can never fire: `unless` excepts everything that `match` covers{f' ({parts})' if involved else ''}"
        return placed.doubt(("unless",), what, "except less, or cover more")
    place = found[-1].question.path
    if len(found) == 1:
        return placed.doubt(place, f"can never fire: no incident has {parts}", "mend or remove it")
    return placed.doubt(place, f"can never fire: {parts} exclude each other", "mend or remove one of them")


def _dead(rule: CompiledRule, trigger: Trigger) -> str:
    """Why a reason can never be there; empty when it may."""
    asked = None
    if trigger.open_for:
        asked = _asked("state", "in", tuple(sorted(OPEN_STATES)), OPEN_STATES.__contains__)
    elif trigger.on_hold_for:
        asked = _asked("state", "equals", State.ON_HOLD, frozenset([State.ON_HOLD]).__contains__)
    elif trigger.reopened or trigger.reassigned:
        back = trigger.reopened or trigger.reassigned
        assert back is not None, "one of the two is given"
        name = "reopen_count" if trigger.reopened else "reassignment_count"
        asked = _asked(name, "between", (back.at_least, None), lambda value: value >= back.at_least)
    if asked is not None:
        return f"no incident that the rule covers has {asked}" if conflict(AllOf((rule.covers, asked))) else ""
    needed = _number_needed(trigger)
    if needed > 1:
        grouped = rule.rule.group_by
        if "external_id" in grouped and not rule.rule.across_sources:
            return f"it needs {needed} incidents, and grouped by external_id a group has one"
        counted = _counted(trigger)
        if counted in grouped:
            return f"it needs {needed} values of {counted}, and a group has one of what it is grouped by"
    return ""


def _number_needed(trigger: Trigger) -> int:
    if trigger.breached:
        return trigger.breached.times
    one = trigger.recurs or trigger.affected or trigger.rate
    return one.at_least if one else 1


def _counted(trigger: Trigger) -> str | None:
    return trigger.affected.field if trigger.affected else trigger.recurs.distinct if trigger.recurs else None


def _asked(name: str, operator: str, operand: object, holds: Holds) -> Question:
    found = field(name)
    assert found is not None, "the model lets only known fields pass"
    return Question(found, holds, ("when",), operator, operand)


def _shadowed(rules: Sequence[Placed]) -> Iterator[Problem]:
    needed = [_texts(required(placed.rule.covers)) for placed in rules]
    left = MOST_COMPARED
    for number, later in enumerate(rules):
        for before in range(number):
            earlier = rules[before]
            if not _may_hold(needed[before], needed[number]) or not _leaves_nothing(earlier.rule, later.rule):
                continue
            left -= 1
            if left < 0:
                return
            if conflict(AllOf((later.rule.covers, Not(earlier.rule.covers)))):
                what = (
                    f"is left nothing: “{earlier.rule.id}” at {earlier.where(('id',))} looks first, covers all of this"
                    " and has a reason no later, so its promotions claim these incidents; this rule acts only on what"
                    " they give free again (rejected, expired, or long delivered)"
                )
                advice = "give it a lower number as `priority` than the other, or make the other narrower"
                yield later.doubt(("id",), what, advice)
                break


def _texts(needed: Required) -> Mapping[str, frozenset[Any]]:
    """The texts of which a covered incident must have one, by field."""
    return {name: values for name, (found, values) in needed.items() if found.kind in {Kind.TEXT, Kind.OWN}}


def _may_hold(outer: Mapping[str, frozenset[Any]], inner: Mapping[str, frozenset[Any]]) -> bool:
    """Whether one rule may cover all that another one covers, by the texts that each of them must find. Quick."""
    return all(not values.isdisjoint(inner.get(name, ())) for name, values in outer.items())


def _leaves_nothing(first: CompiledRule, second: CompiledRule) -> bool:
    """Whether the first rule claims whatever the second one could, if it covers all of that."""
    one, other = first.rule, second.rule
    return (
        one.id != other.id
        and one.mode in {Mode.PROPOSE, Mode.AUTO}
        and one.on_recurrence.delivered is not AfterDelivery.IGNORE
        and set(one.group_by) <= set(other.group_by)
        and one.similar is None
        and one.across_sources >= other.across_sources
        and _no_later(first, second)
    )


def _no_later(first: CompiledRule, second: CompiledRule) -> bool:
    """Whether the first rule has its reasons whenever the second one has."""
    some = all if first.needs_all else any
    if second.needs_all:
        return some(any(_implied(mine, its) for its in second.triggers) for mine in first.triggers)
    return all(some(_implied(mine, its) for mine in first.triggers) for its in second.triggers)


def _implied(mine: Trigger, its: Trigger) -> bool:
    """Whether one reason is there whenever another one is, in a group that holds the other one's group."""
    if mine.recurs and its.recurs:
        return mine.recurs.distinct in {None, its.recurs.distinct} and _weaker(mine.recurs, its.recurs)
    if mine.open_for and its.open_for:
        asked, given = mine.open_for, its.open_for
        return asked.longer_than <= given.longer_than and asked.calendar in {None, given.calendar}
    if mine.on_hold_for and its.on_hold_for:
        return mine.on_hold_for.longer_than <= its.on_hold_for.longer_than
    for name in ("reopened", "reassigned"):
        back, other = getattr(mine, name), getattr(its, name)
        if back and other:
            return _weaker(back, other)
    return False


def _weaker(mine: Recurs | CameBack, its: Recurs | CameBack) -> bool:
    return mine.at_least <= its.at_least and mine.within >= its.within
