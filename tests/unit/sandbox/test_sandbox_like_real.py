"""The sandbox answers as a real Redmine does, request by request: projects, members, wiki, time, files."""

from __future__ import annotations

import pytest
from both_redmines import SYNC
from sandbox_api import BEN, DEVELOPER, GONE, JANE, LI, MANAGER, MIA, REPORTER


def test_seed_and_rights(both):
    project = "/projects/operations"
    includes = "trackers,issue_categories,enabled_modules,issue_custom_fields,time_entry_activities"
    both.get(
        *("/users/current.json?include=memberships,groups", "/my/account.json", "/users.json", "/users/6.json"),
        *("/users/1.json", "/users/10.json", "/users/99.json", "/users/6.json?include=memberships", "/roles.json"),
        *(f"/roles/{number}.json" for number in (1, 2, 3, 4, 5, 6, 99)),
        *("/trackers.json", "/issue_statuses.json", "/enumerations/issue_priorities.json", "/custom_fields.json"),
        *("/enumerations/time_entry_activities.json", "/projects.json", "/issues.json", "/time_entries.json"),
        *(f"{project}.json?include={includes}", f"{project}/memberships.json", f"{project}/versions.json"),
        *(f"{project}/wiki/index.json", f"{project}/wiki/X.json", f"{project}/issue_categories.json"),
        *("/memberships/1.json", "/projects/none.json", "/issues/1.json", "/issues.json?project_id=operations"),
        "/nowhere.json",
        who=(SYNC, "admin", "jane", "gone", "wrong", ""),
    )


def test_projects(both):
    for who in (SYNC, "admin", "", "wrong"):
        both("POST", "/projects.json", {"project": {}}, who)
    both("POST", "/projects.json", {})
    both.project("top", parent_id="")
    both.project("top2", "jane", parent_id="")
    both.project("lost", parent_id=999)
    both.project("lost2", "jane", parent_id=999)
    both.project("bens", "ben")
    both.project("kid", custom_fields=[{"id": 2, "value": "C1"}, {"id": 99, "value": "x"}], tracker_ids=[2, 1])
    both.project("kid")
    both.project("odd", tracker_ids=[99])
    for identifier in ("Cap", "123", "a_b-c", "-x", "new", "x" * 101, "autocomplete", "ä", "a b", "x" * 100):
        both.project(identifier)
    both.project("heir", inherit_members=True, enabled_module_names=["wiki", "issue_tracking", "bogus"])
    both.project("open", is_public="1", name="x" * 256)
    both.project("open", is_public="1", description="a\nb", homepage="http://x")
    lists = ["", "cf_2=C1", "cf_2=~c", "cf_2=*", "cf_2=!*", "cf_77=1&limit=1", "name=~id", "name=kid", "status=5"]
    lists += [
        "status=1|5",
        "limit=2&offset=1&include=trackers",
        "parent_id=1",
        "is_public=0",
        "created_on=>=2020-01-01",
        "created_on=<=2020-01-01",
    ]
    lists += ["created_on=x", "id=2", "sort=name:desc", "name=~"]
    both.get(*(f"/projects.json?{query}" for query in lists), who=(SYNC, "jane", ""))
    for attributes in (
        {"description": "hello", "identifier": "zzz", "is_public": True, "custom_fields": [{"id": 2, "value": "C2"}]},
        {"name": ""},
        {"name": "Kid", "status": 5, "parent_id": ""},
        {"parent_id": 999},
        {"enabled_module_names": ["wiki", "issue_tracking"], "tracker_ids": [3, 1]},
    ):
        both("PUT", "/projects/kid.json", {"project": attributes})
        both.get("/projects/kid.json?include=trackers")
    for who in ("ben", "jane", "wrong"):
        both("PUT", "/projects/kid.json", {"project": {"name": "x"}}, who)


