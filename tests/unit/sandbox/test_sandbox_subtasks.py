"""Redmine of the sandbox: parents and children, closing and moving."""

from __future__ import annotations


def test_new_child_moves_the_parents_updated_on(sync, sandbox):
    number = sync.issue()
    sandbox.clock.advance(60)
    child = sync.issue(parent_issue_id=number)
    issue = sync.get(number, "journals,children")
    assert issue["updated_on"] == "2026-11-20T08:01:00Z"
    assert issue["journals"][0]["details"][0]["name"] == "child_id"
    assert [row["id"] for row in issue["children"]] == [child]


def test_parent_takes_priority_dates_and_progress_from_its_children(sync):
    number = sync.issue(priority_id=1)
    sync.issue(parent_issue_id=number, priority_id=4, start_date="2026-12-01", due_date="2026-12-04", estimated_hours=8)
    half = {"start_date": "2026-12-07", "due_date": "2026-12-08", "estimated_hours": 2, "done_ratio": 50}
    sync.issue(parent_issue_id=number, **half)
    sync.put(number, priority_id=1, start_date="2026-01-01", due_date="2026-01-01", done_ratio=99, subject="renamed")
    issue = sync.get(number)
    assert (issue["subject"], issue["priority"]["name"], issue["done_ratio"]) == ("renamed", "Urgent", 10)
    assert (issue["start_date"], issue["due_date"], issue["total_estimated_hours"]) == (
        "2026-12-01",
        "2026-12-08",
        10.0,
    )


def test_parent_with_an_open_child_is_not_closed_and_a_closed_parent_keeps_its_children_closed(sync):
    parent = sync.issue()
    child = sync.issue(parent_issue_id=parent)
    assert sync.put(parent, status_id=5).status_code == 204
    assert sync.get(parent)["status"]["name"] == "New"
    sync.put(child, status_id=5)
    sync.put(parent, status_id=5)
    assert sync.get(parent)["status"]["name"] == "Closed"
    assert sync.put(child, status_id=1).status_code == 204
    assert sync.get(child)["status"]["name"] == "Closed"
    refused = sync.errors(
        "POST", "/issues.json", {"issue": {"project_id": 1, "subject": "x", "parent_issue_id": parent}}
    )
    assert refused == ["An open issue cannot be attached to a closed parent task"]


def test_subtasks_need_the_right(sync, sandbox):
    parent = sync.issue()
    sandbox.control.change_role("Bridge", remove=("manage_subtasks",))
    assert "parent" not in sync.get(sync.issue(parent_issue_id=parent))


def test_circles_of_parents_are_refused(sync):
    upper = sync.issue()
    lower = sync.issue(parent_issue_id=upper)
    for parent in (upper, lower):
        wanted = {"issue": {"parent_issue_id": parent}}
        assert sync.errors("PUT", f"/issues/{upper}.json", wanted) == ["Parent task is invalid"]


def test_closed_on_is_the_last_closing_and_stays_on_reopening(sync, sandbox):
    number = sync.issue()
    sync.put(number, status_id=5)
    sandbox.clock.advance(3600)
    sync.put(number, status_id=1)
    assert sync.get(number)["closed_on"] == "2026-11-20T08:00:00Z"
    sync.put(number, status_id=6)
    assert sync.get(number)["closed_on"] == "2026-11-20T09:00:00Z"


def test_closing_closes_duplicates_with_the_same_note(sync):
    number, twin = sync.issue(), sync.issue()
    sync.relate(twin, number, "duplicates")
    sync.put(number, status_id=5, notes="done")
    issue = sync.get(twin, "journals")
    assert (issue["status"]["name"], issue["journals"][-1]["notes"]) == ("Closed", "done")


def test_moved_issue_loses_category_and_relations_to_the_old_project(sync):
    sync.project("other")
    sync("POST", "/projects/1/issue_categories.json", {"issue_category": {"name": "net"}})
    number, left = sync.issue(category_id=1), sync.issue()
    child = sync.issue(parent_issue_id=number)
    sync.relate(number, left)
    sync.put(number, project_id="other")
    issue = sync.get(number, "relations")
    assert issue["project"]["name"] == "Other"
    assert "category" not in issue
    assert "relations" not in issue
    assert sync.get(child)["project"]["name"] == "Other"
    assert issue["custom_fields"][0]["value"] == ""  # null before


def test_deleting_a_parent_deletes_its_children(sync, admin):
    parent = sync.issue()
    child = sync.issue(parent_issue_id=parent)
    assert sync("DELETE", f"/issues/{parent}.json").status_code == 403
    assert admin("DELETE", f"/issues/{parent}.json").status_code == 204
    assert sync("GET", f"/issues/{child}.json").status_code == 404
