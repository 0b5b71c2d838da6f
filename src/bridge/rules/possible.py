"""Whether any incident at all can fulfil some conditions.

Sound, not complete: what is called impossible is impossible, whatever else an incident may be; much that is impossible
stays unnoticed. Seen are, field by field:

- levels and states, `equals` and `in`: every value that could be is asked everything else about the field
  (so that `equals: VPN` excludes `regex: ^Router`);
- limits of counts, times, ages and numbers, and `exists: false` beside anything that needs a value;
- the same `regex`, `glob`, `has` or `in_window` both wanted and excluded, by `not` or `unless`.

Alternatives (`any`) are gone through one by one; conditions with more than a few thousand combinations are let pass.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import chain, pairwise, product
from math import isinf
from typing import Any

from bridge.model.incident import State
from bridge.rules.fields import Kind
from bridge.rules.questions import AllOf, Not, Question, Tree

MOST_COMBINATIONS = 4096
_ALWAYS_THERE = frozenset({"opened_at", "updated_at", "source", "external_id"})
_EMPTY: dict[Kind, tuple[Any, ...]] = {
    Kind.TEXT: ("",),
    Kind.OWN: (None, ""),
    Kind.LEVEL: (None,),
    Kind.TIME: (None,),
    Kind.TAGS: ((),),
    Kind.COUNT: (),
    Kind.STATE: (),
}
_SOME_TIME = datetime(2026, 1, 1, tzinfo=UTC)
_SETS = frozenset({"has", "in_window"})


@dataclass(frozen=True, slots=True)
class Literal:
    """A question that must (or, not `wanted`, must not) hold."""

    question: Question
    wanted: bool

    def __str__(self) -> str:
        return f"{'' if self.wanted else 'not '}{self.question}"


class _TooMany(Exception):  # noqa: N818 - never leaves this module
    """More combinations than are looked at."""


def conflict(tree: Tree) -> tuple[Literal, ...]:
    """What contradicts itself in the first alternative, when no incident can fulfil the tree; else nothing."""
    first: tuple[Literal, ...] = ()
    try:
        for case in _cases(tree, wanted=True):
            found = _clash(case)
            if not found:
                return ()
            first = first or found
    except (_TooMany, OverflowError):
        return ()
    return first


def _cases(tree: Tree, *, wanted: bool) -> list[tuple[Literal, ...]]:
    """The alternatives, each as everything that must hold then."""
    if isinstance(tree, Question):
        return [(Literal(tree, wanted),)]
    if isinstance(tree, Not):
        return _cases(tree.part, wanted=not wanted)
    parts = [_cases(part, wanted=wanted) for part in tree.parts]
    if isinstance(tree, AllOf) is not wanted:
        return list(chain.from_iterable(parts))
    size = 1
    for part in parts:
        size *= len(part)
        if size > MOST_COMBINATIONS:
            raise _TooMany
    return [tuple(chain.from_iterable(case)) for case in product(*parts)]


def _clash(case: tuple[Literal, ...]) -> tuple[Literal, ...]:
    by_field: dict[tuple[str, bool], list[Literal]] = {}
    for literal in case:
        question = literal.question
        by_field.setdefault((question.field.name, question.reference is not None), []).append(literal)
        if question.reference is not None and literal.wanted:
            there = replace(question, holds=bool, operator="exists", operand=True, reference=None)
            by_field.setdefault((question.field.name, False), []).append(Literal(there, wanted=True))
    for literals in by_field.values():
        if _impossible(literals):
            return tuple(literals)
    return ()


def _impossible(literals: list[Literal]) -> bool:
    """Whether no value of one field (or no age) can be all of this."""
    if _both_ways(literals):
        return True
    values = _every_value(literals)
    if values is not None:
        return not _some(values, literals)
    limits = [one for one in literals if one.question.operator in {"between", "age", "exists"}]
    return bool(limits) and not _some(_around(literals[0].question, limits), limits)


def _some(values: Iterator[Any] | tuple[Any, ...], literals: list[Literal]) -> bool:
    return any(all(one.question.holds(value) == one.wanted for one in literals) for value in values)


def _both_ways(literals: list[Literal]) -> bool:
    """Whether one operator with the same operand is wanted and excluded; for lists: all of a list is excluded."""
    excluded: dict[str, set[Any]] = {}
    for one in literals:
        if not one.wanted:
            excluded.setdefault(one.question.operator, set()).update(_operands(one.question))
    return any(
        one.wanted and excluded.get(one.question.operator, set()).issuperset(_operands(one.question))
        for one in literals
    )


def _operands(question: Question) -> tuple[Any, ...]:
    return tuple(question.operand) if question.operator in _SETS else (question.operand,)


def _every_value(literals: list[Literal]) -> tuple[Any, ...] | None:
    """All values that could be, when these are few and known."""
    question = literals[0].question
    if question.reference is not None:
        return (timedelta(),) if question.field.name == question.reference.name else None
    kind = question.field.kind
    if kind is Kind.LEVEL:
        return (None, 1, 2, 3, 4, 5)
    if kind is Kind.STATE:
        return tuple(State)
    for one in literals:
        if one.wanted and one.question.operator in {"equals", "in"}:
            return one.question.operand if one.question.operator == "in" else (one.question.operand,)
        if one.question.operator == "exists" and one.wanted is not one.question.operand:
            return () if question.field.name in _ALWAYS_THERE else _EMPTY[kind]
    return None


def _around(question: Question, limits: list[Literal]) -> Iterator[Any]:
    """A value for each way in which a value can lie to the limits: on one, between two, below or above them all."""
    marks = sorted({mark for one in limits for mark in _marks(one.question)})
    kind = question.field.kind
    if question.field.name not in _ALWAYS_THERE:
        yield from (None,) if question.reference is not None else _EMPTY[kind]
    if kind is Kind.TAGS:
        yield ("x",)
    elif kind in {Kind.TEXT, Kind.OWN}:
        yield "x"
        yield from map(str, _places(marks))
    elif kind is Kind.COUNT:
        yield from (0, *(place for place in _places(marks) if place >= 0))
    else:
        yield from _places(marks) or (_SOME_TIME,)


def _places(marks: list[Any]) -> list[Any]:
    if not marks:
        return []
    low, high = marks[0], marks[-1]
    if isinstance(low, datetime | timedelta):
        below, above = low - timedelta(days=1), high + timedelta(days=1)
    elif isinf(low) or isinf(high):
        raise _TooMany
    else:
        below, above = low - max(1, abs(low)), high + max(1, abs(high))
    return [below, *marks, above, *(one + (other - one) / 2 for one, other in pairwise(marks))]


def _marks(question: Question) -> list[Any]:
    return [] if question.operator == "exists" else [mark for mark in question.operand if mark is not None]
