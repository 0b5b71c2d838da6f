"""What people do to a promotion's project as a whole: followed, or reported when it cannot be."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from bridge.model.effect import EffectSpec
from bridge.model.project import Changed, Project
from bridge.model.promotion import HANDED_OVER, REMOVED, RUNNING, Promotion, PromotionState, Task, TaskKind
from bridge.ports import UnitOfWork
from bridge.rules.project_part import Place
from bridge.usecases.configured import Configured
from bridge.usecases.deliver.effects import project_effect
from bridge.usecases.gates import check_effect
from bridge.usecases.life.said import report
from bridge.usecases.place import place_of

LOOK = "project.look"
SHUT = "its project in Redmine "
"""Begins the line that says why nothing can be written to a project."""
MOVED = "its project was moved "
PARENT = "parent"
"""Where a promotion keeps the project above its own (`Promotion.made`)."""
CREATE = "task.create"
ADDED = "own:"
"""How the keys of tasks begin that people added."""


def tick(uow: UnitOfWork, configured: Configured, now: datetime) -> None:
    """Asks for a look at every active project whose time has come; each once in `look_every`."""
    every = configured.policy.life.look_every
    for promotion in uow.promotions.in_states([PromotionState.ACTIVE]):
        if promotion.opened_at is None or now - promotion.opened_at < every:
            continue
        uow.effects.enqueue([look_effect(promotion, every, now)])


def look_effect(promotion: Promotion, every: timedelta, now: datetime) -> EffectSpec:
    """Asks to look at a project for what no poll sees; it only reads. One for each stretch of `every`."""
    return project_effect(promotion.id, LOOK, f"{int(now.timestamp() // every.total_seconds())}")


def shut(uow: UnitOfWork, promotion: Promotion, status: str, now: datetime) -> None:
    """Says once that nothing can be written: people closed or archived the project, or it is gone."""
    line = (
        f"{SHUT}is {status}: what is to be written to it waits, nothing is lost. Reopen it and all goes on by itself, "
        f"deliver it by its root issue, or undo it: `promotions demote {promotion.id} --reason …`."
    )
    report(uow, promotion, SHUT, line, now)


def open_again(uow: UnitOfWork, promotion: Promotion, now: datetime) -> None:
    """The project can be written to: it is no longer talked of."""
    if SHUT in promotion.attention:
        report(uow, promotion, SHUT, "", now)
        uow.ledger.audit(now, "bridge", "writable again", f"promotion {promotion.id}", {})


def follow(
    uow: UnitOfWork, promotion: Promotion, project: Project, now: datetime, *, below: bool, parent: str
) -> Promotion:
    """Takes over a project's new name and place. `below`: it still lies below `parent`, where changes are polled."""
    current = uow.promotions.get(promotion.id)
    detail = {"from": current.name, "to": project.name}
    if project.name != current.name and place_of(current) is Place.PROJECT:
        current = replace(current, name=project.name)
        uow.ledger.audit(now, "bridge", "renamed", f"promotion {promotion.id}", detail)
    if project.parent_id is not None and current.made.get(PARENT) != project.parent_id:
        if PARENT in current.made:
            uow.ledger.audit(now, "bridge", "moved", f"promotion {promotion.id}", {"below": project.parent_id})
        current = replace(current, made={**current.made, PARENT: project.parent_id})
    uow.promotions.save(current)
    line = "" if below else f"{MOVED}out of “{parent}”: its changes are seen late. Move it back below that project."
    return report(uow, current, MOVED, line, now)


def removed(uow: UnitOfWork, promotion: Promotion, task: Task, now: datetime) -> None:
    """People removed a task: it is not made again and not waited for."""
    if task.gate:
        uow.effects.enqueue_if_idle(check_effect(task, f"not found at {now.isoformat()}"))
    if task.status != REMOVED:
        uow.promotions.save_task(replace(task, status=REMOVED))
        detail = {"task": task.subject, "issue": task.issue_id}
        uow.ledger.audit(now, "bridge", "task removed", f"promotion {promotion.id}", detail)


def added(uow: UnitOfWork, issue: Changed, now: datetime) -> bool:
    """Takes in a task that people added to a project of the bridge; False when the issue is none.

    While the bridge creates issues there it may be one of them, and is taken in at its next change.
    """
    promotion = uow.promotions.of_project(issue.project_id)
    if promotion is None or promotion.state not in RUNNING | HANDED_OVER or place_of(promotion) is not Place.PROJECT:
        return False
    if CREATE in uow.effects.unfinished(f"project:{promotion.id}"):
        return False
    if any(effect.kind == CREATE for effect in uow.effects.dead(promotion.id)):
        return False
    key = f"{ADDED}{issue.id}"
    uow.promotions.add_tasks([Task(promotion.id, key, TaskKind.WORK, issue.subject, issue.id, issue.status)])
    detail = {"task": issue.subject, "issue": issue.id}
    uow.ledger.audit(now, "bridge", "task added", f"promotion {promotion.id}", detail)
    return True
