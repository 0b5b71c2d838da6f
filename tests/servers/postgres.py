"""A real PostgreSQL (Debian's package) for the store and the queue."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from uuid import uuid4

import psycopg
from psycopg import sql

from tests.servers.common import Instance, start_instance

USER = "bridge"


@dataclass(frozen=True)
class PostgresServer:
    """A running PostgreSQL. `url` is its maintenance database, for SQLAlchemy with psycopg 3."""

    url: str
    instance: Instance = field(repr=False)

    def create_database(self) -> str:
        """The URL (SQLAlchemy, psycopg 3) of a fresh, empty database."""
        name = f"t_{uuid4().hex[:12]}"
        self._execute(sql.SQL("create database {}").format(sql.Identifier(name)))
        return _url(self.instance, name)

    def drop(self, url: str) -> None:
        """Removes a database made by create_database(), ending whoever is still connected to it."""
        name = url.rsplit("/", 1)[1]
        self._execute(sql.SQL("drop database if exists {} with (force)").format(sql.Identifier(name)))

    @contextmanager
    def database(self) -> Iterator[str]:
        """The URL of a fresh, empty database that is dropped at the end of the block."""
        url = self.create_database()
        try:
            yield url
        finally:
            self.drop(url)

    def stop(self) -> None:
        """Ends the server by its pid and removes its data. Stopping twice is fine."""
        self.instance.stop()

    def _execute(self, statement: sql.Composed) -> None:
        with psycopg.connect(_dsn(self.instance), autocommit=True) as connection:
            connection.execute(statement)


def start_postgres() -> PostgresServer:
    """A fresh PostgreSQL that answers. Raises ServerUnavailable or ServerFailed."""
    instance = start_instance("postgres", _ready)
    return PostgresServer(_url(instance, "postgres"), instance)


@contextmanager
def running_postgres() -> Iterator[PostgresServer]:
    """start_postgres() that stops at the end of the block."""
    server = start_postgres()
    try:
        yield server
    finally:
        server.stop()


def _url(instance: Instance, database: str) -> str:
    return f"postgresql+psycopg://{USER}@127.0.0.1:{instance.port}/{database}"


def _dsn(instance: Instance) -> str:
    return f"host=127.0.0.1 port={instance.port} user={USER} dbname=postgres connect_timeout=10"


def _ready(instance: Instance) -> bool:
    try:
        psycopg.connect(_dsn(instance)).close()
    except psycopg.OperationalError:
        return False
    return True
