"""The lock that the daemon holds on its store, so that no second process delivers from it."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Connection, Engine

from bridge.model.errors import StoreLocked
from bridge.store.engines import DAEMON_KEY

_HOLDER = (
    "SELECT a.application_name, a.client_addr FROM pg_locks l JOIN pg_stat_activity a ON a.pid = l.pid"
    " WHERE l.locktype = 'advisory' AND l.granted"
    " AND l.classid = %s AND l.objid = %s"
    " AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())"
)
_ADVICE = "Stop it first, or let it do the work: a command that changes something is executed by the running daemon."


@contextmanager
def file_lock(database: Path) -> Iterator[None]:
    """Holds `<database>.lock`, in which the process's id stands; the system frees it when the process dies."""
    path = database.with_name(database.name + ".lock")
    with path.open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            holder = f"process {file.read().strip() or 'unknown'}"
            raise StoreLocked(f"store {database}", f"{holder} works on it (lock file {path}).", _ADVICE) from None
        file.truncate(0)
        file.write(f"{os.getpid()}\n")
        file.flush()
        yield
        file.truncate(0)


@contextmanager
def advisory_lock(engine: Engine) -> Iterator[None]:
    """Holds a PostgreSQL advisory lock in a session of its own; the server frees it when the session ends."""
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        if not connection.exec_driver_sql(f"SELECT pg_try_advisory_lock({DAEMON_KEY})").scalar_one():
            where = f"store {engine.url.render_as_string(hide_password=True)}"
            raise StoreLocked(where, f"{_holder(connection)} works on it.", _ADVICE)
        try:
            yield
        finally:
            connection.exec_driver_sql(f"SELECT pg_advisory_unlock({DAEMON_KEY})")


def _holder(connection: Connection) -> str:
    row = connection.exec_driver_sql(_HOLDER, (DAEMON_KEY >> 32, DAEMON_KEY & 0xFFFF_FFFF)).first()
    return f"{row[0]} (from {row[1] or 'this machine'})" if row else "another process"
