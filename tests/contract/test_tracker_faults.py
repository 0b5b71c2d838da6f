"""A Redmine that fails, lies or may not: what the sandbox can play and a real one cannot be made to do."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from bridge.clock import SystemClock
from bridge.model.errors import (
    AuthenticationFailed,
    BridgeError,
    Collision,
    Forbidden,
    NotApplied,
    RateLimited,
    RemoteUnavailable,
    WouldLeak,
)
from bridge.model.project import Issue, IssueChange, IssueSpec, Project, ProjectSpec
from bridge.redmine.gateway import RedmineTracker
from bridge.redmine.options import RedmineOptions
from bridge.sandbox import Sandbox

ORIGIN = "[bridge test · promotion 7]"
SPEC = ProjectSpec("ops-router-7", "Router keeps failing", "Five incidents.", "operations", ORIGIN)
NOTE = IssueChange(status="In Progress", note="please look [key 1]", note_key="[key 1]")
JANE = 6


def tracker_of(sandbox: Sandbox, **options: Any) -> RedmineTracker:
    """The bridge's view; short time-outs."""
    usual = {
        "url": sandbox.redmine.url,
        "api_key": sandbox.redmine.key("itsm-sync"),
        "parent_project": "operations",
        "version": "5.0",
        "creator_role": "Bridge",
        "read_timeout": 0.3,
        "total_timeout": 1,
    }
    return RedmineTracker(RedmineOptions(**{**usual, **options}), SystemClock())


def task(project: Project, name: str = "root", **values: Any) -> IssueSpec:
    """An issue as a promotion asks for it."""
    return replace(IssueSpec(project.id, f"Task {name}", "To do.", f"{ORIGIN[:-1]} · task {name}]"), **values)


def writes(sandbox: Sandbox) -> list[tuple[str, str]]:
    """What the bridge sent to Redmine that could change something."""
    return [(entry.method, entry.path) for entry in sandbox.requests("redmine") if entry.is_write]


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    """A Redmine 5.0."""
    with Sandbox() as made:
        yield made


@pytest.fixture
def newer() -> Iterator[Sandbox]:
    """A Redmine 6.0, where choosing a project's publicity is a right."""
    with Sandbox(redmine_version="6.0") as made:
        yield made


@pytest.fixture
def tracker(sandbox: Sandbox) -> Iterator[RedmineTracker]:
    """The bridge's view of the 5.0."""
    made = tracker_of(sandbox)
    yield made
    made.close()


