"""Redmine of the sandbox: relations and what `precedes` does to dates."""

from __future__ import annotations

import pytest
from sandbox_api import BEN, JANE, REPORTER


def errors(answer):
    assert answer.status_code == 422, answer.text
    return answer.json()["errors"]


def test_relation_is_seen_from_both_sides(sync, sandbox):
    first, second = sync.issue(), sync.issue()
    answer = sync.relate(second, first)
    wanted = {"id": 1, "issue_id": first, "issue_to_id": second, "relation_type": "relates", "delay": None}
    assert (answer.status_code, answer.json()["relation"]) == (201, wanted)
    assert answer.headers["Location"] == f"{sandbox.redmine.url}/relations/1"
    for number in (first, second):
        assert sync.ok("GET", f"/issues/{number}/relations.json")["relations"] == [wanted]
        assert sync.get(number, "relations")["relations"] == [wanted]
    assert sync.ok("GET", "/relations/1.json")["relation"] == wanted
    assert sync("DELETE", "/relations/1.json").status_code == 204
    assert sync("GET", "/relations/1.json").status_code == 404
    assert "relations" not in sync.get(first, "relations")


@pytest.mark.parametrize(
    ("kind", "stored"), [("blocked", "blocks"), ("follows", "precedes"), ("duplicated", "duplicates")]
)
def test_reversed_kinds_are_stored_the_other_way_round(sync, kind, stored):
    first, second = sync.issue(), sync.issue()
    row = sync.relate(first, second, kind).json()["relation"]
    assert (row["issue_id"], row["issue_to_id"], row["relation_type"]) == (second, first, stored)


def test_one_relation_per_pair_whatever_the_kind(sync):
    first, second = sync.issue(), sync.issue()
    sync.relate(first, second, "blocks")
    assert errors(sync.relate(first, second)) == ["Related issue has already been taken"]
    assert errors(sync.relate(second, first)) == ["This relation would create a circular dependency"]
    assert errors(sync.relate(second, first, "blocked")) == ["has already been taken"]


def test_relations_that_make_no_sense(sync):
    parent, other = sync.issue(), sync.issue()
    child = sync.issue(parent_issue_id=parent)
    assert errors(sync.relate(parent, child)) == ["An issue cannot be linked to one of its subtasks"]
    assert errors(sync.relate(parent, 999)) == ["Related issue cannot be blank"]
    assert errors(sync.relate(parent, parent)) == ["Related issue is invalid"]
    assert errors(sync.relate(parent, other, "bogus")) == ["Relation type is not included in the list"]
    assert errors(sync.relate(parent, other, "precedes", delay="x")) == ["Delay is not a number"]


def test_circles(sync):
    a, b, c = sync.issue(), sync.issue(), sync.issue()
    circle = ["This relation would create a circular dependency"]
    for kind in ("precedes", "blocks"):
        first, second, third = (a, b, c) if kind == "precedes" else (c, a, b)
        sync.relate(first, second, kind)
        if kind == "precedes":
            sync.relate(second, third, kind)
            assert errors(sync.relate(third, first, kind)) == circle
        assert errors(sync.relate(second, first, kind)) == circle


def test_projects_are_not_crossed_unless_the_setting_allows_it(sync, sandbox):
    sync.project("other")
    here, there = sync.issue(), sync.issue(project_id="other")
    assert errors(sync.relate(here, there)) == ["Related issue doesn't belong to the same project"]
    sandbox.control.change_settings(redmine={"cross_project_issue_relations": True})
    assert sync.relate(here, there).status_code == 201


def test_precedes_moves_the_follower_over_the_weekend(sync, sandbox):
    first = sync.issue(start_date="2026-12-01", due_date="2026-12-04")  # ends on a Friday
    follower = sync.issue(start_date="2026-12-01", due_date="2026-12-02")
    sandbox.clock.advance(60)
    assert sync.relate(first, follower, "precedes").json()["relation"]["delay"] == 0
    issue = sync.get(follower, "journals")
    assert (issue["start_date"], issue["due_date"]) == ("2026-12-07", "2026-12-08")
    assert issue["updated_on"] == "2026-11-20T08:01:00Z"
    (journal,) = issue["journals"]
    assert [detail["name"] for detail in journal["details"]] == ["due_date", "start_date", "follows"]


def test_follower_follows_later_changes_both_ways_and_passes_them_on(sync):
    first = sync.issue(start_date="2026-12-01", due_date="2026-12-04")
    second = sync.issue(start_date="2026-12-01", due_date="2026-12-02")
    third = sync.issue(start_date="2026-12-01")
    sync.relate(first, second, "precedes")
    sync.relate(second, third, "precedes", delay=2)
    assert sync.get(third)["start_date"] == "2026-12-11"
    sync.put(first, due_date="2026-12-11")
    assert sync.get(second)["start_date"] == "2026-12-14"
    sync.put(first, due_date="2026-12-02")
    assert sync.get(second)["start_date"] == "2026-12-03"
    assert sync.get(third)["start_date"] == "2026-12-09"
    too_early = sync.put(second, start_date="2026-12-01")
    assert errors(too_early) == ["Start date cannot be earlier than 12/03/2026 because of preceding issues"]


def test_moved_parent_moves_its_first_children(sync):
    first = sync.issue(start_date="2026-12-01", due_date="2026-12-04")
    parent = sync.issue()
    child = sync.issue(parent_issue_id=parent, start_date="2026-12-01", due_date="2026-12-02")
    sync.relate(first, parent, "precedes")
    assert sync.get(child)["start_date"] == "2026-12-07"
    assert sync.get(parent)["start_date"] == "2026-12-07"


def test_blocked_issue_is_not_closed(sync):
    blocker, blocked = sync.issue(), sync.issue()
    sync.relate(blocker, blocked, "blocks")
    assert sync.put(blocked, status_id=5).status_code == 204
    assert sync.get(blocked, "allowed_statuses")["status"]["name"] == "New"
    assert 5 not in {row["id"] for row in sync.get(blocked, "allowed_statuses")["allowed_statuses"]}
    sync.put(blocker, status_id=5)
    sync.put(blocked, status_id=5)
    assert sync.get(blocked)["status"]["name"] == "Closed"


def test_relations_need_the_right_and_hide_what_may_not_be_seen(sync, people):
    sync.project("inner")
    sync.join("inner", JANE, REPORTER)
    first, second = sync.issue(project_id="inner"), sync.issue(project_id="inner", is_private=True)
    sync.relate(first, second)
    jane = people("jane")
    assert jane.relate(first, second).status_code == 403
    assert "relations" not in jane.get(first, "relations")
    assert jane("GET", "/relations/1.json").status_code == 403
    assert len(sync.journals(first)) == 1
    assert jane.journals(first) == []


def test_missing_relation_body_is_a_server_error(sync):
    assert sync("POST", f"/issues/{sync.issue(assigned_to_id=BEN)}/relations.json", {}).status_code == 500
