"""The effects that make a promotion's project: the project or its place in one, its parts, issues and relations."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from bridge.model.effect import EffectSpec
from bridge.model.promotion import Promotion, Task, TaskKind
from bridge.planning.experience import Experience
from bridge.planning.gates import ROLLBACK_PAGE, Gate, GateKind
from bridge.planning.plan import Plan, PlannedTask, Relation
from bridge.ports import UnitOfWork
from bridge.rules.matching import CompiledRule
from bridge.rules.naming import compile_text
from bridge.rules.project_part import Place
from bridge.usecases.configured import Configured
from bridge.usecases.deliver.effects import project_effect
from bridge.usecases.evidence import Evidence
from bridge.usecases.place import OWN_VERSION, page_title, place_of, tracker_of
from bridge.usecases.policy import ROOT_TASK

PLAN_PAGE = "Plan"
PLAN_SECTION = "plan"


@dataclass(frozen=True, slots=True)
class Opening:
    """What is opened: the promotion with its final name and place, the plan, and what texts about it need.

    `closers` maps roles, people and teams of gates to keys of the directory. `experience` is None where the rule names
    the due date, or where there is none. `change_source` is where requests for change are opened, "" nowhere.
    """

    promotion: Promotion
    rule: CompiledRule
    plan: Plan
    evidence: list[Evidence]
    closers: Mapping[str, str]
    experience: Experience | None = None
    change_source: str = ""

    @property
    def is_cycle(self) -> bool:
        """Whether it is work that comes round: there are no incidents, and so no evidence."""
        return self.rule.rule.when.schedule is not None

    def given(self) -> dict[str, Mapping[str, Any]]:
        """What the rule's own texts are given."""
        still_open = sum(row.is_open for row in self.evidence)
        counts = {"count": len(self.evidence), "open": still_open, "resolved": len(self.evidence) - still_open}
        rule = {"id": self.rule.id, "title": self.rule.title}
        return {"rule": rule, "group": {"label": self.promotion.label}, "evidence": counts}


def issue_effects(uow: UnitOfWork, configured: Configured, opening: Opening) -> dict[str, str]:
    """Stores what makes the project, its root issue and its tasks, unassigned; unique effect names by task key."""
    promotion, plan = opening.promotion, opening.plan
    place = _place(configured, opening)
    parts = _parts(configured, opening, after=(place.unique,))
    ready = (place.unique, *(part.unique for part in parts))
    root = project_effect(
        promotion.id,
        "task.create",
        ROOT_TASK,
        task=ROOT_TASK,
        subject=promotion.name,
        description=_root_description(configured, opening),
        tracker=tracker_of(promotion, TaskKind.ROOT, configured.policy.trackers.get(TaskKind.ROOT, "")),
        start=_iso(plan.start),
        due=_iso(plan.due),
        after=ready,
    )
    uow.promotions.add_tasks([Task(promotion.id, ROOT_TASK, TaskKind.ROOT, promotion.name)])
    uow.effects.enqueue([place, *parts, root])
    unique = {ROOT_TASK: root.unique}
    for task in plan.tasks:
        effect, row = _task(configured, opening, task, unique)
        unique[task.key] = effect.unique
        uow.promotions.add_tasks([row])
        uow.effects.enqueue([effect])
    uow.effects.enqueue([_relation(promotion, relation, unique) for relation in plan.relations])
    return unique


def plan_page_effect(configured: Configured, opening: Opening, *, after: tuple[str, ...]) -> EffectSpec:
    """The wiki page with the plan as it was made: what people change in it later is theirs."""
    text = configured.texts.render(
        "plan_page",
        promotion=configured.shown(opening.promotion),
        plan=opening.plan,
        milestones={milestone.key: milestone.title for milestone in opening.plan.milestones},
    )
    return project_effect(opening.promotion.id, "page.plan", PLAN_PAGE, text=text, after=after)


def _place(configured: Configured, opening: Opening) -> EffectSpec:
    promotion, part = opening.promotion, opening.rule.project
    if place_of(promotion) is not Place.PROJECT:
        return project_effect(promotion.id, "project.enter", "", identifier=promotion.identifier)
    return project_effect(
        promotion.id,
        "project.open",
        "",
        identifier=promotion.identifier,
        name=promotion.name,
        description=_own_text(opening)
        or configured.texts.render(
            "project_description", promotion=configured.shown(promotion), evidence=opening.evidence
        ),
        parent=part.parent or "",
        modules=list(part.module_names),
    )


