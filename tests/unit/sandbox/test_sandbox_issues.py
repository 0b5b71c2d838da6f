"""Redmine of the sandbox: what happens to an issue that is written, above all what happens silently."""

from __future__ import annotations

import pytest
from sandbox_api import BEN, DEVELOPER, GONE, JANE, LI, REPORTER


def test_created_issue_is_answered_whole_but_for_the_spent_hours(sync, sandbox):
    wanted = {"project_id": 1, "subject": "CPU", "description": "a\nb", "tracker_id": 2, "priority_id": 4}
    wanted |= {"custom_fields": [{"id": 1, "value": "INC-1"}], "estimated_hours": "2h30", "assigned_to_id": BEN}
    answer = sync("POST", "/issues.json", {"issue": wanted})
    issue = answer.json()["issue"]
    assert answer.status_code == 201
    assert answer.headers["Location"] == f"{sandbox.redmine.url}/issues/{issue['id']}"
    assert issue["description"] == "a\r\nb"
    assert (issue["tracker"]["name"], issue["priority"]["name"]) == ("Feature", "Urgent")
    assert issue["status"] == {"id": 1, "name": "New", "is_closed": False}
    assert issue["estimated_hours"] == 2.5
    assert issue["start_date"] == "2026-11-20"  # the server's day
    assert issue["custom_fields"][0] == {"id": 1, "name": "ITSM incident", "value": "INC-1"}
    assert "spent_hours" not in issue
    assert sync.get(issue["id"])["spent_hours"] == 0.0


@pytest.mark.parametrize(
    ("attributes", "message"),
    [
        ({"subject": ""}, "Subject cannot be blank"),
        ({"subject": "x" * 256}, "Subject is too long (maximum is 255 characters)"),
        ({"assigned_to_id": 999}, "Assignee is invalid"),
        ({"assigned_to_id": GONE}, "Assignee is invalid"),
        ({"parent_issue_id": 999}, "Parent task is invalid"),
        ({"custom_fields": [{"id": 5, "value": "bogus"}]}, "Itsm severity is not included in the list"),
        ({"done_ratio": 150}, "% Done is not included in the list"),
        ({"start_date": "nope"}, "Start date is not a valid date"),
        ({"due_date": "2026-02-31"}, "Due date is not a valid date"),
        ({"start_date": "2026-01-10", "due_date": "2026-01-01"}, "Due date must be greater than start date"),
        ({"estimated_hours": "abc"}, "Estimated time is invalid"),
        ({"priority_id": 99}, "Priority cannot be blank"),
        ({"fixed_version_id": 99}, "Target version is not included in the list"),
        ({"category_id": 99}, "Category is not included in the list"),
    ],
)
def test_values_that_are_refused_on_create_and_update(sync, attributes, message):
    """Both with the real 5.0.4's words."""
    number = sync.issue()
    base = {"project_id": 1, "subject": "x"}
    assert sync.errors("POST", "/issues.json", {"issue": base | attributes}) == [message]
    assert sync.errors("PUT", f"/issues/{number}.json", {"issue": attributes}) == [message]


@pytest.mark.parametrize(
    "attributes",
    [
        {"tracker_id": 99},
        {"status_id": 99},
        {"status_id": "In Progress"},
        {"created_on": "2020-01-01T00:00:00Z"},
        {"author_id": JANE},
        {"custom_fields": [{"id": 99, "value": "x"}]},
        {"project_id": 999},
        {"nonsense": 1},
    ],
)
def test_values_that_are_silently_ignored(sync, attributes):
    number = sync.issue()
    before = sync.get(number)
    assert sync.put(number, **attributes).status_code == 204
    assert sync.get(number) == before
    created = sync.get(sync.issue(**({} if "project_id" in attributes else attributes)))
    assert {**created, "id": before["id"]} == before


def test_tracker_that_the_project_does_not_have_is_ignored(sync):
    sync.project("bugs", tracker_ids=[1])
    assert sync.get(sync.issue(project_id="bugs", tracker_id=2))["tracker"]["name"] == "Bug"


def test_status_on_create_needs_the_workflow_of_new_issues(sync, people):
    """The bridge's role may begin anywhere; Redmine's default roles begin as New whatever is sent."""
    assert sync.get(sync.issue(status_id=3))["status"]["name"] == "Resolved"
    assert sync.get(people("jane").issue(status_id=3))["status"]["name"] == "New"


