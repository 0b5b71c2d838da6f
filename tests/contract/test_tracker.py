"""What every tracker of projects promises (bridge.ports.ProjectTracker), on the sandbox and on a real Redmine."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from typing import Any

import pytest
from tests.servers.common import INSTALL_SECONDS, Caller

from bridge.clock import SystemClock
from bridge.model.errors import Forbidden, NotApplied, NotFound, Rejected, WouldLeak
from bridge.model.project import Issue, IssueChange, IssueSpec, Project, ProjectSpec
from bridge.redmine.gateway import RedmineTracker
from bridge.redmine.options import RedmineOptions
from bridge.sandbox import Sandbox

NASTY = 'Drücker „kaputt“ 打印机 😀 "quoted" \\ back\\slash {braces} %s &amp; <b>\nsecond\tline'
ORIGIN = "[bridge test · promotion 7]"
PEOPLE = ("admin", "itsm-sync", "jane", "ben", "mia", "li", "gone")


@dataclass
class Office:
    """A Redmine with the tests' seed, and the people who use it."""

    url: str
    keys: dict[str, str]

    def __post_init__(self) -> None:
        self.trackers: list[RedmineTracker] = []

    def as_user(self, login: str) -> Caller:
        """REST as that account."""
        return Caller(self.url, {"X-Redmine-API-Key": self.keys[login]})

    @property
    def admin(self) -> Caller:
        """REST as the administrator."""
        return self.as_user("admin")

    def tracker(self, **options: Any) -> RedmineTracker:
        """The bridge's view of it; `options` replace its usual ones."""
        usual = {
            "url": self.url,
            "api_key": self.keys["itsm-sync"],
            "parent_project": "operations",
            "version": "5.0",
            "creator_role": "Bridge",
        }
        made = RedmineTracker(RedmineOptions(**{**usual, **options}), SystemClock())
        self.trackers.append(made)
        return made

    def id_of(self, login: str) -> int:
        """The user id of a login; found by the administrator."""
        number: int = self.admin.ok("GET", f"/users.json?name={login}&status=")["users"][0]["id"]
        return number

    def role_of_bridge(self, project: str | int, role: str) -> None:
        """The administrator gives the bridge's account one other role in a project."""
        roles = {row["name"]: row["id"] for row in self.admin.ok("GET", "/roles.json")["roles"]}
        for member in self.admin.ok("GET", f"/projects/{project}/memberships.json?limit=100")["memberships"]:
            if member.get("user", {}).get("name") == "ITSM Sync":
                self.admin.ok("PUT", f"/memberships/{member['id']}.json", {"membership": {"role_ids": [roles[role]]}})

    def issue(self, number: int) -> dict[str, Any]:
        """An issue with its journals, as the administrator sees it."""
        found: dict[str, Any] = self.admin.ok("GET", f"/issues/{number}.json?include=journals,relations")["issue"]
        return found

    def issues(self, project: int | str) -> list[dict[str, Any]]:
        """All issues of a project, by id."""
        path = f"/issues.json?project_id={project}&status_id=*&limit=100&sort=id"
        found: list[dict[str, Any]] = self.admin.ok("GET", path)["issues"]
        return found

    def projects(self) -> list[str]:
        """The identifiers of all projects."""
        return [row["identifier"] for row in self.admin.ok("GET", "/projects.json?limit=100")["projects"]]


@pytest.fixture(
    params=[
        "sandbox",
        pytest.param("real", marks=[pytest.mark.real, pytest.mark.timeout(INSTALL_SECONDS)]),
    ]
)
def office(request: pytest.FixtureRequest) -> Iterator[Office]:
    """Redmine as delivered."""
    if request.param == "real":
        server = request.getfixturevalue("fresh_redmine")
        made = Office(server.url, {login: server.people[login].key for login in PEOPLE})
        yield made
    else:
        with Sandbox() as sandbox:
            made = Office(sandbox.redmine.url, {login: sandbox.redmine.key(login) for login in PEOPLE})
            yield made
    for tracker in made.trackers:
        tracker.close()


@pytest.fixture
def tracker(office: Office) -> RedmineTracker:
    """The bridge's view of the office."""
    return office.tracker()


@pytest.fixture
def project(tracker: RedmineTracker) -> Project:
    """A project that the bridge opened."""
    return tracker.open_project(a_project(), unsure=False)


