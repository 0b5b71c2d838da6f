"""Follows the gates of a project: which ones are closed, and which keep a delivery from being handed back."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from bridge.directory.directory import Directory
from bridge.model.effect import EffectSpec
from bridge.model.project import Changed
from bridge.model.promotion import RUNNING, Promotion, PromotionState, Task
from bridge.planning.gates import HOLDING, GateState
from bridge.ports import UnitOfWork
from bridge.usecases.configured import Configured
from bridge.usecases.deliver.effects import project_effect
from bridge.usecases.policy import TRACKER_ENDPOINT, both_sides

CHECK = "gate.check"
REOPEN = "gate.reopen"
HELD = "delivered, but held back: "
"""Begins the line that says what keeps a delivery from being handed back."""
_DONE = frozenset({GateState.PASSED, GateState.GONE})


def check_effect(task: Task, why: str) -> EffectSpec:
    """Asks whether a closed gate counts as passed; `why` tells one request from the others. It only reads."""
    return EffectSpec(
        kind=CHECK,
        key=f"gate:{task.promotion_id}:{task.key}",
        unique=f"promotion:{task.promotion_id}:{CHECK}:{task.key}:{why}",
        endpoint=both_sides(task.gate["source"]) if task.gate.get("source") else TRACKER_ENDPOINT,
        payload={"promotion": task.promotion_id, "task": task.key},
        promotion_id=task.promotion_id,
    )


def watch(uow: UnitOfWork, promotion: Promotion, task: Task, issue: Changed, now: datetime) -> None:
    """A gate's issue changed: what is open is remembered, what is closed is looked at."""
    if promotion.state not in RUNNING | {PromotionState.DELIVERED}:
        return
    if issue.closed:
        _ask(uow, task, f"{issue.updated_at.isoformat()}:{now.isoformat()}")
        return
    stored = {**task.gate, "state": GateState.OPEN.value, "open_status": issue.status}
    if stored != dict(task.gate):
        uow.promotions.save_task(replace(task, gate=stored))


def _ask(uow: UnitOfWork, task: Task, why: str) -> None:
    uow.promotions.save_task(replace(task, gate={**task.gate, "state": GateState.ASKED.value}))
    uow.effects.enqueue_if_idle(check_effect(task, why))


def holding(uow: UnitOfWork, promotion: Promotion) -> list[Task]:
    """The gates without which nothing is handed back, as far as they have not been passed."""
    tasks = uow.promotions.tasks(promotion.id).values()
    return [task for task in tasks if task.gate and task.gate["kind"] in HOLDING and task.gate["state"] not in _DONE]


def hold_back(uow: UnitOfWork, gates: list[Task], now: datetime) -> None:
    """The root says delivered, but gates have not been passed: they are looked at once more before anything is said.

    People may have closed or removed one just now, or written a page that no poll sees.
    """
    for task in gates:
        _ask(uow, task, f"delivered:{now.isoformat()}")


def say_held(uow: UnitOfWork, configured: Configured, promotion: Promotion, gates: list[Task], now: datetime) -> None:
    """Once all gates have been looked at: what holds the incidents back, on the root and for a person."""
    if any(task.gate["state"] == GateState.ASKED for task in gates):
        return
    line = HELD + ", ".join(f"“{task.subject}”" for task in gates) + " must be done before incidents are handed back."
    if line in promotion.attention:
        return
    uow.promotions.save(replace(promotion, attention=with_line(promotion.attention, HELD, line)))
    uow.ledger.audit(now, "bridge", "held back", f"promotion {promotion.id}", {"gates": [task.key for task in gates]})
    name = "held:" + "+".join(task.key for task in gates)
    origin = configured.policy.origin(f"promotion {promotion.id}", name)
    text = configured.texts.render(
        "gates_hold_back", promotion=configured.shown(promotion), gates=[task.subject for task in gates]
    )
    told = f"{text}\n\n{origin}"
    uow.effects.enqueue([project_effect(promotion.id, "root.note", name, text=told, origin=origin, private=False)])


def let_go(promotion: Promotion) -> Promotion:
    """The promotion without the line that says what held it back."""
    return replace(promotion, attention=with_line(promotion.attention, HELD, ""))


def with_line(attention: str, start: str, line: str) -> str:
    """The lines for a person, with the one that begins with `start` replaced; empty: removed."""
    kept = [one for one in attention.split("\n") if one and not one.startswith(start)]
    return "\n".join([*kept, *([line] if line else [])])


def allowed(directory: Directory, names: list[str]) -> frozenset[str]:
    """The people, as keys, whom persons and teams stand for; who cannot act is replaced by their stand-in."""
    found = {person.key for person in directory.members_of(names).people}
    for name in names:
        person = directory.stand_in(name).person
        found |= {person.key} if person else set()
    return frozenset(found)