def test_members(both):
    both.project("kid")
    both.project("heir", inherit_members=True)
    for attributes in (
        {"user_id": JANE, "role_ids": [MANAGER]},
        {"user_id": JANE, "role_ids": [DEVELOPER]},
        {"user_id": BEN, "role_ids": []},
        {"user_id": BEN},
        {"user_id": 999, "role_ids": [DEVELOPER]},
        {"role_ids": [DEVELOPER]},
        {"user_id": BEN, "role_ids": [DEVELOPER, REPORTER, DEVELOPER, 99, 1]},
        {"user_ids": [MIA, LI], "role_ids": [DEVELOPER]},
        {"user_ids": [MIA, 1], "role_ids": [DEVELOPER]},
        {"user_ids": [1, MIA], "role_ids": [DEVELOPER]},
        {"user_id": GONE, "role_ids": [DEVELOPER]},
    ):
        both.join("kid", **attributes)
    for who in ("ben", "wrong"):
        both.join("kid", who, user_id=1, role_ids=[DEVELOPER])
    both("POST", "/projects/kid/memberships.json", {})
    rows = both("GET", "/projects/kid/memberships.json")["memberships"]
    number = next(row["id"] for row in rows if row["user"]["id"] == BEN)
    for roles in ([REPORTER], [MANAGER, DEVELOPER], [], [DEVELOPER]):
        both("PUT", f"/memberships/{number}.json", {"membership": {"role_ids": roles}})
        both.get(f"/memberships/{number}.json")
    both("PUT", f"/memberships/{number}.json", {"membership": {"user_id": 1}})
    both("PUT", f"/memberships/{number}.json", {"membership": {"role_ids": [MANAGER]}}, "ben")
    for who in ("ben", SYNC, SYNC):
        both("DELETE", f"/memberships/{number}.json", who=who)
    both.join("1", user_id=1, role_ids=[REPORTER])
    both.get("/projects/kid/memberships.json", "/projects/heir/memberships.json?limit=3&offset=1")


@pytest.mark.parametrize("end", ["close", "archive"])
def test_closed_and_archived_projects(both, end):
    both.project("end")
    number, other = both.issue(project_id="end"), both.issue(project_id="end")
    both.put(number, notes="n")
    both("PUT", "/projects/end/wiki/Home.json", {"wiki_page": {"text": "x"}})
    both("POST", "/projects/end/versions.json", {"version": {"name": "v"}})
    for who in ("", "ben", SYNC, "admin"):
        both("POST", f"/projects/end/{end}.json", who=who)
    paths = ["projects/end.json", f"issues/{number}.json?include=allowed_statuses", "projects/end/wiki/Home.json"]
    paths += ["projects/end/versions.json", "projects/end/memberships.json", "issues.json?project_id=end"]
    paths += [f"issues.json?issue_id={number}", "projects.json", "projects.json?status=5", "versions/1.json"]
    both.get(*(f"/{path}" for path in paths), who=(SYNC, "admin", "wrong"))
    for method, path, body in (
        ("PUT", "/projects/end.json", {"project": {"description": "h"}}),
        ("POST", "/issues.json", {"issue": {"project_id": "end", "subject": "x"}}),
        ("POST", "/projects/end/issues.json", {"issue": {"subject": "x"}}),
        ("PUT", f"/issues/{number}.json", {"issue": {"notes": "x"}}),
        ("PUT", "/projects/end/wiki/Home.json", {"wiki_page": {"text": "zz"}}),
        ("POST", "/projects/end/versions.json", {"version": {"name": "q"}}),
        ("POST", "/projects/end/memberships.json", {"membership": {"user_id": MIA, "role_ids": [DEVELOPER]}}),
        ("POST", f"/issues/{number}/relations.json", {"relation": {"issue_to_id": other}}),
        ("POST", f"/issues/{number}/watchers.json", {"user_id": JANE}),
        ("PUT", "/journals/1.json", {"journal": {"notes": "x"}}),
        ("POST", "/time_entries.json", {"time_entry": {"issue_id": number, "hours": 1, "activity_id": 8}}),
        ("PUT", "/projects/end/reopen.json", None),
        ("GET", "/projects/end.json", None),
    ):
        both(method, path, body)