@pytest.fixture
def issue(tracker: RedmineTracker, project: Project) -> Issue:
    """An issue that the bridge created in it."""
    return tracker.create_issue(an_issue(project), unsure=False)


def a_project(**values: Any) -> ProjectSpec:
    """A project as a promotion asks for it."""
    usual = ProjectSpec("ops-router-7", "Router keeps failing", "Five incidents in two weeks.", "operations", ORIGIN)
    return replace(usual, **values)


def an_issue(project: Project, task: str = "root", **values: Any) -> IssueSpec:
    """An issue as a promotion asks for it."""
    return replace(IssueSpec(project.id, f"Task {task}", "What to do.", f"{ORIGIN[:-1]} · task {task}]"), **values)


class TestTracker:
    """Every method, every quirk."""

    def test_check_finds_nothing_wrong_and_writes_nothing(self, office: Office) -> None:
        """A Redmine set up as documented, with every name that the settings use."""
        tracker = office.tracker(
            tracker_names=("Bug",),
            status_names=("Closed", "Rejected"),
            priority_names=("Urgent",),
            role_names=("Developer",),
            correlation_field="ITSM incident",
            custom_field_ids={"ITSM incident": 1},
        )
        assert tracker.check() == []
        assert office.projects() == ["operations"]
        assert office.issues("operations") == []

    def test_check_tells_a_wrong_key(self, office: Office) -> None:
        """Although a public Redmine answers 200 to it elsewhere."""
        problems = office.tracker(api_key="0" * 40).check()
        assert len(problems) == 1
        assert problems[0].where == "redmine.api_key"
        assert "does not accept the API key" in problems[0].what

    def test_check_names_unknown_words_and_what_they_might_mean(self, office: Office) -> None:
        """All of them at once."""
        problems = office.tracker(tracker_names=("Bugg",), status_names=("Close",), correlation_field="ITSM incidnt")
        found = {problem.where: problem for problem in problems.check()}
        assert "Did you mean “Bug”?" in found["redmine tracker"].advice
        assert "Did you mean “Closed”?" in found["redmine status"].advice
        assert found["redmine.correlation_field"].severity == "warning"

    def test_check_finds_a_correlation_field_on_any_issue(self, office: Office) -> None:
        """5.0 does not show fields “for all projects” anywhere else to a non-admin."""
        office.admin.ok("POST", "/issues.json", {"issue": {"project_id": 1, "subject": "anything"}})
        assert office.tracker(correlation_field="ITSM incident").check() == []

    def test_check_names_each_missing_right_and_where_to_give_it(self, office: Office) -> None:
        """In the parent project and in those that the bridge opens."""
        office.role_of_bridge("operations", "Reporter")
        problems = [str(problem) for problem in office.tracker(creator_role="Reporter").check()]
        assert any("“Create subprojects” in the parent project" in problem for problem in problems)
        assert any("“Set notes as private” in projects that the bridge opens" in problem for problem in problems)
        assert all("Administration → Roles and permissions → Reporter" in problem for problem in problems)

    def test_check_tells_an_archived_parent(self, office: Office) -> None:
        """Redmine says 403 to everything below it."""
        office.admin.ok("PUT", "/projects/operations/archive.json")
        problems = office.tracker().check()
        assert [problem.where for problem in problems] == ["redmine.parent_project"]
        assert "archived" in problems[0].what

    def test_check_tells_a_closed_and_a_missing_parent(self, office: Office) -> None:
        """Each in its own words."""
        office.admin.ok("PUT", "/projects/operations/close.json")
        assert "is closed" in office.tracker().check()[0].what
        assert "no such project" in office.tracker(parent_project="nowhere").check()[0].what

    def test_me_is_the_bridges_account(self, office: Office, tracker: RedmineTracker) -> None:
        """By its id."""
        assert tracker.me() == office.id_of("itsm-sync")

    def test_a_project_is_private_below_the_parent_and_says_who_made_it(
        self, office: Office, tracker: RedmineTracker
    ) -> None:
        """With exactly the modules asked for and the parent's trackers."""
        spec = a_project(name="Röuter 打印机 " + "x" * 300, description=NASTY)
        opened = tracker.open_project(spec, unsure=False)
        raw = office.admin.ok("GET", f"/projects/{opened.id}.json?include=enabled_modules,trackers")["project"]
        assert raw["is_public"] is False
        assert raw["parent"]["name"] == "Operations"
        assert raw["description"].replace("\r\n", "\n") == f"{NASTY}\n\n{ORIGIN}"
        assert {row["name"] for row in raw["enabled_modules"]} == set(spec.modules)
        assert {row["name"] for row in raw["trackers"]} == {"Bug", "Feature", "Support"}
        assert len(raw["name"]) == 255
        assert (opened.identifier, opened.public, opened.status) == ("ops-router-7", False, "active")
        assert opened.url == f"{office.url}/projects/ops-router-7"

    def test_a_project_may_be_public_when_asked(self, office: Office, tracker: RedmineTracker) -> None:
        """Only then."""
        assert tracker.open_project(a_project(public=True), unsure=False).public
        assert office.admin.ok("GET", "/projects/ops-router-7.json")["project"]["is_public"] is True

    @pytest.mark.parametrize("unsure", [True, False])
    def test_opening_again_adopts_what_an_earlier_attempt_made(
        self, office: Office, tracker: RedmineTracker, project: Project, unsure: bool
    ) -> None:
        """Whether or not the queue knows of the earlier attempt."""
        assert tracker.open_project(a_project(name="another name"), unsure=unsure) == project
        assert office.projects() == ["operations", "ops-router-7"]

    def test_an_unsure_first_attempt_creates(self, office: Office, tracker: RedmineTracker) -> None:
        """Nothing was there."""
        assert tracker.open_project(a_project(), unsure=True).identifier in office.projects()

    @pytest.mark.parametrize("unsure", [True, False])
    @pytest.mark.parametrize("description", ["", "[bridge test · promotion 77]", f"> {ORIGIN}", None])
    def test_somebody_elses_project_is_never_adopted(
        self, office: Office, tracker: RedmineTracker, unsure: bool, description: str | None
    ) -> None:
        """Only the whole origin line proves it; a quoted or a longer one does not."""
        fields = {"name": "Theirs", "identifier": "ops-router-7", "description": description}
        office.admin.ok("POST", "/projects.json", {"project": fields})
        with pytest.raises(Rejected, match="belongs to another project, “Theirs”"):
            tracker.open_project(a_project(), unsure=unsure)

    def test_an_identifier_of_an_invisible_project_is_refused(self, office: Office, tracker: RedmineTracker) -> None:
        """Archived ones keep theirs."""
        tracker.open_project(a_project(), unsure=False)
        office.admin.ok("PUT", "/projects/ops-router-7/archive.json")
        with pytest.raises(Rejected, match="may not see"):
            tracker.open_project(a_project(), unsure=True)

    def test_an_adopted_project_gets_the_modules_it_lacks(self, office: Office, tracker: RedmineTracker) -> None:
        """An attempt that ended half-way is completed; what people added stays."""
        tracker.open_project(a_project(modules=("issue_tracking", "files")), unsure=False)
        tracker.open_project(a_project(modules=("issue_tracking", "wiki")), unsure=True)
        raw = office.admin.ok("GET", "/projects/ops-router-7.json?include=enabled_modules")["project"]
        assert {row["name"] for row in raw["enabled_modules"]} == {"issue_tracking", "files", "wiki"}

    def test_without_the_right_no_project_is_created(self, office: Office, tracker: RedmineTracker) -> None:
        """And the missing right is named."""
        office.role_of_bridge("operations", "Developer")
        with pytest.raises(Forbidden, match="Create subprojects"):
            tracker.open_project(a_project(), unsure=False)
        assert office.projects() == ["operations"]

    @pytest.mark.parametrize(("action", "word"), [("close", "closed"), ("archive", "archived")])
    @pytest.mark.parametrize("warm", [True, False])
    def test_a_parent_that_is_closed_or_archived_is_told(
        self, office: Office, tracker: RedmineTracker, action: str, word: str, warm: bool
    ) -> None:
        """Whether or not it was read before."""
        if warm:
            tracker.open_project(a_project(identifier="ops-earlier-6"), unsure=False)
        office.admin.ok("PUT", f"/projects/operations/{action}.json")
        with pytest.raises(Forbidden, match=word):
            tracker.open_project(a_project(), unsure=False)

    def test_closing_and_reopening_a_project(self, tracker: RedmineTracker, project: Project) -> None:
        """Read back; twice is as good as once."""
        assert tracker.close_project(project.id).status == "closed"
        assert tracker.close_project(project.id).status == "closed"
        assert tracker.reopen_project(project.id).status == "active"
        assert tracker.reopen_project(project.id).status == "active"
        assert tracker.project("ops-router-7") == project

    def test_a_project_that_is_gone_or_archived(
        self, office: Office, tracker: RedmineTracker, project: Project
    ) -> None:
        """Two different errors."""
        with pytest.raises(NotFound):
            tracker.project(9999)
        office.admin.ok("PUT", f"/projects/{project.id}/archive.json")
        with pytest.raises(Forbidden, match="archived"):
            tracker.project(project.id)

    def test_an_issue_costs_one_request_and_comes_back_as_asked(
        self, office: Office, tracker: RedmineTracker, project: Project, issue: Issue
    ) -> None:
        """The 201 body is the read-back."""
        tracker.create_issue(an_issue(project, "warm", tracker="Bug", priority="High", private=True), unsure=False)
        before = tracker.requests
        made = tracker.create_issue(
            an_issue(
                project,
                "1",
                subject=" Task\0 \n" + "ü" * 300,
                description=NASTY + "\0",
                tracker="feature",
                priority="Urgent",
                parent_id=issue.id,
                start=date(2026, 11, 23),
                due=date(2026, 12, 4),
                estimate=7.25,
                private=True,
            ),
            unsure=False,
        )
        assert tracker.requests == before + 1
        raw = office.issue(made.id)
        assert raw["subject"] == "Task " + "ü" * 249 + "…"
        assert raw["description"].replace("\r\n", "\n") == f"{NASTY}\n\n[bridge test · promotion 7 · task 1]"
        assert (raw["tracker"]["name"], raw["priority"]["name"], raw["parent"]["id"]) == ("Feature", "Urgent", issue.id)
        assert (raw["start_date"], raw["due_date"], raw["estimated_hours"]) == ("2026-11-23", "2026-12-04", 7.25)
        assert raw["is_private"] is True
        assert "assigned_to" not in raw
        # which statuses may follow is told to who asks for them
        assert made == replace(tracker.read_issue(made.id), updated_at=made.updated_at, allowed=made.allowed)
        assert (made.start, made.due, made.parent_id, made.private) == (
            date(2026, 11, 23),
            date(2026, 12, 4),
            issue.id,
            True,
        )

    def test_an_unsure_attempt_finds_its_issue_again(
        self, office: Office, tracker: RedmineTracker, project: Project
    ) -> None:
        """By the whole origin line, also when it was closed, moved down the list or edited."""
        specs = [an_issue(project, task) for task in ("1", "12", "2")]
        made = [tracker.create_issue(spec, unsure=True) for spec in specs]
        office.admin.ok("PUT", f"/issues/{made[0].id}.json", {"issue": {"subject": "renamed", "status_id": 5}})
        assert [tracker.create_issue(spec, unsure=True).id for spec in specs] == [one.id for one in made]
        assert len(office.issues(project.id)) == 3

    def test_an_unsure_attempt_finds_its_issue_by_the_correlation_field(self, office: Office, project: Project) -> None:
        """Also when somebody rewrote the description; in one request."""
        tracker = office.tracker(correlation_field="ITSM incident", custom_field_ids={"ITSM incident": 1})
        spec = an_issue(project)
        made = tracker.create_issue(spec, unsure=False)
        assert office.issue(made.id)["custom_fields"][0]["value"] == spec.origin
        office.admin.ok("PUT", f"/issues/{made.id}.json", {"issue": {"description": "rewritten"}})
        before = tracker.requests
        assert tracker.create_issue(spec, unsure=True).id == made.id
        assert tracker.requests == before + 1
        assert tracker.create_issue(an_issue(project, "other"), unsure=True).id != made.id

    def test_a_filter_that_redmine_ignores_leads_to_no_foreign_issue(
        self, office: Office, tracker: RedmineTracker, project: Project
    ) -> None:
        """A field that is no filter gives all issues: each row is looked at, then the descriptions."""
        made = tracker.create_issue(an_issue(project, "1"), unsure=False)
        blind = office.tracker(correlation_field="Unfilterable", custom_field_ids={"Unfilterable": 99})
        assert blind.create_issue(an_issue(project, "1"), unsure=True).id == made.id
        with pytest.raises(NotApplied, match="custom field 99"):
            blind.create_issue(an_issue(project, "2"), unsure=True)
        # it is there all the same: a retry takes it
        assert blind.create_issue(an_issue(project, "2"), unsure=True).id == office.issues(project.id)[-1]["id"]

    def test_custom_fields_are_written_by_name(self, office: Office, project: Project, issue: Issue) -> None:
        """Their ids are found on any visible issue."""
        tracker = office.tracker()
        made = tracker.create_issue(an_issue(project, "1", custom_fields={"ITSM severity": "high"}), unsure=False)
        values = {field["name"]: field["value"] for field in office.issue(made.id)["custom_fields"]}
        assert values["ITSM severity"] == "high"
        with pytest.raises(Rejected, match="not included in the list"):
            tracker.create_issue(an_issue(project, "2", custom_fields={"ITSM severity": "awful"}), unsure=False)
        with pytest.raises(Rejected, match="“ITSM colour”"):
            tracker.create_issue(an_issue(project, "3", custom_fields={"ITSM colour": "red"}), unsure=False)

    def test_an_ignored_tracker_is_told(self, office: Office, tracker: RedmineTracker, project: Project) -> None:
        """Redmine answers 201 and takes another one."""
        office.admin.ok("PUT", f"/projects/{project.id}.json", {"project": {"tracker_ids": [1]}})
        with pytest.raises(NotApplied, match=r"tracker: wanted 2, got 1 \(the project does not have this tracker"):
            tracker.create_issue(an_issue(project, tracker="Feature"), unsure=False)

    def test_an_unknown_name_is_told_before_anything_is_sent(
        self, office: Office, tracker: RedmineTracker, project: Project
    ) -> None:
        """With the one that was probably meant."""
        with pytest.raises(Rejected, match="Did you mean “Feature”"):
            tracker.create_issue(an_issue(project, tracker="Faeture"), unsure=False)
        with pytest.raises(Rejected, match="there is no priority"):
            tracker.create_issue(an_issue(project, priority="Highest of all"), unsure=False)
        assert office.issues(project.id) == []

    def test_a_private_issue_is_refused_where_it_would_be_public(
        self, office: Office, tracker: RedmineTracker, project: Project
    ) -> None:
        """Before it is created."""
        office.role_of_bridge(project.id, "Developer")
        with pytest.raises(WouldLeak, match="before anything was created"):
            office.tracker().create_issue(an_issue(project, private=True), unsure=False)
        assert office.issues(project.id) == []

    def test_writing_to_a_closed_project_is_told(self, tracker: RedmineTracker, project: Project, issue: Issue) -> None:
        """Redmine says 403 to one and “Project cannot be blank” to the other."""
        tracker.close_project(project.id)
        for write in (
            lambda: tracker.create_issue(an_issue(project, "late"), unsure=False),
            lambda: tracker.update_issue(issue.id, IssueChange(note="late"), unsure=False),
            lambda: tracker.write_page(project.id, "Late", "late", "late"),
        ):
            with pytest.raises(Forbidden, match="is closed"):
                write()
        assert tracker.read_issue(issue.id).subject == "Task root"

    def test_an_issue_that_is_gone_or_archived_is_not_found(
        self, office: Office, tracker: RedmineTracker, project: Project, issue: Issue
    ) -> None:
        """So that its link can end."""
        with pytest.raises(NotFound):
            tracker.read_issue(9999)
        office.admin.ok("PUT", f"/projects/{project.id}/archive.json")
        with pytest.raises(NotFound, match="archived"):
            tracker.read_issue(issue.id)

    def test_relations_are_made_once(self, office: Office, tracker: RedmineTracker, project: Project) -> None:
        """The same again is success, whichever way round."""
        one, two, three = (tracker.create_issue(an_issue(project, t), unsure=False).id for t in ("1", "2", "3"))
        tracker.relate(one, two, "precedes", 2)
        tracker.relate(one, two, "precedes", 2)
        tracker.relate(two, one, "relates")
        tracker.relate(three, one, "blocks")
        relations = office.issue(one)["relations"]
        assert {(r["issue_id"], r["issue_to_id"], r["relation_type"], r["delay"]) for r in relations} == {
            (one, two, "precedes", 2),
            (three, one, "blocks", None),
        }

    def test_an_impossible_relation_is_refused(self, tracker: RedmineTracker, project: Project) -> None:
        """With Redmine's own reason."""
        one, two = (tracker.create_issue(an_issue(project, t), unsure=False).id for t in ("1", "2"))
        child = tracker.create_issue(an_issue(project, "3", parent_id=one), unsure=False).id
        tracker.relate(one, two, "precedes")
        with pytest.raises(Rejected, match="subtask"):
            tracker.relate(one, child, "blocks")
        with pytest.raises(Rejected, match="circular"):
            tracker.relate(two, child, "precedes")
        with pytest.raises(Rejected, match="circular"):
            tracker.relate(two, one, "precedes")
        with pytest.raises(Rejected, match="cannot be blank"):
            tracker.relate(one, 9999, "relates")

    def test_people_become_members_once(self, office: Office, tracker: RedmineTracker, project: Project) -> None:
        """Being one already is success, also with another role."""
        jane = office.id_of("jane")
        tracker.add_member(project.id, jane, "Developer")
        tracker.add_member(project.id, jane, "Developer")
        tracker.add_member(project.id, jane, "Manager")
        rows = office.admin.ok("GET", f"/projects/{project.id}/memberships.json")["memberships"]
        assert [r["roles"] for r in rows if r["user"]["id"] == jane] == [[{"id": 4, "name": "Developer"}]]

    def test_locked_and_unknown_people_are_refused(
        self, office: Office, tracker: RedmineTracker, project: Project
    ) -> None:
        """Redmine itself would make a locked one a member without a word."""
        for user in (office.id_of("gone"), 9999):
            with pytest.raises(Rejected, match="locked or does not exist"):
                tracker.add_member(project.id, user, "Developer")
        with pytest.raises(Rejected, match="there is no role"):
            tracker.add_member(project.id, office.id_of("jane"), "Developper")
        rows = office.admin.ok("GET", f"/projects/{project.id}/memberships.json")["memberships"]
        assert [row["user"]["name"] for row in rows] == ["ITSM Sync"]

    def test_a_missing_right_to_add_members_is_named(
        self, office: Office, tracker: RedmineTracker, project: Project
    ) -> None:
        """Not only “403”."""
        office.role_of_bridge(project.id, "Developer")
        with pytest.raises(Forbidden, match="Manage members"):
            tracker.add_member(project.id, office.id_of("jane"), "Developer")

    def test_a_change_costs_two_requests_and_returns_its_journals(
        self, office: Office, tracker: RedmineTracker, project: Project, issue: Issue
    ) -> None:
        """Redmine splits a private note from the fields: both journals are this write's, nobody else's is."""
        jane = office.id_of("jane")
        tracker.add_member(project.id, jane, "Developer")
        tracker.update_issue(issue.id, IssueChange(status="New", note="first", note_key="first"), unsure=False)
        office.admin.ok("PUT", f"/issues/{issue.id}.json", {"issue": {"notes": "mine [k 1]", "done_ratio": 10}})
        change = IssueChange("In Progress", jane, f"{NASTY}\n[k 1]", note_private=True, note_key="[k 1]")
        before = tracker.requests
        changed, journals = tracker.update_issue(issue.id, change, unsure=False)
        assert tracker.requests == before + 2
        assert (changed.status, changed.assignee_id, changed.assignee_name) == ("In Progress", jane, "Jane Doe")
        raw = office.issue(issue.id)["journals"]
        assert [(j["notes"] or "", j["private_notes"]) for j in raw[2:]] == [("", False), (f"{NASTY}\n[k 1]", True)]
        assert [journal.id for journal in journals] == [raw[2]["id"], raw[3]["id"]]
        assert journals[0].changes["status_id"] == ("1", "2")
        assert journals[1].notes == f"{NASTY}\n[k 1]"
        assert journals[1].private
        assert journals[1].user_id == tracker.me()
        assert journals[1].created_at.tzinfo is UTC
        assert abs((journals[1].created_at - datetime.now(UTC)).total_seconds()) < 300

    def test_an_unsure_change_sends_only_what_is_missing(
        self, office: Office, tracker: RedmineTracker, issue: Issue
    ) -> None:
        """And nothing when nothing is."""
        whole = IssueChange(status="In Progress", note="hello [k 1]", note_key="[k 1]")
        tracker.update_issue(issue.id, IssueChange(status="In Progress"), unsure=False)
        _, first = tracker.update_issue(issue.id, whole, unsure=True)
        before, journals = tracker.requests, len(office.issue(issue.id)["journals"])
        _, again = tracker.update_issue(issue.id, whole, unsure=True)
        assert again == first
        assert tracker.requests == before + 1
        assert len(office.issue(issue.id)["journals"]) == journals == 2

    def test_a_note_that_somebody_quotes_is_not_taken_for_the_bridges_own(
        self, office: Office, tracker: RedmineTracker, issue: Issue
    ) -> None:
        """An answer with our key in it does not prove that we wrote ours."""
        office.admin.ok("PUT", f"/issues/{issue.id}.json", {"issue": {"notes": "> hello [k 1]\nyes"}})
        _, journals = tracker.update_issue(issue.id, IssueChange(note="hello [k 1]", note_key="[k 1]"), unsure=True)
        assert [journal.user_id for journal in journals] == [tracker.me()]
        assert [j["notes"] for j in office.issue(issue.id)["journals"]] == ["> hello [k 1]\nyes", "hello [k 1]"]

    def test_a_public_note_is_public(self, office: Office, tracker: RedmineTracker, issue: Issue) -> None:
        """As asked."""
        _, journals = tracker.update_issue(issue.id, IssueChange(note="for all", note_private=False), unsure=False)
        assert [journal.private for journal in journals] == [False]
        assert office.issue(issue.id)["journals"][0]["private_notes"] is False

    def test_an_assignee_can_be_cleared(
        self, office: Office, tracker: RedmineTracker, project: Project, issue: Issue
    ) -> None:
        """By 0; None leaves it."""
        jane = office.id_of("jane")
        tracker.add_member(project.id, jane, "Developer")
        tracker.update_issue(issue.id, IssueChange(assignee_id=jane), unsure=False)
        assert tracker.update_issue(issue.id, IssueChange(status="In Progress"), unsure=False)[0].assignee_id == jane
        assert tracker.update_issue(issue.id, IssueChange(assignee_id=0), unsure=False)[0].assignee_id is None

    def test_an_assignee_who_is_no_member_is_refused(
        self, office: Office, tracker: RedmineTracker, issue: Issue
    ) -> None:
        """With what would help."""
        with pytest.raises(Rejected, match=r"Assignee is invalid.*member of the project"):
            tracker.update_issue(issue.id, IssueChange(assignee_id=office.id_of("ben")), unsure=False)

    def test_a_status_that_the_workflow_forbids_is_told(
        self, office: Office, tracker: RedmineTracker, project: Project, issue: Issue
    ) -> None:
        """Redmine says 204 and does nothing."""
        office.role_of_bridge(project.id, "Developer")
        with pytest.raises(NotApplied) as caught:
            tracker.update_issue(issue.id, IssueChange(status="Rejected"), unsure=False)
        assert "The workflow forbids New → Rejected" in caught.value.what
        assert "allowed: New, In Progress, Resolved, Feedback, Closed" in caught.value.what

    def test_a_status_held_up_by_subtasks_or_blockers_is_told(self, tracker: RedmineTracker, project: Project) -> None:
        """By their numbers."""
        one, blocker = (tracker.create_issue(an_issue(project, t), unsure=False).id for t in ("1", "2"))
        tracker.relate(blocker, one, "blocks")
        with pytest.raises(NotApplied, match=f"blocked by #{blocker}"):
            tracker.update_issue(one, IssueChange(status="Closed"), unsure=False)
        tracker.update_issue(blocker, IssueChange(status="Closed"), unsure=False)
        child = tracker.create_issue(an_issue(project, "3", parent_id=one), unsure=False).id
        with pytest.raises(NotApplied, match=f"subtasks #{child} are still open"):
            tracker.update_issue(one, IssueChange(status="Closed"), unsure=False)
        tracker.update_issue(child, IssueChange(status="Closed"), unsure=False)
        assert tracker.update_issue(one, IssueChange(status="Closed"), unsure=False)[0].closed

    def test_a_private_note_is_refused_where_it_would_be_public(
        self, office: Office, project: Project, issue: Issue
    ) -> None:
        """Before anything is written; a public one is not."""
        office.role_of_bridge(project.id, "Reporter")
        tracker = office.tracker()
        with pytest.raises(WouldLeak, match="before anything was written"):
            tracker.update_issue(issue.id, IssueChange(note="secret"), unsure=False)
        assert office.issue(issue.id)["journals"] == []
        tracker.update_issue(issue.id, IssueChange(note="open", note_private=False), unsure=False)
        assert [j["notes"] for j in office.issue(issue.id)["journals"]] == ["open"]

    def test_a_page_keeps_what_people_wrote_around_the_bridges_section(
        self, office: Office, tracker: RedmineTracker, project: Project
    ) -> None:
        """Umlauts, blanks and all; the same text again makes no new version."""
        path = f"/projects/{project.id}/wiki/Evidence_ä_(1).json"
        tracker.write_page(project.id, "evidence ä, (1)", "evidence", "h2. Evidence\n\n* RT #1")
        text = office.admin.ok("GET", path)["wiki_page"]["text"]
        office.as_user("admin").ok("PUT", path, {"wiki_page": {"text": f"Before.\r\n\r\n{text}\r\n\r\nAfter {NASTY}"}})
        tracker.write_page(project.id, "evidence ä, (1)", "evidence", "h2. Evidence\n\n* RT #1\n* RT #2")
        tracker.write_page(project.id, "evidence ä, (1)", "other", "h2. Other")
        before = tracker.read_page(project.id, "evidence ä, (1)")
        assert before.text.startswith("Before.")
        assert "* RT #2" in before.text
        assert before.text.count("h2. Evidence") == 1
        assert f"After {NASTY}" in before.text.replace("\r\n", "\n")
        assert before.version == 4
        requests = tracker.requests
        tracker.write_page(project.id, "evidence ä, (1)", "evidence", "h2. Evidence\n\n* RT #1\n* RT #2")
        assert tracker.requests == requests + 1
        assert tracker.read_page(project.id, "evidence ä, (1)").version == 4

    def test_a_page_that_is_not_there_has_version_0(self, tracker: RedmineTracker, project: Project) -> None:
        """And no text."""
        page = tracker.read_page(project.id, "Nothing here")
        assert (page.text, page.version) == ("", 0)

    def test_changes_below_the_parent_are_followed(
        self, office: Office, tracker: RedmineTracker, project: Project, issue: Issue
    ) -> None:
        """Closed ones and those of people as well; not what is elsewhere."""
        cursor = tracker.start_cursor()
        office.admin.ok("POST", "/projects.json", {"project": {"name": "Else", "identifier": "elsewhere"}})
        office.admin.ok("POST", "/issues.json", {"issue": {"project_id": "elsewhere", "subject": "else"}})
        office.admin.ok("PUT", f"/issues/{issue.id}.json", {"issue": {"status_id": 5}})
        mine = office.admin.ok("POST", "/issues.json", {"issue": {"project_id": project.id, "subject": "mine"}})
        page = tracker.changes(cursor)
        found = {changed.id: changed for changed in page.issues}
        assert set(found) == {issue.id, mine["issue"]["id"]}
        assert (found[issue.id].status, found[issue.id].closed) == ("Closed", True)
        assert found[issue.id].project_id == project.id
        assert found[issue.id].updated_at == tracker.read_issue(issue.id).updated_at

    def test_more_changes_than_a_page_holds(self, office: Office, tracker: RedmineTracker, project: Project) -> None:
        """All of them, read by id."""
        cursor = tracker.start_cursor()
        for number in range(105):
            tracker.create_issue(an_issue(project, str(number)), unsure=False)
        assert len({changed.id for changed in tracker.changes(cursor).issues}) == 105
        assert tracker.create_issue(an_issue(project, "104"), unsure=True).subject == "Task 104"
        assert len(office.issues(project.id)) == 100

    def test_the_parent_gone_is_an_error_and_not_silence(self, office: Office, tracker: RedmineTracker) -> None:
        """A side that suddenly returns nothing must stop the sync."""
        cursor = tracker.start_cursor()
        office.admin.ok("PUT", "/projects/operations/archive.json")
        with pytest.raises(Forbidden, match="archived"):
            tracker.changes(cursor)
