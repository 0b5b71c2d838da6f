"""What the settings decide about exclusions from the KPIs."""

from __future__ import annotations

from dataclasses import dataclass, field

from bridge.kpi.finding_model import Thresholds
from bridge.kpi.lease import LeaseTerms


@dataclass(frozen=True, slots=True)
class LedgerPolicy:
    """Settings in the use cases' words.

    `lease` says how long an exclusion lives without progress of its project, None: it does not end by itself. Daily the
    head of the ledger is published on the wiki page `page` of the parent project, "" for none: then by routes only.
    """

    lease: LeaseTerms | None = field(default_factory=LeaseTerms)
    page: str = "KPI ledger"
    thresholds: Thresholds = field(default_factory=Thresholds)
