"""Opens a promotion: everything that a careful colleague would write into Redmine, as effects in their order."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime

from bridge.directory.directory import Directory
from bridge.model.effect import EffectSpec
from bridge.model.promotion import Promotion, PromotionState, Role, Task, TaskKind, move
from bridge.planning.identifiers import identifier
from bridge.planning.plan import Plan, PlannedTask, people_for_roles, plan_tasks
from bridge.ports import UnitOfWork
from bridge.rules.matching import CompiledRule
from bridge.usecases.attach import link_incident
from bridge.usecases.configured import Configured
from bridge.usecases.deliver.effects import activation, project_effect
from bridge.usecases.evidence import evidence_of, page_effect
from bridge.usecases.policy import ROOT_TASK


@dataclass(frozen=True, slots=True)
class People:
    """Who works on a project, as keys of the directory: members, the owner, and who has which role of the template."""

    members: tuple[str, ...]
    owner: str
    roles: dict[str, str]
    reports: tuple[str, ...]


def open_promotion(
    uow: UnitOfWork, configured: Configured, promotion: Promotion, rule: CompiledRule, approved_by: str, now: datetime
) -> Promotion:
    """Moves a candidate to *opening* and stores every effect of it; nothing is sent here."""
    calendar = configured.directory.calendar_of(rule.project.owner)
    template = configured.templates[rule.project.template]
    plan = plan_tasks(template, now, calendar, rule.due(now.date(), calendar))
    people = _people(uow, configured, promotion, rule, plan)
    policy = configured.policy
    promotion = replace(
        move(promotion, PromotionState.OPENING),
        decided_at=now,
        opened_at=now,
        approved_by=approved_by,
        owner=people.owner or promotion.owner,
        identifier=identifier(policy.identifier_prefix, promotion.name, rule.id, promotion.id),
        attention="\n".join([*people.reports, *map(str, plan.problems)]),
    )
    uow.promotions.save(promotion)
    uow.ledger.audit(now, approved_by, "approved", f"promotion {promotion.id}", {"name": promotion.name})
    issues = _issues(uow, configured, promotion, plan)
    linked = _incidents(uow, configured, promotion, now)
    page = page_effect(promotion.id, after=(issues[ROOT_TASK],))
    ready = (*issues.values(), *linked)
    _members_and_assignments(uow, promotion, plan, people, ready, page)
    activate = project_effect(promotion.id, "promotion.activate", "", after=ready)
    assert activate.unique == activation(promotion.id)
    uow.effects.enqueue([activate])
    return promotion


def _issues(uow: UnitOfWork, configured: Configured, promotion: Promotion, plan: Plan) -> dict[str, str]:
    """The project, its root issue and its tasks, unassigned; returns the unique effect name by task key."""
    texts, policy = configured.texts, configured.policy
    evidence, shown = evidence_of(uow, promotion), configured.shown(promotion)
    opened = project_effect(
        promotion.id,
        "project.open",
        "",
        identifier=promotion.identifier,
        name=promotion.name,
        description=texts.render("project_description", promotion=shown, evidence=evidence),
    )
    root = project_effect(
        promotion.id,
        "task.create",
        ROOT_TASK,
        task=ROOT_TASK,
        subject=promotion.name,
        description=texts.render("root_issue", promotion=shown, evidence=evidence, due=plan.due),
        tracker=policy.trackers.get(TaskKind.ROOT, ""),
        start=_iso(plan.start),
        due=_iso(plan.due),
        after=(opened.unique,),
    )
    uow.promotions.add_tasks([Task(promotion.id, ROOT_TASK, TaskKind.ROOT, promotion.name)])
    uow.effects.enqueue([opened, root])
    unique = {ROOT_TASK: root.unique}
    for task in plan.tasks:
        effect = _task(configured, promotion, task, unique)
        unique[task.key] = effect.unique
        uow.promotions.add_tasks([Task(promotion.id, task.key, TaskKind.WORK, effect.payload["subject"])])
        uow.effects.enqueue([effect])
    for relation in plan.relations:
        effect = project_effect(
            promotion.id,
            "task.relate",
            f"{relation.task}-{relation.follower}",
            task=relation.task,
            other=relation.follower,
            kind=relation.kind,
            delay=relation.delay_days,
            after=(unique[relation.task], unique[relation.follower]),
        )
        # Nothing waits for a relation: one that Redmine refuses must not keep the project from opening.
        uow.effects.enqueue([effect])
    return unique


def _task(configured: Configured, promotion: Promotion, task: PlannedTask, unique: dict[str, str]) -> EffectSpec:
    parent = task.parent or ROOT_TASK
    return project_effect(
        promotion.id,
        "task.create",
        task.key,
        task=task.key,
        parent=parent,
        subject=f"{task.number} {task.title}",
        description=configured.texts.render("task_description", task=task, promotion=promotion),
        tracker=configured.policy.trackers.get(TaskKind.WORK, ""),
        priority=task.priority,
        start=_iso(task.start),
        due=_iso(task.due),
        estimate=task.estimate_hours,
        after=(unique[parent],),
    )


def _incidents(uow: UnitOfWork, configured: Configured, promotion: Promotion, now: datetime) -> list[str]:
    """Links every incident that is still open; those that are over stay untouched. Returns unique effect names."""
    issues: list[str] = []
    for member in uow.promotions.members(promotion.id):
        incident = uow.incidents.get(member.incident_id)
        if not incident.state.is_open:
            continue
        uow.promotions.add_member(replace(member, role=Role.OPEN))
        linked = link_incident(uow, configured, promotion, member.incident_id, incident, now, later=False)
        if linked is not None:
            issues.append(linked[1])
    return issues


def _members_and_assignments(
    uow: UnitOfWork, promotion: Promotion, plan: Plan, people: People, ready: tuple[str, ...], page: EffectSpec
) -> None:
    """Members, then assignments, last of all: so that Redmine mails each assignee once per issue and nobody else.

    They run in this order because they share a key; that one of them is refused does not keep the others waiting.
    """
    members = [
        project_effect(promotion.id, "member.add", person, person=person, owner=person == people.owner, after=ready)
        for person in people.members
    ]
    who = {task.key: people.roles[task.role] for task in plan.tasks if task.role in people.roles}
    if people.owner:
        who = {ROOT_TASK: people.owner, **who}
    assigned = [
        project_effect(promotion.id, "task.assign", key, task=key, person=person, after=ready)
        for key, person in who.items()
    ]
    uow.effects.enqueue([page, *members, *assigned])


def _people(uow: UnitOfWork, configured: Configured, promotion: Promotion, rule: CompiledRule, plan: Plan) -> People:
    directory = configured.directory
    owner = directory.stand_in(rule.project.owner)
    listed = directory.members_of(member.name for member in rule.project.members)
    staffing = people_for_roles(plan, directory, owner=rule.project.owner, roles=rule.project.roles)
    roles = {role: person.key for role, person in staffing.people.items()}
    reports = [str(problem) for problem in (*owner.reports, *listed.reports, *staffing.reports)]
    owners = [owner.person.key] if owner.person else []
    handlers = _handlers(uow, directory, promotion)
    everybody = [*owners, *(person.key for person in listed.people), *roles.values(), *handlers]
    members = tuple(p for p in dict.fromkeys(everybody) if directory.redmine_id(p) is not None)
    return People(members, owners[0] if owners else "", roles, tuple(dict.fromkeys(reports)))


def _handlers(uow: UnitOfWork, directory: Directory, promotion: Promotion) -> list[str]:
    """Who works on the open incidents: their issues can only be assigned to members."""
    handlers = []
    for evidence in evidence_of(uow, promotion):
        if evidence.is_open and evidence.incident.person:
            person = directory.person_by_login(evidence.incident.source, evidence.incident.person)
            handlers += [person.key] if person and person.active else []
    return handlers


def _iso(day: date | None) -> str | None:
    return day.isoformat() if day else None