class TestPrivacy:
    """From 5.1 a project is only private if the creator's role may choose; without the right it silently is public."""

    def test_with_the_right_a_project_is_private(self, newer: Sandbox) -> None:
        """The role is named in the options."""
        made = tracker_of(newer, version="6.0").open_project(SPEC, unsure=False)
        assert not made.public
        assert newer.redmine.app.state.projects[made.id].is_public is False

    @pytest.mark.parametrize(
        ("options", "words"),
        [
            ({"version": "6.0", "creator_role": ""}, "redmine.creator_role"),
            ({"version": "", "creator_role": ""}, "redmine.creator_role"),
            ({"version": "6.0", "creator_role": "Bridg"}, "Did you mean “Bridge”"),
            ({"version": "6.0", "creator_role": "Reporter"}, "Set project public or private"),
            ({"version": "", "creator_role": "Reporter"}, "Set project public or private"),
        ],
    )
    def test_without_it_nothing_is_created(self, newer: Sandbox, options: dict[str, str], words: str) -> None:
        """Nor when the version or the role is not known; what is to be done is told."""
        tracker = tracker_of(newer, **options)
        with pytest.raises(WouldLeak, match="before anything was created") as caught:
            tracker.open_project(SPEC, unsure=False)
        assert words in str(caught.value)
        assert writes(newer) == []
        assert [problem for problem in tracker.check() if problem.severity == "error"] != []

    def test_a_right_that_was_just_given_counts(self, newer: Sandbox) -> None:
        """Refusals are never decided by what was read some minutes ago."""
        newer.control.change_role("Bridge", remove=("select_project_publicity",))
        tracker = tracker_of(newer, version="6.0")
        with pytest.raises(WouldLeak):
            tracker.open_project(SPEC, unsure=False)
        newer.control.change_role("Bridge", add=("select_project_publicity",))
        assert not tracker.open_project(SPEC, unsure=True).public

    @pytest.mark.parametrize("unsure", [True, False])
    def test_a_project_that_came_out_public_is_closed_at_once(self, newer: Sandbox, unsure: bool) -> None:
        """Here the settings lie about the version. What was created is told; nothing else is written to it."""
        newer.control.change_role("Bridge", remove=("select_project_publicity",))
        tracker = tracker_of(newer, version="5.0")
        with pytest.raises(WouldLeak, match=r"“Router keeps failing” \(id 2\) was created public") as caught:
            tracker.open_project(SPEC, unsure=unsure)
        assert "closed at once" in caught.value.what
        assert writes(newer) == [("POST", "/projects.json"), ("PUT", "/projects/2/close.json")]
        with pytest.raises(WouldLeak, match="was found public"):
            tracker.open_project(SPEC, unsure=True)

    def test_a_public_project_that_cannot_be_closed_is_told_as_such(self, newer: Sandbox) -> None:
        """The message says what state it was left in."""
        newer.control.change_role("Bridge", remove=("select_project_publicity", "close_project"))
        with pytest.raises(WouldLeak, match="Closing it failed"):
            tracker_of(newer, version="5.0").open_project(SPEC, unsure=False)

    def test_the_role_in_a_new_project_decides_about_its_notes(self, sandbox: Sandbox, tracker: RedmineTracker) -> None:
        """Not the one in the parent, which was read before the project was there."""
        sandbox.control.change_settings(redmine={"creator_role": "Reporter"})
        root = sandbox.redmine.app.state.projects[1]
        tracker.update_issue(tracker.create_issue(task(root), unsure=False).id, NOTE, unsure=False)
        issue = tracker.create_issue(task(tracker.open_project(SPEC, unsure=False)), unsure=False)
        with pytest.raises(WouldLeak, match="before anything was written"):
            tracker.update_issue(issue.id, IssueChange(note="secret"), unsure=False)

    def test_a_note_that_came_out_public_is_told_loudly(self, sandbox: Sandbox, tracker: RedmineTracker) -> None:
        """The right was there a moment ago; Redmine stores the note for everybody and says 204."""
        issue = tracker.create_issue(task(tracker.open_project(SPEC, unsure=False)), unsure=False)
        tracker.update_issue(issue.id, IssueChange(note="first", note_key="first"), unsure=False)
        sandbox.control.change_role("Bridge", remove=("set_notes_private",))
        with pytest.raises(WouldLeak, match=r"everybody who sees the issue can read it \(journal 2\)"):
            tracker.update_issue(issue.id, NOTE, unsure=False)
        with pytest.raises(WouldLeak, match="everybody"):
            tracker.update_issue(issue.id, NOTE, unsure=True)

    def test_check_knows_the_right_by_version(self, newer: Sandbox) -> None:
        """Missing in 6.0; 5.0 has no such right."""
        newer.control.change_role("Bridge", remove=("select_project_publicity",))
        problems = tracker_of(newer, version="6.0").check()
        assert ["“Set project public or private”" in problem.what for problem in problems] == [True]
        assert tracker_of(newer, version="5.0").check() == []


