"""Redmine of the sandbox: wiki, versions, categories, spent time, files and the administrator's lists."""

from __future__ import annotations

import hashlib

import pytest
from sandbox_api import BEN, JANE, LI, REPORTER


def page(sync, title, **attributes):
    return sync("PUT", f"/projects/operations/wiki/{title}.json", {"wiki_page": attributes})


def test_wiki_page_is_made_and_changed(sync):
    made = page(sync, "Home", text="one\ntwo", comments="first")
    assert (made.status_code, made.headers["Location"]) == (201, "/projects/operations/wiki/Home")
    assert made.json()["wiki_page"]["version"] == 1
    changed = page(sync, "Home", text="three")
    assert (changed.status_code, changed.content) == (204, b"")
    now = sync.ok("GET", "/projects/operations/wiki/home.json")["wiki_page"]
    assert (now["text"], now["version"], now["comments"], now["author"]["name"]) == ("three", 2, None, "ITSM Sync")
    old = sync.ok("GET", "/projects/operations/wiki/Home/1.json")["wiki_page"]
    assert (old["text"], old["comments"]) == ("one\ntwo", "first")


def test_same_wiki_text_is_204_and_no_new_version(sync):
    page(sync, "Home", text="same")
    assert page(sync, "Home", text="same").status_code == 204
    assert sync.ok("GET", "/projects/operations/wiki/Home.json")["wiki_page"]["version"] == 1


def test_stale_wiki_version_is_409_without_a_body(sync):
    page(sync, "Home", text="one")
    assert page(sync, "Home", text="two", version=1).status_code == 204
    stale = page(sync, "Home", text="three", version=1)
    assert (stale.status_code, stale.content) == (409, b"")
    assert sync.ok("GET", "/projects/operations/wiki/Home.json")["wiki_page"]["text"] == "two"


def test_wiki_titles_are_normalised(sync):
    assert page(sync, "Post Mortem (1) ä", text="x").json()["wiki_page"]["title"] == "Post_Mortem_(1)_ä"
    assert page(sync, "lower  case", text="x").json()["wiki_page"]["title"] == "Lower_case"


def test_wiki_parents_and_index(sync):
    page(sync, "Home", text="x")
    page(sync, "Below", text="x", parent_title="Home")
    rows = sync.ok("GET", "/projects/operations/wiki/index.json")["wiki_pages"]
    assert [(row["title"], row.get("parent")) for row in rows] == [("Below", {"title": "Home"}), ("Home", None)]
    unknown = page(sync, "Other", text="x", parent_title="Nope")
    assert (unknown.status_code, unknown.json()) == (422, {"errors": []})
    assert page(sync, "Empty", text="").json() == {"errors": ["Text field cannot be blank"]}


def test_wiki_needs_rights(sync, people):
    sync.project("inner")
    sync.join("inner", JANE, REPORTER)
    wanted = {"wiki_page": {"text": "x"}}
    assert people("jane")("PUT", "/projects/inner/wiki/X.json", wanted).status_code == 403
    page(sync, "Kept", text="x")
    assert sync("DELETE", "/projects/operations/wiki/Kept.json").status_code == 403
    assert people("ben")("DELETE", "/projects/operations/wiki/Kept.json").status_code == 204


def test_versions(sync):
    path = "/projects/operations/versions.json"
    made = sync.ok(
        "POST", path, {"version": {"name": "v1", "due_date": "2026-12-24", "custom_fields": [{"id": 3, "value": "P1"}]}}
    )
    version = made["version"]
    assert (version["status"], version["due_date"], version["sharing"]) == ("open", "2026-12-24", "none")
    assert version["custom_fields"][0]["value"] == "P1"
    assert sync.errors("POST", path, {"version": {"name": "v1"}}) == ["Name has already been taken"]
    wrong = {"name": "", "status": "bogus", "due_date": "x"}
    blank = ["Name cannot be blank", "Due date is not a valid date", "Status is not included in the list"]
    assert sync.errors("POST", path, {"version": wrong}) == blank
    number = sync.issue(fixed_version_id=version["id"])
    assert sync("PUT", f"/versions/{version['id']}.json", {"version": {"status": "closed"}}).status_code == 204
    assert sync.get(number)["fixed_version"]["name"] == "v1"
    refused = {"issue": {"project_id": 1, "subject": "x", "fixed_version_id": version["id"]}}
    assert sync.errors("POST", "/issues.json", refused) == ["Target version is not included in the list"]
    rows = sync.ok("GET", f"{path}?limit=1")
    assert list(rows) == ["versions", "total_count"]  # no pages


