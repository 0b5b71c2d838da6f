"""Brings a store's tables to the version of this program."""

from __future__ import annotations

from enum import Enum, auto
from pathlib import Path

from sqlalchemy import Engine, inspect
from sqlalchemy.engine import URL

from bridge.store import engines

FOLDER = Path(__file__).parent / "migrations"


class Schema(Enum):
    """What there is of a store."""

    MISSING = auto()
    OLDER = auto()
    CURRENT = auto()
    NEWER = auto()


class MigrationError(Exception):
    """The migrations do not fit what there is of a store; it is as it was."""


def schema(url: URL, reader: Engine) -> Schema:
    """What there is at an address. Writes nothing, and makes no file."""
    if url.get_backend_name() == "sqlite" and not engines.is_there(url):
        return Schema.MISSING
    found = _found(reader)
    if not found:
        return Schema.MISSING
    known = revisions()
    if found == {known[-1]}:
        return Schema.CURRENT
    return Schema.OLDER if found <= set(known) else Schema.NEWER


def revisions() -> list[str]:
    """The migrations of this program, oldest first: the names of their files begin with them."""
    return sorted(path.name.partition("_")[0] for path in (FOLDER / "versions").glob("[0-9]*_*.py"))


def upgrade(url: URL, to: str = "head") -> None:
    """Runs the migrations up to one that the store has not had yet, in one transaction; one process at a time.

    Raises MigrationError when they do not fit what is there.
    """
    # Takes a quarter of a second, with all dialects of SQLAlchemy; most starts migrate nothing.
    from alembic import command  # noqa: PLC0415
    from alembic.config import Config  # noqa: PLC0415
    from alembic.util import CommandError  # noqa: PLC0415

    engines.make_folder(url)
    config = Config()
    config.set_main_option("script_location", str(FOLDER).replace("%", "%%"))
    engine = engines.migrating(url)
    try:
        with engine.begin() as connection:
            config.attributes["connection"] = connection
            command.upgrade(config, to)
    except CommandError as error:
        raise MigrationError(str(error)) from error
    finally:
        engine.dispose()


def _found(reader: Engine) -> set[str]:
    with reader.connect() as connection:
        if not inspect(connection).has_table("alembic_version"):
            return set()
        return set(connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalars())
