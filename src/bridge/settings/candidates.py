"""What the settings file may say about nominations and candidates."""

from __future__ import annotations

from datetime import timedelta

from pydantic import BaseModel, ConfigDict, Field, field_validator

from bridge.rules.durations import Duration
from bridge.rules.fields import field as field_of
from bridge.usecases.candidates.policy import DECISIONS, CandidatePolicy, Outcome
from bridge.yamlfile import refused

STRICT = ConfigDict(extra="forbid", frozen=True)


class NominationSettings(BaseModel):
    """How people nominate in the incident system: a tag, or a field that is set. `template` is theirs unless named."""

    model_config = STRICT

    tag: str = Field("", max_length=100)
    field: str = Field("", max_length=100)
    template: str = "standard-project"

    @field_validator("field")
    @classmethod
    def _known(cls, name: str) -> str:
        if name and field_of(name) is None:
            raise refused(f"“{name[:60]}” is no field of an incident", "for example fields.Nominate")
        return name


class CandidateStatuses(BaseModel):
    """Statuses of a candidate's issue by what they mean; the bridge sets the first of each.

    Who sets one of `approve`, `reject`, `defer` or `merge` decides. `wait` and `expire` are set by the bridge alone.
    """

    model_config = STRICT

    approve: tuple[str, ...] = Field(("Resolved",), min_length=1)
    reject: tuple[str, ...] = Field(("Rejected",), min_length=1)
    defer: tuple[str, ...] = Field(("Feedback",), min_length=1)
    merge: tuple[str, ...] = ("Closed",)
    wait: tuple[str, ...] = Field(("New",), min_length=1)
    expire: tuple[str, ...] = ()


class CandidateSettings(BaseModel):
    """How long a candidate waits, and who decides about it in Redmine."""

    model_config = STRICT

    expire_after: Duration = timedelta(days=30)
    remind_after: Duration = timedelta(days=7)
    approver_role: str = Field("Manager", min_length=1)
    tracker: str = ""
    statuses: CandidateStatuses = CandidateStatuses()

    @field_validator("statuses")
    @classmethod
    def _one_meaning(cls, statuses: CandidateStatuses) -> CandidateStatuses:
        meanings: dict[str, Outcome] = {}
        for outcome in (*DECISIONS, Outcome.WAIT):
            for name in getattr(statuses, outcome):
                other = meanings.setdefault(name.casefold(), outcome)
                if other is not outcome:
                    raise refused(f"“{name}” means both {other} and {outcome}", "each status means one thing")
        return statuses

    @property
    def names(self) -> tuple[str, ...]:
        """Every status that is named."""
        return tuple(dict.fromkeys(name for outcome in Outcome for name in getattr(self.statuses, outcome)))

    def policy(self, nomination: NominationSettings, intake_project: str) -> CandidatePolicy:
        """The same in the use cases' words."""
        return CandidatePolicy(
            intake_project=intake_project,
            statuses={outcome: getattr(self.statuses, outcome) for outcome in Outcome},
            approver_role=self.approver_role,
            tracker=self.tracker,
            expire_after=self.expire_after,
            remind_after=self.remind_after,
            tag=nomination.tag,
            field=nomination.field,
            template=nomination.template,
        )
