"""What a rule sees of a group, and what it decides about it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import Self

from bridge.model.incident import Incident, IncidentRef, State
from bridge.model.promotion import PromotionState
from bridge.rules.fields import Field, as_part
from bridge.rules.sla import SlaClock, SlaTargets, breach

NO_VALUES: Mapping[str, str] = MappingProxyType({})
NO_TARGETS = SlaTargets()


class DecisionKind(StrEnum):
    """What is to be done about a group."""

    NOTHING = "nothing"
    ATTACH = "attach"  # the evidence joins the group's promotion, be it waiting or running
    CANDIDATE = "candidate"
    OPEN = "open"
    REOPEN = "reopen"  # the delivered project goes back to work: its incidents have come again


@dataclass(frozen=True, slots=True)
class GroupMember:
    """An incident as a member of a group. `joined`: it is in the group's promotion already.

    `held_since` is since when it is on hold without a break, None when it is not. `reopened` and `reassigned` count
    its whole life, `effort` are the hours worked on it so far. `response_breach` and `resolution_breach` are when that
    SLA clock was broken, or will be when nobody stops it; None: never. `values` are its values of the fields that the
    rule's reasons count (`CompiledRule.needs.fields`) by name; a field without a value is not among them.
    """

    incident_id: int
    ref: IncidentRef
    opened_at: datetime
    state: State
    updated_at: datetime
    joined: bool = False
    held_since: datetime | None = None
    reopened: int = 0
    reassigned: int = 0
    effort: float = 0.0
    response_breach: datetime | None = None
    resolution_breach: datetime | None = None
    values: Mapping[str, str] = field(default_factory=lambda: NO_VALUES)

    @classmethod
    def of(
        cls,
        incident_id: int,
        incident: Incident,
        *,
        joined: bool = False,
        fields: Sequence[Field] = (),
        targets: SlaTargets = NO_TARGETS,
        held_since: datetime | None = None,
        responded_at: datetime | None = None,
    ) -> Self:
        """The member that an incident is.

        `held_since` and `responded_at` come from its timeline; without them an incident is not known to be on hold,
        and was taken up when its source says so.
        """
        opened, updated = incident.opened_at, incident.updated_at
        responded = responded_at or incident.acknowledged_at
        ended = None if incident.state.is_open else incident.resolved_at or incident.closed_at or updated
        limits = [targets.of(clock, incident.priority) for clock in SlaClock]
        return cls(
            incident_id,
            incident.ref,
            opened,
            incident.state,
            updated,
            joined,
            held_since if incident.state is State.ON_HOLD else None,
            incident.reopen_count,
            incident.reassignment_count,
            incident.effort,
            breach(incident.response_breached, opened, responded or ended, limits[0]),
            breach(incident.resolution_breached, opened, ended, limits[1]),
            {one.name: value for one in fields if (value := as_part(one.get(incident))) is not None} or NO_VALUES,
        )

    @property
    def is_open(self) -> bool:
        """Whether somebody still waits for its resolution."""
        return self.state.is_open


PACE = timedelta(days=14)
"""The stretch in which a rejected group's incidents are counted, to see whether they come twice as fast."""


@dataclass(frozen=True, slots=True)
class RateCount:
    """How many incidents of a group were opened in a rate's window, and in the stretch before it."""

    recent: int
    before: int


@dataclass(frozen=True, slots=True)
class Usage:
    """What of a rule's limits is used up.

    `opened` are the moments at which its projects were opened, newest first, those of the last day at least.
    `open_in_group` is how many projects of the group are open. `mails` is how many the group's project would send.
    """

    opened: tuple[datetime, ...] = ()
    open_in_group: int = 0
    mails: int = 0


@dataclass(frozen=True, slots=True)
class Lost:
    """An incident of the group that another promotion has claimed: the first rule that claims one wins.

    In a replay promotions have no numbers: `promotion_id` is None.
    """

    ref: IncidentRef
    promotion_id: int | None
    rule_id: str

    @property
    def claimant(self) -> str:
        """Who has it, in words."""
        which = "a promotion" if self.promotion_id is None else f"promotion {self.promotion_id}"
        return f"{which} of rule {self.rule_id}"


@dataclass(frozen=True, slots=True)
class GroupView:
    """What a decision is made from.

    `members` are the newest ones, newest first, at least as many as the rule's `needs.members` where the group has
    them; `others` are further ones worth a look: still open, or just changed. What the group's last delivered project
    covered is in neither. `activated_at` is when this version of the rule became active. `promotion` is the state of
    the group's latest promotion, None when there never was one, and `delivered_at` when that was delivered.
    `quiet_until` is when a rejection stops being respected; for a rejected group None means: not yet. `decided_at` is
    when that promotion was rejected or expired, and `pace` counts the incidents opened since a rejection, at most
    `PACE` back, and in the `PACE` before it.
    `rates` are the counts for the rule's `rate` reasons in the order of the file; `usage` is for its limits; `lost` are
    incidents of the group that are no members of it, because another promotion has them. `likeness` is how the incident
    in question compares with the group's first member, "" when the rule does not ask for `similar` summaries.
    """

    key: str
    label: str
    members: tuple[GroupMember, ...]
    activated_at: datetime
    promotion: PromotionState | None = None
    quiet_until: datetime | None = None
    others: tuple[GroupMember, ...] = ()
    delivered_at: datetime | None = None
    rates: tuple[RateCount, ...] = ()
    usage: Usage = Usage()
    lost: tuple[Lost, ...] = ()
    likeness: str = ""
    decided_at: datetime | None = None
    pace: RateCount | None = None


@dataclass(frozen=True, slots=True)
class Clause:
    """One reason of a rule, looked at.

    `name` is its key in the rule, `needed` what the rule asks, `found` what the group has. `have` of `want` says how
    near it is: seconds for `open_for` and `on_hold_for` (met by more than `want`), hours for `effort`, values for
    `affected` and with `distinct`, incidents for `recurs`, `breached` and `rate`, times for `reopened` and `reassigned`
    (all met by `want` itself). `until` is when the present count begins to shrink by time alone, or for `open_for` and
    `on_hold_for` when time alone will meet it; None: not known, or never. `evidence` are incident ids.
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
    `brake` says which limit keeps the rule from opening the project by itself, and until when; empty: none.
    """

    kind: DecisionKind
    why: str
    clauses: tuple[Clause, ...] = ()
    evidence: tuple[int, ...] = ()
    shadow: DecisionKind | None = None
    brake: str = ""

    def reasons_met(self) -> list[str]:
        """The reasons that are there, one line each, as people outside of the rules read them."""
        return [f"{clause.found} (the rule asks for {clause.needed})" for clause in self.clauses if clause.met]