def test_wiki_versions_categories(both):
    both.project("w")
    both.join("w", user_id=JANE, role_ids=[REPORTER])
    for title, attributes, who in (
        ("Home", {"text": "one\ntwo", "comments": "c"}, SYNC),
        ("Home", {"text": "one\ntwo"}, SYNC),
        ("Home", {"text": "one\r\ntwo"}, SYNC),
        ("Home", {"text": "two", "version": 1}, SYNC),
        ("home", {"text": "lower", "comments": "lc"}, SYNC),
        ("Post Mortem (1) ä", {"text": "x", "parent_title": "Home"}, SYNC),
        ("lower", {"text": "x", "parent_title": "Nope"}, SYNC),
        ("Home", {"text": ""}, SYNC),
        ("Home", {"text": "four", "version": "9"}, SYNC),
        ("Home", {"text": "five", "version": ""}, SYNC),
        ("Q", {"text": "x"}, "jane"),
        ("Q", {"text": "x"}, "wrong"),
        ("中文 标题", {"text": "中文"}, SYNC),
        ("a b  c", {"text": "x"}, SYNC),
    ):
        both("PUT", f"/projects/w/wiki/{title}.json", {"wiki_page": attributes}, who)
    pages = ("Home", "Home/1", "Home/9", "home", "Post_Mortem_(1)_ä", "Post%20Mortem%20(1)%20ä", "none", "index")
    both.get(*(f"/projects/w/wiki/{page}.json" for page in pages), who=(SYNC, "jane", "li", ""))
    both("DELETE", "/projects/w/wiki/Home.json")
    for attributes in (
        {"name": "v1", "due_date": "2026-12-24", "description": "d", "custom_fields": [{"id": 3, "value": "P1"}]},
        *({"name": "v1"}, {"name": "", "status": "bogus", "sharing": "bogus", "due_date": "x"}, {"name": "x" * 61}),
        {"name": "v2", "status": "closed", "sharing": "tree"},
    ):
        both("POST", "/projects/w/versions.json", {"version": attributes})
    for attributes in ({"status": "locked"}, {"status": "zz", "name": ""}, {"name": "v2"}, {"due_date": ""}):
        both("PUT", "/versions/1.json", {"version": attributes})
    both.get("/projects/w/versions.json", "/versions/1.json", "/versions/99.json", who=(SYNC, "jane", "li", ""))
    for attributes in ({"name": "net", "assigned_to_id": 5}, {"name": "net"}, {"name": ""}, {"name": "b"}):
        both("POST", "/projects/w/issue_categories.json", {"issue_category": attributes})
    both.get("/projects/w/issue_categories.json", "/issue_categories/1.json", who=(SYNC, "jane"))
    for attributes in ({"category_id": 1}, {"fixed_version_id": 2}, {"category_id": 2}):
        both.issue(project_id="w", **attributes)
    both.get("/issues.json?project_id=w&category_id=1", "/issues.json?fixed_version_id=1")


def test_time_and_files(both):
    both.project("w")
    both.join("w", user_id=JANE, role_ids=[REPORTER])
    number = both.issue(project_id="w")
    full = {"issue_id": number, "hours": 1.5, "activity_id": 9}
    for attributes, who in (
        *((full, SYNC), (full | {"comments": "hey", "spent_on": "2026-11-20"}, SYNC), (full, "jane"), (full, "li")),
        *((full | {"activity_id": ""}, SYNC), (full | {"activity_id": 99}, SYNC), (full | {"hours": ""}, SYNC)),
        *((full | {"hours": "abc"}, SYNC), (full | {"hours": -1, "spent_on": "zz"}, SYNC), (full | {"hours": 0}, SYNC)),
        *((full | {"user_id": JANE}, SYNC), (full | {"user_id": LI}, SYNC), (full | {"user_id": SYNC}, "jane")),
        *(({"hours": 1, "activity_id": 8}, SYNC), (full | {"issue_id": 999}, SYNC), ({}, SYNC), ({}, "wrong")),
        *((full | {"issue_id": "", "project_id": "w"}, SYNC), (full | {"issue_id": "", "project_id": 2}, SYNC)),
    ):
        both("POST", "/time_entries.json", {"time_entry": attributes}, who)
    queries = ("", f"?issue_id={number}", "?user_id=me", "?project_id=w", "?spent_on=2026-11-20", "?user_id=6")
    both.get(*(f"/time_entries.json{query}" for query in queries), who=(SYNC, "jane", "li"))
    both.get("/time_entries/1.json", "/time_entries/99.json", f"/issues/{number}.json", who=(SYNC, "li"))
    octets = {"Content-Type": "application/octet-stream"}
    both("POST", "/uploads.json?filename=a.txt", data=b"x", headers={"Content-Type": "text/plain"})
    both("POST", "/uploads.json?filename=a.txt", data=b"x" * (5120 * 1024 + 1), headers=octets)
    both("POST", "/uploads.json?filename=a.txt", None, "wrong", data=b"x", headers=octets)
    token = both("POST", "/uploads.json?filename=a.txt", data=b"hello", headers=octets)["upload"]["token"]
    both.put(number, notes="n", uploads=[{"token": token, "filename": "b.txt", "description": "D"}])
    both.put(number, notes="again", uploads=[{"token": token}])
    both.put(number, notes="bad", uploads=[{"token": "9.zz"}])
    both.get("/attachments/1.json", "/attachments/99.json", who=(SYNC, "li"))
