"""What the settings file may say about exclusions from the KPIs: their lease, their ledger, what is a finding."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Discriminator, Field, Tag, model_validator

from bridge.kpi.finding_model import Thresholds
from bridge.kpi.lease import LeaseTerms
from bridge.model.notice import NoticeKind
from bridge.rules.durations import Duration
from bridge.settings.notify import NotifySettings
from bridge.usecases.ledger.policy import LedgerPolicy
from bridge.yamlfile import Path, refused

STRICT = ConfigDict(extra="forbid", frozen=True)
Count = Annotated[int, Field(ge=1, le=1000, strict=True)]


class LeaseSettings(BaseModel):
    """An exclusion lives while its project shows progress within so many business days.

    `warn` days before its end all are told: 2, if the lease is longer.
    """

    model_config = STRICT

    days: int = Field(10, ge=1, le=250, strict=True)
    warn: int | None = Field(None, ge=0, le=20, strict=True)

    @model_validator(mode="after")
    def _lives_before_the_warning(self) -> LeaseSettings:
        if self.warn is not None and self.warn >= self.days:
            what = f"would warn {self.warn} business days before the end of a lease of {self.days}: as it begins"
            raise refused(what, f"warn must be less than days, such as warn: {min(2, self.days - 1)}")
        return self

    def terms(self) -> LeaseTerms:
        """The same in the use cases' words."""
        return LeaseTerms(self.days, min(2, self.days - 1) if self.warn is None else self.warn)


class FindingSettings(BaseModel):
    """From when on something is a finding of `kpi findings`."""

    model_config = STRICT

    near_breach: Duration = timedelta(hours=24)
    team_factor: float = Field(2.0, gt=1, le=100)
    team_least: Count = 5
    again: int = Field(2, ge=2, le=100, strict=True)
    unserved: Duration = timedelta(days=3)
    routine_tasks: Count = 2
    routine_effort: Duration = timedelta(hours=8)
    routine_times: Count = 3
    long_open: Duration = timedelta(days=30)
    reassigned: Count = 5


def _kind(lease: object) -> str:
    return "none" if isinstance(lease, str) else "terms"


_Lease = Annotated[
    Annotated[LeaseSettings, Tag("terms")] | Annotated[Literal["none"], Tag("none")], Discriminator(_kind)
]


class LedgerSettings(BaseModel):
    """`lease: none` lets exclusions live as their project does; `page: ""` writes no head to the wiki, routes may."""

    model_config = STRICT

    lease: _Lease = LeaseSettings()
    page: str = Field("KPI ledger", max_length=100)
    findings: FindingSettings = FindingSettings()

    def policy(self) -> LedgerPolicy:
        """The same in the use cases' words."""
        terms = None if self.lease == "none" else self.lease.terms()
        found = {name: getattr(self.findings, name) for name in FindingSettings.model_fields}
        return LedgerPolicy(terms, self.page, Thresholds(**found))

    def unpublished(self, notify: NotifySettings) -> Iterator[tuple[Path, str, str]]:
        """Place, what and advice where the ledger's head goes nowhere."""
        if not self.page and not notify.tells_of(NoticeKind.LEDGER_HEAD):
            what = "ledger.page is empty, and no route has ledger_head for anybody: its head is published nowhere"
            advice = 'name a page, or a route to: ["address:…"]; else who owns the store can write it anew unseen'
            yield ("ledger", "page"), what, advice
