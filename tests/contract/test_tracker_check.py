"""What `check` finds about people and rights in Redmine before anything is written."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from bridge.clock import SystemClock
from bridge.directory.directory import Person
from bridge.model.errors import Problem
from bridge.model.project import IssueSpec, ProjectSpec
from bridge.redmine.gateway import RedmineTracker
from bridge.redmine.options import RedmineOptions
from bridge.redmine.people import Found, difference, same_name
from bridge.sandbox import Sandbox
from bridge.sandbox.redmine.model import Named

SYNC, JANE, BEN, LI, GONE = 5, 6, 7, 9, 10
PERSON = Person("jane", name="Jane Doe", redmine_login="jane", redmine_id=JANE)


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    """A Redmine 5.0."""
    with Sandbox() as made:
        yield made


PROJECT = ProjectSpec("ops-router-7", "Router keeps failing", "Five incidents.", "operations", "[bridge test]")


def options(sandbox: Sandbox, **changes: Any) -> RedmineOptions:
    """The bridge's own key, which is no administrator's."""
    usual = {
        "url": sandbox.redmine.url,
        "api_key": sandbox.redmine.key("itsm-sync"),
        "parent_project": "operations",
        "version": "5.0",
        "creator_role": "Bridge",
    }
    return RedmineOptions(**{**usual, **changes})


def checked(sandbox: Sandbox, *people: Person, **changes: Any) -> list[Problem]:
    """What is found about people, or without any about Redmine."""
    tracker = RedmineTracker(options(sandbox, **changes), SystemClock())
    try:
        return tracker.check_people(people) if people else tracker.check()
    finally:
        tracker.close()


class TestPeople:
    """The directory's ids and Redmine's accounts."""

    def test_people_who_are_who_the_directory_says(self, sandbox: Sandbox) -> None:
        """By login, by name in any order, in any script; who left is not looked at."""
        people = [
            PERSON,
            Person("ben", name="Ito, Ben", redmine_id=BEN),
            Person("li", name="李雷", redmine_id=LI),
            Person("gus", redmine_id=GONE, active=False),
            Person("nobody", name="Nobody"),
        ]
        assert checked(sandbox, *people) == []
        assert not [entry for entry in sandbox.requests() if entry.is_write]

    def test_another_persons_id(self, sandbox: Sandbox) -> None:
        """Jane has Ben's id: an error that says whose it is, and which would be hers."""
        for login in ("jane", ""):
            (problem,) = checked(sandbox, replace(PERSON, redmine_id=BEN, redmine_login=login))
            assert problem.severity == "error"
            assert problem.where == "directory, person jane"
            assert "Redmine id 7 is “Ben Ito” (ben)" in problem.what
            assert "Id 6 is “Jane Doe”." in problem.advice

    def test_an_id_that_nobody_has_and_one_that_is_locked(self, sandbox: Sandbox) -> None:
        """The role sees all accounts, so what it does not see is not there; a locked member is named."""
        (unknown,) = checked(sandbox, replace(PERSON, redmine_id=4711))
        assert "no active Redmine account with the id 4711" in unknown.what
        assert unknown.severity == "error"
        (locked,) = checked(sandbox, Person("gus", name="Gus Gone", redmine_id=GONE))
        assert locked.what == "Redmine id 10 (“Gus Gone”) is locked."
        assert "active: false" in locked.advice

    def test_an_account_that_the_bridge_may_not_see(self, sandbox: Sandbox) -> None:
        """With a role that shows only members an unknown id is a doubt, not an error."""
        role = {"id": 6, "name": "Bridge", "permissions": [], "users_visibility": "members_of_visible_projects"}
        sandbox.fault("status", app="redmine", path="roles/6", code=200, body=json.dumps({"role": role}))
        (problem,) = checked(sandbox, replace(PERSON, redmine_id=4711))
        assert problem.severity == "warning"
        assert "cannot see" in problem.what

    def test_the_bridges_own_account(self, sandbox: Sandbox) -> None:
        """As a person it is told of its own work; as Jane it is simply wrong."""
        (own,) = checked(sandbox, Person("sync", name="ITSM Sync", redmine_id=SYNC))
        assert own.severity == "warning"
        assert "whose key the bridge uses" in own.what
        (wrong,) = checked(sandbox, replace(PERSON, redmine_id=SYNC))
        assert wrong.severity == "error"

    def test_a_redmine_that_fails_is_told_as_a_problem(self, sandbox: Sandbox) -> None:
        """Not as an exception."""
        sandbox.fault("status", app="redmine", code=503, times=None, path="users/6")
        (problem,) = checked(sandbox, PERSON)
        assert "could not be compared" in problem.what


