"""What a source's options say about the fields that its incidents can have."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Protocol, runtime_checkable

from pydantic import BaseModel

from bridge.model.fills import Fills
from bridge.model.incident import State


@runtime_checkable
class Telling(Protocol):
    """Options that say what incidents can hold. Those of other packages need not."""

    def fills(self) -> Fills:
        """What incidents of a source with these options can hold."""


def fills_of(options: BaseModel) -> Fills:
    """What incidents of a source with these options can hold; not known for options that do not say."""
    return options.fills() if isinstance(options, Telling) else Fills()


def filled(
    mapped: Iterable[tuple[str, str]],
    levels: Mapping[str, Mapping[str, int]],
    states: Collection[State],
    always: Collection[str] = (),
) -> frozenset[str]:
    """The fields that are mapped to something, with `always` those that a kind fills without.

    A level whose table in `levels` is empty never has a value, nor has the reason of a hold without a state for it.
    """
    names = {name for name, path in mapped if path and (name not in levels or levels[name])}
    if State.ON_HOLD not in states:
        names.discard("hold_reason")
    return frozenset(names | set(always)) - {"id"}
