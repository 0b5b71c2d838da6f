"""A store on either engine, a clock that can be set, and incidents to put in."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine
from tests.servers.postgres import PostgresServer

from bridge.model.incident import Incident, SavedIncident, Snapshot, State
from bridge.model.promotion import Promotion, PromotionState
from bridge.store.database import Database
from bridge.store.tables import metadata
from bridge.store.unit import Unit

NOON = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)
NASTY = "Drücker „kaputt“ 打印机 😀 'quoted' \\ {braces} %s ?\nline\ttab"
ENGINES = ["sqlite", pytest.param("postgresql", marks=pytest.mark.real)]


def at(minutes: float) -> datetime:
    """So many minutes after noon."""
    return NOON + timedelta(minutes=minutes)


class HandClock:
    """A clock that stands until it is moved."""

    def __init__(self) -> None:
        self.moment = NOON

    def now(self) -> datetime:
        """The moment it was set to."""
        return self.moment

    def advance(self, **by: float) -> None:
        """Moves it on; the arguments are those of timedelta."""
        self.moment += timedelta(**by)


@pytest.fixture
def clock() -> HandClock:
    """It is noon."""
    return HandClock()


@pytest.fixture(params=ENGINES)
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of a database without a table."""
    if request.param == "sqlite":
        return _file(tmp_path)
    found: str = request.getfixturevalue("postgres_url")
    return found


@pytest.fixture(scope="session")
def shared_postgres(postgres: PostgresServer) -> Iterator[str]:
    """A database with all tables, for all tests of a process: making one takes longer than most tests."""
    with postgres.database() as url:
        opened = Database.open(url, HandClock())
        opened.upgrade()
        opened.close()
        yield url


@pytest.fixture(params=ENGINES)
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of a store with all its tables and nothing in them."""
    if request.param == "sqlite":
        opened = Database.open(_file(tmp_path), HandClock())
        opened.upgrade()
        opened.close()
        return _file(tmp_path)
    shared: str = request.getfixturevalue("shared_postgres")
    engine = create_engine(shared)
    with engine.begin() as connection:
        connection.exec_driver_sql(f"TRUNCATE {', '.join(metadata.tables)} RESTART IDENTITY")
    engine.dispose()
    return shared


def _file(folder: Path) -> str:
    return f"sqlite:///{folder / 'bridge.sqlite3'}"


@pytest.fixture
def database(url: str, clock: HandClock) -> Iterator[Database]:
    """The store at that address."""
    opened = Database.open(url, clock)
    yield opened
    opened.close()


def incident(number: int = 1, **values: Any) -> Incident:
    """An incident of the source `rt`, opened and last changed at noon."""
    base = Incident("rt", str(number), f"Router {number} CPU", State.NEW, NOON, NOON)
    return replace(base, **values)


def save(unit: Unit, *incidents: Incident, observed_at: datetime = NOON) -> list[SavedIncident]:
    """Stores incidents whose source tells no events."""
    return unit.incidents.save([Snapshot(one) for one in incidents], observed_at)


def promotion(**values: Any) -> Promotion:
    """A candidate of the rule `router-cpu`."""
    base = Promotion(
        id=0,
        rule_id="router-cpu",
        rule_version="v1",
        source="rt",
        group_key='["network"]',
        label="network",
        name="Router CPU: network",
        state=PromotionState.CANDIDATE,
        reason="5 within 14 days",
        created_at=NOON,
    )
    return replace(base, **values)
