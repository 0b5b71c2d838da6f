"""Gathers what findings are made of from the store."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from bridge.kpi.facts import IncidentFacts
from bridge.kpi.finding_model import Case, Evidence, Finding, FindingKind, ProjectCase
from bridge.kpi.findings import findings
from bridge.kpi.own_holds import without_own
from bridge.kpi.sla import Policy
from bridge.model.incident import Incident, State
from bridge.model.promotion import Promotion, PromotionState, Role, TaskKind
from bridge.ports import UnitOfWork
from bridge.rules.project_part import Place
from bridge.rules.sla import SlaClock
from bridge.usecases.configured import Configured
from bridge.usecases.ledger.policy import LedgerPolicy
from bridge.usecases.place import place_of
from bridge.usecases.telling.clocks import DueTimes

PART = 1000
_NO_PROJECT = frozenset(
    {
        *(PromotionState.CANDIDATE, PromotionState.DEFERRED, PromotionState.REJECTED, PromotionState.EXPIRED),
        PromotionState.MERGED,
    }
)


def look(uow: UnitOfWork, configured: Configured, due_times: DueTimes, now: datetime) -> list[Finding]:
    """Everything that asks for a second look. Reads every incident, in parts."""
    return findings(evidence_for(uow, due_times, now), configured.policy.ledger.thresholds, now)


def not_looked_for(policy: LedgerPolicy, targets: Sequence[Policy]) -> list[str]:
    """Kinds of findings that there cannot be with these settings, each with why: finding nothing says nothing then."""
    found = []
    if not any(one.resolution for one in targets):
        found.append(f"{FindingKind.NEAR_BREACH}: the settings have no resolution target (sla)")
    if policy.lease is None:
        found.append(f"{FindingKind.IDLE}: leases are off (ledger.lease: none), but where a rule has its own")
    return found


def evidence_for(uow: UnitOfWork, due_times: DueTimes, now: datetime) -> Evidence:
    """What the store knows of incidents, exclusions and projects."""
    promotions = uow.promotions.in_states()
    members = {one.id: uow.promotions.members(one.id) for one in promotions}
    claimed = {member.incident_id for those in members.values() for member in those}
    merged: dict[int, list[int]] = defaultdict(list)
    for one in promotions:
        if one.merged_into is not None and one.opened_at is not None:
            merged[one.merged_into].append(one.id)
    projects = []
    for one in promotions:
        if one.opened_at is None or one.state in _NO_PROJECT:
            continue
        joined = tuple(member.incident_id for member in members[one.id] if member.role is not Role.EVIDENCE)
        projects.append(_project(uow, one, one.opened_at, joined, tuple(sorted(_took_in(merged, one.id))), now))
    return Evidence(_cases(uow, due_times, claimed), uow.exclusions.all(), projects)


def _took_in(merged: Mapping[int, Sequence[int]], into: int) -> Iterator[int]:
    """The projects that were merged into one, and what had been merged into those."""
    for one in merged.get(into, ()):
        yield one
        yield from _took_in(merged, one)


def _cases(uow: UnitOfWork, due_times: DueTimes, claimed: set[int]) -> Mapping[int, Case]:
    cases: dict[int, Case] = {}
    own = uow.exclusions.holds()
    last = 0
    while rows := uow.incidents.scan(last, PART):
        facts = uow.incidents.facts_of([number for number, _ in rows])
        for number, incident in rows:
            told = without_own(facts[number], own.get(number, ()))
            cases[number] = _case(due_times, number, incident, told, claimed=number in claimed)
        last = rows[-1][0]
    return cases


def _case(due_times: DueTimes, number: int, incident: Incident, facts: IncidentFacts, *, claimed: bool) -> Case:
    ended = facts.left_at or facts.resolved_timeline or facts.resolved_reported or incident.updated_at
    return Case(
        id=number,
        ref=str(incident.ref),
        team=incident.team,
        opened_at=incident.opened_at,
        over_at=None if incident.state.is_open else ended,
        due_at=_due(due_times, incident, facts),
        reassigned=max(incident.reassignment_count, facts.reassigned),
        effort=incident.effort,
        claimed=claimed,
    )


def _due(due_times: DueTimes, incident: Incident, facts: IncidentFacts) -> datetime | None:
    """When its resolution clock runs out, or would have if nobody had stopped it."""
    running = due_times.running(replace(incident, state=State.IN_PROGRESS), facts)
    return next((one.due_at for one in running if one.clock == SlaClock.RESOLUTION), None)


def _project(
    uow: UnitOfWork,
    promotion: Promotion,
    opened: datetime,
    incidents: tuple[int, ...],
    took_in: tuple[int, ...],
    now: datetime,
) -> ProjectCase:
    demoted = promotion.state is PromotionState.DEMOTED
    closed = promotion.delivered_at or (_demoted_at(uow, promotion, now) if demoted else None)
    leases = uow.kpi_ledger.leases(promotion.id)
    lapsed = [one.lapsed_at for one in leases if one.lapsed_at is not None and not one.is_late]
    tasks = uow.promotions.tasks(promotion.id).values()
    return ProjectCase(
        id=promotion.id,
        name=promotion.name,
        rule_id=promotion.rule_id,
        opened_at=opened,
        closed_at=closed,
        demoted=demoted,
        incidents=incidents,
        tasks=sum(task.kind is TaskKind.WORK for task in tasks),
        effort=_spent(uow, promotion),
        idle_since=max(lapsed) if lapsed else None,
        took_in=took_in,
    )


def _demoted_at(uow: UnitOfWork, promotion: Promotion, now: datetime) -> datetime:
    ended = [one.ended_at for one in uow.exclusions.of_promotion(promotion.id) if one.ended_at is not None]
    return max([*ended, promotion.decided_at or now])


def _spent(uow: UnitOfWork, promotion: Promotion) -> timedelta | None:
    """The time spent on a project of its own as last read, None where it is not known."""
    if promotion.project_id is None or place_of(promotion) is not Place.PROJECT:
        return None
    tasks, _ = uow.workload.tasks(promotion.project_id)
    known = [task.spent for task in tasks if task.spent is not None]
    return timedelta(hours=sum(known)) if known else None