def test_categories(sync):
    path = "/projects/operations/issue_categories.json"
    made = sync("POST", path, {"issue_category": {"name": "net", "assigned_to_id": BEN}})
    assert (made.status_code, made.headers["Location"]) == (201, "/issue_categories/1")
    assert sync.errors("POST", path, {"issue_category": {"name": "net"}}) == ["Name has already been taken"]
    assert sync.ok("GET", path)["issue_categories"][0]["assigned_to"]["name"] == "Ben Ito"
    assert sync.ok("GET", "/issue_categories/1.json")["issue_category"]["name"] == "net"


def test_spent_time(sync):
    number = sync.issue()

    def refused(**attributes):
        return sync.errors("POST", "/time_entries.json", {"time_entry": attributes})

    assert refused(issue_id=number, hours=1) == ["Activity cannot be blank"]
    assert refused(issue_id=number, activity_id=9) == ["Hours cannot be blank"]
    assert refused(issue_id=number, activity_id=99, hours=1) == ["Activity is not included in the list"]
    assert refused(issue_id=999, activity_id=9, hours=1) == [
        "Project cannot be blank",
        "Project is invalid",
        "Issue is invalid",
    ]
    spent = {"issue_id": number, "hours": "1h30", "activity_id": 9, "user_id": LI, "spent_on": "2026-11-19"}
    entry = sync.ok("POST", "/time_entries.json", {"time_entry": spent})["time_entry"]
    assert (entry["hours"], entry["user"]["id"], entry["spent_on"]) == (1.5, LI, "2026-11-19")
    rows = sync.ok("GET", f"/time_entries.json?issue_id={number}")
    assert [row["id"] for row in rows["time_entries"]] == [entry["id"]]
    assert sync.ok("GET", f"/time_entries.json?user_id={BEN}")["total_count"] == 0


def test_spent_time_of_others_needs_the_right(people, sync):
    wanted = {"issue_id": sync.issue(), "hours": 1, "activity_id": 9, "user_id": LI}
    assert people("ben").errors("POST", "/time_entries.json", {"time_entry": wanted}) == ["User is invalid"]


def upload(sync, content, kind="application/octet-stream", name="a.txt"):
    return sync("POST", f"/uploads.json?filename={name}", data=content, headers={"Content-Type": kind})


def test_upload_gives_a_token_that_works_once(sync):
    answer = upload(sync, b"hello")
    token = answer.json()["upload"]["token"]
    assert (answer.status_code, token) == (201, f"1.{hashlib.sha256(b'hello').hexdigest()}")
    number = sync.issue()
    files = [{"token": token, "filename": "b.txt", "content_type": "text/plain", "description": "D"}]
    assert sync.put(number, notes="with a file", uploads=files).status_code == 204
    issue = sync.get(number, "attachments,journals")
    (attached,) = issue["attachments"]
    assert (attached["filename"], attached["filesize"], attached["description"]) == ("b.txt", 5, "D")
    assert issue["journals"][0]["details"] == [
        {"property": "attachment", "name": "1", "old_value": None, "new_value": "b.txt"}
    ]
    download = sync("GET", attached["content_url"].removeprefix(sync.url))
    assert download.content == b"hello"
    again = sync.put(number, notes="not saved", uploads=files)
    assert (again.status_code, again.json()) == (422, {"errors": ["1 file(s) could not be saved."]})
    assert len(sync.journals(number)) == 1


def test_uploads_of_another_type_or_too_large(sync, people):
    other = upload(sync, b"x", "text/plain")
    assert (other.status_code, other.content) == (406, b"")
    large = upload(sync, b"x" * (5120 * 1024 + 1))
    message = "This file cannot be uploaded because it exceeds the maximum allowed file size (5242880)"
    assert (large.status_code, large.json()) == (422, {"errors": [message]})
    assert upload(people("wrong"), b"x").status_code == 401


@pytest.mark.parametrize(
    ("path", "key", "names"),
    [
        ("/trackers.json", "trackers", ["Bug", "Feature", "Support"]),
        (
            "/issue_statuses.json",
            "issue_statuses",
            ["New", "In Progress", "Resolved", "Feedback", "Closed", "Rejected"],
        ),
        (
            "/enumerations/issue_priorities.json",
            "issue_priorities",
            ["Low", "Normal", "High", "Urgent", "Immediate"],
        ),
        ("/enumerations/time_entry_activities.json", "time_entry_activities", ["Design", "Development"]),
    ],
)
def test_lists_of_the_administrator(sync, path, key, names):
    assert [row["name"] for row in sync.ok("GET", path)[key]] == names


def test_statuses_tell_whether_they_close(sync):
    rows = sync.ok("GET", "/issue_statuses.json")["issue_statuses"]
    assert {row["name"] for row in rows if row["is_closed"]} == {"Closed", "Rejected"}
