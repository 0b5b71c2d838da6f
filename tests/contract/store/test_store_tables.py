"""Migrations: from empty, again, by several at once, and equal to what the program believes."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import func, inspect, select
from tests.contract.store.fixtures import HandClock

from bridge.model.errors import ConfigurationError
from bridge.store.database import Database
from bridge.store.engines import connect, parse
from bridge.store.tables import meta, metadata


def test_migrations_make_exactly_the_tables_of_the_metadata(empty_url: str, clock: HandClock) -> None:
    _migrate(empty_url, clock)
    engines = connect(parse(empty_url))
    with engines.reader.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "render_as_batch": True})
        assert compare_metadata(context, metadata) == []
        made = {name for name in inspect(connection).get_table_names() if name != "alembic_version"}
        assert made == set(metadata.tables)
    engines.dispose()


def _migrate(url: str, clock: HandClock) -> None:
    store = Database.open(url, clock)
    store.upgrade()
    store.close()


def test_indexes_have_the_same_conditions_as_the_metadata(url: str) -> None:
    """Autogenerate compares no WHERE of an index, so this does."""
    engines = connect(parse(url))
    name = "sqlite" if url.startswith("sqlite") else "postgresql"
    with engines.reader.connect() as connection:
        inspector = inspect(connection)
        for table in metadata.tables.values():
            made = {
                index["name"]: str(index.get("dialect_options", {}).get(f"{name}_where", ""))
                for index in inspector.get_indexes(table.name)
            }
            for index in table.indexes:
                wanted = index.dialect_options[name]["where"]
                assert _plain(made[index.name]) == _plain("" if wanted is None else wanted.text), index.name
    engines.dispose()


def _plain(condition: str) -> str:
    return condition.replace("::text", "").replace("(", "").replace(")", "").replace(" ", "")


def test_upgrading_twice_changes_nothing(database: Database) -> None:
    with database.transaction() as unit:
        name = unit.ledger.instance()
    database.upgrade()
    with database.reading() as unit:
        assert unit.ledger.instance() == name
        assert unit.connection.execute(select(func.count()).select_from(meta)).scalar_one() == 1


def test_two_processes_that_upgrade_at_once_wait_for_each_other(empty_url: str, clock: HandClock) -> None:
    stores = [Database.open(empty_url, clock) for _ in range(4)]
    with ThreadPoolExecutor(4) as threads:
        for done in [threads.submit(store.upgrade) for store in stores]:
            done.result(timeout=60)
    with stores[0].transaction() as unit:
        assert unit.effects.enqueue([]) == 0
    for store in stores:
        store.close()


@pytest.mark.parametrize("address", ["", "mysql://host/db", "sqlite://", "sqlite:///:memory:", "sqlite:///file:x", "x"])
def test_an_address_that_is_no_store_is_refused_with_what_would_be_one(address: str, clock: HandClock) -> None:
    with pytest.raises(ConfigurationError) as raised:
        Database.open(address, clock)
    assert "sqlite:///path/to/bridge.sqlite3" in str(raised.value)


def test_a_password_in_an_address_is_never_shown(clock: HandClock) -> None:
    with pytest.raises(ConfigurationError) as raised:
        Database.open("mysql://user:geheim@host/db", clock)
    assert "geheim" not in str(raised.value)
