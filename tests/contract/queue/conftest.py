"""The store's fixtures and an engine, for this folder."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from structlog.testing import capture_logs
from structlog.typing import EventDict
from tests.contract.queue.bench import Bench
from tests.contract.store.fixtures import HandClock, clock, database, shared_postgres, url

from bridge.store.database import Database

__all__ = ["bench", "clock", "database", "logged", "shared_postgres", "url"]


@pytest.fixture
def bench(database: Database, clock: HandClock) -> Iterator[Bench]:
    """A store, an engine on it and a remote system that records what arrives."""
    made = Bench(database, clock)
    yield made
    made.close()


@pytest.fixture(autouse=True)
def logged() -> Iterator[list[EventDict]]:
    """What was logged."""
    with capture_logs() as entries:
        yield entries
