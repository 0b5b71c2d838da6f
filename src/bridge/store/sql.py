"""Driver-level SQL for what is done a thousand times per transaction, written once for both engines.

In the texts `?` stands for a parameter and `@among` for “is one of the listed”, whose parameter `listed` makes. They
contain no other question mark and no per cent sign.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from typing import Any

from sqlalchemy import Connection, Table

Row = tuple[Any, ...]


@lru_cache(maxsize=256)
def _dialect_text(text: str, dialect: str) -> str:
    if dialect == "sqlite":
        return text.replace("@among", "IN (SELECT value FROM json_each(?))")
    return text.replace("@among", "= ANY(?)").replace("?", "%s")


def listed(connection: Connection, values: Iterable[Any]) -> Any:
    """The parameter of one `@among`: any number of values is one parameter, so that the text stays the same."""
    values = list(values)
    return json.dumps(values) if connection.dialect.name == "sqlite" else values


def fetch(connection: Connection, text: str, *parameters: Any) -> list[Row]:
    """All rows of a query."""
    text = _dialect_text(text, connection.dialect.name)
    return [tuple(row) for row in connection.exec_driver_sql(text, parameters)]


def fetch_parts(connection: Connection, text: str, size: int, *parameters: Any) -> Iterator[Sequence[Row]]:
    """The rows of a query in parts, so that never all of them are in memory."""
    text = _dialect_text(text, connection.dialect.name)
    if connection.dialect.name == "sqlite":
        # The driver's own cursor: rows of SQLAlchemy would double the time of reading a million.
        raw = connection.connection.cursor()
        raw.execute(text, parameters)
        while part := raw.fetchmany(size):
            yield part
        return
    with connection.exec_driver_sql(text, parameters, execution_options={"yield_per": size}) as result:
        for rows in result.partitions():
            yield [tuple(row) for row in rows]


def execute(connection: Connection, text: str, *parameters: Any) -> int:
    """Runs one statement; how many rows it changed."""
    return connection.exec_driver_sql(_dialect_text(text, connection.dialect.name), parameters).rowcount


def execute_many(connection: Connection, text: str, rows: Sequence[Row]) -> int:
    """Runs one statement for each of the rows, by the driver; how many rows they changed."""
    if not rows:
        return 0
    return connection.exec_driver_sql(_dialect_text(text, connection.dialect.name), list(rows)).rowcount


def statement(*parts: str) -> str:
    """A statement of several parts."""
    return " ".join(parts)


def select_text(columns: Sequence[str], rest: str) -> str:
    """SELECT of these columns; `rest` goes on with FROM."""
    return f"SELECT {', '.join(columns)} {rest}"


def insert_text(table: Table, columns: Sequence[str]) -> str:
    """INSERT of these columns."""
    return f"INSERT INTO {table.name} ({', '.join(columns)}) VALUES ({', '.join('?' * len(columns))})"  # noqa: S608 - names of our own tables


def upsert_text(table: Table, columns: Sequence[str]) -> str:
    """INSERT of these columns that overwrites the row of the same primary key."""
    keys = [column.name for column in table.primary_key]
    values = ", ".join(f"{name} = excluded.{name}" for name in columns if name not in keys)
    return f"{insert_text(table, columns)} ON CONFLICT ({', '.join(keys)}) DO UPDATE SET {values}"


def next_id(connection: Connection, table: Table) -> int:
    """The first free number of a table whose rows we number; safe because there is one writer at a time."""
    return int(fetch(connection, f"SELECT coalesce(max(id), 0) + 1 FROM {table.name}")[0][0])  # noqa: S608 - the same
