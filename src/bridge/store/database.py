"""The store as one object: transactions, reading views, migrations, the daemon's lock."""

from __future__ import annotations

import sqlite3
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, closing, contextmanager
from pathlib import Path
from typing import Self

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError, OperationalError

from bridge.model.errors import StoreLocked
from bridge.ports import Clock
from bridge.store import engines, locks, migrate
from bridge.store.engines import Engines
from bridge.store.locks import Held
from bridge.store.migrate import Schema
from bridge.store.unit import Unit
from bridge.store.unusable import told_plainly


class Database:
    """Implements bridge.ports.Store on SQLite or PostgreSQL. Safe to share between threads."""

    def __init__(self, connections: Engines, clock: Clock) -> None:
        self._engines = connections
        self._clock = clock
        self._writing = threading.Lock()
        self._writer: int | None = None
        self._listeners: list[Callable[[], None]] = []

    @classmethod
    def open(cls, url: str, clock: Clock) -> Self:
        """The store at `sqlite:///path` or `postgresql://user@host/database`; connects when first used.

        Raises ConfigurationError when the address is neither. The clock dates what the store itself adds.
        """
        return cls(engines.connect(engines.parse(url)), clock)

    def schema(self) -> Schema:
        """What there is of the store; writes nothing."""
        return migrate.schema(self._engines.url, self._engines.reader)

    def upgrade(self) -> None:
        """Brings the tables to the version of this program; from empty too. For whoever holds the lock."""
        migrate.upgrade(self._engines.url)

    def close(self) -> None:
        """Closes all connections."""
        self._engines.dispose()

    def on_enqueued(self, listener: Callable[[], None]) -> None:
        """Calls `listener` after every committed transaction that stored effects, in the thread that committed."""
        self._listeners.append(listener)

    @contextmanager
    def transaction(self) -> Iterator[Unit]:
        """See the protocol. Raises StoreLocked when another process has been writing for 30 seconds.

        Raises StoreUnusable when the store may not be written, is full or went away: nothing was stored then.
        Raises RuntimeError when this thread is in a transaction already: it would wait for itself.
        """
        if self._writer == threading.get_ident():
            raise RuntimeError("a transaction inside a transaction")
        with self._writing:
            self._writer = threading.get_ident()
            try:
                with told_plainly(self._engines.url, of=DBAPIError, writes=True), self._begin() as connection:
                    unit = Unit(connection, self._clock)
                    yield unit
                    connection.commit()
            finally:
                self._writer = None
        if unit.effects.stored:
            for listener in self._listeners:
                listener()

    @contextmanager
    def reading(self) -> Iterator[Unit]:
        """See the protocol. Sees what was committed before its first query, and nothing that is committed later.

        Raises StoreUnusable when the store cannot be read any more.
        """
        with told_plainly(self._engines.url, of=DBAPIError, writes=False), self._engines.reader.connect() as connection:
            yield Unit(connection, self._clock)

    @property
    def is_copied(self) -> bool:
        """Whether `copied` gives a copy."""
        return self._engines.url.get_backend_name() == "sqlite"

    @contextmanager
    def copied(self) -> Iterator[Self]:
        """A copy of a SQLite store, of this version, in a temporary folder; with PostgreSQL the store itself."""
        if not self.is_copied:
            yield self
            return
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "copy.sqlite3"
            source = engines.sqlite_path(self._engines.url)
            if source.exists():
                with closing(sqlite3.connect(source)) as live, closing(sqlite3.connect(path)) as copy:
                    live.backup(copy)
            database = self.open(f"sqlite:///{path}", self._clock)
            try:
                database.upgrade()
                yield database
            finally:
                database.close()

    def require_writable(self) -> None:
        """Asks the database for a write that changes nothing. Raises StoreUnusable when it refuses."""
        with self.transaction() as unit:
            unit.connection.exec_driver_sql("DELETE FROM alembic_version WHERE 1 = 0")

    @contextmanager
    def lock(self) -> Iterator[Held]:
        """Holds the daemon's lock. Raises StoreLocked, naming the holder, when another process has it.

        Raises StoreUnusable when it cannot be asked for.
        """
        with ExitStack() as holding:
            with told_plainly(self._engines.url, of=(DBAPIError, OSError), writes=True):
                held = holding.enter_context(self._lock())
            yield held

    def _lock(self) -> AbstractContextManager[Held]:
        if self._engines.url.get_backend_name() == "sqlite":
            engines.make_folder(self._engines.url)
            return locks.file_lock(engines.sqlite_path(self._engines.url))
        return locks.advisory_lock(self._engines.reader)

    @contextmanager
    def _begin(self) -> Iterator[Connection]:
        with self._engines.writer.connect() as connection:
            try:
                connection.begin()
            except OperationalError as error:
                what = f"cannot be reached, or another process has been writing for too long: {error.orig}"
                where = f"store {self._engines.url.render_as_string(hide_password=True)}"
                raise StoreLocked(
                    where, what, "Nothing of this transaction was stored; it can be tried again."
                ) from error
            yield connection
