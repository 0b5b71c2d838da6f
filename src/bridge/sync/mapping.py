"""How the two sides' words are carried over."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from bridge.model.incident import State

# To the sync, an incident is over when it is resolved; that it is closed some days later is the incident
# system's own business and must not move the issue again.
_SAME_FOR_SYNC = {State.CLOSED: State.RESOLVED}


def canonical(state: State) -> State:
    """The state as the sync compares it: closed counts as resolved."""
    return _SAME_FOR_SYNC.get(state, state)


@dataclass(frozen=True, slots=True)
class StatusMapping:
    """Issue statuses and incident states.

    `to_state` may map many statuses to one state; a status it does not name is not carried over. `to_status` names
    the one status that is written back for a state.
    """

    to_state: Mapping[str, State]
    to_status: Mapping[State, str]

    def state_of(self, status: str) -> State | None:
        """The state an issue's status stands for, None when the status is not carried over."""
        state = self.to_state.get(status)
        return canonical(state) if state is not None else None

    def status_of(self, state: State) -> str | None:
        """The status to write for a state, None when none is configured."""
        return self.to_status.get(canonical(state))
