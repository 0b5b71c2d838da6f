"""What a rule sees of a group, and what it decides about it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Self

from bridge.model.incident import Incident, IncidentRef, State
from bridge.model.promotion import PromotionState


class DecisionKind(StrEnum):
    """What is to be done about a group."""

    NOTHING = "nothing"
    ATTACH = "attach"  # the evidence joins the group's promotion, be it waiting or running
    CANDIDATE = "candidate"
    OPEN = "open"


@dataclass(frozen=True, slots=True)
class GroupMember:
    """An incident as a member of a group. `joined`: it is in the group's promotion already."""

    incident_id: int
    ref: IncidentRef
    opened_at: datetime
    state: State
    updated_at: datetime
    joined: bool = False

    @classmethod
    def of(cls, incident_id: int, incident: Incident, *, joined: bool = False) -> Self:
        """The member that an incident is."""
        return cls(incident_id, incident.ref, incident.opened_at, incident.state, incident.updated_at, joined)

    @property
    def is_open(self) -> bool:
        """Whether somebody still waits for its resolution."""
        return self.state.is_open


@dataclass(frozen=True, slots=True)
class GroupView:
    """What a decision is made from.

    `members` are the newest ones, newest first, at least as many as the rule's `members_needed` where the group has
    them; `others` are further ones worth a look: still open, or just changed. `activated_at` is when this version of
    the rule became active. `promotion` is the state of the group's latest promotion, None when there never was one.
    `quiet_until` is when a rejection stops being respected; for a rejected group None means: not yet.
    """

    key: str
    label: str
    members: tuple[GroupMember, ...]
    activated_at: datetime
    promotion: PromotionState | None = None
    quiet_until: datetime | None = None
    others: tuple[GroupMember, ...] = ()


@dataclass(frozen=True, slots=True)
class Clause:
    """One reason of a rule, looked at.

    `name` is its key in the rule, `needed` what the rule asks, `found` what the group has. `have` of `want` says how
    near it is, for `recurs` in incidents and for `open_for` in seconds. `until` is when the present count begins to
    shrink by time alone (`recurs`), or when time alone will meet it (`open_for`). `evidence` are incident ids.
    """

    name: str
    met: bool
    needed: str
    found: str
    have: float
    want: float
    until: datetime | None = None
    evidence: tuple[int, ...] = ()

    def __str__(self) -> str:
        return f"{self.name}: {self.found} (needed: {self.needed})"


@dataclass(frozen=True, slots=True)
class Decision:
    """What a rule decides about a group, and why.

    `why` is the reason for `kind` in one sentence. `evidence` are the ids of the incidents that `kind` is about, newest
    first. `shadow` is what a rule in shadow mode would have decided, None otherwise: it is recorded and nothing else.
    """

    kind: DecisionKind
    why: str
    clauses: tuple[Clause, ...] = ()
    evidence: tuple[int, ...] = ()
    shadow: DecisionKind | None = None

    def reasons_met(self) -> list[str]:
        """The reasons that are there, one line each, as people outside of the rules read them."""
        return [f"{clause.found} (the rule asks for {clause.needed})" for clause in self.clauses if clause.met]