class TestIgnored:
    """Redmine says 200, 201 or 204 and did not do it."""

    @pytest.fixture
    def project(self, tracker: RedmineTracker) -> Project:
        return tracker.open_project(SPEC, unsure=False)

    @pytest.mark.parametrize(
        ("field", "words"),
        [
            ("priority_id", "priority: wanted 4, got 2"),
            ("parent_issue_id", "parent: wanted 1, got None"),
            ("due_date", "due date: wanted 2026-12-24, got None"),
            ("estimated_hours", "estimated hours: wanted 4.0, got None"),
            ("is_private", "private: wanted True, got False"),
            ("custom_fields", "custom field 5: wanted low"),
            ("description", "description: it lacks its last line"),
        ],
    )
    def test_an_ignored_field_of_a_new_issue_is_named(
        self, sandbox: Sandbox, tracker: RedmineTracker, project: Project, field: str, words: str
    ) -> None:
        """With what was wanted, what it is and the likely reason; the issue is there and is taken by a retry."""
        root = tracker.create_issue(task(project), unsure=False)
        spec = task(
            project,
            "1",
            priority="Urgent",
            parent_id=root.id,
            due=date(2026, 12, 24),
            estimate=4.0,
            private=True,
            custom_fields={"ITSM severity": "low"},
        )
        sandbox.fault("ignore", app="redmine", method="POST", path=r"issues\.json", fields=[field])
        with pytest.raises(NotApplied) as caught:
            tracker.create_issue(spec, unsure=False)
        assert words in caught.value.what
        assert caught.value.where == "Redmine issue #2"

    @pytest.mark.parametrize(
        ("change", "words"),
        [
            (IssueChange(status="In Progress"), "the status was not applied: wanted In Progress, it is New"),
            (IssueChange(assignee_id=5), "the assignee was not applied: wanted 5, got None"),
            (IssueChange(note="hello"), "did not store the note"),
        ],
    )
    def test_an_ignored_change_is_named(
        self, sandbox: Sandbox, tracker: RedmineTracker, project: Project, change: IssueChange, words: str
    ) -> None:
        """Seen when reading back."""
        issue = tracker.create_issue(task(project), unsure=False)
        sandbox.fault("ignore", app="redmine", method="PUT", path="/issues/")
        with pytest.raises(NotApplied, match=words):
            tracker.update_issue(issue.id, change, unsure=False)

    def test_an_ignored_page_is_told(self, sandbox: Sandbox, tracker: RedmineTracker, project: Project) -> None:
        """The section is not there when read again."""
        sandbox.fault("ignore", app="redmine", method="PUT", path="/wiki/")
        with pytest.raises(NotApplied, match="did not store the section"):
            tracker.write_page(project.id, "Evidence", "evidence", "text")

    def test_a_module_that_redmine_does_not_enable_is_told(self, tracker: RedmineTracker) -> None:
        """The project stays, and a retry without it is content."""
        with pytest.raises(NotApplied, match="without module agile: Redmine ignored it"):
            tracker.open_project(replace(SPEC, modules=("issue_tracking", "agile")), unsure=False)
        assert tracker.open_project(replace(SPEC, modules=("issue_tracking",)), unsure=True).status == "active"

    def test_a_project_that_cannot_be_closed_is_told(
        self, sandbox: Sandbox, tracker: RedmineTracker, project: Project
    ) -> None:
        """204 and still open."""
        sandbox.fault("ignore", app="redmine", method="PUT", path=r"/close\.json")
        with pytest.raises(NotApplied, match="it is active and not closed"):
            tracker.close_project(project.id)


Attempt = Callable[[RedmineTracker, Project, Issue, bool], object]

ATTEMPTS: dict[str, tuple[Attempt, str, str]] = {
    "project": (
        lambda tracker, _project, _issue, unsure: tracker.open_project(
            replace(SPEC, identifier="ops-second-8", origin="[bridge test · promotion 8]"), unsure=unsure
        ),
        "POST",
        r"^/projects\.json",
    ),
    "issue": (
        lambda tracker, project, _issue, unsure: tracker.create_issue(task(project, "1"), unsure=unsure),
        "POST",
        r"issues\.json",
    ),
    "change": (
        lambda tracker, _project, issue, unsure: tracker.update_issue(issue.id, NOTE, unsure=unsure),
        "PUT",
        r"/issues/\d+\.json",
    ),
    "relation": (
        lambda tracker, _project, issue, _unsure: tracker.relate(issue.id, issue.id + 1, "precedes"),
        "POST",
        r"/relations\.json",
    ),
    "member": (
        lambda tracker, project, _issue, _unsure: tracker.add_member(project.id, JANE, "Developer"),
        "POST",
        r"/memberships\.json",
    ),
    "page": (
        lambda tracker, project, _issue, _unsure: tracker.write_page(project.id, "Evidence", "evidence", "text"),
        "PUT",
        r"/wiki/",
    ),
}

