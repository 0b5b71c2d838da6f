"""What people of a project are told on its root issue, and what a person is asked to look at."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

from bridge.directory.directory import Directory, Person
from bridge.model.promotion import Promotion
from bridge.ports import UnitOfWork
from bridge.usecases.configured import Configured
from bridge.usecases.deliver.effects import project_effect
from bridge.usecases.gates import with_line
from bridge.usecases.life.parting import PARTING
from bridge.usecases.policy import ROOT_TASK


def root_note(
    uow: UnitOfWork,
    configured: Configured,
    promotion: Promotion,
    name: str,
    text: str,
    /,
    *,
    parting: bool = False,
    **values: Any,
) -> bool:
    """Has a text written on the root issue as a note that all in the project can read; once for each `name`, for ever.

    False when a note of this name was stored before. It waits for the root where that is about to be created.
    `parting`: it is written although the promotion is over.
    """
    origin = configured.policy.origin(f"promotion {promotion.id}", name)
    told = configured.texts.render(text, promotion=configured.shown(promotion), **values)
    note = {"text": f"{told}\n\n{origin}", "origin": origin, "private": False, **(PARTING if parting else {})}
    return bool(
        uow.effects.enqueue(
            [project_effect(promotion.id, "root.note", name, after=root_stored(uow, promotion), **note)]
        )
    )


def root_stored(uow: UnitOfWork, promotion: Promotion) -> tuple[str, ...]:
    """The effect that creates the root issue, for what has to wait for it; nothing where there is none."""
    unique = project_effect(promotion.id, "task.create", ROOT_TASK).unique
    return (unique,) if uow.effects.is_stored(unique) else ()


def report(uow: UnitOfWork, promotion: Promotion, start: str, line: str, now: datetime) -> Promotion:
    """Shows a line in the promotion's attention in place of the one that begins with `start`; empty: takes it away.

    A new line is audited. Returns the promotion as it is stored then.
    """
    current = uow.promotions.get(promotion.id)
    shown = replace(current, attention=with_line(current.attention, start, line))
    if shown != current:
        uow.promotions.save(shown)
        if line:
            uow.ledger.audit(now, "bridge", "reported", f"promotion {promotion.id}", {"what": line})
    return shown


def named(directory: Directory, key: str) -> str:
    """A person, or a team, as people read it."""
    person, team = directory.person(key), directory.team(key)
    return person.display if person else (team.name or key if team else key)


def logins(*people: Person | None) -> list[str]:
    """The tracker's logins of these people, by which a note calls them."""
    return [person.redmine_login for person in people if person is not None and person.redmine_login]
