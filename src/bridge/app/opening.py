"""How the store is opened: made and migrated only by whoever holds its lock; who only looks changes nothing."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from enum import Enum, auto

from sqlalchemy import make_url
from sqlalchemy.exc import SQLAlchemyError

from bridge.model.errors import ConfigurationError, Problem, RemoteUnavailable, StoreLocked, problem_of
from bridge.store.database import Database
from bridge.store.migrate import MigrationError, Schema
from bridge.store.unusable import cause_of, lacking_rights, missing_folder

UPGRADE = "run `itsm-bridge db upgrade`, or start the daemon"


class Use(Enum):
    """What a command wants of the store."""

    CHANGE = auto()  # made and migrated when needed, under the lock
    READ = auto()  # must be there and of this version
    COPY = auto()  # a copy of it, made and migrated when needed (PostgreSQL: as READ)
    NOTHING = auto()  # not even looked at


def open_store(database: Database, url: str, use: Use) -> str:
    """Sees that the store can be used so; returns the digits that tell it from any other, "" when unknown.

    Raises RemoteUnavailable when it cannot be opened, ConfigurationError when it is missing or of another version,
    StoreLocked when it would have to be migrated under a daemon.
    """
    if use is Use.NOTHING or (use is Use.COPY and database.is_copied):
        return ""
    with openable(url):
        schema = database.schema()
        if use is Use.CHANGE and schema in {Schema.MISSING, Schema.OLDER}:
            _upgrade(database, url)
        else:
            _require_current(url, schema)
        if use is Use.CHANGE:
            database.require_writable()
        with database.reading() as uow:
            known = uow.ledger.known_instance()
        if known or use is not Use.CHANGE:
            return known
        with database.transaction() as uow:
            return uow.ledger.instance()


def store_problems(database: Database, url: str) -> list[Problem]:
    """What a check says about the store; none yet is fine."""
    try:
        with openable(url):
            schema = database.schema()
            if schema is not Schema.MISSING:
                _require_current(url, schema)
    except ConfigurationError as error:
        return error.problems
    except RemoteUnavailable as error:
        return [problem_of(error.where, error)]
    return _folder_problems(url)


def _folder_problems(url: str) -> list[Problem]:
    """A SQLite store's folder that would be made, and rights that lack."""
    address = make_url(url)
    if lacking := lacking_rights(address):
        return [Problem(_where(url), f"{lacking}.", "Give it the right, or run the bridge as the owner.")]
    folder = missing_folder(address)
    if folder is None:
        return []
    there = next(one for one in folder.parents if one.exists())
    if not os.access(there, os.W_OK):
        advice = "Make it, or correct store.url."
        return [Problem(_where(url), f"the folder {folder} is not there and may not be made in {there}.", advice)]
    what = f"the folder {folder} is not there; it would be created."
    return [Problem(_where(url), what, "Correct store.url if that is not meant.", severity="warning")]


def is_ready(database: Database) -> bool:
    """Whether the store can be opened and is of this version; what else it is, `store_problems` tells."""
    try:
        return database.schema() is Schema.CURRENT
    except (OSError, SQLAlchemyError):
        return False


@contextmanager
def openable(url: str) -> Iterator[None]:
    """Says in one line why a store cannot be opened. Raises RemoteUnavailable."""
    try:
        yield
    except (OSError, SQLAlchemyError, MigrationError) as error:
        cause = cause_of(error)
        advice = "Is store.url right, the database up, and this the version of the bridge that wrote it?"
        if lacking := lacking_rights(make_url(url)):
            cause, advice = f"{cause}. {lacking}", "Give it the right, or run this as the owner."
        raise RemoteUnavailable(_where(url), f"cannot be opened: {cause}.", advice) from error


def _upgrade(database: Database, url: str) -> None:
    try:
        with database.lock():
            database.upgrade()
    except StoreLocked as error:
        what = f"is of an older version and cannot be brought to this one while it is in use: {error.what}"
        raise StoreLocked(_where(url), what, "Stop that process and start it in this version.") from error


def _require_current(url: str, schema: Schema) -> None:
    told = {
        Schema.MISSING: ("there is no store yet", UPGRADE),
        Schema.OLDER: ("the store is of an older version", UPGRADE),
        Schema.NEWER: ("the store is of a newer version", "use the version of the bridge that wrote it"),
    }
    if schema in told:
        what, advice = told[schema]
        raise ConfigurationError([Problem(_where(url), what, advice)])


def _where(url: str) -> str:
    return f"store {make_url(url).render_as_string(hide_password=True)}"