FAULTS: dict[str, tuple[dict[str, Any], type[BridgeError]]] = {
    "silence": ({"kind": "timeout", "seconds": 1.5}, RemoteUnavailable),
    "done, then silence": ({"kind": "after_timeout", "seconds": 1.5}, RemoteUnavailable),
    "reset": ({"kind": "reset"}, RemoteUnavailable),
    "done, then reset": ({"kind": "after_reset"}, RemoteUnavailable),
    "500": ({"kind": "status", "code": 500, "body": '{"status":500,"error":"Internal"}'}, RemoteUnavailable),
    "502": ({"kind": "status", "code": 502, "body": "<html>Bad gateway</html>"}, RemoteUnavailable),
    "503": ({"kind": "status", "code": 503}, RemoteUnavailable),
    "429": ({"kind": "status", "code": 429}, RateLimited),
    "429 wait": ({"kind": "status", "code": 429, "headers": {"Retry-After": "7"}}, RateLimited),
    "422 without reason": ({"kind": "empty_422"}, Collision),
}


def state_of(sandbox: Sandbox) -> Any:
    """All of Redmine without times and without what only counts attempts."""
    return sandbox.dump()["redmine"]


@pytest.mark.parametrize("what", ATTEMPTS)
@pytest.mark.parametrize("fault", FAULTS)
class TestFaults:
    """Whatever happens to a write, trying again ends where an undisturbed one does: nothing lost, nothing twice."""

    def test_a_failed_write_can_be_tried_again(self, what: str, fault: str) -> None:
        """The error is typed, not permanent, and names the request; the queue's next attempt is unsure."""
        attempt, method, path = ATTEMPTS[what]
        strike, error = FAULTS[fault]
        ends = []
        for struck in (False, True):
            with Sandbox() as sandbox:
                tracker = tracker_of(sandbox)
                project = tracker.open_project(SPEC, unsure=False)
                issue = tracker.create_issue(task(project), unsure=False)
                tracker.create_issue(task(project, "other"), unsure=False)
                if struck:
                    sandbox.fault(app="redmine", method=method, path=path, **strike)
                    with pytest.raises(error) as caught:
                        attempt(tracker, project, issue, False)
                    assert type(caught.value) is error
                    assert not caught.value.permanent
                    assert caught.value.where.startswith(f"Redmine {method} ")
                    if isinstance(caught.value, RateLimited):
                        assert caught.value.retry_after == (7 if fault == "429 wait" else None)
                attempt(tracker, project, issue, struck)
                tracker.close()
                ends.append(state_of(sandbox))
        assert ends[0] == ends[1]