def _own_text(opening: Opening) -> str:
    """What the rule says itself, empty where it leaves that to the bridge."""
    description = opening.rule.project.description
    return compile_text(description)(opening.given()) if description else ""


def _parts(configured: Configured, opening: Opening, *, after: tuple[str, ...]) -> list[EffectSpec]:
    """Categories, and versions: the promotion's own, or one for each milestone."""
    promotion, plan = opening.promotion, opening.plan
    parts = [
        project_effect(promotion.id, "project.category", name, name=name, after=after)
        for name in dict.fromkeys(opening.rule.project.categories)
    ]
    if place_of(promotion) is Place.VERSION:
        description = _own_text(opening) or configured.texts.render("version_description", promotion=promotion)
        versions = [(OWN_VERSION, promotion.name, description, plan.due)]
    else:
        versions = [(one.key, one.title, one.description, one.due) for one in plan.milestones]
    for key, name, description, due in versions:
        parts.append(
            project_effect(
                promotion.id,
                "project.version",
                key,
                version=key,
                name=name,
                description=description,
                due=_iso(due),
                after=after,
            )
        )
    return parts


def _root_description(configured: Configured, opening: Opening) -> str:
    promotion = opening.promotion
    shown = configured.shown(promotion)
    if opening.is_cycle:
        text = configured.texts.render("cycle_root_issue", promotion=shown, due=opening.plan.due)
    else:
        text = configured.texts.render(
            "root_issue",
            promotion=shown,
            evidence=opening.evidence,
            due=opening.plan.due,
            experience=opening.experience,
        )
    own = _own_text(opening) if place_of(promotion) is not Place.PROJECT else ""
    return f"{own}\n\n{text}" if own else text


def _task(
    configured: Configured, opening: Opening, task: PlannedTask, unique: dict[str, str]
) -> tuple[EffectSpec, Task]:
    promotion = opening.promotion
    parent = task.parent or ROOT_TASK
    subject = f"{task.number} {task.title}"
    by = [opening.closers[name] for name in task.gate.closed_by if opening.closers.get(name)] if task.gate else []
    checklist = _checklist(configured, task.gate, task)
    description = configured.texts.render(
        "task_description",
        task=task,
        promotion=promotion,
        closers=[_display(configured, name) for name in by],
        checklist=checklist,
        blocked=[f"{other.number} {other.title}" for other in opening.plan.tasks if _blocks(task.gate, other)],
        page=page_title(promotion, ROLLBACK_PAGE),
        change_opened=bool(opening.change_source) and task.gate is not None and task.gate.open is not False,
    )
    effect = project_effect(
        promotion.id,
        "task.create",
        task.key,
        task=task.key,
        parent=parent,
        subject=subject,
        description=description,
        tracker=tracker_of(promotion, TaskKind.WORK, configured.policy.trackers.get(TaskKind.WORK, "")),
        priority=task.priority,
        start=_iso(task.start),
        due=_iso(task.due),
        estimate=task.estimate_hours,
        milestone=task.milestone,
        after=(unique[parent],),
    )
    written = f"{description}\n\n{configured.policy.task_origin(promotion.id, task.key)}"
    gate = task.gate.row(by, checklist, written, opening.change_source) if task.gate else {}
    return effect, Task(promotion.id, task.key, TaskKind.WORK, subject, gate=gate)


def _blocks(gate: Gate | None, other: PlannedTask) -> bool:
    return gate is not None and other.key in gate.blocks


def _checklist(configured: Configured, gate: Gate | None, task: PlannedTask) -> list[str]:
    if gate is None or gate.kind is not GateKind.HANDOVER:
        return []
    return list(gate.checklist) or configured.texts.render("handover_checklist", task=task).splitlines()


def _display(configured: Configured, name: str) -> str:
    team, person = configured.directory.team(name), configured.directory.person(name)
    return person.display if person else (team.name if team and team.name else name)


def _relation(promotion: Promotion, relation: Relation, unique: Mapping[str, str]) -> EffectSpec:
    """Nothing waits for a relation: one that Redmine refuses must not keep the project from opening."""
    return project_effect(
        promotion.id,
        "task.relate",
        f"{relation.task}-{relation.follower}",
        task=relation.task,
        other=relation.follower,
        kind=relation.kind,
        delay=relation.delay_days,
        after=(unique[relation.task], unique[relation.follower]),
    )


def _iso(day: date | None) -> str | None:
    return day.isoformat() if day else None
