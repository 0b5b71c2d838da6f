"""How the two sides' words are carried over."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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
    the one status that is written back for a state. `chains` are ways through intermediate statuses, one after the
    other, for a workflow without a direct step.
    """

    to_state: Mapping[str, State]
    to_status: Mapping[State, str]
    chains: Sequence[Sequence[str]] = ()

    def state_of(self, status: str) -> State | None:
        """The state an issue's status stands for, None when the status is not carried over."""
        state = self.to_state.get(status)
        return canonical(state) if state is not None else None

    def status_of(self, state: State) -> str | None:
        """The status to write for a state, None when none is configured."""
        return self.to_status.get(canonical(state))

    def may_pass(self, status: str, wanted: str) -> bool:
        """Whether an issue may be taken through a status on its way to another.

        It stands for an open state, or for what the other stands for: nobody is to be told that an issue was rejected
        because that was on the way.
        """
        state = self.state_of(status)
        return state is not None and (state.is_open or state is self.state_of(wanted))

    @property
    def statuses(self) -> frozenset[str]:
        """Every status that is named."""
        return frozenset({*self.to_state, *self.to_status.values(), *(one for chain in self.chains for one in chain)})

    def ambiguous(self) -> dict[State, list[str]]:
        """States that several statuses stand for while none is named to be written back."""
        found: dict[State, list[str]] = {}
        for status, state in self.to_state.items():
            found.setdefault(canonical(state), []).append(status)
        return {state: names for state, names in found.items() if len(names) > 1 and self.status_of(state) is None}

    def turned(self) -> dict[State, str]:
        """States whose written status stands for another state: what was written would be read as a change."""
        return {
            state: status
            for state, status in self.to_status.items()
            if self.state_of(status) not in {None, canonical(state)}
        }
