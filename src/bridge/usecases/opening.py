"""Opens a promotion: everything that a careful colleague would write into Redmine, as effects in their order."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from bridge.directory.directory import Directory
from bridge.model.effect import EffectSpec
from bridge.model.promotion import Promotion, PromotionState, Role, move
from bridge.planning.identifiers import identifier
from bridge.planning.plan import Plan, names_for_roles, people_for_roles, plan_tasks
from bridge.planning.work import baseline
from bridge.ports import UnitOfWork
from bridge.rules.matching import CompiledRule
from bridge.usecases.attach import link_incident
from bridge.usecases.change_requests import change_effects
from bridge.usecases.configured import Configured
from bridge.usecases.deliver.effects import ACTIVATE, activation, project_effect
from bridge.usecases.evidence import Evidence, evidence_of, page_effect
from bridge.usecases.experience import experience_of
from bridge.usecases.knowledge import knowledge_effect
from bridge.usecases.place import place_terms
from bridge.usecases.plan_effects import Opening, issue_effects, plan_page_effect
from bridge.usecases.policy import ROOT_TASK


@dataclass(frozen=True, slots=True)
class People:
    """Who works on a project, as keys of the directory.

    `members` maps each to the tracker role that the rule asks for, "" where it leaves that to the settings. `roles`
    says who has which role of the template, `closers` which person or team stands for a role or name of a gate.
    """

    members: dict[str, str]
    owner: str
    roles: dict[str, str]
    closers: dict[str, str]
    reports: tuple[str, ...]


def open_promotion(
    uow: UnitOfWork, configured: Configured, promotion: Promotion, rule: CompiledRule, approved_by: str, now: datetime
) -> Promotion:
    """Moves a candidate to *opening* and stores every effect of it; nothing is sent here."""
    opening, people = _prepared(uow, configured, promotion, rule, approved_by, now)
    promotion = opening.promotion
    uow.promotions.save(promotion)
    uow.project_figures.begin(promotion.id, baseline(opening.plan, now.date()))
    uow.ledger.audit(now, approved_by, "approved", f"promotion {promotion.id}", {"name": promotion.name})
    issues = issue_effects(uow, configured, opening)
    linked = _incidents(uow, configured, promotion, now)
    pages = [plan_page_effect(configured, opening, after=(issues[ROOT_TASK],))]
    if not opening.is_cycle:
        pages.insert(0, page_effect(promotion.id, after=(issues[ROOT_TASK],)))
        pages.append(knowledge_effect(promotion.id, after=(issues[ROOT_TASK],)))
    ready = (*issues.values(), *linked)
    _members_and_assignments(uow, promotion, opening.plan, people, ready, pages)
    activate = project_effect(promotion.id, ACTIVATE, "", after=ready)
    assert activate.unique == activation(promotion.id)
    uow.effects.enqueue([activate, *change_effects(opening, issues)])
    return promotion


def _prepared(
    uow: UnitOfWork, configured: Configured, promotion: Promotion, rule: CompiledRule, approved_by: str, now: datetime
) -> tuple[Opening, People]:
    """Who, when and where: decided once, and kept with the promotion."""
    calendar = configured.directory.calendar_of(rule.project.owner)
    due = rule.due(now.date(), calendar)
    known = experience_of(uow, promotion.rule_id, calendar) if due is None else None
    if known is not None:
        due = known.due(now.date(), calendar)
    plan = plan_tasks(configured.templates[rule.project.template], now, calendar, due)
    people = _people(uow, configured, promotion, rule, plan)
    prefix = configured.policy.identifier_prefix
    promotion = replace(
        move(promotion, PromotionState.OPENING),
        decided_at=now,
        opened_at=now,
        approved_by=approved_by,
        owner=people.owner or promotion.owner,
        identifier=rule.project.standing or identifier(prefix, promotion.name, rule.id, promotion.id),
        attention="\n".join([*_still_true(promotion), *people.reports, *map(str, plan.problems)]),
    )
    evidence = evidence_of(uow, promotion)
    source = _change_source(configured, evidence)
    opening = Opening(promotion, rule, plan, evidence, people.closers, known, source)
    terms = place_terms(rule.project, rule.project.values(**opening.given()))
    return replace(opening, promotion=replace(promotion, terms={**promotion.terms, **terms})), people


def _still_true(promotion: Promotion) -> list[str]:
    """What a candidate's attention says of its reasons; what kept it from opening is over."""
    reasons = promotion.reason.splitlines()
    return [line for line in promotion.attention.splitlines() if line in reasons]


