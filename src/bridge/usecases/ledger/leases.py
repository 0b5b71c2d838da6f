"""Leases in life: who is warned, what lapses, and what begins anew when a project goes on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from bridge.kpi.lease import Lease, LeaseTerms, Step, StepKind, end_of, is_quiet, steps
from bridge.kpi.ledger import RowKind
from bridge.model.errors import Forbidden, NotFound
from bridge.model.exclusion import Ending
from bridge.model.notice import Notice, NoticeKind
from bridge.model.promotion import RUNNING, Promotion
from bridge.ports import ProjectTracker, Store, UnitOfWork
from bridge.usecases.configured import Configured
from bridge.usecases.deliver.effects import project_effect
from bridge.usecases.ledger.progress import Progress, ProgressReader
from bridge.usecases.notices import tell
from bridge.usecases.policy import ROOT_TASK

AGAIN = "its project shows progress again"


def lease_end(configured: Configured, promotion: Promotion, now: datetime) -> datetime | None:
    """When the lease of an exclusion that begins now ends unless it is extended, None where leases do not end."""
    terms = lease_terms(configured, promotion)
    return end_of(now, terms.days, configured.directory.calendar_of(promotion.owner)) if terms else None


def lease_terms(configured: Configured, promotion: Promotion) -> LeaseTerms | None:
    """The terms of a promotion's leases: its rule's, else the settings'; None where leases do not end."""
    terms, own = configured.policy.ledger.lease, promotion.terms.get("lease")
    return replace(terms or LeaseTerms(), days=int(own)) if own else terms


@dataclass(frozen=True, slots=True)
class Leases:
    """Looks after the leases of running projects. A project is only read when something can be due."""

    store: Store
    tracker: ProjectTracker
    configured: Configured

    def turn(self, now: datetime) -> list[Step]:
        """Does what is due now, each thing once; returns it."""
        reader = ProgressReader(self.tracker, now)
        done: list[Step] = []
        with self.store.reading() as uow:
            running = uow.promotions.in_states(RUNNING)
        for promotion in running:
            terms = lease_terms(self.configured, promotion)
            done += self._look(promotion, terms, reader, now) if terms else []
        return done

    def _look(self, promotion: Promotion, terms: LeaseTerms, reader: ProgressReader, now: datetime) -> list[Step]:
        calendar = self.configured.directory.calendar_of(promotion.owner)
        with self.store.reading() as uow:
            leases = uow.kpi_ledger.leases(promotion.id)
            tasks = list(uow.promotions.tasks(promotion.id).values())
        if is_quiet(leases, terms, calendar, now):
            return []
        try:
            since = min(lease.lapsed_at or lease.started_at for lease in leases)
            progress = reader.newest(promotion, tasks, since)
        except (NotFound, Forbidden):
            progress = None  # gone, archived or closed to us: nobody works there
        with self.store.transaction() as uow:
            if uow.promotions.get(promotion.id).state not in RUNNING:
                return []
            leases = uow.kpi_ledger.leases(promotion.id)
            due = steps(leases, progress.at if progress else None, terms, calendar, now)
            self._carry_out(uow, promotion, due, progress, now)
        return due

    def _carry_out(
        self, uow: UnitOfWork, promotion: Promotion, due: Sequence[Step], progress: Progress | None, now: datetime
    ) -> None:
        for step in due:
            _row(uow, promotion, step, progress)
        for kind, text, notice in (
            (StepKind.WARN, "lease_warning", NoticeKind.LEASE_WARNING),
            (StepKind.LAPSE, "lease_lapsed", NoticeKind.LEASE_LAPSED),
        ):
            those = [step for step in due if step.kind is kind]
            if those:
                self._say(uow, promotion, those, text, notice, now)

    def _say(
        self, uow: UnitOfWork, promotion: Promotion, those: Sequence[Step], text: str, kind: NoticeKind, now: datetime
    ) -> None:
        configured = self.configured
        policy = configured.policy
        ends = min(step.expires_at for step in those)
        name = f"{text} {ends.isoformat()}"
        incidents = uow.incidents.many([step.lease.incident_id for step in those])
        terms = lease_terms(configured, promotion) or LeaseTerms()
        written = configured.texts.render(
            text,
            promotion=configured.shown(promotion),
            days=terms.days,
            ends_at=ends,
            incidents=sorted(str(one.ref) for one in incidents.values()),
        )
        origin = policy.origin(f"promotion {promotion.id}", name)
        if uow.promotions.tasks(promotion.id, [ROOT_TASK]):
            note = f"{written}\n\n{origin}"
            effect = project_effect(promotion.id, "root.note", name, text=note, origin=origin, private=False)
            uow.effects.enqueue([effect])
        url = policy.issue_url(promotion.root_issue_id) if promotion.root_issue_id else ""
        told = Notice(kind, f"{promotion.id}:{name}", promotion.name, written, url, promotion.owner)
        tell(uow, configured, told, now)
        detail = {"incidents": len(those), "ends": ends.isoformat()}
        uow.ledger.audit(now, "bridge", text.replace("_", " "), f"promotion {promotion.id}", detail)


def _row(uow: UnitOfWork, promotion: Promotion, step: Step, progress: Progress | None) -> None:
    lease: Lease = step.lease
    evidence = progress.evidence() if progress else {}
    match step.kind:
        case StepKind.WARN:
            uow.kpi_ledger.lease_row(lease, RowKind.WARNED, step.at, step.expires_at, {})
        case StepKind.EXTEND:
            uow.kpi_ledger.lease_row(lease, RowKind.EXTENDED, step.at, step.expires_at, evidence)
        case StepKind.LAPSE:
            uow.exclusions.end(lease.incident_id, promotion.id, step.at, Ending.LAPSED)
        case StepKind.RESUME if uow.incidents.get(lease.incident_id).state.is_open:
            uow.exclusions.start(
                lease.incident_id,
                promotion.id,
                lease.policy,
                step.at,
                AGAIN,
                lease.rule_version,
                expires_at=step.expires_at,
            )
        case StepKind.RESUME if not lease.is_late:
            uow.kpi_ledger.lease_row(lease, RowKind.EXTENDED, step.at, step.expires_at, evidence)
