"""Tables from a source's words to the bridge's: what they do not cover is reported, never guessed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from pydantic import AfterValidator

from bridge.model.incident import State

MOST_CRITICAL, LEAST_CRITICAL = 1, 5


def _check_priorities(table: dict[str, int]) -> dict[str, int]:
    for key, level in table.items():
        if not MOST_CRITICAL <= level <= LEAST_CRITICAL:
            message = f"“{key}”: {level} is not between 1 (critical) and 5"
            raise ValueError(message)
    return table


States = dict[str, State]
"""A source's state to ours; upper and lower case do not matter."""

Priorities = Annotated[dict[str, int], AfterValidator(_check_priorities)]
"""A source's value (`SEV1`, `1 - Critical`) or range of numbers (`80-100`) to 1 (critical) … 5."""


class StateTable:
    """Looks up states, and the source's words for writing them."""

    def __init__(self, states: Mapping[str, State], write: Mapping[State, str] | None = None) -> None:
        self._states = {key.strip().casefold(): state for key, state in states.items()}
        self._write = dict(write or {})
        for key, state in states.items():
            self._write.setdefault(state, key)

    def get(self, value: str) -> State | None:
        """Our state, None when the table does not know the value."""
        return self._states.get(value) or self._states.get(value.strip().casefold())

    def word(self, state: State) -> str | None:
        """The source's word for a state: the configured one, else the first that the table maps to it."""
        return self._write.get(state)


class PriorityTable:
    """Looks up levels from 1 (critical) to 5 by value, then by range."""

    def __init__(self, table: Mapping[str, int]) -> None:
        self._exact = {key.strip().casefold(): level for key, level in table.items()}
        self._ranges = [(bounds, level) for key, level in table.items() if (bounds := _range(key)) is not None]

    def get(self, value: str) -> int | None:
        """Our level, None when the table does not cover the value."""
        if (level := self._exact.get(value)) is not None:
            return level
        key = value.strip().casefold()
        if (level := self._exact.get(key)) is not None:
            return level
        if self._ranges:
            try:
                number = float(key)
            except ValueError:
                return None
            for (low, high), range_level in self._ranges:
                if low <= number <= high:
                    return range_level
        return None


def _range(key: str) -> tuple[float, float] | None:
    low, dash, high = key.partition("-")
    try:
        return (float(low), float(high)) if dash else None
    except ValueError:
        return None