class TestAnswers:
    """Answers that cannot be used."""

    @pytest.mark.parametrize("fault", ["malformed", "status"])
    def test_a_broken_answer_to_a_poll_leaves_the_cursor(
        self, sandbox: Sandbox, tracker: RedmineTracker, fault: str
    ) -> None:
        """The next poll finds what this one could not read."""
        cursor = tracker.start_cursor()
        issue = tracker.create_issue(task(tracker.open_project(SPEC, unsure=False)), unsure=False)
        extra = {"code": 200, "body": "<html>Please log in</html>"} if fault == "status" else {}
        sandbox.fault(fault, app="redmine", method="GET", path=r"^/issues\.json", **extra)
        with pytest.raises(RemoteUnavailable, match="JSON"):
            tracker.changes(cursor)
        assert [changed.id for changed in tracker.changes(cursor).issues] == [issue.id]

    def test_a_created_issue_with_a_broken_answer_is_found_again(
        self, sandbox: Sandbox, tracker: RedmineTracker
    ) -> None:
        """201, cut in the middle."""
        project = tracker.open_project(SPEC, unsure=False)
        sandbox.fault("malformed", app="redmine", method="POST", path=r"issues\.json")
        with pytest.raises(RemoteUnavailable, match="broken JSON"):
            tracker.create_issue(task(project), unsure=False)
        assert tracker.create_issue(task(project), unsure=True).id == 1

    def test_a_key_that_was_withdrawn_does_not_pass_for_silence(self, sandbox: Sandbox) -> None:
        """A public Redmine answers 200 to a wrong key, without what is private."""
        sandbox.redmine.app.state.projects[1].is_public = True
        tracker = tracker_of(sandbox)
        cursor = tracker.start_cursor()
        tracker.create_issue(task(tracker.open_project(SPEC, unsure=False)), unsure=False)
        stranger = tracker_of(sandbox, api_key="0" * 40)
        with pytest.raises(AuthenticationFailed):
            stranger.changes(cursor)
        with pytest.raises(AuthenticationFailed):
            stranger.start_cursor()
        assert [problem.where for problem in stranger.check()] == ["redmine.api_key"]

    @pytest.mark.parametrize(
        ("code", "error"), [(404, RemoteUnavailable), (403, Forbidden), (401, AuthenticationFailed)]
    )
    def test_a_redmine_that_knows_nothing_any_more_is_not_an_issue_that_is_gone(
        self, sandbox: Sandbox, tracker: RedmineTracker, code: int, error: type[BridgeError]
    ) -> None:
        """A wrong proxy, REST switched off or a withdrawn key must end no link."""
        issue = tracker.create_issue(task(tracker.open_project(SPEC, unsure=False)), unsure=False)
        sandbox.fault("status", app="redmine", code=code, times=None)
        with pytest.raises(error):
            tracker.read_issue(issue.id)

    def test_check_tells_an_account_that_does_not_speak_english(self, sandbox: Sandbox) -> None:
        """Redmine's reasons come in the account's language, and only English ones are understood."""
        said = '{"errors":["Aktualisiert ist nicht gültig"]}'
        sandbox.fault("status", app="redmine", path=r"updated_on=no", code=422, body=said)
        problems = tracker_of(sandbox).check()
        assert [(problem.severity, "nicht gültig" in problem.what) for problem in problems] == [("warning", True)]

    def test_check_tells_an_administrators_key(self, sandbox: Sandbox) -> None:
        """It works, and is unwise."""
        problems = tracker_of(sandbox, api_key=sandbox.redmine.key("admin")).check()
        assert [problem.severity for problem in problems] == ["warning"]
        assert "administrator" in problems[0].what

    def test_check_tells_what_cannot_be_reached(self, sandbox: Sandbox) -> None:
        """As a problem, not as an exception."""
        sandbox.fault("status", app="redmine", code=503, times=None)
        assert [problem.where for problem in tracker_of(sandbox).check()] == ["redmine.url"]

    def test_a_category_that_somebody_made_at_the_same_moment_is_taken(
        self, sandbox: Sandbox, tracker: RedmineTracker
    ) -> None:
        """The list did not have it yet, and the name is taken: it is looked for once more."""
        project = tracker.open_project(SPEC, unsure=False)
        issue = tracker.create_issue(task(project), unsure=False)
        tracker.ensure_category(project.id, "Network")
        none_yet = {"code": 200, "body": '{"issue_categories": [], "total_count": 0}'}
        sandbox.fault("status", app="redmine", method="GET", path="/issue_categories", **none_yet)
        tracker.update_issue(issue.id, IssueChange(category="Network"), unsure=False)
        assert tracker.read_issue(issue.id).category == "Network"

    def test_a_page_that_somebody_wrote_at_the_same_moment_is_a_collision(
        self, sandbox: Sandbox, tracker: RedmineTracker
    ) -> None:
        """409; a second attempt merges with what they wrote."""
        project = tracker.open_project(SPEC, unsure=False)
        tracker.write_page(project.id, "Evidence", "evidence", "one")
        sandbox.fault("status", app="redmine", method="PUT", path="/wiki/", code=409)
        with pytest.raises(Collision):
            tracker.write_page(project.id, "Evidence", "evidence", "two")
        tracker.write_page(project.id, "Evidence", "evidence", "two")
        assert "two" in tracker.read_page(project.id, "Evidence").text
