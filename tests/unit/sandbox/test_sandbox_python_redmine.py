"""python-redmine 2.5.0 itself works against the sandbox."""

from __future__ import annotations

import io

import pytest
from redminelib import Redmine
from redminelib.exceptions import (
    AuthError,
    ConflictError,
    ForbiddenError,
    ImpersonateError,
    ResourceNotFoundError,
    ValidationError,
)
from sandbox_api import BEN, DEVELOPER, JANE


@pytest.fixture
def library(sandbox):
    return Redmine(sandbox.redmine.url, key=sandbox.redmine.key("itsm-sync"))


def test_a_project_with_everything_in_it(library):
    project = library.project.create(
        name="Net",
        identifier="net",
        parent_id=1,
        is_public=False,
        tracker_ids=[1, 2],
        enabled_module_names=["issue_tracking", "wiki"],
        custom_fields=[{"id": 2, "value": "CASE-1"}],
    )
    assert project.is_public is False
    member = library.project_membership.create(project_id="net", user_id=BEN, role_ids=[DEVELOPER])
    version = library.version.create(project_id="net", name="v1")
    category = library.issue_category.create(project_id="net", name="cat")
    issue = library.issue.create(
        project_id="net",
        subject="root",
        assigned_to_id=BEN,
        fixed_version_id=version.id,
        category_id=category.id,
        custom_fields=[{"id": 1, "value": "INC-1"}],
        uploads=[{"path": io.BytesIO(b"hello"), "filename": "a.txt"}],
    )
    task = library.issue.create(project_id="net", subject="task", parent_issue_id=issue.id)
    library.issue.update(task.id, notes="a note", private_notes=True)
    other = library.issue.create(project_id="net", subject="other")
    relation = library.issue_relation.create(issue_id=task.id, issue_to_id=other.id, relation_type="relates")
    shown = library.issue.get(task.id, include=["journals", "relations", "allowed_statuses"])
    assert [journal.notes for journal in shown.journals if journal.notes] == ["a note"]
    assert [row.id for row in shown.relations] == [relation.id]
    assert [child.subject for child in library.issue.get(issue.id, include=["children"]).children] == ["task"]
    assert [file.filename for file in library.issue.get(issue.id, include=["attachments"]).attachments] == ["a.txt"]
    assert [row.subject for row in library.issue.filter(cf_1="INC-1", status_id="*")] == ["root"]
    assert [row.identifier for row in library.project.all(cf_2="CASE-1")] == ["net"]
    assert {row.id for row in library.project_membership.filter(project_id="net")} > {member.id}
    assert library.project_membership.update(member.id, role_ids=[5]) is True
    assert library.project_membership.delete(member.id) is True


def test_wiki(library):
    library.wiki_page.create(project_id="operations", title="Post Mortem", text="one")
    library.wiki_page.update("Post_Mortem", project_id="operations", text="two", version=1)
    with pytest.raises(ConflictError):
        library.wiki_page.update("Post_Mortem", project_id="operations", text="three", version=1)
    assert library.wiki_page.get("Post_Mortem", project_id="operations").text == "two"
    assert [page.title for page in library.wiki_page.filter(project_id="operations")] == ["Post_Mortem"]


def test_close_and_reopen(library, sandbox):
    library.project.create(name="Net", identifier="net", parent_id=1)
    library.project.close("net")
    assert library.project.get("net").status == 5
    library.project.reopen("net")
    assert library.project.get("net").status == 1
    with pytest.raises(ForbiddenError):
        library.project.archive("net")
    Redmine(sandbox.redmine.url, key=sandbox.redmine.key("admin")).project.archive("net")
    with pytest.raises(ForbiddenError):
        library.project.get("net")


def test_paging_by_the_library(library, sync):
    for number in range(130):
        sync.issue(f"issue {number}")
    rows = list(library.issue.filter(project_id="operations", status_id="*", sort="id"))
    assert len({row.id for row in rows}) == 130


def test_time_entries_and_lists(library):
    issue = library.issue.create(project_id=1, subject="x")
    entry = library.time_entry.create(issue_id=issue.id, hours=2, activity_id=9, comments="done")
    assert library.time_entry.get(entry.id).hours == 2
    assert [row.name for row in library.role.all()] == ["Manager", "Developer", "Reporter", "Bridge"]
    assert "view_issues" in library.role.get(3).permissions
    assert [row.name for row in library.tracker.all()] == ["Bug", "Feature", "Support"]
    assert library.issue_status.all()[4].is_closed is True
    assert library.enumeration.filter(resource="issue_priorities")[1].name == "Normal"
    assert library.user.get("current").login == "itsm-sync"


def test_errors(library, sandbox):
    wrong = Redmine(sandbox.redmine.url, key="wrong")
    with pytest.raises(AuthError):
        wrong.user.get("current")
    assert list(wrong.issue.all()) == []
    with pytest.raises(ResourceNotFoundError):
        library.issue.get(99)
    with pytest.raises(ValidationError, match="Subject cannot be blank"):
        library.issue.create(project_id=1, subject="")
    with pytest.raises(ForbiddenError):
        list(library.user.all())
    issue = library.issue.create(project_id=1, subject="x")
    sandbox.fault("empty_422", app="redmine", method="PUT", path=r"/issues/\d+\.json")
    with pytest.raises(ValidationError, match=r"^$"):
        library.issue.update(issue.id, notes="collides")
    admin = sandbox.redmine.key("admin")
    assert Redmine(sandbox.redmine.url, key=admin, impersonate="jane").user.get("current").id == JANE
    with pytest.raises(ImpersonateError):
        Redmine(sandbox.redmine.url, key=admin, impersonate="nobody").user.get("current")


def test_newest_version_is_read_as_well(session):
    from bridge.sandbox import Sandbox

    with Sandbox("6.1") as sandbox:
        library = Redmine(sandbox.redmine.url, key=sandbox.redmine.key("itsm-sync"))
        issue = library.issue.create(project_id=1, subject="x")
        library.issue.update(issue.id, notes="n")
        assert [row.notes for row in library.issue.get(issue.id, include=["journals"]).journals] == ["n"]
