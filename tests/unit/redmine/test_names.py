"""Names and ids: read once, believed for a while, read again when one is missing."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import responses

from bridge.model.errors import Rejected
from bridge.redmine.client import Client
from bridge.redmine.names import Names
from bridge.redmine.options import RedmineOptions

URL = "http://redmine.example"


class Watch:
    """Seconds that pass when the test says so."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def web() -> Iterator[responses.RequestsMock]:
    """Recorded answers of Redmine 5.0.4."""
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        yield mock


@pytest.fixture
def watch() -> Watch:
    """The time that counts for caches."""
    return Watch()


@pytest.fixture
def names(web: responses.RequestsMock, watch: Watch) -> Names:
    """Believed for 300 seconds."""
    options = RedmineOptions(url=URL, api_key="k", parent_project="operations", custom_field_ids={"Told": 77})
    return Names(Client(options), options, watch)


def statuses(*rows: tuple[int, str, bool]) -> dict[str, Any]:
    """The body of /issue_statuses.json."""
    return {"issue_statuses": [{"id": i, "name": name, "is_closed": closed} for i, name, closed in rows]}


def test_a_list_is_read_once_until_it_expires(web: responses.RequestsMock, names: Names, watch: Watch) -> None:
    """After that it is what it is then."""
    web.get(f"{URL}/issue_statuses.json", json=statuses((1, "New", False)))
    for seconds in (0.0, 1.0, 299.0):
        watch.seconds = seconds
        assert names.id_of("status", "New") == 1
    assert len(web.calls) == 1
    web.replace("GET", f"{URL}/issue_statuses.json", json=statuses((9, "New", False)))
    watch.seconds = 301.0
    assert names.id_of("status", "New") == 9
    assert len(web.calls) == 2


def test_a_missing_name_is_looked_for_again_before_it_is_refused(web: responses.RequestsMock, names: Names) -> None:
    """Somebody may just have made it."""
    web.get(f"{URL}/issue_statuses.json", json=statuses((1, "New", False)))
    assert names.id_of("status", "new") == 1
    web.replace("GET", f"{URL}/issue_statuses.json", json=statuses((1, "New", False), (5, "Closed", True)))
    assert names.id_of("status", "Closed") == 5
    assert names.statuses()["Closed"].closed
    with pytest.raises(Rejected, match="Did you mean “Closed”"):
        names.id_of("status", "Close")


def test_an_exact_name_goes_before_one_in_other_letters(web: responses.RequestsMock, names: Names) -> None:
    """Redmine allows both."""
    web.get(f"{URL}/issue_statuses.json", json=statuses((1, "done", True), (2, "Done", True)))
    assert (names.id_of("status", "Done"), names.id_of("status", "done")) == (2, 1)


def test_priorities_that_are_not_active_do_not_count(web: responses.RequestsMock, names: Names) -> None:
    """Redmine would ignore them."""
    rows = [{"id": 1, "name": "Low", "active": True}, {"id": 2, "name": "Old", "active": False}]
    web.get(f"{URL}/enumerations/issue_priorities.json", json={"issue_priorities": rows})
    with pytest.raises(Rejected, match="There are: Low"):
        names.id_of("priority", "Old")


def test_custom_fields_come_from_the_project_from_issues_and_from_the_settings(
    web: responses.RequestsMock, names: Names
) -> None:
    """5.0 does not show those “for all projects” in the project, newer versions do; learnt ones are kept."""
    project = {"id": 1, "name": "Operations", "issue_custom_fields": [{"id": 3, "name": "Of the project"}]}
    issues = [{"id": 8, "custom_fields": [{"id": 4, "name": "On an issue", "value": ""}]}]
    web.get(f"{URL}/projects/operations.json", json={"project": project})
    web.get(f"{URL}/issues.json", json={"issues": issues, "total_count": 1})
    assert names.custom_fields() == {"Of the project": 3, "On an issue": 4, "Told": 77}
    assert names.custom_field("Nowhere") is None
    before = len(web.calls)
    names.learn({"custom_fields": [{"id": 5, "name": "Seen later", "value": "x"}]})
    assert names.custom_field("Seen later") == 5
    assert len(web.calls) == before


def test_roles_of_several_memberships_of_a_project_are_joined(web: responses.RequestsMock, names: Names) -> None:
    """A membership of one's own and one by a group."""
    memberships = [
        {"project": {"id": 1}, "roles": [{"id": 4}, {"id": 5, "inherited": True}]},
        {"project": {"id": 1}, "roles": [{"id": 6}]},
        {"project": {"id": 2}, "roles": [{"id": 5}]},
    ]
    web.get(f"{URL}/users/current.json", json={"user": {"id": 5, "login": "b", "memberships": memberships}})
    account = names.account()
    assert account.roles == {1: frozenset({4, 5, 6}), 2: frozenset({5})}
    assert not account.admin
