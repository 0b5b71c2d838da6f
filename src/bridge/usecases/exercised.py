"""What of the rules no test exercises: it could be left out or turned round, and every test would still pass."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from bridge.rules.matching import CompiledRule
from bridge.rules.questions import questions
from bridge.rules.when import REASONS, Trigger
from bridge.usecases.rule_tests import Played


@dataclass(frozen=True, slots=True)
class Gap:
    """A condition or a reason, and what no case shows of it. `path` is where it stands in the rule."""

    rule_id: str
    path: str
    what: str


def not_exercised(rules: Iterable[CompiledRule], played: Iterable[Played]) -> list[Gap]:
    """Rules without a case, conditions that are not seen both to hold and not to, reasons that are never there."""
    by_rule: dict[str, list[Played]] = {}
    for one in played:
        by_rule.setdefault(one.story.case.rule, []).append(one)
    found: list[Gap] = []
    for rule in rules:
        cases = by_rule.get(rule.id)
        found += _gaps(rule, cases) if cases else [Gap(rule.id, "", "no case is about this rule")]
    return found


def _gaps(rule: CompiledRule, played: list[Played]) -> Iterator[Gap]:
    seen: dict[tuple[str, str], set[bool]] = {}
    for one in played:
        for answer in one.answers:
            for condition in answer.conditions():
                seen.setdefault((_dotted(condition.path), condition.asked), set()).add(condition.met)
    for question in questions(rule.covers):
        place, asked = _dotted(question.path), str(question)
        missing = {True, False} - seen.get((place, asked), set())
        if missing:
            how = " or ".join(sorted("holds" if one else "does not hold" for one in missing))
            yield Gap(rule.id, place, f"no case in which “{asked}” {how}")
    way = "all" if rule.needs_all else "any"
    there = {number for one in played for look in one.looks for number, clause in enumerate(look) if clause.met}
    for number, trigger in enumerate(rule.triggers):
        name = _name(trigger)
        if number not in there and name != "schedule":  # what comes round needs no incidents, so no case tells of it
            yield Gap(rule.id, f"when.{way}.{number}", f"no case in which the reason {name} is there")


def _name(trigger: Trigger) -> str:
    return next(name for name in REASONS if getattr(trigger, name) is not None)


def _dotted(path: Iterable[str | int]) -> str:
    return ".".join(map(str, path))
