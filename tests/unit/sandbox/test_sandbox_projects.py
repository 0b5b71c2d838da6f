"""Redmine of the sandbox: projects and their members (redmine.md, sections 4 and 8)."""

from __future__ import annotations

import pytest
from sandbox_api import BEN, DEVELOPER, JANE, MANAGER, MIA, REPORTER


def test_created_project_is_answered_whole_with_location(sync, sandbox):
    wanted = {"name": "Net", "identifier": "net", "parent_id": 1, "is_public": False}
    wanted |= {"custom_fields": [{"id": 2, "value": "CASE-1"}], "enabled_module_names": ["issue_tracking", "wiki"]}
    wanted |= {"tracker_ids": [1, 3]}
    answer = sync("POST", "/projects.json", {"project": wanted})
    assert answer.status_code == 201
    project = answer.json()["project"]
    assert answer.headers["Location"] == f"{sandbox.redmine.url}/projects/{project['id']}"
    assert project["parent"] == {"id": 1, "name": "Operations"}
    assert project["is_public"] is False
    assert project["custom_fields"] == [{"id": 2, "name": "ITSM case", "value": "CASE-1"}]
    shown = sync.ok("GET", "/projects/net.json?include=trackers,enabled_modules")["project"]
    assert [row["name"] for row in shown["trackers"]] == ["Bug", "Support"]
    assert [row["name"] for row in shown["enabled_modules"]] == ["issue_tracking", "wiki"]


def test_projects_are_public_by_default(sync):
    assert sync.ok("POST", "/projects.json", {"project": {"name": "P", "identifier": "p", "parent_id": 1}})["project"][
        "is_public"
    ]


def test_creator_becomes_a_member_in_the_creators_role(sync, sandbox):
    sync.project("one")
    rows = sync.ok("GET", "/projects/one/memberships.json")["memberships"]
    assert [(row["user"]["name"], row["roles"][0]["name"]) for row in rows] == [("ITSM Sync", "Bridge")]
    sandbox.control.change_settings(redmine={"creator_role": ""})
    sync.project("two")
    rows = sync.ok("GET", "/projects/two/memberships.json")["memberships"]
    assert rows[0]["roles"][0]["name"] == "Manager"  # Redmine's default: the first role there is


def test_admin_who_creates_a_project_is_no_member(admin):
    admin.project("byadmin")
    assert admin.ok("GET", "/projects/byadmin/memberships.json")["memberships"] == []


@pytest.mark.parametrize(
    ("identifier", "message"),
    [
        ("operations", "Identifier has already been taken"),
        ("Capital", "Identifier is invalid"),
        ("1234", "Identifier is invalid"),
        ("a b", "Identifier is invalid"),
        ("new", "Identifier is reserved"),
        ("x" * 101, "Identifier is too long (maximum is 100 characters)"),
        ("", "Identifier cannot be blank"),
    ],
)
def test_identifiers_that_are_refused(sync, identifier, message):
    wanted = {"name": "x", "identifier": identifier, "parent_id": 1}
    assert sync.errors("POST", "/projects.json", {"project": wanted}) == [message]


@pytest.mark.parametrize("identifier", ["-x", "a_b-c", "x" * 100, "1a"])
def test_identifiers_that_are_fine(sync, identifier):
    assert sync.project(identifier)["identifier"] == identifier


def test_child_needs_add_subprojects_in_the_parent(people, sync, sandbox):
    sandbox.control.change_role("Bridge", remove=("add_subprojects",))
    assert (
        people("itsm-sync")("POST", "/projects.json", {"project": {"name": "x", "identifier": "x"}}).status_code == 403
    )
    sandbox.control.change_role("Bridge", add=("add_subprojects",))
    at_the_top = {"project": {"name": "x", "identifier": "x"}}
    assert sync.errors("POST", "/projects.json", at_the_top) == ["Subproject of is invalid"]


def test_unknown_parent_is_a_server_error_for_who_may_create_at_the_top(people, sync):
    """Measured on 5.0.4."""
    wanted = {"project": {"name": "x", "identifier": "x", "parent_id": 999}}
    assert people("jane")("POST", "/projects.json", wanted).status_code == 500
    assert sync.errors("POST", "/projects.json", wanted) == ["Subproject of is invalid"]


def test_unknown_tracker_is_404(sync):
    wanted = {"project": {"name": "x", "identifier": "x", "parent_id": 1, "tracker_ids": [99]}}
    assert sync("POST", "/projects.json", wanted).status_code == 404


def test_identifier_never_changes(sync):
    sync.project("stays")
    assert (
        sync("PUT", "/projects/stays.json", {"project": {"identifier": "other", "name": "Renamed"}}).status_code == 204
    )
    assert sync.ok("GET", "/projects/stays.json")["project"]["name"] == "Renamed"
    assert sync("GET", "/projects/other.json").status_code == 404


def test_put_answers_204_without_a_body(sync):
    answer = sync("PUT", "/projects/operations.json", {"project": {"description": "x"}})
    assert (answer.status_code, answer.content) == (204, b"")


def test_modules_are_dropped_without_the_right(sync, sandbox):
    sandbox.control.change_role("Bridge", remove=("select_project_modules",))
    sync.project("mods", enabled_module_names=["wiki"])
    shown = sync.ok("GET", "/projects/mods.json?include=enabled_modules")["project"]
    assert len(shown["enabled_modules"]) == 10


def test_for_all_fields_are_missing_in_5_0(sync):
    shown = sync.ok("GET", "/projects/operations.json?include=issue_custom_fields")["project"]
    assert shown["issue_custom_fields"] == []


