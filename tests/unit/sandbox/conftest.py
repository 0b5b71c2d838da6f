"""A sandbox of its own for every test, its clock frozen, and callers that speak to it as one of its people."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
import requests
from sandbox_api import START, Api, Redmine

from bridge.sandbox import Sandbox


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
