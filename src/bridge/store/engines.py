"""Connections: how SQLite and PostgreSQL are set up so that they keep the same promises."""

from __future__ import annotations

import os
import socket
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from bridge.model.errors import ConfigurationError, Problem

BUSY_SECONDS = 30
"""How long a writing transaction waits for another process's."""

WRITER_KEY = 0x6272_6964_6765_0001  # "bridge" and a number: advisory locks are numbers
DAEMON_KEY = 0x6272_6964_6765_0002


@dataclass(frozen=True, slots=True)
class Engines:
    """One engine for writing, whose transactions are one at a time, and one for reading only."""

    url: URL
    writer: Engine
    reader: Engine

    def dispose(self) -> None:
        """Closes all connections."""
        self.writer.dispose()
        self.reader.dispose()


def parse(url: str) -> URL:
    """The store's address. Raises ConfigurationError when it is none or neither of the two engines."""
    advice = "use sqlite:///path/to/bridge.sqlite3 or postgresql://user@host/database"
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):  # the port is no number
        raise ConfigurationError([Problem("store.url", "is not a database address", advice)]) from None
    if parsed.get_backend_name() == "postgresql":
        return parsed.set(drivername="postgresql+psycopg")
    if parsed.drivername != "sqlite" or not parsed.database or parsed.database.startswith((":", "file:")):
        shown = parsed.render_as_string(hide_password=True)
        raise ConfigurationError([Problem("store.url", f"{shown} is not a store the bridge knows", advice)])
    return parsed


def connect(url: URL, busy_seconds: float = BUSY_SECONDS) -> Engines:
    """The engines for an address; connects when first used. A writer waits for another for `busy_seconds`."""
    return _sqlite(url, busy_seconds) if url.get_backend_name() == "sqlite" else _postgresql(url, busy_seconds)


def migrating(url: URL) -> Engine:
    """An engine for migrations: rebuilding a SQLite table needs foreign keys off, which no transaction can switch."""
    if url.get_backend_name() != "sqlite":
        return connect(url).writer
    return _sqlite_engine(url, BUSY_SECONDS, begin="BEGIN IMMEDIATE", foreign_keys="OFF")


def sqlite_path(url: URL) -> Path:
    """The file of a SQLite store."""
    return Path(url.database or "")


def is_there(url: URL) -> bool:
    """Whether a SQLite store's file is there. Raises NotADirectoryError when it cannot be."""
    path = sqlite_path(url)
    if path.parent.exists() and not path.parent.is_dir():
        raise NotADirectoryError(f"{path.parent} is no folder")
    return path.exists()


def make_folder(url: URL) -> None:
    """Makes the folder of a SQLite store; PostgreSQL has none."""
    if url.get_backend_name() == "sqlite":
        sqlite_path(url).parent.mkdir(parents=True, exist_ok=True)


def _sqlite(url: URL, busy_seconds: float) -> Engines:
    return Engines(
        url,
        _sqlite_engine(url, busy_seconds, begin="BEGIN IMMEDIATE"),
        _sqlite_engine(url, busy_seconds, begin="BEGIN", query_only="ON"),
    )


def _sqlite_engine(url: URL, busy_seconds: float, begin: str, **more: str) -> Engine:
    pragmas = {
        "busy_timeout": str(int(busy_seconds * 1000)),
        "journal_mode": "WAL",
        "synchronous": "FULL",
        "foreign_keys": "ON",
        "cache_size": "-16384",
        "journal_size_limit": str(64 * 1024 * 1024),
        **more,
    }
    engine = create_engine(url, pool_size=5, max_overflow=-1)

    @event.listens_for(engine, "connect")
    def _(connection: Any, _record: object) -> None:
        connection.isolation_level = None  # the driver shall begin nothing by itself
        for name, value in pragmas.items():
            connection.execute(f"PRAGMA {name} = {value}")

    @event.listens_for(engine, "begin")
    def _(connection: Connection) -> None:
        connection.exec_driver_sql(begin)

    return engine


def _postgresql(url: URL, busy_seconds: float) -> Engines:
    arguments = {
        "application_name": f"itsm-bridge {os.getpid()}@{socket.gethostname()}",
        "options": f"-c lock_timeout={int(busy_seconds * 1000)} -c timezone=UTC",
        "connect_timeout": BUSY_SECONDS,
    }
    writer = create_engine(url, pool_pre_ping=True, connect_args=arguments)
    reader = create_engine(
        url, pool_pre_ping=True, max_overflow=-1, connect_args=arguments, isolation_level="REPEATABLE READ"
    ).execution_options(postgresql_readonly=True)

    @event.listens_for(writer, "begin")
    def _(connection: Connection) -> None:
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({WRITER_KEY})")

    return Engines(url, writer, reader)