def test_status_that_the_workflow_forbids_is_204_and_unchanged(sync, people):
    number = sync.issue()
    ben = people("ben")
    assert [row["id"] for row in ben.get(number, "allowed_statuses")["allowed_statuses"]] == [1, 2, 3, 4, 5]
    assert ben.put(number, status_id=6).status_code == 204
    assert sync.get(number)["status"]["name"] == "New"
    assert sync.journals(number) == []


def test_admin_has_the_workflows_of_all_roles(admin):
    number = admin.issue()
    assert len(admin.get(number, "allowed_statuses")["allowed_statuses"]) == 6


def test_fields_that_the_workflow_makes_read_only_are_dropped(sync, sandbox):
    number = sync.issue()
    sandbox.control.change_role("Bridge", readonly=["due_date", "1"])
    assert (
        sync.put(number, due_date="2027-01-01", custom_fields=[{"id": 1, "value": "x"}], subject="new").status_code
        == 204
    )
    issue = sync.get(number)
    assert (issue["subject"], issue["due_date"], issue["custom_fields"][0]["value"]) == ("new", None, None)


def test_reporter_may_comment_but_not_change(sync, people):
    sync.project("inner")
    sync.join("inner", JANE, REPORTER)
    number = sync.issue("as it was", project_id="inner")
    assert people("jane").put(number, subject="other", notes="a note").status_code == 204
    issue = sync.get(number, "journals")
    assert issue["subject"] == "as it was"
    assert [(row["user"]["id"], row["notes"], row["details"]) for row in issue["journals"]] == [(JANE, "a note", [])]


def test_journal_names_what_changed(sync):
    number = sync.issue("before")
    sync.put(number, subject="after", status_id=2, notes="why\nso 😀", custom_fields=[{"id": 1, "value": "INC-7"}])
    (journal,) = sync.journals(number)
    assert journal["notes"] == "why\nso 😀"
    assert journal["details"] == [
        {"property": "attr", "name": "subject", "old_value": "before", "new_value": "after"},
        {"property": "attr", "name": "status_id", "old_value": "1", "new_value": "2"},
        {"property": "cf", "name": "1", "old_value": None, "new_value": "INC-7"},
    ]


def test_private_note_with_a_change_becomes_two_journals(sync):
    number = sync.issue()
    sync.put(number, notes="for us", private_notes=True, priority_id=3)
    public, private = sync.journals(number)
    assert (public["notes"], public["private_notes"], len(public["details"])) == (None, False, 1)
    assert (private["notes"], private["private_notes"], private["details"]) == ("for us", True, [])


def test_private_note_without_the_right_is_stored_public(sync, sandbox):
    number = sync.issue()
    sandbox.control.change_role("Bridge", remove=("set_notes_private",))
    assert sync.put(number, notes="not so private", private_notes=True).status_code == 204
    assert [(row["notes"], row["private_notes"]) for row in sync.journals(number)] == [("not so private", False)]


def test_private_issue_without_the_right_is_stored_public(sync, sandbox):
    sandbox.control.change_role("Bridge", remove=("set_issues_private", "set_own_issues_private"))
    assert sync.get(sync.issue(is_private=True))["is_private"] is False


def test_edited_note_does_not_touch_the_issue(sync, sandbox):
    number = sync.issue()
    sync.put(number, notes="first")
    (journal,) = sync.journals(number)
    before = sync.get(number)["updated_on"]
    sandbox.clock.advance(60)
    assert sync("PUT", f"/journals/{journal['id']}.json", {"journal": {"notes": "second"}}).status_code == 204
    assert [row["notes"] for row in sync.journals(number)] == ["second"]
    assert "updated_on" not in sync.journals(number)[0]  # 5.0 gives no sign of it
    assert sync.get(number)["updated_on"] == before
    sync("PUT", f"/journals/{journal['id']}.json", {"journal": {"notes": ""}})
    assert sync.journals(number) == []


def test_others_notes_need_the_right(people, sync):
    number = sync.issue()
    sync.put(number, notes="mine")
    (journal,) = sync.journals(number)
    assert people("ben")("PUT", f"/journals/{journal['id']}.json", {"journal": {"notes": "x"}}).status_code == 403


