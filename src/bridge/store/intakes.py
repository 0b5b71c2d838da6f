"""The issues in which candidates are decided."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Select, insert, select, update

from bridge.model.intake import Intake
from bridge.store import tables
from bridge.store.values import frozen

_INTAKE = tables.intake


class StoredIntakes:
    """Implements bridge.repositories.Intakes."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def save(self, intake: Intake) -> None:
        """See the protocol."""
        values = {name: getattr(intake, name) for name in _INTAKE.columns.keys()}  # noqa: SIM118 - a collection, no dict
        same = _INTAKE.c.promotion_id == intake.promotion_id
        if not self._connection.execute(update(_INTAKE).where(same).values(values)).rowcount:
            self._connection.execute(insert(_INTAKE).values(values))

    def of_promotion(self, promotion_id: int) -> Intake | None:
        """See the protocol."""
        return self._first(select(_INTAKE).where(_INTAKE.c.promotion_id == promotion_id))

    def of_issue(self, issue_id: int) -> Intake | None:
        """See the protocol: the newest, should there be several."""
        return self._first(
            select(_INTAKE).where(_INTAKE.c.issue_id == issue_id).order_by(_INTAKE.c.promotion_id.desc())
        )

    def _first(self, query: Select[Any]) -> Intake | None:
        row = self._connection.execute(query.limit(1)).mappings().first()
        return None if row is None else Intake(**{**row, "agreed": frozen(row["agreed"])})
