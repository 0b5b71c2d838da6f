"""Who owns a promotion: changed by a person who may, kept when incidents are reassigned or other teams join."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from datetime import datetime

from bridge.directory.directory import Person
from bridge.model.effect import EffectSpec
from bridge.model.errors import NotPossible, WrongArgument
from bridge.model.project import Changed, Issue, Journal
from bridge.model.promotion import RUNNING, WAITING, Promotion, PromotionState
from bridge.ports import UnitOfWork
from bridge.usecases.candidates.people import chain
from bridge.usecases.configured import Configured
from bridge.usecases.deliver.effects import project_effect
from bridge.usecases.life.said import logins, named, report, root_note, root_stored
from bridge.usecases.policy import ROOT_TASK
from bridge.yamlfile import did_you_mean

LOOK = "owner.look"
SEEN = "owner.journal"
"""Where a promotion keeps the last journal of its root issue that was judged (`Promotion.made`)."""
ASSIGNEE = "assigned_to_id"
OTHER = "its root issue is assigned to "
LOST = "its owner "
_OWNED = RUNNING | {PromotionState.DELIVERED, PromotionState.INEFFECTIVE}


def change_owner(
    uow: UnitOfWork, configured: Configured, promotion_id: int, new: str, actor: str, reason: str, now: datetime
) -> Promotion:
    """Gives a project to another owner: its root issue is assigned, both are told.

    `new` is a person of the directory, or a team, whose lead it then is. Naming the present owner changes nothing.
    Raises NotFound, and NotPossible without a reason, for somebody who cannot act, or a promotion without a project.
    """
    promotion = uow.promotions.get(promotion_id)
    where = f"promotion {promotion.id} “{promotion.name}”"
    if promotion.state not in _OWNED:
        advice = f"Say `promotions edit {promotion.id} --owner {new}`." if promotion.state in WAITING else ""
        raise NotPossible(where, f"is {promotion.state}: it has no project whose owner could be changed.", advice)
    if not reason.strip():
        raise NotPossible(where, "a change of its owner needs a reason.", "Say why: --reason.")
    directory = configured.directory
    if not directory.knows(new):
        active = [person.key for person in directory.people.values() if person.active]
        known = did_you_mean(new, [*active, *directory.teams], "people and teams are")
        raise WrongArgument(where, f"there is no person or team “{new}” in the directory.", known)
    found = directory.stand_in(new)
    if found.person is None or (directory.person(new) and found.person.key != new):
        why = " ".join(one.what for one in found.reports)
        raise NotPossible(where, f"{named(directory, new)} cannot be the owner: {why}", "Name somebody who can act.")
    return take_over(uow, configured, promotion, found.person, actor, reason.strip(), now, assign=True)


def take_over(
    uow: UnitOfWork,
    configured: Configured,
    promotion: Promotion,
    person: Person,
    actor: str,
    why: str,
    now: datetime,
    *,
    assign: bool,
) -> Promotion:
    """The promotion has a new owner; with `assign` the root issue is still to be given to them."""
    if promotion.owner == person.key:
        return promotion
    before = configured.directory.person(promotion.owner)
    was = named(configured.directory, promotion.owner) or "nobody"
    owned = replace(promotion, owner=person.key)
    uow.promotions.save(owned)
    report(uow, owned, OTHER, "", now)
    owned = report(uow, owned, LOST, "", now)
    detail = {"from": promotion.owner, "to": person.key, "why": why}
    uow.ledger.audit(now, actor, "owner changed", f"promotion {promotion.id}", detail)
    name = f"owner {person.key} {now.isoformat()}"
    after = root_stored(uow, promotion)
    effects = [
        project_effect(promotion.id, "member.add", name, person=person.key, owner=True, role="", after=after),
    ]
    if assign:
        effects.append(
            project_effect(promotion.id, "task.assign", name, task=ROOT_TASK, person=person.key, after=after)
        )
    uow.effects.enqueue(effects)
    root_note(
        uow,
        configured,
        owned,
        name,
        "owner_changed",
        logins=logins(before, person),
        old=was,
        actor=actor,
        reason=why,
    )
    return owned


def watch(uow: UnitOfWork, configured: Configured, promotion: Promotion, root: Changed, now: datetime) -> None:
    """The root issue changed: one that is assigned to another than the owner is looked at."""
    if promotion.state not in _OWNED - {PromotionState.OPENING}:
        return
    user = configured.directory.redmine_id(promotion.owner)
    if user is None or root.assignee_id == user:
        if OTHER in promotion.attention:
            report(uow, promotion, OTHER, "", now)
        return
    uow.effects.enqueue_if_idle(look_effect(promotion, f"{root.updated_at.isoformat()}:{now.isoformat()}"))


def look_effect(promotion: Promotion, why: str) -> EffectSpec:
    """Asks who assigned a root issue to another than the owner; it only reads."""
    return project_effect(promotion.id, LOOK, why)


def assignment(root: Issue) -> Journal | None:
    """The journal that gave an issue its present assignee; None when it was created with it."""
    found = [journal for journal in root.journals if ASSIGNEE in journal.changes]
    return found[-1] if found else None


def reassigned(
    uow: UnitOfWork,
    configured: Configured,
    promotion: Promotion,
    root: Issue,
    by: Journal,
    roles: Collection[str],
    now: datetime,
) -> None:
    """Somebody gave the root issue to another: who may, changes the owner; anybody else's word is left and reported.

    `roles` are those that they have in the project.
    """
    seen = replace(promotion, made={**promotion.made, SEEN: by.id})
    uow.promotions.save(seen)
    directory = configured.directory
    actor = directory.person_by_redmine(by.user_id)
    who = actor.display if actor else by.user_name
    person = directory.person_by_redmine(root.assignee_id) if root.assignee_id else None
    may = authorised(configured, promotion, actor, roles)
    if may and person is not None and person.active:
        why = by.notes.strip() or "the root issue was given to them"
        take_over(uow, configured, seen, person, who, why, now, assign=False)
        return
    whom = root.assignee_name or "nobody"
    because = _because(whom, may=may)
    owner = named(directory, promotion.owner)
    line = (
        f"{OTHER}{whom} by {who}, {because}: it is left so, and {owner} stays the owner. "
        f"To change that: `promotions owner {promotion.id} NAME --reason …`."
    )
    report(uow, seen, OTHER, line, now)
    calls = logins(directory.person(promotion.owner), actor)
    root_note(uow, configured, seen, f"owner kept {by.id}", "owner_kept", who=who, whom=whom, may=may, logins=calls)


def _because(whom: str, *, may: bool) -> str:
    if not may:
        return "who may not decide that"
    return "which leaves nobody" if whom == "nobody" else "but the directory knows no such active person"


def authorised(configured: Configured, promotion: Promotion, actor: Person | None, roles: Collection[str]) -> bool:
    """Whether somebody may change the owner: the owner, leads and deputies up the chain, or who has such a role."""
    if not set(configured.policy.life.owner_roles).isdisjoint(roles):
        return True
    return actor is not None and actor.active and actor in chain(configured.directory, promotion.owner, "")


def owner_lost(
    uow: UnitOfWork, configured: Configured, promotion: Promotion, locked: frozenset[int], now: datetime
) -> Promotion:
    """Says that the owner cannot act any more and asks whom the directory names in their place; once for each owner.

    `locked` are Redmine accounts that are locked or gone. An owner who can act again is no longer talked of.
    """
    directory = configured.directory
    if not directory.knows(promotion.owner):
        return promotion
    found = directory.stand_in(promotion.owner, locked)
    if not found.reports:
        return report(uow, promotion, LOST, "", now)
    why = found.reports[0].what
    asked = found.person.display if found.person else "nobody, for there is no one in the directory to ask"
    line = f"{LOST}cannot act: {why} Asked: {asked}. Name another: `promotions owner {promotion.id} NAME --reason …`."
    told = report(uow, promotion, LOST, line, now)
    if found.person is not None:
        name = f"owner lost {promotion.owner} {found.person.key}"
        calls = logins(found.person)
        root_note(uow, configured, told, name, "owner_lost", asked=asked, problem=why, logins=calls)
    return told
