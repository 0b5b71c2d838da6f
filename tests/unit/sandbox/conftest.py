"""A sandbox of its own for every test, its clock frozen, and callers that speak to it as one of its people."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
import requests
from both_redmines import BothRedmines
from sandbox_api import START, Api, Redmine
from tests.servers.redmine import RedmineServer

from bridge.sandbox import Sandbox

PEOPLE = ("admin", "itsm-sync", "jane", "ben", "mia", "li", "gone")


@pytest.fixture
def session() -> Iterator[requests.Session]:
    with requests.Session() as made:
        yield made


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(clock_start=START) as made:
        yield made


@pytest.fixture
def people(sandbox: Sandbox, session: requests.Session) -> Callable[[str], Redmine]:
    """Redmine as admin, itsm-sync, jane (Manager), ben, mia, li (Developers), gone, any other key, or "" for nobody."""

    def as_person(login: str) -> Redmine:
        known = sandbox.redmine.app.state.user_by_login(login)
        headers = {"X-Redmine-API-Key": known.api_key if known else login} if login else {}
        return Redmine(sandbox.redmine.url, headers, session)

    return as_person


@pytest.fixture
def sync(people: Callable[[str], Redmine]) -> Redmine:
    """The bridge's account."""
    return people("itsm-sync")


@pytest.fixture
def admin(people: Callable[[str], Redmine]) -> Redmine:
    return people("admin")


@pytest.fixture
def agents(sandbox: Sandbox, session: requests.Session) -> Callable[[str], Api]:
    """The incident system as bridge, anna, bob, chen, or with any other token."""

    def as_agent(login: str) -> Api:
        known = sandbox.itsm.app.state.agents.get(login)
        token = known.token if known else login
        return Api(sandbox.itsm.url, {"Authorization": f"Bearer {token}"}, session)

    return as_agent


@pytest.fixture
def anna(agents: Callable[[str], Api]) -> Api:
    return agents("anna")


@pytest.fixture
def control(sandbox: Sandbox, session: requests.Session) -> Api:
    return Api(sandbox.redmine.url, {}, session)


@pytest.fixture
def both(fresh_redmine: RedmineServer) -> Iterator[BothRedmines]:
    """Ends the test with every difference that was found."""
    version = ".".join(fresh_redmine.version.split(".")[:2])
    with Sandbox(version) as sandbox:
        real = fresh_redmine.url, {login: fresh_redmine.people[login].key for login in PEOPLE}
        made = BothRedmines(real, (sandbox.redmine.url, {login: sandbox.redmine.key(login) for login in PEOPLE}))
        yield made
        made.close()
        assert not made.differences, f"{len(made.differences)} of {made.count}:\n" + "\n".join(made.differences[:8])