def test_stale_lock_version_is_422_without_a_word(sync):
    number = sync.issue()
    sync.put(number, notes="moves the version on")
    assert sync.errors("PUT", f"/issues/{number}.json", {"issue": {"lock_version": 0, "notes": "late"}}) == []
    assert len(sync.journals(number)) == 1
    assert "lock_version" not in sync.get(number)


@pytest.mark.parametrize("attributes", [{}, {"notes": ""}, {"subject": "same"}])
def test_put_that_changes_nothing_moves_updated_on_without_a_journal(sync, sandbox, attributes):
    """The echo loop of 5.0 and 6.0."""
    number = sync.issue("same")
    sandbox.clock.advance(60)
    sync.put(number, **attributes)
    issue = sync.get(number, "journals")
    assert (issue["updated_on"], issue["journals"]) == ("2026-11-20T08:01:00Z", [])


def test_what_does_not_move_updated_on(sync, sandbox):
    number, other = sync.issue(), sync.issue()
    before = sync.get(number)["updated_on"]
    sandbox.clock.advance(60)
    assert sync.relate(number, other).status_code == 201
    spent = {"issue_id": number, "hours": 1, "activity_id": 9}
    assert sync("POST", "/time_entries.json", {"time_entry": spent}).status_code == 201
    assert sync("POST", f"/issues/{number}/watchers.json", {"user_id": JANE}).status_code == 204
    issue = sync.get(number, "journals,watchers")
    assert issue["updated_on"] == before
    assert JANE in {row["id"] for row in issue["watchers"]}
    assert issue["journals"][0]["details"][0]["property"] == "relation"
    assert issue["spent_hours"] == 1.0


def test_assignee_of_the_category_is_the_default(sync):
    sync("POST", "/projects/1/issue_categories.json", {"issue_category": {"name": "net", "assigned_to_id": BEN}})
    assert sync.get(sync.issue(category_id=1))["assigned_to"]["id"] == BEN


def test_assigning_and_taking_away(sync, people):
    number = sync.issue(assigned_to_id=LI)
    people("ben").put(number, assigned_to_id="me")
    assert sync.get(number)["assigned_to"] == {"id": BEN, "name": "Ben Ito"}
    sync.put(number, assigned_to_id="")
    assert "assigned_to" not in sync.get(number)


def test_first_contributor_watches(sync):
    """Not the creator as such (5.0.4): whoever writes a journal and may add watchers."""
    number = sync.issue()
    assert sync.get(number, "watchers")["watchers"] == []
    sync.put(number, notes="x")
    assert [row["name"] for row in sync.get(number, "watchers")["watchers"]] == ["ITSM Sync"]


def test_unknown_watcher_on_create_is_404(sync):
    wanted = {"project_id": 1, "subject": "x", "watcher_user_ids": [99]}
    assert sync("POST", "/issues.json", {"issue": wanted}).status_code == 404


def test_watchers_are_added_and_dropped(sync, admin):
    number = sync.issue()
    sync.ok("POST", f"/issues/{number}/watchers.json", {"user_id": JANE})
    assert sync("DELETE", f"/issues/{number}/watchers/{JANE}.json").status_code == 403
    assert admin("DELETE", f"/issues/{number}/watchers/{JANE}.json").status_code == 204
    assert admin("DELETE", f"/issues/{number}/watchers/99.json").status_code == 404
    assert sync.get(number, "watchers")["watchers"] == []


def test_texts_are_kept_as_sent(sync):
    subject = " 中文 😀\ttab "
    assert sync.get(sync.issue(subject, description="x" * 300_000))["subject"] == subject


def test_non_member_acts_in_public_projects_by_the_non_member_role(people, sync):
    sync.project("open", is_public=True)
    number = people("ben").issue("from outside", project_id="open", is_private=True)
    issue = sync.get(number)
    assert (issue["author"]["id"], issue["is_private"]) == (BEN, False)
    assert people("ben").put(number, subject="changed", notes="only this").status_code == 204
    assert sync.get(number)["subject"] == "from outside"


def test_user_who_may_not_see_the_issue_gets_403(people, sync):
    sync.project("inner")
    number = sync.issue(project_id="inner")
    sync.join("inner", BEN, DEVELOPER)
    assert people("mia").put(number, notes="x").status_code == 403
    assert people("").put(number, notes="x").status_code == 401
