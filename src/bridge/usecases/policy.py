"""What the settings decide, as the use cases need it, and the lines by which the bridge finds its own work again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from bridge.model.incident import IncidentRef
from bridge.model.promotion import Promotion, TaskKind
from bridge.rules.sla import SlaTargets
from bridge.sync.fields import SyncPolicy, SyncTable
from bridge.sync.mapping import StatusMapping
from bridge.usecases.candidates.policy import CandidatePolicy
from bridge.usecases.carried_policy import CarriedPolicy
from bridge.usecases.ledger.policy import LedgerPolicy
from bridge.usecases.life.policy import LifePolicy
from bridge.usecases.note_policy import NotePolicy
from bridge.usecases.reports.policy import ReportPolicy


@dataclass(frozen=True, slots=True)
class Policy:
    """Settings in the use cases' words.

    `instance` is unique to this bridge and its store: it stands in every origin line. `delivered` and `refused` are
    names of statuses of the root issue. `trackers` names the tracker for a kind of task, "" the project's first one;
    `priorities` the issue priority for an incident's 1 … 5. `sla` are the targets where a source gives no verdict.
    `changes` are the sources that can open a request for change, in the order of the settings.
    """

    instance: str
    parent_project: str
    tracker_url: str
    statuses: StatusMapping
    identifier_prefix: str = "ops"
    delivered: frozenset[str] = frozenset({"Closed"})
    refused: frozenset[str] = frozenset({"Rejected"})
    trackers: Mapping[TaskKind, str] = field(default_factory=dict)
    priorities: Mapping[int, str] = field(default_factory=dict)
    member_role: str = "Developer"
    owner_role: str = "Manager"
    public_notes: bool = False
    notes: NotePolicy = field(default_factory=NotePolicy)
    language: str = "en"
    candidates: CandidatePolicy = field(default_factory=CandidatePolicy)
    sla: SlaTargets = field(default_factory=SlaTargets)
    carried: CarriedPolicy = field(default_factory=CarriedPolicy)
    changes: tuple[str, ...] = ()
    sync: SyncPolicy | None = None
    ledger: LedgerPolicy = field(default_factory=LedgerPolicy)
    reports: ReportPolicy = field(default_factory=ReportPolicy)
    life: LifePolicy = field(default_factory=LifePolicy)

    def table(self, source: str, issue_tracker: str) -> SyncTable:
        """What is kept in step for the incidents of a source and the issues of a tracker (its name)."""
        return self.tables.table(source, issue_tracker)

    @property
    def tables(self) -> SyncPolicy:
        """The tables by source and tracker."""
        return self.sync or SyncPolicy(SyncTable(self.statuses, priorities=self.priorities))

    def issue_url(self, issue_id: int) -> str:
        """Where a person finds an issue."""
        return f"{self.tracker_url}/issues/{issue_id}"

    def project_url(self, identifier: str) -> str:
        """Where a person finds a project."""
        return f"{self.tracker_url}/projects/{identifier}"

    def page_url(self, identifier: str, title: str) -> str:
        """Where a person finds a wiki page."""
        return f"{self.tracker_url}/projects/{identifier}/wiki/{title}"

    def origin(self, *parts: str) -> str:
        """The line that proves who wrote something: readable, and found again as a whole, brackets included."""
        return "[" + " · ".join((f"bridge {self.instance}", *parts)) + "]"

    def promotion_origin(self, promotion: Promotion) -> str:
        """The origin line of a promotion's project."""
        return self.origin(f"promotion {promotion.id}")

    def task_origin(self, promotion_id: int, task_key: str) -> str:
        """The origin line of an issue that the bridge creates."""
        return self.origin(f"promotion {promotion_id}", f"task {task_key}")

    def note_origin(self, ref: IncidentRef, what: str) -> str:
        """The origin line of a note about an incident; `what` tells one note from the others."""
        # Without “#”: in Redmine “#17” would become a link to its own issue 17.
        return self.origin(f"{ref.source} {ref.external_id}", what)

    @property
    def origin_prefix(self) -> str:
        """How every origin line of this bridge begins."""
        return f"[bridge {self.instance} · "


EVIDENCE_PAGE = "Evidence"
EVIDENCE_SECTION = "evidence"
ROOT_TASK = "root"


def incident_task_key(ref: IncidentRef) -> str:
    """The task key of an incident's own issue."""
    return f"{ref.source}#{ref.external_id}"


def endpoint_of(source: str) -> str:
    """The rate limit that applies to a source."""
    return f"source:{source}"


def both_sides(source: str) -> str:
    """The endpoint of what reads a source and the tracker: when one of them is down, writes to the other go on."""
    return f"sync:{source}"


TRACKER_ENDPOINT = "redmine"