def test_project_is_found_by_its_custom_field(sync):
    sync.project("a", custom_fields=[{"id": 2, "value": "CASE-1"}])
    sync.project("b", custom_fields=[{"id": 2, "value": "CASE-2"}])

    def found(query):
        return {row["identifier"] for row in sync.ok("GET", f"/projects.json?{query}")["projects"]}

    assert found("cf_2=CASE-2") == {"b"}
    assert found("cf_2=~case") == {"a", "b"}
    assert found("name=~oper") == {"operations"}
    assert found("cf_99=CASE-2") == {"operations", "a", "b"}  # an unknown filter is no filter


def test_closed_project_refuses_writes_and_hides_in_lists(sync):
    sync.project("done")
    number = sync.issue(project_id="done")
    assert sync("POST", "/projects/done/close.json").status_code == 204
    assert sync.ok("GET", "/projects/done.json")["project"]["status"] == 5
    assert sync.put(number, notes="x").status_code == 403
    assert sync("PUT", "/projects/done.json", {"project": {"name": "x"}}).status_code == 403
    assert sync("PUT", "/projects/done/wiki/X.json", {"wiki_page": {"text": "x"}}).status_code == 403
    blank = ["Project cannot be blank", "Tracker cannot be blank", "Status cannot be blank"]
    assert sync.errors("POST", "/issues.json", {"issue": {"project_id": "done", "subject": "x"}}) == blank
    assert sync.errors("POST", "/issues.json", {"issue": {"project_id": 999, "subject": "x"}}) == blank
    assert "done" not in {row["identifier"] for row in sync.ok("GET", "/projects.json")["projects"]}
    assert [row["identifier"] for row in sync.ok("GET", "/projects.json?status=5")["projects"]] == ["done"]
    assert sync("PUT", "/projects/done/reopen.json").status_code == 204
    assert sync.put(number, notes="x").status_code == 204


def test_archived_project_is_403_even_to_admins(sync, admin):
    sync.project("old")
    number = sync.issue(project_id="old")
    assert sync("PUT", "/projects/old/archive.json").status_code == 403
    assert admin("PUT", "/projects/old/archive.json").status_code == 204
    for who in (sync, admin):
        assert who("GET", "/projects/old.json").status_code == 403
        assert who("GET", f"/issues/{number}.json").status_code == 403
    assert "old" not in {row["identifier"] for row in admin.ok("GET", "/projects.json")["projects"]}
    assert sync.ids(issue_id=number) == []
    assert admin("PUT", "/projects/old/unarchive.json").status_code == 204
    assert sync.ok("GET", "/projects/old.json")["project"]["status"] == 1


def test_closing_goes_down_the_tree(sync):
    sync.project("upper")
    sync.project("lower", parent_id=2)
    sync("POST", "/projects/upper/close.json")
    assert sync.ok("GET", "/projects/lower.json")["project"]["status"] == 5


def test_membership_errors(sync):
    path = "/projects/operations/memberships.json"

    def refused(**attributes):
        return sync.errors("POST", path, {"membership": attributes})

    assert refused(user_id=BEN, role_ids=[DEVELOPER]) == ["User has already been taken"]
    assert refused(user_id=1, role_ids=[]) == ["Role cannot be empty"]
    assert refused(user_id=99, role_ids=[DEVELOPER]) == ["Principal cannot be blank"]


def test_membership_life(sync):
    sync.project("team")
    number = sync.join("team", BEN, DEVELOPER)
    assert (
        sync("PUT", f"/memberships/{number}.json", {"membership": {"role_ids": [MANAGER, REPORTER]}}).status_code == 204
    )
    shown = sync.ok("GET", f"/memberships/{number}.json")["membership"]
    assert [role["name"] for role in shown["roles"]] == ["Manager", "Reporter"]
    assert sync("DELETE", f"/memberships/{number}.json").status_code == 204
    assert sync("GET", f"/memberships/{number}.json").status_code == 404


def test_empty_roles_are_refused_and_yet_the_member_has_lost_them(sync):
    """Measured on 5.0.4."""
    sync.project("team")
    number = sync.join("team", BEN, DEVELOPER)
    assert sync.errors("PUT", f"/memberships/{number}.json", {"membership": {"role_ids": []}}) == [
        "Role cannot be empty"
    ]
    assert sync.ok("GET", f"/memberships/{number}.json")["membership"]["roles"] == []


def test_several_members_in_one_call_are_all_or_none_and_only_the_first_is_answered(sync):
    sync.project("team")
    path = "/projects/team/memberships.json"
    answer = sync("POST", path, {"membership": {"user_ids": [BEN, MIA], "role_ids": [DEVELOPER]}})
    assert answer.json()["membership"]["user"]["id"] == BEN
    assert sync("POST", path, {"membership": {"user_ids": [JANE, BEN], "role_ids": [DEVELOPER]}}).status_code == 500
    assert sync.ok("GET", path)["total_count"] == 3


def test_inherited_members(sync):
    project = sync.project("heir", inherit_members=True)
    assert project["inherit_members"] is True
    rows = sync.ok("GET", "/projects/heir/memberships.json")["memberships"]
    assert {row["user"]["name"] for row in rows} >= {"ITSM Sync", "Jane Doe", "Ben Ito"}
    assert all(role["inherited"] for row in rows for role in row["roles"])
    sync.ok("PUT", "/projects/heir.json", {"project": {"inherit_members": False}})
    assert sync("GET", "/projects/heir.json").status_code == 403  # the creator was a member by inheritance only


def test_manage_members_is_needed(people):
    wanted = {"membership": {"user_id": 1, "role_ids": [DEVELOPER]}}
    assert people("ben")("POST", "/projects/operations/memberships.json", wanted).status_code == 403
