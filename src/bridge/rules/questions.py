"""Conditions as questions about the values of fields.

A condition becomes a field and a function of that field's value. Whether an incident fulfils it, and which rows of a
column do, are answered by the same function, so daemon and replay cannot disagree.
"""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from bridge.model.incident import Incident
from bridge.rules.conditions import Condition, Group, Node
from bridge.rules.durations import written
from bridge.rules.fields import Field, Kind, field
from bridge.rules.regex import compile_regex

Predicate = Callable[[Incident], bool]
Holds = Callable[[Any], bool]
Path = tuple[str | int, ...]
Covers = Mapping[str, Callable[[datetime], bool]]
"""By the name of a window: whether a moment lies in it."""
_MOST_SHOWN = 5
_NOTHING = frozenset({None, "", ()})


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked about the value of one field: one operator of a condition, with what is written behind it.

    `path` is where the condition stands in the rule, from `match` or `unless` on.

    `holds` is given the value as `field.get` reads it, None or empty when there is none. It depends on nothing else,
    so that it may be asked once for all incidents with the same value.

    A question about an age has a `reference`: the field with the moment to which the age is counted, the incident's
    last change. Its `holds` is given that moment less the field's value, None when that value is missing. For a state
    of the past the last change is the last one of then.
    """

    field: Field
    holds: Holds
    path: Path
    operator: str
    operand: Any
    reference: Field | None = None

    def __str__(self) -> str:
        return f"{self.field.name} {asked_in_words(self.operator, self.operand)}"

    def value(self, incident: Incident) -> Any:
        """What `holds` is asked about an incident."""
        found = self.field.get(incident)
        return found if self.reference is None else age(found, self.reference.get(incident))


@dataclass(frozen=True, slots=True)
class AllOf:
    """Every part must hold; true without parts."""

    parts: tuple[Tree, ...]


@dataclass(frozen=True, slots=True)
class AnyOf:
    """At least one part must hold."""

    parts: tuple[Tree, ...]


@dataclass(frozen=True, slots=True)
class Not:
    """The part must not hold."""

    part: Tree


Tree = Question | AllOf | AnyOf | Not
"""Questions taken together."""


def asked_in_words(operator: str, operand: Any) -> str:
    """An operator and its operand as they are written in a rule file."""
    if operator in {"between", "age"}:
        given = [
            f"{name}: {_plain(x)}" for name, x in zip(("at_least", "at_most"), operand, strict=True) if x is not None
        ]
        return f"age {{{', '.join(given)}}}" if operator == "age" else ", ".join(given)
    return f"{operator}: {_plain(operand)}"


def _plain(value: Any) -> str:
    if isinstance(value, tuple):
        return f"[{', '.join(map(_plain, value[:_MOST_SHOWN]))}{', …' if len(value) > _MOST_SHOWN else ''}]"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    return written(value) if isinstance(value, timedelta) else " ".join(str(value).split())[:60]


def age(moment: datetime | None, reference: datetime) -> timedelta | None:
    """How long before the reference a moment lies, negative when after it; None has no age."""
    return None if moment is None else reference - moment


def compile_questions(node: Node, windows: Covers, path: Path) -> Tree:
    """A condition, or several taken together. `path` is where the node stands in the rule.

    No moment lies in a window that is not among `windows`.
    """
    if isinstance(node, Condition):
        return _condition(node, windows, path)
    return _group(node, windows, path)


def source_question(sources: tuple[str, ...]) -> Question:
    """Whether an incident comes from one of these sources."""
    return Question(_known("source"), frozenset(sources).__contains__, ("sources",), "in", sources)


def questions(tree: Tree) -> Iterable[Question]:
    """All questions of a tree in the order of the file."""
    if isinstance(tree, Question):
        yield tree
    elif isinstance(tree, Not):
        yield from questions(tree.part)
    else:
        for part in tree.parts:
            yield from questions(part)


def predicate(tree: Tree) -> Predicate:
    """The tree as one function of an incident."""
    if isinstance(tree, Question):
        return _of_incident(tree)
    if isinstance(tree, Not):
        inner = predicate(tree.part)
        return lambda incident: not inner(incident)
    parts = tuple(predicate(part) for part in tree.parts)
    if len(parts) == 1:
        return parts[0]
    if isinstance(tree, AnyOf):
        return lambda incident: any(part(incident) for part in parts)
    if len(parts) == 2:
        first, second = parts
        return lambda incident: first(incident) and second(incident)
    return lambda incident: all(part(incident) for part in parts)


def _of_incident(question: Question) -> Predicate:
    get, holds = question.field.get, question.holds
    if question.reference is None:
        return lambda incident: holds(get(incident))
    reference = question.reference.get
    return lambda incident: holds(age(get(incident), reference(incident)))


def _group(group: Group, windows: Covers, path: Path) -> Tree:
    parts = [compile_questions(one, windows, (*path, "all", number)) for number, one in enumerate(group.all_of or ())]
    if group.any_of:
        choices = enumerate(group.any_of)
        parts.append(AnyOf(tuple(compile_questions(one, windows, (*path, "any", number)) for number, one in choices)))
    if group.none_of:
        parts.append(Not(compile_questions(group.none_of, windows, (*path, "not"))))
    return parts[0] if len(parts) == 1 else AllOf(tuple(parts))


def _condition(condition: Condition, windows: Covers, path: Path) -> Tree:
    found = _known(condition.field)
    parts: list[Tree] = []
    for operator, operand, holds in _asked(condition, found.kind, windows):
        parts.append(Question(found, holds, path, operator, operand))
    if condition.age is not None:
        updated, limits = _known("updated_at"), (condition.age.at_least, condition.age.at_most)
        parts.append(Question(found, _between(*limits), path, "age", limits, reference=updated))
    return parts[0] if len(parts) == 1 else AllOf(tuple(parts))


def _known(name: str) -> Field:
    found = field(name)
    assert found is not None, "the model lets only known fields pass"
    return found


def _asked(condition: Condition, kind: Kind, windows: Covers) -> Iterator[tuple[str, Any, Holds]]:
    """Every operator but `age` with its operand and its function of the value."""
    if (wanted := condition.exists) is not None:
        yield "exists", wanted, lambda value: (value not in _NOTHING) is wanted
    if condition.equals is not None:
        yield "equals", condition.equals, frozenset([condition.equals]).__contains__
    if condition.one_of is not None:
        yield "in", condition.one_of, frozenset(condition.one_of).__contains__
    if condition.glob is not None:
        yield "glob", condition.glob, _glob(condition.glob)
    if condition.regex is not None:
        yield "regex", condition.regex, _regex(condition.regex)
    if condition.has is not None:
        tags = frozenset(condition.has)
        yield "has", condition.has, lambda value: not tags.isdisjoint(value)
    if condition.at_least is not None or condition.at_most is not None:
        limits = _between(condition.at_least, condition.at_most)
        holds = (lambda value: limits(_number(value))) if kind is Kind.OWN else limits
        yield "between", (condition.at_least, condition.at_most), holds
    if condition.in_window is not None:
        yield "in_window", condition.in_window, _in_window(condition.in_window, windows)


def _in_window(names: Iterable[str], windows: Covers) -> Holds:
    asked = [windows[name] for name in names if name in windows]
    return lambda value: value is not None and any(covers(value) for covers in asked)


def _glob(pattern: str) -> Holds:
    whole = re.compile(fnmatch.translate(pattern)).match
    return lambda text: bool(text) and whole(text) is not None


def _regex(pattern: str) -> Holds:
    found = compile_regex(pattern).matcher()
    return lambda text: bool(text) and found(text)


def _number(value: str | None) -> float | None:
    try:
        return None if value is None else float(value)
    except ValueError:
        return None


def _between(low: Any, high: Any) -> Holds:
    def between(value: Any) -> bool:
        return value is not None and (low is None or value >= low) and (high is None or value <= high)

    return between
