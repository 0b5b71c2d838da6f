"""What tables are made of. The same on SQLite and PostgreSQL."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Column, ForeignKey, MetaData, text
from sqlalchemy.types import TypeEngine

from bridge.store.values import Id

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def row_id(*, given: bool = False) -> Column[int]:
    """A row's number; `given` by us where many rows are numbered at once."""
    return Column("id", Id, primary_key=True, autoincrement=not given)


def required(kind: type[TypeEngine[Any]], *names: str) -> list[Column[Any]]:
    """Columns that always hold a value."""
    return [Column(name, kind, nullable=False) for name in names]


def optional(kind: type[TypeEngine[Any]], *names: str) -> list[Column[Any]]:
    """Columns that may be NULL."""
    return [Column(name, kind, nullable=True) for name in names]


def where(condition: str) -> dict[str, Any]:
    """What makes an index partial, on both engines."""
    return {"sqlite_where": text(condition), "postgresql_where": text(condition)}


def reference(name: str, target: str, *, key: bool = False) -> Column[int]:
    """A column that refers to another table's row."""
    return Column(name, Id, ForeignKey(target), primary_key=key, nullable=False, autoincrement=False)
