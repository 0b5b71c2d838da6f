"""Promotions, their members and their tasks."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, RowMapping, Select, bindparam, insert, select, update

from bridge.model.errors import NotFound
from bridge.model.promotion import (
    CLAIMING,
    RUNNING,
    Member,
    Promotion,
    PromotionState,
    Role,
    Task,
    TaskKind,
)
from bridge.store import tables
from bridge.store.sql import execute, execute_many, fetch, insert_text, listed, upsert_text
from bridge.store.values import clean, frozen, micros, moment, short, to_json

MOST_MERGERS = 10
"""Promotions that were merged one into the other are followed so far."""
_PROMOTION = tables.promotion
_COLUMNS = [name for name in _PROMOTION.columns.keys() if name != "id"]  # noqa: SIM118 - a collection, no dict
# Made once: to put a statement together takes longer than to run it.
_GET = select(_PROMOTION).where(_PROMOTION.c.id == bindparam("promotion_id"))
_SAVE = update(_PROMOTION).where(_PROMOTION.c.id == bindparam("promotion_id"))
_MEMBER = tables.promotion_member
_TASK = tables.task
_TASKS = select(_TASK).where(_TASK.c.promotion_id == bindparam("promotion_id")).order_by(_TASK.c.key)
_SOME_TASKS = _TASKS.where(_TASK.c.key.in_(bindparam("keys", expanding=True)))
_ADD_MEMBER = upsert_text(_MEMBER, ("promotion_id", "incident_id", "role", "joined_at"))
_IS_MEMBER = "SELECT 1 FROM promotion_member WHERE promotion_id = ? AND incident_id = ?"
_SAVE_TASK = "UPDATE task SET issue_id = ?, status = ?, gate = ? WHERE promotion_id = ? AND key = ?"
_CLAIMS = (
    "SELECT m.incident_id, max(p.id) FROM promotion_member m JOIN promotion p ON p.id = m.promotion_id"
    " WHERE m.incident_id @among AND p.state @among GROUP BY m.incident_id"
)
_OPENINGS = (
    "SELECT opened_at FROM promotion WHERE rule_id = ? AND opened_at IS NOT NULL ORDER BY opened_at DESC LIMIT ?"
)
_RUNNING_IN_GROUP = "SELECT count(*) FROM promotion WHERE rule_id = ? AND group_key = ? AND state @among"
_ADD_TASK = (
    insert_text(_TASK, ("promotion_id", "key", "kind", "subject", "issue_id", "status", "gate"))
    + " ON CONFLICT DO NOTHING"
)


class StoredPromotions:
    """Implements bridge.repositories.Promotions."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, promotion: Promotion) -> Promotion:
        """See the protocol. The id given is ignored."""
        done = self._connection.execute(insert(_PROMOTION).values(_values(promotion)).returning(_PROMOTION.c.id))
        return replace(promotion, id=done.scalar_one())

    def save(self, promotion: Promotion) -> None:
        """See the protocol. Raises NotFound when it was never added."""
        done = self._connection.execute(_SAVE, {**_values(promotion), "promotion_id": promotion.id})
        if not done.rowcount:
            raise _missing(promotion.id)

    def get(self, promotion_id: int) -> Promotion:
        """See the protocol."""
        row = self._connection.execute(_GET, {"promotion_id": promotion_id}).mappings().first()
        if row is None:
            raise _missing(promotion_id)
        return _promotion(row)

    def in_states(self, states: Iterable[PromotionState] | None = None) -> list[Promotion]:
        """See the protocol."""
        query = select(_PROMOTION).order_by(_PROMOTION.c.id)
        if states is not None:
            query = query.where(_PROMOTION.c.state.in_([state.value for state in states]))
        return [_promotion(row) for row in self._connection.execute(query).mappings()]

    def of_group(self, rule_id: str, group_key: str) -> Promotion | None:
        """See the protocol."""
        merged = PromotionState.MERGED.value
        found = self._first(
            select(_PROMOTION)
            .where(_PROMOTION.c.rule_id == rule_id, _PROMOTION.c.group_key == group_key)
            .where((_PROMOTION.c.state != merged) | _PROMOTION.c.merged_into.is_not(None))
            .order_by(_PROMOTION.c.id.desc())
        )
        for _ in range(MOST_MERGERS):
            if found is None or found.merged_into is None:
                break
            found = self._first(select(_PROMOTION).where(_PROMOTION.c.id == found.merged_into))
        return found

    def of_rule(self, rule_id: str, states: Iterable[PromotionState], limit: int) -> list[Promotion]:
        """See the protocol."""
        query = (
            select(_PROMOTION)
            .where(_PROMOTION.c.rule_id == rule_id)
            .where(_PROMOTION.c.state.in_([state.value for state in states]))
            .order_by(_PROMOTION.c.id.desc())
            .limit(limit)
        )
        return [_promotion(row) for row in self._connection.execute(query).mappings()]

    def of_incident(self, incident_id: int) -> Promotion | None:
        """See the protocol: the newest, should there be several."""
        return self._first(
            select(_PROMOTION)
            .join(_MEMBER)
            .where(_MEMBER.c.incident_id == incident_id)
            .where(_PROMOTION.c.state.in_(sorted(CLAIMING)))
            .order_by(_PROMOTION.c.id.desc())
        )

    def claims(self, incident_ids: Iterable[int]) -> dict[int, Promotion]:
        """See the protocol: the newest, should there be several."""
        connection = self._connection
        states = listed(connection, sorted(CLAIMING))
        owners: dict[int, int] = dict(fetch(connection, _CLAIMS, listed(connection, incident_ids), states))
        query = select(_PROMOTION).where(_PROMOTION.c.id.in_(sorted(set(owners.values()))))
        found = {row["id"]: _promotion(row) for row in connection.execute(query).mappings()} if owners else {}
        return {incident_id: found[owner] for incident_id, owner in owners.items()}

    def openings(self, rule_id: str, limit: int) -> list[datetime]:
        """See the protocol."""
        return [moment(at) for (at,) in fetch(self._connection, _OPENINGS, clean(rule_id), limit)]

    def running_in_group(self, rule_id: str, group_key: str) -> int:
        """See the protocol."""
        states = listed(self._connection, sorted(RUNNING))
        return int(fetch(self._connection, _RUNNING_IN_GROUP, clean(rule_id), short(group_key), states)[0][0])

    def of_project(self, project_id: int) -> Promotion | None:
        """See the protocol."""
        return self._first(
            select(_PROMOTION).where(_PROMOTION.c.project_id == project_id).order_by(_PROMOTION.c.id.desc())
        )

    def add_member(self, member: Member) -> bool:
        """See the protocol."""
        known = fetch(self._connection, _IS_MEMBER, member.promotion_id, member.incident_id)
        values = (member.promotion_id, member.incident_id, member.role.value, micros(member.joined_at))
        execute(self._connection, _ADD_MEMBER, *values)
        return not known

    def members(self, promotion_id: int) -> list[Member]:
        """See the protocol: in the order of their ids."""
        query = select(_MEMBER).where(_MEMBER.c.promotion_id == promotion_id).order_by(_MEMBER.c.incident_id)
        return [
            Member(row.promotion_id, row.incident_id, Role(row.role), row.joined_at)
            for row in self._connection.execute(query)
        ]

    def add_tasks(self, tasks: Sequence[Task]) -> None:
        """See the protocol."""
        execute_many(
            self._connection,
            _ADD_TASK,
            [
                (
                    *(task.promotion_id, clean(task.key), task.kind.value, clean(task.subject)),
                    *(task.issue_id, task.status, to_json(task.gate)),
                )
                for task in tasks
            ],
        )

    def tasks(self, promotion_id: int, keys: Collection[str] | None = None) -> dict[str, Task]:
        """See the protocol."""
        values: dict[str, Any] = {"promotion_id": promotion_id}
        if keys is not None:
            values["keys"] = [clean(key) for key in keys]
        query = _TASKS if keys is None else _SOME_TASKS
        return {row["key"]: _task(row) for row in self._connection.execute(query, values).mappings()}

    def save_task(self, task: Task) -> None:
        """See the protocol. Raises NotFound when it was never added."""
        values = (task.issue_id, clean(task.status), to_json(task.gate), task.promotion_id, clean(task.key))
        if not execute(self._connection, _SAVE_TASK, *values):
            raise NotFound(f"promotion {task.promotion_id}", f"has no task “{task.key}”.")

    def task_of_issue(self, issue_id: int) -> Task | None:
        """See the protocol."""
        row = self._connection.execute(select(_TASK).where(_TASK.c.issue_id == issue_id)).mappings().first()
        return None if row is None else _task(row)

    def _first(self, query: Select[Any]) -> Promotion | None:
        row = self._connection.execute(query.limit(1)).mappings().first()
        return None if row is None else _promotion(row)


def _missing(promotion_id: int) -> NotFound:
    return NotFound(
        f"promotion {promotion_id}", "is not in the store.", "Look at `promotions list` for those there are."
    )


def _values(promotion: Promotion) -> dict[str, Any]:
    return {name: getattr(promotion, name) for name in _COLUMNS} | {"due": str(promotion.due or "")}


def _promotion(row: RowMapping) -> Promotion:
    return Promotion(
        **{
            **row,
            "state": PromotionState(row["state"]),
            "due": date.fromisoformat(row["due"]) if row["due"] else None,
            "terms": frozen(row["terms"]),
            "made": frozen(row["made"]),
        }
    )


def _task(row: RowMapping) -> Task:
    return Task(**{**row, "kind": TaskKind(row["kind"]), "gate": frozen(row["gate"])})
