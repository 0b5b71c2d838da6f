"""Small steps from a source's values to an incident's, shared by all translations."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from math import inf
from typing import Annotated, Any, Literal

from pydantic import AfterValidator

from bridge.model.incident import State
from bridge.sources.tables import PriorityTable, StateTable

Unknown = list[tuple[str, str]]
EffortUnit = Literal["hours", "minutes", "seconds"]
BROKEN = frozenset({"true", "yes", "1", "breached"})
"""What systems usually say of an SLA clock that is broken."""
Words = Annotated[frozenset[str], AfterValidator(lambda words: frozenset(word.strip().casefold() for word in words))]
"""Words of a source, compared in lower case."""
_MOST = 1_000_000
_PER_HOUR: dict[EffortUnit, int] = {"hours": 1, "minutes": 60, "seconds": 3600}


def clean(text: str) -> str:
    """The text without NUL, which PostgreSQL cannot store, and without lone halves of surrogate pairs."""
    if "\0" in text:
        text = text.replace("\0", "")
    if text.isascii():  # known without looking at it
        return text
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-8", "replace").decode("utf-8")
    return text


def state_of(table: StateTable, value: str) -> State:
    """Our state. Raises ValueError for a value no table covers: writing depends on it, so it is never guessed."""
    state = table.get(value)
    if state is None:
        message = f"state “{value}” is in no table: add it to the source's `states`"
        raise ValueError(message)
    return state


def level_of(table: PriorityTable, field: str, value: str, unknown: Unknown) -> int | None:
    """Our level from 1 to 5; a value no table covers is added to `unknown`."""
    if not value:
        return None
    level = table.get(value)
    if level is None:
        unknown.append((field, value))
    return level


def count_of(value: str) -> int:
    """How often something happened. Raises ValueError for what is no whole number from 0 to a million."""
    try:
        number = float(value or 0)
    except ValueError:
        number = -1
    if not 0 <= number <= _MOST or number != int(number):
        message = f"“{value}” is no count"
        raise ValueError(message)
    return int(number)


def effort_of(value: str, unit: EffortUnit) -> float:
    """Worked hours. Raises ValueError for what is no length of time, or less than none."""
    if not value:
        return 0.0
    hours = float(value) / _PER_HOUR[unit]
    if not 0 <= hours < inf:
        message = f"“{value}” is no effort"
        raise ValueError(message)
    return hours


def verdict_of(value: str, broken: Collection[str]) -> bool | None:
    """Whether an SLA clock is broken by the source's own word, `broken` in lower case; None when it says nothing."""
    word = value.strip().casefold()
    return word in broken if word else None


def joined(values: Iterable[str]) -> str:
    """Several values as one text."""
    return ", ".join(value for value in values if value)


def text_of(value: Any) -> str:
    """A value as text: nothing is "", lists are joined with a comma."""
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    if value is True or value is False:
        return "true" if value else "false"
    if isinstance(value, list):
        return joined(text_of(one) for one in value)
    return str(value)


def tags_of(value: Any) -> tuple[str, ...]:
    """A list, or a text with commas, as tags."""
    parts = value if isinstance(value, list) else text_of(value).split(",")
    return tuple(tag for part in parts if (tag := text_of(part).strip()))
