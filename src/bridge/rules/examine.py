"""What a rule finds in one incident, condition by condition."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from bridge.model.incident import Incident
from bridge.rules.durations import roughly
from bridge.rules.matching import CompiledRule
from bridge.rules.questions import questions

_LONGEST_SHOWN = 80


@dataclass(frozen=True, slots=True)
class Answer:
    """What one condition asks and what the incident has. Under `unless` and `not` it must not be met.

    `place` is where the condition stands in the rule, such as `match.all.2`, counted from 1.
    """

    place: str
    asked: str
    found: str
    met: bool

    def __str__(self) -> str:
        return f"{'yes' if self.met else 'no ':3} {self.place}: {self.asked} (found: {self.found})"


def examine(rule: CompiledRule, incident: Incident) -> Iterator[Answer]:
    """Every condition of `sources`, `match` and `unless` in the order of the file, whatever the others say."""
    for question in questions(rule.covers):
        value = question.value(incident)
        place = ".".join(str(part + 1) if isinstance(part, int) else part for part in question.path)
        yield Answer(place, str(question), _shown(value), bool(question.holds(value)))


def _shown(value: Any) -> str:
    if value in {None, "", ()}:
        return "nothing"
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M} UTC"
    if isinstance(value, timedelta):
        return roughly(value)
    text = ", ".join(value) if isinstance(value, tuple) else str(value)
    text = " ".join(text[: 10 * _LONGEST_SHOWN].split())
    shown = text if len(text) <= _LONGEST_SHOWN else text[: _LONGEST_SHOWN - 1] + "…"
    return f"“{shown}”" if isinstance(value, str | tuple) else shown
