"""Changing commands by name: what the command line asks for, carried out by it or by the running daemon."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from bridge.app.commands import Told, backfilled, drop
from bridge.app.drifting import between
from bridge.app.publishing import published
from bridge.usecases.candidates.agenda import write_agenda
from bridge.usecases.command import decide
from bridge.usecases.operations.rebuild import rebuilt
from bridge.usecases.project_tasks import refresh
from bridge.usecases.telling.escalate import acknowledge

if TYPE_CHECKING:
    from bridge.app.app import App


def perform(  # noqa: PLR0911 - one for each command
    app: App, name: str, args: Mapping[str, Any], told: Told
) -> Mapping[str, Any]:
    """Carries out a changing command; the caller holds the store's lock. Raises BridgeError.

    `told` learns how far a long one is.
    """
    match name:
        case "once":
            return app.once().summary()
        case "retry":
            return {"requeued": app.engine().requeue(args["effect"])}
        case "agenda":
            return {"page": write_agenda(app.database, app.tracker, app.configured, app.clock.now())}
        case "compare" | "resume":
            return between(app, name, args)
        case "drop":
            return drop(app.engine(), args, app.clock.now())
        case "backfill":
            return backfilled(app.backfill, args, told)
        case "rebuild":
            return rebuilt(app.database, mend=True, told=told)
        case "report":
            return published(app, args)
        case "tasks":
            return {"projects": refresh(app.database, app.tracker, app.clock, timedelta(0))}
    return _decided(app, name, args)


def _decided(app: App, name: str, args: Mapping[str, Any]) -> Mapping[str, Any]:
    """What people decide, in one transaction."""
    with app.database.transaction() as uow:
        if name == "escalation":
            return acknowledge(uow, args, str(args["actor"]), app.clock.now())
        return decide(uow, app.configured, name, args, app.clock.now())
