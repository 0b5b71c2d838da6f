"""What the project where candidates are decided needs of a tracker, on the sandbox and on a real Redmine."""

from __future__ import annotations

from datetime import date

import pytest
from tests.contract.test_tracker import Office, an_issue, issue, office, project, tracker

from bridge.model.errors import Forbidden, NotApplied, NotFound
from bridge.model.project import Issue, IssueChange, Project
from bridge.redmine.gateway import RedmineTracker

__all__ = ["issue", "office", "project", "tracker"]


def names(rows: frozenset[str]) -> list[str]:
    return sorted(rows)


def test_roles_of_members_by_user(office: Office, tracker: RedmineTracker) -> None:
    """Read afresh each time: who lost the role cannot decide any more."""
    jane, ben = office.id_of("jane"), office.id_of("ben")
    found = tracker.roles("operations")
    assert (names(found[jane]), names(found[ben])) == (["Manager"], ["Developer"])
    assert office.id_of("admin") not in found
    rows = office.admin.ok("GET", "/projects/operations/memberships.json?limit=100")["memberships"]
    member = next(row["id"] for row in rows if row["user"]["id"] == jane)
    office.admin.ok("PUT", f"/memberships/{member}.json", {"membership": {"role_ids": [4, 5]}})
    assert names(tracker.roles("operations")[jane]) == ["Developer", "Reporter"]


def test_inherited_roles_count(office: Office, tracker: RedmineTracker) -> None:
    """A subproject that inherits its members has theirs."""
    fields = {"name": "Intake", "identifier": "intake", "parent_id": 1, "inherit_members": True, "is_public": False}
    office.admin.ok("POST", "/projects.json", {"project": fields})
    assert names(tracker.roles("intake")[office.id_of("jane")]) == ["Manager"]


def test_roles_of_a_project_that_cannot_be_seen(office: Office, tracker: RedmineTracker) -> None:
    """Missing, or somebody else's."""
    with pytest.raises(NotFound):
        tracker.roles("nowhere")
    fields = {"name": "Theirs", "identifier": "theirs", "is_public": False}
    office.admin.ok("POST", "/projects.json", {"project": fields})
    with pytest.raises((Forbidden, NotFound)):
        tracker.roles("theirs")


def test_names_of_statuses_by_the_ids_of_journals(office: Office, tracker: RedmineTracker, issue: Issue) -> None:
    """So that a journal's change can be read."""
    office.as_user("itsm-sync").ok("PUT", f"/issues/{issue.id}.json", {"issue": {"status_id": 3}})
    (journal,) = tracker.read_issue(issue.id).journals
    found = tracker.status_names()
    assert [found[value] for value in journal.changes["status_id"]] == ["New", "Resolved"]


def test_changes_of_one_project_alone(office: Office, tracker: RedmineTracker, project: Project, issue: Issue) -> None:
    """Neither what lies above it nor below; the parent's own cursor still has everything."""
    start, everything = tracker.start_cursor("ops-router-7"), tracker.start_cursor()
    other = office.admin.ok("POST", "/issues.json", {"issue": {"project_id": 1, "subject": "elsewhere"}})["issue"]["id"]
    mine = tracker.create_issue(an_issue(project, "1"), unsure=False).id
    page = tracker.changes(start, "ops-router-7")
    assert {row.id for row in page.issues} - {issue.id} == {mine}
    assert {other, mine} <= {row.id for row in tracker.changes(everything).issues}


def test_due_date_and_description_of_an_issue(office: Office, tracker: RedmineTracker, issue: Issue) -> None:
    """Set, read back, told as our own journal, not sent twice, cleared."""
    change = IssueChange(due="2027-05-01", description="Objective: quiet\n\nmore")
    changed, journals = tracker.update_issue(issue.id, change, unsure=False)
    assert (changed.due, changed.description) == (date(2027, 5, 1), "Objective: quiet\n\nmore")
    assert [set(journal.changes) for journal in journals] == [{"due_date", "description"}]
    before = office.issue(issue.id)["updated_on"]
    _, again = tracker.update_issue(issue.id, change, unsure=True)
    assert again == journals
    assert office.issue(issue.id)["updated_on"] == before
    assert len(office.issue(issue.id)["journals"]) == 1
    cleared, _ = tracker.update_issue(issue.id, IssueChange(due=""), unsure=False)
    assert cleared.due is None


def test_a_due_date_that_comes_from_the_subtasks_is_told(
    tracker: RedmineTracker, project: Project, issue: Issue
) -> None:
    """Redmine ignores it with 204."""
    tracker.create_issue(an_issue(project, "1", parent_id=issue.id, due=date(2027, 3, 1)), unsure=False)
    with pytest.raises(NotApplied, match="the due date was not applied"):
        tracker.update_issue(issue.id, IssueChange(due="2027-05-01"), unsure=False)


def test_an_issue_tells_its_author(office: Office, tracker: RedmineTracker) -> None:
    """Who nominated, and when."""
    body = {"issue": {"project_id": 1, "subject": "Mail is slow"}}
    made = office.as_user("ben").ok("POST", "/issues.json", body)["issue"]
    found = tracker.read_issue(made["id"])
    assert (found.author_id, found.author_name) == (office.id_of("ben"), "Ben Ito")
    assert found.created_at is not None
    assert found.created_at.isoformat() == made["created_on"].replace("Z", "+00:00")


def test_check_looks_at_the_intake_project(office: Office) -> None:
    """Missing, not a member, public, a role that does not exist; nothing when all is well."""
    fields = {"name": "Intake", "identifier": "intake", "is_public": True}
    number = office.admin.ok("POST", "/projects.json", {"project": fields})["project"]["id"]
    told = [str(p) for p in office.tracker(intake_project="intake", approver_role="Manger").check()]
    assert any("is public" in line for line in told)
    assert any("no role “Manger”: nobody can decide. (Did you mean “Manager”" in line for line in told)
    assert any("is no member of “Intake”" in line for line in told)
    office.admin.ok("PUT", f"/projects/{number}.json", {"project": {"is_public": False}})
    roles = {row["name"]: row["id"] for row in office.admin.ok("GET", "/roles.json")["roles"]}
    member = {"user_id": office.id_of("itsm-sync"), "role_ids": [roles["Bridge"]]}
    office.admin.ok("POST", f"/projects/{number}/memberships.json", {"membership": member})
    assert office.tracker(intake_project="intake", approver_role="Manager").check() == []
    assert "no such project" in str(office.tracker(intake_project="nowhere", approver_role="Manager").check()[0])
