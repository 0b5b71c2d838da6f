"""Real servers for the tests that ask for them. Each starts when first asked for and ends with the session."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import pytest
import structlog
from hypothesis import HealthCheck, settings

from tests.servers.common import INSTALL_SECONDS
from tests.servers.fixture import provide
from tests.servers.postgres import PostgresServer, start_postgres
from tests.servers.redmine import RedmineServer, start_redmine
from tests.servers.rt import RtServer, start_rt

# No test depends on speed: a slow machine makes no example fail.
settings.register_profile("unhurried", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("unhurried")

REAL = {"redmine", "mail_redmine", "rt", "postgres"}
SHARED = {"redmine", "mail_redmine", "rt"}
"""Servers that take long to start: what uses one runs in one process of pytest-xdist, which starts it once."""


@pytest.hookimpl(tryfirst=True)  # before -m selects
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Whatever uses a real server is `real`, and the first such test may have to install one.

    A story that is told on the sandbox and on a real server, and is marked `real_in_soak`, is told on the real one by
    `make soak` alone.
    """
    for item in items:
        on_real = "real" in getattr(getattr(item, "callspec", None), "params", {}).values()
        if on_real or SHARED.intersection(getattr(item, "fixturenames", ())):
            item.add_marker(pytest.mark.xdist_group("servers"))
        if on_real and item.get_closest_marker("real_in_soak"):
            item.add_marker("soak")
        if on_real or REAL.intersection(getattr(item, "fixturenames", ())):
            item.add_marker("real")
        if item.get_closest_marker("real") and not item.get_closest_marker("timeout"):
            item.add_marker(pytest.mark.timeout(INSTALL_SECONDS))


@pytest.fixture(autouse=True)
def _logging_as_it_was() -> Iterator[None]:
    """What one test configured, its standard error among it, is gone before the next logs."""
    yield
    structlog.reset_defaults()


@pytest.fixture(scope="session")
def redmine() -> Iterator[RedmineServer]:
    """A real Redmine that mails nobody. Tests share its data: fresh_redmine does not."""
    with provide(start_redmine) as server:
        yield server


@pytest.fixture
def fresh_redmine(redmine: RedmineServer) -> RedmineServer:
    """The real Redmine with nothing in it but the seed."""
    redmine.reset()
    return redmine


@pytest.fixture(scope="session")
def _mail_redmine() -> Iterator[RedmineServer]:
    with provide(partial(start_redmine, mail=True)) as server:
        yield server


@pytest.fixture
def mail_redmine(_mail_redmine: RedmineServer) -> RedmineServer:
    """A real Redmine, fresh, that notifies as Redmine does by default; mails() has what it delivered."""
    _mail_redmine.reset()
    return _mail_redmine


@pytest.fixture(scope="session")
def rt() -> Iterator[RtServer]:
    """A real Request Tracker. Tests share its data: fresh_rt does not."""
    with provide(start_rt) as server:
        yield server


@pytest.fixture
def fresh_rt(rt: RtServer) -> RtServer:
    """The real Request Tracker with nothing in it but the seed."""
    rt.reset()
    return rt


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """A real PostgreSQL; postgres_url is a database in it."""
    with provide(start_postgres) as server:
        yield server


@pytest.fixture
def postgres_url(postgres: PostgresServer) -> Iterator[str]:
    """The URL of a fresh, empty database, dropped after the test."""
    with postgres.database() as url:
        yield url
