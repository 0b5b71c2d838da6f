"""Every condition of a rule with what an incident has there. Asked are the questions that the rule itself asks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from bridge.model.incident import Incident
from bridge.rules.durations import roughly
from bridge.rules.matching import CompiledRule
from bridge.rules.moments import shown
from bridge.rules.questions import AllOf, Not, Path, Question, Tree

LONGEST_SHOWN = 80
MOST_TAGS = 10


class Taken(StrEnum):
    """How the parts of an answer are taken together."""

    ALL = "all"
    ANY = "any"
    NOT = "not"
    ONE = "condition"


@dataclass(frozen=True, slots=True)
class Answer:
    """A condition, or several taken together, asked about one incident.

    `asked` is the condition as it is written, `found` what the incident has there; both are empty for several taken
    together, which are the `parts`. `path` is where a condition stands in the rule, from `match` or `unless` on.
    """

    taken: Taken
    met: bool
    asked: str = ""
    found: str = ""
    path: Path = ()
    parts: tuple[Answer, ...] = ()

    def conditions(self) -> Iterator[Answer]:
        """All conditions in the order of the file."""
        if self.taken is Taken.ONE:
            yield self
        for part in self.parts:
            yield from part.conditions()

    def lines(self, indent: int = 0) -> Iterator[str]:
        """The answers below each other, what is taken together behind its heading."""
        space = "  " * indent
        if self.taken is Taken.ONE:
            yield f"{space}{_yes(self.met)} {self.asked}; it is {self.found}"
            return
        yield f"{space}{_yes(self.met)} {_HEADINGS[self.taken]}"
        for part in self.parts:
            yield from part.lines(indent + 1)


_HEADINGS = {
    Taken.ALL: "all of these:",
    Taken.ANY: "any of these:",
    Taken.NOT: "none of this:",
}


def answers(rule: CompiledRule, incident: Incident) -> Answer:
    """What the rule asks of an incident and what it has; `met` of the whole is `rule.matches(incident)`."""
    return answer(rule.covers, incident)


def answer(tree: Tree, incident: Incident) -> Answer:
    """The same for any conditions."""
    if isinstance(tree, Question):
        value = tree.value(incident)
        met = tree.holds(value)
        return Answer(Taken.ONE, met, str(tree), in_words(value, is_age=tree.reference is not None), tree.path)
    if isinstance(tree, Not):
        part = answer(tree.part, incident)
        return Answer(Taken.NOT, not part.met, parts=(part,))
    parts = tuple(answer(part, incident) for part in tree.parts)
    if isinstance(tree, AllOf):
        return Answer(Taken.ALL, all(part.met for part in parts), parts=parts)
    return Answer(Taken.ANY, any(part.met for part in parts), parts=parts)


def in_words(value: Any, *, is_age: bool = False) -> str:
    """A value of an incident as people read it, in at most some eighty characters."""
    if value is None or value in ("", ()):
        return "empty"
    if is_age and isinstance(value, timedelta):
        late = value < timedelta()
        return f"{roughly(abs(value))} {'after' if late else 'before'} its last change"
    if isinstance(value, datetime):
        return shown(value)
    if isinstance(value, tuple):
        more = f", … ({len(value)})" if len(value) > MOST_TAGS else ""
        return ", ".join(_cut(str(one)) or "“”" for one in value[:MOST_TAGS]) + more
    if isinstance(value, str) and not isinstance(value, StrEnum):
        return f"“{_cut(value)}”"
    return f"{value:g}" if isinstance(value, float) else str(value)


def _cut(text: str) -> str:
    line = " ".join(text[: 4 * LONGEST_SHOWN].split())
    return line if len(line) <= LONGEST_SHOWN and len(text) <= 4 * LONGEST_SHOWN else f"{line[: LONGEST_SHOWN - 1]}…"


def _yes(met: bool) -> str:
    return "yes" if met else "no "
