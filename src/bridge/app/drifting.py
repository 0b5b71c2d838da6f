"""The drift check of an open bridge, and a stopped source that a person lets go on."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import structlog

from bridge.model.errors import BridgeError
from bridge.usecases.drift import Drift
from bridge.usecases.stopping import resume

if TYPE_CHECKING:
    from bridge.app.app import App

log = structlog.get_logger()


def between(app: App, name: str, args: Mapping[str, Any]) -> Mapping[str, Any]:
    """`compare`: one step of the comparison. `resume`: lets a stopped source go on. Raises BridgeError."""
    if name == "compare":
        return compared(app)
    with app.database.transaction() as uow:
        return resume(uow, str(args["source"]), str(args["actor"]), str(args["reason"]), app.clock.now())


def compared(app: App) -> dict[str, Any]:
    """One step of the comparison, as plain values. Raises BridgeError when a side does not answer."""
    policy = app.configuration.settings.drift.policy()
    step = Drift(app.database, app.sources, app.tracker, lambda: app.configured, app.clock, policy).step()
    for system in step.suspected:
        log.warning("shows far fewer of its linked items: looked at again before it is stopped", system=system)
    for system in step.stopped:
        log.error("stopped until a person looks: see `sources list`", system=system)
    return {
        "links": step.links,
        "differing": step.differing,
        "compared": step.compared,
        "suspected": step.suspected,
        "stopped": step.stopped,
        "round_ended": step.round_ended,
    }


def quietly(step: Callable[[], object]) -> None:
    """A step of the daemon: a side that does not answer is told, and looked at with the next step."""
    try:
        step()
    except BridgeError as error:
        log.warning("the comparison waits for its next turn; nothing is lost", error=str(error))
