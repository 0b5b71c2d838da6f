"""Requests for change of plans: where one can be opened, and the effects that open it and tell its number."""

from __future__ import annotations

from bridge.model.effect import EffectSpec
from bridge.model.incident import ChangeRequest
from bridge.model.promotion import Promotion, Task
from bridge.planning.gates import GateKind
from bridge.usecases.configured import Configured
from bridge.usecases.deliver.effects import project_effect
from bridge.usecases.plan_effects import Opening
from bridge.usecases.policy import endpoint_of

OPEN = "change.open"
TELL = "change.tell"
MOST_NAMED = 50
"""The most incidents that a request for change names."""


def change_effects(opening: Opening, created: dict[str, str]) -> list[EffectSpec]:
    """What opens the requests for change of a plan's gates; `created` maps a task to the effect that creates it."""
    source = opening.change_source
    gates = [task for task in opening.plan.tasks if task.gate is not None and task.gate.kind is GateKind.CHANGE]
    named = [row.incident.external_id for row in opening.evidence if row.is_open and row.incident.source == source]
    return [
        EffectSpec(
            kind=OPEN,
            key=f"change:{opening.promotion.id}:{task.key}",
            unique=f"promotion:{opening.promotion.id}:{OPEN}:{task.key}",
            endpoint=endpoint_of(source),
            payload={
                "promotion": opening.promotion.id,
                "task": task.key,
                "source": source,
                "incidents": named[:MOST_NAMED],
                "title": f"{opening.promotion.name}: {task.title}",
            },
            after=(created[task.key],),
            promotion_id=opening.promotion.id,
        )
        for task in gates
        if source and task.gate is not None and task.gate.open is not False
    ]


def tell_effect(configured: Configured, promotion: Promotion, task: Task, change: ChangeRequest) -> EffectSpec:
    """A note on the gate's task with the number and address of what was opened for it."""
    origin = configured.policy.origin(f"promotion {promotion.id}", f"change {task.key}")
    text = configured.texts.render("change_opened", change=change)
    return project_effect(promotion.id, TELL, task.key, task=task.key, text=f"{text}\n\n{origin}", origin=origin)
