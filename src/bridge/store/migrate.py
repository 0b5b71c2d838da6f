"""Brings a store's tables to the version of this program."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy.engine import URL

from bridge.store import engines


def upgrade(url: URL) -> None:
    """Runs the migrations that the store has not had yet, in one transaction; one process at a time."""
    engine = engines.migrating(url)
    try:
        with engine.begin() as connection:
            config = Config()
            config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
    finally:
        engine.dispose()
