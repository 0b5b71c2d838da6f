"""A system is stopped: nothing is exchanged with it until a person has looked and says so. Nothing is unlinked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from bridge.model.errors import NotFound, Stopped
from bridge.model.incident import Note
from bridge.model.link import Link
from bridge.model.stop import Stop
from bridge.ports import Store, UnitOfWork
from bridge.usecases.policy import TRACKER_ENDPOINT, Policy

TWO_BRIDGES = "RB-1223"
FAR_FEWER = "RB-1224"
DRIFT = "drift"
"""The system under which the comparison keeps its cursors."""
LOOK_AGAIN_SECONDS = 60.0
_BRIDGE = "[bridge "
_PARTS = " · "


def stop(uow: UnitOfWork, system: str, code: str, why: str, now: datetime) -> bool:
    """Stops a system, audited; False when it is stopped already."""
    if not uow.stops.add(Stop(system, now, code, why)):
        return False
    uow.ledger.audit(now, "bridge", "stopped", f"source {system}", {"code": code, "why": why})
    return True


def resume(uow: UnitOfWork, system: str, actor: str, reason: str, now: datetime) -> Mapping[str, Any]:
    """A person has looked: the system is exchanged with again. Raises NotFound when it is not stopped."""
    lifted = uow.stops.lift(system)
    if lifted is None:
        raise NotFound(f"source {system}", "is not stopped.", "`sources list` shows what is.")
    uow.ledger.set_cursor(DRIFT, accepted_feed(system), now.isoformat())
    uow.ledger.audit(now, actor, "resumed", f"source {system}", {"why": reason, "was": lifted.why})
    return {"source": system, "stopped_at": lifted.at.isoformat(), "was": lifted.why}


def accepted_feed(system: str) -> str:
    """The cursor that tells since when a person takes what a system shows for granted."""
    return f"accepted {system}"


def require_running(store: Store, *systems: str) -> None:
    """Raises Stopped when one of these systems is stopped."""
    with store.reading() as uow:
        raise_if_stopped(uow, *systems)


def raise_if_stopped(uow: UnitOfWork, *systems: str) -> None:
    """Raises Stopped when one of these systems is stopped."""
    found = uow.stops.of(*systems) if systems else None
    if found is not None:
        advice = f"When it is mended: `sources resume {found.system} --reason …`. Nothing is lost, what is due waits."
        what = f"is stopped since {found.at:%Y-%m-%d %H:%M} UTC ({found.code}): {found.why}"
        raise Stopped(f"source {found.system}", what, advice, retry_after=LOOK_AGAIN_SECONDS)


def systems_of(endpoint: str) -> tuple[str, ...]:
    """The systems that an effect's endpoint stands for. Messages to people go on: they tell of the stop."""
    kind, _, name = endpoint.partition(":")
    found = {"source": (name,), "sync": (name, TRACKER_ENDPOINT), TRACKER_ENDPOINT: (TRACKER_ENDPOINT,)}
    return found.get(kind, ())


def foreign_instance(store: Store, policy: Policy, system: str, notes: Sequence[Note]) -> str:
    """The instance of another bridge that wrote one of these notes, "" when none did since a person last resumed.

    A note is a bridge's when its own last line is an origin line; an answer that quotes one has it marked, or above.
    """
    for note in notes:
        last = note.text.rstrip().rpartition("\n")[2]
        if last.startswith(_BRIDGE) and last.endswith("]") and not last.startswith(policy.origin_prefix):
            with store.reading() as uow:
                accepted = uow.ledger.cursor(DRIFT, accepted_feed(system))
            if accepted is None or note.created_at > datetime.fromisoformat(accepted):
                return last.removeprefix(_BRIDGE).partition(_PARTS)[0].rstrip("]")
    return ""


def stop_for_two_bridges(policy: Policy, link: Link, other: str, now: datetime, uow: UnitOfWork) -> None:
    """Two bridges keep the same incidents in step with issues: this one stops, before they answer each other."""
    why = (
        f"another bridge ({other}) writes on {link.ref}, which this one ({policy.instance}) keeps in step: two bridges "
        "on the same incidents would open everything twice and answer each other. Switch one of them off, or give it "
        "other incidents (its source's query)."
    )
    stop(uow, link.ref.source, TWO_BRIDGES, why, now)
