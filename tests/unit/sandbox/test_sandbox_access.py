"""Redmine of the sandbox: who is let in, and what a refusal looks like (redmine.md, section 4)."""

from __future__ import annotations

import base64

import pytest
import requests
from sandbox_api import BEN, DEVELOPER, JANE, REPORTER


@pytest.mark.parametrize("path", ["/users/current.json", "/my/account.json"])
@pytest.mark.parametrize("key", ["wrong", ""])
def test_wrong_key_where_login_is_needed_is_401_with_challenge_and_no_body(people, path, key):
    answer = people(key)("GET", path)
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"] == 'Basic realm="Redmine API"'
    assert answer.content == b""


def test_wrong_key_on_public_lists_is_200_as_nobody(people, admin):
    """The trap: an empty list looks like an empty Redmine."""
    admin.issue("hidden")
    for path, key in (("/issues.json", "issues"), ("/projects.json", "projects")):
        answer = people("wrong")("GET", path)
        assert answer.status_code == 200
        assert answer.json()[key] == []


def test_wrong_key_sees_public_projects(people, admin):
    admin.issue("open to all", project_id=admin.project("public", is_public=True)["id"])
    assert [row["subject"] for row in people("wrong").ok("GET", "/issues.json")["issues"]] == ["open to all"]


def test_missing_project_is_404_also_with_a_wrong_key_and_a_private_one_401(people):
    assert people("wrong")("GET", "/projects/none.json").status_code == 404
    assert people("wrong")("GET", "/projects/operations.json").status_code == 401


def test_valid_key_without_the_right_is_403_with_empty_body(people, sync):
    for path in ("/users.json", "/custom_fields.json"):
        answer = sync("GET", path)
        assert (answer.status_code, answer.content) == (403, b"")
    answer = people("ben")("POST", "/projects.json", {"project": {"name": "x", "identifier": "x"}})
    assert answer.status_code == 403


def test_admin_lists_users_and_custom_fields(admin):
    logins = {user["login"] for user in admin.ok("GET", "/users.json")["users"]}
    assert logins == {"admin", "itsm-sync", "jane", "ben", "mia", "li"}
    assert {user["login"] for user in admin.ok("GET", "/users.json?status=3")["users"]} == {"gone"}
    fields = {
        field["name"]: field["customized_type"] for field in admin.ok("GET", "/custom_fields.json")["custom_fields"]
    }
    assert fields["ITSM incident"] == "issue"
    assert fields["ITSM case"] == "project"


@pytest.mark.parametrize(
    "path", ["/projects/99.json", "/issues/99.json", "/projects/operations/wiki/None.json", "/users/99.json"]
)
def test_missing_things_are_404_with_empty_body(sync, path):
    answer = sync("GET", path)
    assert (answer.status_code, answer.content) == (404, b"")


def test_keys_by_parameter_and_basic(sandbox, sync):
    key = sync.headers["X-Redmine-API-Key"]
    url = sandbox.redmine.url + "/users/current.json"
    assert requests.get(url, params={"key": key}, timeout=10).json()["user"]["login"] == "itsm-sync"
    assert requests.get(url, auth=(key, "anything"), timeout=10).json()["user"]["login"] == "itsm-sync"
    assert requests.get(url, auth=("jane", "secret-pass-1"), timeout=10).json()["user"]["login"] == "jane"
    assert requests.get(url, auth=("jane", "wrong"), timeout=10).status_code == 401
    broken = {"Authorization": "Basic " + base64.b64encode(b"\xff\xfe:x").decode()}
    assert requests.get(url, headers=broken, timeout=10).status_code == 401


def test_locked_account_has_no_key(people):
    assert people("gone")("GET", "/users/current.json").status_code == 401


def test_locked_account_is_404_to_others(sync, admin):
    assert sync("GET", "/users/10.json").status_code == 404
    assert admin.ok("GET", "/users/10.json")["user"]["status"] == 3


def test_switch_user_counts_for_admins_only(admin, sync):
    as_jane = {"X-Redmine-Switch-User": "jane"}
    assert admin.ok("GET", "/users/current.json", headers=as_jane)["user"]["login"] == "jane"
    assert sync.ok("GET", "/users/current.json", headers=as_jane)["user"]["login"] == "itsm-sync"
    unknown = admin("GET", "/users/current.json", headers={"X-Redmine-Switch-User": "nobody"})
    assert (unknown.status_code, unknown.content) == (412, b"")
    assert admin("GET", "/users/current.json", headers={"X-Redmine-Switch-User": "gone"}).status_code == 412


def test_own_memberships_tell_the_roles(sync):
    memberships = sync.ok("GET", "/users/current.json?include=memberships")["user"]["memberships"]
    assert [(row["project"]["name"], row["roles"][0]["name"]) for row in memberships] == [("Operations", "Bridge")]


def test_role_shows_its_permissions_to_anybody(sync):
    role = sync.ok("GET", "/roles/6.json")["role"]
    assert "add_subprojects" in role["permissions"]
    assert "set_notes_private" in role["permissions"]
    assert [row["name"] for row in sync.ok("GET", "/roles.json")["roles"]] == [
        "Manager",
        "Developer",
        "Reporter",
        "Bridge",
    ]


def test_private_issue_is_seen_by_author_assignee_and_all_viewers_only(people, sync):
    number = sync.issue("secret", is_private=True, assigned_to_id=BEN)
    assert people("ben").get(number)["is_private"] is True  # assignee
    assert people("jane").get(number)  # Manager: sees all
    assert people("mia")("GET", f"/issues/{number}.json").status_code == 403
    assert people("mia").ids() == []
    assert people("wrong")("GET", f"/issues/{number}.json").status_code == 401


def test_private_project_is_seen_by_members_only(people, sync):
    sync.project("inner")
    assert people("ben")("GET", "/projects/inner.json").status_code == 403
    assert "inner" not in {row["identifier"] for row in people("ben").ok("GET", "/projects.json")["projects"]}
    sync.join("inner", BEN, DEVELOPER)
    assert people("ben").ok("GET", "/projects/inner.json")["project"]["is_public"] is False


def test_private_notes_are_seen_by_who_may(people, sync):
    sync.project("inner")
    sync.join("inner", JANE, REPORTER)
    sync.join("inner", BEN, DEVELOPER)
    number = sync.issue(project_id="inner")
    sync.put(number, notes="between us", private_notes=True)
    assert [row["notes"] for row in people("ben").journals(number)] == ["between us"]
    assert people("jane").journals(number) == []


def test_path_without_json_is_406_for_an_api_client(sync):
    number = sync.issue()
    assert sync("GET", f"/issues/{number}", headers={"Accept": "application/json"}).status_code == 406
    assert sync("GET", "/nowhere.json").status_code == 404


def test_malformed_json_is_400_html_and_other_content_types_are_not_read(sync):
    bad = sync("POST", "/issues.json", data="{bad", headers={"Content-Type": "application/json"})
    assert (bad.status_code, bad.headers["Content-Type"], bad.content) == (400, "text/html; charset=utf-8", b"")
    text = '{"issue": {"project_id": 1, "subject": "x"}}'
    plain = sync("POST", "/issues.json", data=text, headers={"Content-Type": "text/plain"})
    assert plain.status_code == 422


def test_etag_and_304(sync):
    number = sync.issue()
    first = sync("GET", f"/issues/{number}.json")
    again = sync("GET", f"/issues/{number}.json", headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    sync.put(number, subject="changed")
    assert sync("GET", f"/issues/{number}.json", headers={"If-None-Match": first.headers["ETag"]}).status_code == 200
