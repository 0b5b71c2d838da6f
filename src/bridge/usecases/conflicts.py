"""A person settles what the bridge could not: which value of a field stays."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime
from typing import Any

from bridge.model.conflict import Conflict, Resolution
from bridge.model.errors import NotPossible
from bridge.model.link import Link
from bridge.model.promotion import TaskKind
from bridge.ports import UnitOfWork
from bridge.sync.fields import DONE, DUE, PRIORITY, SyncTable, name_for_people
from bridge.sync.merge import Side
from bridge.sync.plan import PERSON, STATE
from bridge.usecases.configured import Configured
from bridge.usecases.deliver.effects import field_effect, issue_effect
from bridge.usecases.reconcile import reconcile_effect

RESOLVE = "conflict resolve"


def resolve(uow: UnitOfWork, configured: Configured, args: Mapping[str, Any], now: datetime) -> Mapping[str, Any]:
    """Settles a conflict with the value of a side (`take`) or another one (`value`); both sides get it.

    With `take` both sides are read again: what somebody changed meanwhile is not overwritten but a conflict of its own.
    Raises NotFound, and NotPossible for one that is settled, a link that has ended, and a value the field cannot have.
    """
    conflict = uow.conflicts.get(int(args["conflict"]))
    actor, value, take = str(args.get("actor", "")), args.get("value"), args.get("take")
    where = f"conflict {conflict.id}"
    if conflict.resolved_at is not None:
        raise NotPossible(where, f"was settled at {conflict.resolved_at:%Y-%m-%d %H:%M} by {conflict.resolved_by}.")
    link = uow.links.get(conflict.link_id)
    if link.ended_at is not None:
        raise NotPossible(where, f"its link has ended: {link.ended_because}", "Nothing is kept in step there any more.")
    if value is None:
        resolution = Resolution(str(take))
        chosen = conflict.incident_value if resolution is Resolution.INCIDENT else conflict.project_value
        lost = conflict.project_value if resolution is Resolution.INCIDENT else conflict.incident_value
        # As if the losing side had never moved: the next look finds that only the other one did.
        uow.links.save(replace(link, agreed={**link.agreed, conflict.field: lost}))
    else:
        table = configured.policy.table(link.ref.source, _tracker(configured))
        resolution, chosen = Resolution.VALUE, _checked(where, table, conflict.field, str(value))
        _write(uow, table, link, conflict, chosen, _tracker(configured))
    done = replace(conflict, resolved_at=now, resolved_by=actor, resolution=resolution, value=chosen)
    uow.conflicts.save(done)
    uow.effects.enqueue_if_idle(reconcile_effect(link, f"conflict {conflict.id}"))
    told = {"field": conflict.field, "value": chosen, "resolution": str(resolution)}
    uow.ledger.audit(now, actor, "settled a conflict", str(link.ref), {"conflict": conflict.id, **told})
    return {"conflict": conflict.id, "incident": str(link.ref), **told}


def _write(uow: UnitOfWork, table: SyncTable, link: Link, conflict: Conflict, value: str, tracker: str) -> None:
    name, direction = conflict.field, table.fields[conflict.field].direction
    effects = []
    if conflict.project_value != value and direction.writes(Side.ISSUE):
        said: dict[str, Any] = {name: value, "shown": {name: conflict.project_value}, "tracker": tracker}
        effects.append(issue_effect(link, "issue.update", f"conflict:{conflict.id}", **said))
    if conflict.incident_value != value and direction.writes(Side.INCIDENT):
        unique = f"conflict:{conflict.id}"
        effects.append(field_effect(link, unique, name, value, conflict.incident_value, tracker))
    uow.effects.enqueue(effects)


def _tracker(configured: Configured) -> str:
    return configured.policy.trackers.get(TaskKind.INCIDENT, "")


def _checked(where: str, table: SyncTable, name: str, value: str) -> str:
    """The value as the merge compares it. Raises NotPossible for one that the field cannot have."""
    if name in {STATE, PERSON} or name not in table.fields:
        raise NotPossible(where, f"{name} can only be settled with the value of a side.", "Use --take.")
    if name == PRIORITY and value not in table.priorities.values():
        raise _no_value(where, name, value, f"There are: {', '.join(table.priorities.values())}.")
    if name == DUE and value:
        try:
            date.fromisoformat(value)
        except ValueError:
            raise _no_value(where, name, value, "Right would be 2026-12-31, or nothing.") from None
    if name == DONE and value and not (value.isdecimal() and int(value) <= 100):
        raise _no_value(where, name, value, "Right would be a number from 0 to 100.")
    return value.strip()


def _no_value(where: str, name: str, value: str, advice: str) -> NotPossible:
    return NotPossible(where, f"“{value}” is no {name_for_people(name)}.", advice)
