"""Changing commands: the same code whether the CLI runs them itself or leaves them to the daemon."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Any

from bridge.model.errors import NotPossible
from bridge.model.promotion import Promotion
from bridge.ports import UnitOfWork
from bridge.usecases.candidates.effects import announce, write_form
from bridge.usecases.candidates.form import edit
from bridge.usecases.candidates.nominate import Nomination, propose
from bridge.usecases.candidates.outcomes import approve, defer, merge, reject
from bridge.usecases.configured import Configured
from bridge.usecases.conflicts import RESOLVE, resolve
from bridge.usecases.ledger.forget import FORGET, forgotten
from bridge.usecases.life.demote import demote
from bridge.usecases.life.merge import merge_projects
from bridge.usecases.life.owner import change_owner
from bridge.usecases.life.workaround import say_workaround


def decide(
    uow: UnitOfWork, configured: Configured, name: str, args: Mapping[str, Any], now: datetime
) -> Mapping[str, Any]:
    """Carries out a person's nomination or decision; returns what became of the promotion. Raises BridgeError."""
    if name == RESOLVE:
        return resolve(uow, configured, args, now)
    if name == FORGET:
        return forgotten(uow, args, now)
    carry_out = _COMMANDS.get(name)
    if carry_out is None:
        what = "is not known to this version."
        raise NotPossible(f"command {name}", what, "Is the daemon older than the command line?")
    return _told(carry_out(uow, configured, _Asked(args), now))


class _Asked:
    """A command's arguments, checked when they are asked for."""

    def __init__(self, args: Mapping[str, Any]) -> None:
        self.args = args
        self.actor = str(args.get("actor", ""))
        self.number = int(args.get("promotion", 0))
        self.reason = str(args.get("reason", ""))


def _approve(uow: UnitOfWork, configured: Configured, asked: _Asked, now: datetime) -> Promotion:
    return approve(uow, configured, asked.number, asked.actor, now, asked.args.get("form"))


def _reject(uow: UnitOfWork, configured: Configured, asked: _Asked, now: datetime) -> Promotion:
    return reject(uow, configured, asked.number, asked.actor, asked.reason, now)


def _defer(uow: UnitOfWork, configured: Configured, asked: _Asked, now: datetime) -> Promotion:
    until = date.fromisoformat(str(asked.args["until"]))
    return defer(uow, configured, asked.number, asked.actor, until, now, asked.reason)


def _merge(uow: UnitOfWork, configured: Configured, asked: _Asked, now: datetime) -> Promotion:
    """A candidate is taken in by a project; a project joins another one."""
    join = merge if uow.promotions.get(asked.number).opened_at is None else merge_projects
    return join(uow, configured, asked.number, int(asked.args["into"]), asked.actor, now, asked.reason)


def _edit(uow: UnitOfWork, configured: Configured, asked: _Asked, now: datetime) -> Promotion:
    edited = edit(uow, configured, asked.number, asked.args["form"], asked.actor, now)
    announce(uow, configured, edited)
    write_form(uow, edited)
    return edited


def _owner(uow: UnitOfWork, configured: Configured, asked: _Asked, now: datetime) -> Promotion:
    return change_owner(uow, configured, asked.number, str(asked.args["new"]), asked.actor, asked.reason, now)


def _workaround(uow: UnitOfWork, _configured: Configured, asked: _Asked, now: datetime) -> Promotion:
    tell_open = bool(asked.args.get("tell_open"))
    return say_workaround(uow, asked.number, str(asked.args["text"]), asked.actor, now, tell_open=tell_open)


def _demote(uow: UnitOfWork, configured: Configured, asked: _Asked, now: datetime) -> Promotion:
    return demote(uow, configured, asked.number, asked.actor, asked.reason, now)


def _propose(uow: UnitOfWork, configured: Configured, asked: _Asked, now: datetime) -> Promotion:
    args = asked.args
    nomination = Nomination(
        asked.actor,
        str(args["reason"]),
        tuple(args.get("incidents", ())),
        str(args.get("group", "")),
        str(args.get("name", "")),
        args.get("form", {}),
    )
    proposed = propose(uow, configured, nomination, now)
    announce(uow, configured, proposed)
    write_form(uow, proposed)
    return proposed


_COMMANDS: Mapping[str, Callable[[UnitOfWork, Configured, _Asked, datetime], Promotion]] = {
    "propose": _propose,
    "approve": _approve,
    "reject": _reject,
    "defer": _defer,
    "merge": _merge,
    "edit": _edit,
    "owner": _owner,
    "workaround": _workaround,
    "demote": _demote,
}


def _told(promotion: Promotion) -> Mapping[str, Any]:
    return {"promotion": promotion.id, "name": promotion.name, "state": str(promotion.state), "owner": promotion.owner}
