"""Changing commands: the same code whether the CLI runs them itself or leaves them to the daemon."""

from __future__ import annotations

from collections.abc import Mapping
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
from bridge.usecases.ledger.forget import FORGET, forgotten


def decide(
    uow: UnitOfWork, configured: Configured, name: str, args: Mapping[str, Any], now: datetime
) -> Mapping[str, Any]:
    """Carries out a person's nomination or decision; returns what became of the promotion. Raises BridgeError."""
    if name == FORGET:
        return forgotten(uow, args, now)
    actor = str(args.get("actor", ""))
    if name == "propose":
        return _told(_proposed(uow, configured, args, actor, now))
    number = int(args.get("promotion", 0))
    reason = str(args.get("reason", ""))
    match name:
        case "approve":
            return _told(approve(uow, configured, number, actor, now, args.get("form")))
        case "reject":
            return _told(reject(uow, configured, number, actor, reason, now))
        case "defer":
            until = date.fromisoformat(str(args["until"]))
            return _told(defer(uow, configured, number, actor, until, now, reason))
        case "merge":
            return _told(merge(uow, configured, number, int(args["into"]), actor, now, reason))
        case "edit":
            edited = edit(uow, configured, number, args["form"], actor, now)
            announce(uow, configured, edited)
            write_form(uow, edited)
            return _told(edited)
    raise NotPossible(f"command {name}", "is not known to this version.", "Is the daemon older than the command line?")


def _proposed(uow: UnitOfWork, configured: Configured, args: Mapping[str, Any], actor: str, now: datetime) -> Promotion:
    asked = Nomination(
        actor,
        str(args["reason"]),
        tuple(args.get("incidents", ())),
        str(args.get("group", "")),
        str(args.get("name", "")),
        args.get("form", {}),
    )
    proposed = propose(uow, configured, asked, now)
    announce(uow, configured, proposed)
    write_form(uow, proposed)
    return proposed


def _told(promotion: Promotion) -> Mapping[str, Any]:
    return {"promotion": promotion.id, "name": promotion.name, "state": str(promotion.state)}