def _change_source(configured: Configured, evidence: list[Evidence]) -> str:
    """Where requests for change are opened: the first open incident's source that can, then any other's.

    Work that comes round has no incidents: there it is the first source in the settings that can.
    """
    able = configured.policy.changes
    rows = sorted(evidence, key=lambda row: not row.is_open)
    seen = [row.incident.source for row in rows] if rows else able
    return next((name for name in seen if name in able), "")


def _incidents(uow: UnitOfWork, configured: Configured, promotion: Promotion, now: datetime) -> list[str]:
    """Links every incident that is still open, oldest first; those that are over stay untouched.

    Returns unique effect names.
    """
    issues: list[str] = []
    members = {member.incident_id: member for member in uow.promotions.members(promotion.id)}
    found = uow.incidents.many(members)
    waiting = [(incident.opened_at, number) for number, incident in found.items() if incident.state.is_open]
    for _, number in sorted(waiting):
        uow.promotions.add_member(replace(members[number], role=Role.OPEN))
        linked = link_incident(uow, configured, promotion, number, found[number], now, later=False)
        if linked is not None:
            issues.append(linked[1])
    return issues


def _members_and_assignments(
    uow: UnitOfWork, promotion: Promotion, plan: Plan, people: People, ready: tuple[str, ...], pages: list[EffectSpec]
) -> None:
    """Members, then assignments, last of all: so that Redmine mails each assignee once per issue and nobody else.

    They run in this order because they share a key; that one of them is refused does not keep the others waiting.
    """
    members = [
        project_effect(
            promotion.id, "member.add", person, person=person, owner=person == people.owner, role=role, after=ready
        )
        for person, role in people.members.items()
    ]
    who = {task.key: people.roles[task.role] for task in plan.tasks if task.role in people.roles}
    if people.owner:
        who = {ROOT_TASK: people.owner, **who}
    assigned = [
        project_effect(promotion.id, "task.assign", key, task=key, person=person, after=ready)
        for key, person in who.items()
    ]
    uow.effects.enqueue([*pages, *members, *assigned])


def _people(uow: UnitOfWork, configured: Configured, promotion: Promotion, rule: CompiledRule, plan: Plan) -> People:
    directory, part = configured.directory, rule.project
    owner = directory.stand_in(part.owner)
    listed = [(member.role, directory.members_of([member.name])) for member in part.members]
    staffing = people_for_roles(plan, directory, owner=part.owner, roles=part.roles)
    roles = {role: person.key for role, person in staffing.people.items()}
    reports = [str(one) for one in (*owner.reports, *(r for _, found in listed for r in found.reports))]
    reports += map(str, staffing.reports)
    owners = [owner.person.key] if owner.person else []
    asked = {person.key: role for role, found in reversed(listed) for person in found.people}
    everybody = [*owners, *(person.key for _, found in listed for person in found.people), *roles.values()]
    everybody += _handlers(uow, directory, promotion)
    members = {p: asked.get(p, "") for p in dict.fromkeys(everybody) if directory.redmine_id(p) is not None}
    closers, unnamed = _closers(plan, rule, directory)
    return People(members, owners[0] if owners else "", roles, closers, tuple(dict.fromkeys([*reports, *unnamed])))


def _closers(plan: Plan, rule: CompiledRule, directory: Directory) -> tuple[dict[str, str], list[str]]:
    """Who may close the gates, by role or name; gates that nobody could close are the owner's, and reported."""
    chosen = names_for_roles(plan, owner=rule.project.owner, roles=rule.project.roles)
    closers: dict[str, str] = {}
    reports = []
    for task in plan.tasks:
        names = task.gate.closed_by if task.gate else ()
        found = {name: chosen.get(name) or (name if directory.knows(name) else "") for name in names}
        if names and not any(found.values()):
            reports.append(f"nobody is named who may close “{task.title}”: {rule.project.owner} may.")
            found = dict.fromkeys(names, rule.project.owner)
        closers |= found
    return closers, reports


def _handlers(uow: UnitOfWork, directory: Directory, promotion: Promotion) -> list[str]:
    """Who works on the open incidents: their issues can only be assigned to members."""
    handlers = []
    for evidence in evidence_of(uow, promotion):
        if evidence.is_open and evidence.incident.person:
            person = directory.person_by_login(evidence.incident.source, evidence.incident.person)
            handlers += [person.key] if person and person.active else []
    return handlers