class TestRights:
    """Rights that Redmine misses in silence until something is half done."""

    def test_editing_a_project_is_needed(self, sandbox: Sandbox) -> None:
        """Modules or trackers that Redmine left out at creation are given by an edit."""
        assert checked(sandbox) == []
        sandbox.control.change_role("Bridge", remove=("edit_project",))
        (problem,) = checked(sandbox)
        assert "lacks the right “Edit project” in projects that the bridge opens" in problem.what

    def test_a_version_that_is_newer_than_the_server(self, sandbox: Sandbox) -> None:
        """Redmine 5.0 has no box to tick for publicity: the advice names the setting, too."""
        (problem,) = checked(sandbox, version="6.0")
        assert "Set project public or private" in problem.what
        assert "set redmine.version to the server's" in problem.advice

    def test_a_server_that_cannot_be_reached_is_no_finding(self, sandbox: Sandbox) -> None:
        """The problem says that nothing was found out; a wrong key is a finding."""
        assert [problem.unreachable for problem in checked(sandbox, url="http://127.0.0.1:9")] == [True]
        assert [problem.unreachable for problem in checked(sandbox, api_key="0" * 40)] == [False]

    def test_roles_to_which_nothing_is_assigned(self, sandbox: Sandbox) -> None:
        """An owner with such a role would never own anything."""
        sandbox.redmine.app.state.roles[4].assignable = False
        (problem,) = checked(sandbox, role_names=("Developer", "Manager"))
        assert "the role “Developer”" in problem.what
        assert "Issues can be assigned to this role" in problem.advice

    def test_a_role_that_sees_only_its_own_issues(self, sandbox: Sandbox) -> None:
        """Told once, although it is the role in the parent project and in opened ones."""
        sandbox.redmine.app.state.roles[6].issues_visibility = "own"
        (problem,) = checked(sandbox)
        assert "sees only its own issues" in problem.what


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("Jane Doe", "doe, JANE", True),
        ("Jane Doe", "Jane Maria Doe", True),
        ("Jürgen Groß", "Jurgen Gross", True),
        ("李雷", "雷 李", True),
        ("Jane Doe", "John Doe", False),
        ("Jane Doe", "Joan Dee", False),
        ("Jane", "", False),
    ],
)
def test_names_that_are_one_persons(one: str, other: str, same: bool) -> None:
    """In any order, without accents, with a middle name; not by letters."""
    assert same_name(one, other) is same
    assert same_name(other, one) is same


def test_half_a_name_is_doubted_and_no_name_cannot_be_compared() -> None:
    """A word in common is a warning, none an error; a key that is the login is enough."""
    half = difference(replace(PERSON, redmine_login=""), Found(1, "John Doe", "john"), "here")
    assert half is not None
    assert half.severity == "warning"
    bare = Person("jane", redmine_id=1)
    assert difference(bare, Found(1, "Jane Doe", "Jane"), "here") is None
    unknown = difference(bare, Found(1, "Jane Doe", "jd"), "here")
    assert unknown is not None
    assert (unknown.severity, "redmine.login" in unknown.advice) == ("warning", True)


class TestTrackers:
    """Which tracker an issue gets when the settings name none."""

    @pytest.mark.parametrize(
        ("there", "expected"),
        [
            (("Bug", "Feature", "Support"), "Support"),
            (("Bug", "Feature", "Support", "Task"), "Task"),
            (("Bug", "Feature"), "Feature"),
            (("Bug", "任务"), "任务"),
            (("Bug", "Change"), "Bug"),
        ],
    )
    def test_planned_work_is_no_bug(self, sandbox: Sandbox, there: tuple[str, ...], expected: str) -> None:
        """Task before Support before Feature; without any of them Redmine's first one."""
        state = sandbox.redmine.app.state
        state.trackers.clear()
        state.trackers.update({number: Named(number, name) for number, name in enumerate(there, 1)})
        state.projects[1].tracker_ids = list(state.trackers)
        tracker = RedmineTracker(options(sandbox), SystemClock())
        try:
            project = tracker.open_project(PROJECT, unsure=False)
            issue = tracker.create_issue(IssueSpec(project.id, "Work", "To do.", f"{PROJECT.origin} 1"), unsure=False)
        finally:
            tracker.close()
        assert state.trackers[state.issues[issue.id].tracker_id].name == expected
