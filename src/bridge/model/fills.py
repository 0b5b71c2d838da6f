"""What the incidents of a source can hold, as far as its configuration tells."""

from __future__ import annotations

from dataclasses import dataclass

from bridge.model.incident import State

_ALWAYS = frozenset({"source", "external_id", "state", "opened_at", "updated_at"})


@dataclass(frozen=True, slots=True)
class Fills:
    """What can be there; None: not known, so that anything can be.

    `fields` are the names of an incident's fields that can have a value beside those that every incident has, `own` the
    names in its `fields`, and `states` the states that it can be in.
    """

    fields: frozenset[str] | None = None
    own: frozenset[str] | None = None
    states: frozenset[State] | None = None

    def has(self, name: str) -> bool:
        """Whether the field of this name can have a value."""
        return self.fields is None or name in self.fields or name in _ALWAYS

    def has_own(self, name: str) -> bool:
        """Whether the source's own field of this name can have a value."""
        return self.own is None or name in self.own

    def shows(self, *states: State) -> bool:
        """Whether an incident can be in one of these states."""
        return self.states is None or not self.states.isdisjoint(states)
