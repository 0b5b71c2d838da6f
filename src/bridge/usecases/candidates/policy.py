"""What the settings decide about nominations and candidates."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum


class Outcome(StrEnum):
    """What a status of a candidate's issue means. `expire` and `wait` are only written by the bridge."""

    APPROVE = "approve"
    REJECT = "reject"
    DEFER = "defer"
    MERGE = "merge"
    EXPIRE = "expire"
    WAIT = "wait"


DECISIONS = (Outcome.APPROVE, Outcome.REJECT, Outcome.DEFER, Outcome.MERGE)


@dataclass(frozen=True, slots=True)
class CandidatePolicy:
    """Settings about candidates.

    `intake_project` is the identifier of the Redmine project where they are decided, empty when there is none.
    `statuses` names issue statuses by outcome; the first of each is the one that the bridge sets. `approver_role` is
    the role in that project whose members decide. A candidate expires `expire_after` waiting; every `remind_after`
    somebody is reminded. `tag` and `field` nominate an incident that has them; `template` is what a nomination gets
    that names none.
    """

    intake_project: str = ""
    statuses: Mapping[Outcome, tuple[str, ...]] = field(default_factory=dict)
    approver_role: str = "Manager"
    tracker: str = ""
    expire_after: timedelta = timedelta(days=30)
    remind_after: timedelta = timedelta(days=7)
    tag: str = ""
    field: str = ""
    template: str = ""

    def outcome_of(self, status: str) -> Outcome | None:
        """The decision that a person makes by setting this status; None when it is none."""
        folded = status.casefold()
        for outcome in DECISIONS:
            if folded in {name.casefold() for name in self.statuses.get(outcome, ())}:
                return outcome
        return None

    def status_for(self, outcome: Outcome) -> str:
        """The status that shows an outcome; empty when none is configured."""
        return next(iter(self.statuses.get(outcome, ())), "")
