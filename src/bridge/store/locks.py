"""The lock that the daemon holds on its store, so that no second process delivers from it."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Protocol

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import SQLAlchemyError

from bridge.model.errors import RemoteUnavailable, StoreLocked
from bridge.store.engines import DAEMON_KEY
from bridge.store.unusable import cause_of

_OF_OUR_KEY = (
    "l.locktype = 'advisory' AND l.granted AND l.classid = %s AND l.objid = %s"
    " AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())"
)
_HOLDER = (
    "SELECT a.application_name, a.client_addr FROM pg_locks l"  # noqa: S608 - constants
    f" JOIN pg_stat_activity a ON a.pid = l.pid WHERE {_OF_OUR_KEY}"
)
_OURS = f"SELECT count(*) FROM pg_locks l WHERE l.pid = pg_backend_pid() AND {_OF_OUR_KEY}"  # noqa: S608 - constants
_KEY = (DAEMON_KEY >> 32, DAEMON_KEY & 0xFFFF_FFFF)
_ADVICE = "Stop it first, or let it do the work: a command that changes something is executed by the running daemon."


class LockLost(RemoteUnavailable):
    """The lock on the store is gone: another process may deliver from it, so this one must stop at once."""

    code = "RB-1405"


class Held(Protocol):
    """A lock that is held."""

    def require(self) -> None:
        """Raises LockLost when it is not held any more."""


class _HeldFile:
    """A locked file."""

    def __init__(self, path: Path, file: IO[str]) -> None:
        self._path = path
        self._file = file

    def require(self) -> None:
        """See Held: whoever deletes the file lets a second process lock another one of the same name."""
        try:
            there = self._path.stat().st_ino == os.fstat(self._file.fileno()).st_ino
        except OSError:
            there = False
        if not there:
            raise _lost(f"store {self._path.with_suffix('')}", f"the lock file {self._path} was removed or replaced.")


class _HeldSession:
    """An advisory lock and the session it lives in."""

    def __init__(self, connection: Connection, where: str) -> None:
        self._connection = connection
        self._where = where

    def require(self) -> None:
        """See Held: the server frees the lock when the session ends, and tells nobody."""
        try:
            held = self._connection.exec_driver_sql(_OURS, _KEY).scalar_one()
        except SQLAlchemyError as error:
            cause = cause_of(error)
            raise _lost(self._where, f"the session that held the lock has ended: {cause}.") from error
        if not held:
            raise _lost(self._where, "the session does not hold the lock any more.")


def _lost(where: str, what: str) -> LockLost:
    advice = "This process stops, what was not delivered is stored; start it again once the store is there."
    return LockLost(where, what, advice)


@contextmanager
def file_lock(database: Path) -> Iterator[Held]:
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
        yield _HeldFile(path, file)
        file.truncate(0)


@contextmanager
def advisory_lock(engine: Engine) -> Iterator[Held]:
    """Holds a PostgreSQL advisory lock in a session of its own; the server frees it when the session ends."""
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        where = f"store {engine.url.render_as_string(hide_password=True)}"
        if not connection.exec_driver_sql(f"SELECT pg_try_advisory_lock({DAEMON_KEY})").scalar_one():
            raise StoreLocked(where, f"{_holder(connection)} works on it.", _ADVICE)
        try:
            yield _HeldSession(connection, where)
        finally:
            with suppress(SQLAlchemyError):  # a session that has ended holds nothing
                connection.exec_driver_sql(f"SELECT pg_advisory_unlock({DAEMON_KEY})")


def _holder(connection: Connection) -> str:
    row = connection.exec_driver_sql(_HOLDER, _KEY).first()
    return f"{row[0]} (from {row[1] or 'this machine'})" if row else "another process"
