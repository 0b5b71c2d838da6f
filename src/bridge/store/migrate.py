"""Brings a store's tables to the version of this program."""

from __future__ import annotations

from enum import Enum, auto
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine
from sqlalchemy.engine import URL

from bridge.store import engines


class Schema(Enum):
    """What there is of a store."""

    MISSING = auto()
    OLDER = auto()
    CURRENT = auto()
    NEWER = auto()


def schema(url: URL, reader: Engine) -> Schema:
    """What there is at an address. Writes nothing, and makes no file."""
    if url.get_backend_name() == "sqlite" and not engines.is_there(url):
        return Schema.MISSING
    with reader.connect() as connection:
        found = MigrationContext.configure(connection).get_current_revision()
    if found is None:
        return Schema.MISSING
    scripts = ScriptDirectory.from_config(_config())
    if found == scripts.get_current_head():
        return Schema.CURRENT
    return Schema.OLDER if found in {script.revision for script in scripts.walk_revisions()} else Schema.NEWER


def upgrade(url: URL, to: str = "head") -> None:
    """Runs the migrations up to one that the store has not had yet, in one transaction; one process at a time."""
    engines.make_folder(url)
    engine = engines.migrating(url)
    try:
        with engine.begin() as connection:
            config = _config()
            config.attributes["connection"] = connection
            command.upgrade(config, to)
    finally:
        engine.dispose()


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
    return config
