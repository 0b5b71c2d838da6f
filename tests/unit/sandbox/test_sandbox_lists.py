"""Redmine of the sandbox: the issue list with its filters, order and seconds (redmine.md, sections 4 and 8 d5)."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sandbox_api import BEN, START


def test_default_is_open_issues_only_newest_first(sync):
    first, second, closed = sync.issue(), sync.issue(), sync.issue()
    sync.put(closed, status_id=5)
    rows = sync.ok("GET", "/issues.json")
    assert [row["id"] for row in rows["issues"]] == [second, first]
    assert (rows["total_count"], rows["offset"], rows["limit"]) == (2, 0, 25)
    assert sync.ids() == [first, second, closed]
    assert sync.ids(status_id="closed") == [closed]
    assert sync.ids(status_id="5") == [closed]
    assert sync.ids(status_id="!5") == [first, second]


@pytest.mark.parametrize(("limit", "is_used"), [("1000", 100), ("0", 25), ("-1", 25), ("abc", 25), ("7", 7)])
def test_limit_is_at_most_100(sync, limit, is_used):
    assert sync.ok("GET", f"/issues.json?limit={limit}")["limit"] == is_used


def test_pages_by_offset_and_by_page(sync):
    numbers = [sync.issue() for _ in range(5)]
    assert sync.ids(limit=2, offset=2) == numbers[2:4]
    assert sync.ids(limit=2, page=3) == numbers[4:]
    assert sync.ok("GET", "/issues.json?limit=2&offset=99")["issues"] == []


def test_unknown_filters_and_sort_keys_are_ignored_and_return_everything(sync):
    """The trap of a look-up by a field that is no filter."""
    numbers = [sync.issue(custom_fields=[{"id": 1, "value": "INC-1"}]), sync.issue()]
    assert sync.ids(cf_99="INC-1") == numbers
    assert sync.ids(nonsense="x") == numbers
    assert sync.ids(sort="nonsense") == numbers[::-1]


def test_custom_field_filters(sync):
    one, two, none = (sync.issue(custom_fields=[{"id": 1, "value": value}]) for value in ("INC-1", "INC-2", ""))
    assert sync.ids(cf_1="INC-1") == [one]
    assert sync.ids(cf_1="INC-1|INC-2") == [one, two]
    assert sync.ids(cf_1="~inc") == [one, two]
    assert sync.ids(cf_1="*") == [one, two]
    assert sync.ids(cf_1="!*") == [none]
    assert sync.ids(cf_1="!INC-1") == [two, none]
    assert sync.ids(cf_1="INC-3") == []
    sync.put(one, custom_fields=[{"id": 1, "value": "INC-9"}])
    assert sync.ids(cf_1="INC-1") == []
    assert sync.ids(cf_1="INC-9") == [one]


def test_text_filters(sync):
    one, two = sync.issue("Router CPU 100%_x"), sync.issue("Router down")
    assert sync.ids(subject="~router cpu") == [one]
    assert sync.ids(subject="~100%") == [one]
    assert sync.ids(subject="~100_") == []  # no wildcard
    assert sync.ids(subject="!~cpu") == [two]
    assert sync.ids(subject="^router") == [one, two]
    assert sync.ids(subject="$down") == [two]
    assert sync.ids(subject="Router down") == [two]


def test_filters_by_id_parent_person_and_relation(sync):
    parent, other = sync.issue(), sync.issue(assigned_to_id=BEN, priority_id=5)
    child = sync.issue(parent_issue_id=parent)
    leaf = sync.issue(parent_issue_id=child)
    sync.relate(other, leaf, "blocks")
    assert sync.ids(issue_id=f"{leaf},{parent},99") == [parent, leaf]
    assert sync.ids(issue_id=f">={child}") == [child, leaf]
    assert sync.ids(parent_id=parent) == [child]
    assert sync.ids(parent_id=f"~{parent}") == [child, leaf]
    assert sync.ids(parent_id="!*") == [parent, other]
    assert sync.ids(child_id=leaf) == [child]
    assert sync.ids(assigned_to_id=BEN) == [other]
    assert sync.ids(assigned_to_id="!*") == [parent, child, leaf]
    assert sync.ids(author_id="me") == [parent, other, child, leaf]
    assert sync.ids(priority_id="5") == [other]
    assert sync.ids(blocked=other) == [leaf]
    assert sync.ids(blocks="*") == [other]


def test_last_writer_filters(sync, people):
    mine, bens = sync.issue(), sync.issue()
    sync.put(mine, notes="x")
    sync.put(bens, notes="x")
    people("ben").put(bens, notes="y")
    assert sync.ids(updated_by="me") == [mine, bens]
    assert sync.ids(last_updated_by="me") == [mine]
    assert sync.ids(last_updated_by=BEN) == [bens]
    assert sync.ids(notes="~y") == [bens]


def test_subprojects_are_inside_unless_excluded(sync):
    sync.project("upper")
    sync.project("lower", parent_id=2)
    above, below = sync.issue(project_id="upper"), sync.issue(project_id="lower")
    assert sync.ids(project_id="upper") == [above, below]
    assert sync.ids(project_id="upper", subproject_id="!*") == [above]
    assert sync.ids(project_id="upper", subproject_id="*") == [above, below]
    assert sync.ids(project_id=3) == [below]
    assert sync.ok("GET", "/projects/upper/issues.json")["total_count"] == 2
    assert sync("GET", "/issues.json?project_id=999").status_code == 404


def test_order(sync, sandbox):
    numbers = []
    for subject in ("b", "a", "c"):
        sandbox.clock.advance(1)
        numbers.append(sync.issue(subject))
    assert sync.ids(sort="subject") == [numbers[1], numbers[0], numbers[2]]
    assert sync.ids(sort="updated_on:desc,id") == numbers[::-1]
    sandbox.clock.advance(1)
    sync.put(numbers[0], notes="x")
    assert sync.ids(sort="updated_on:asc,id") == [numbers[1], numbers[2], numbers[0]]


def test_equal_times_are_ordered_by_falling_id_unless_asked(sync):
    numbers = [sync.issue() for _ in range(3)]
    assert sync.ids(sort="updated_on") == numbers[::-1]
    assert sync.ids(sort="updated_on,id") == numbers


def test_journals_are_never_in_lists_but_relations_and_attachments_are(sync):
    number, other = sync.issue(), sync.issue()
    sync.relate(number, other)
    row = sync.ok("GET", f"/issues.json?issue_id={number}&include=journals,relations,attachments,children")["issues"][0]
    assert "journals" not in row
    assert "children" not in row
    assert row["relations"][0]["issue_to_id"] == other
    assert row["attachments"] == []


@pytest.mark.parametrize(
    ("condition", "is_found"),
    [
        (">=2026-11-20T08:00:47Z", True),
        (">=2026-11-20T08:00:48Z", True),
        (">=2026-11-20T08:00:49Z", True),  # shown as :48, matches >= :49
        (">=2026-11-20T08:00:50Z", False),
        ("2026-11-20T08:00:48Z", False),
        ("2026-11-20T08:00:49Z", True),
        ("<=2026-11-20T08:00:48Z", False),  # shown as :48, does not match <= :48
        ("<=2026-11-20T08:00:49Z", True),
        ("><2026-11-20T08:00:48Z|2026-11-20T08:00:48Z", False),
        ("><2026-11-20T08:00:48Z|2026-11-20T08:00:49Z", True),
        (">=2026-11-20T08:00Z", True),
        (">=2026-11-20", True),
        (">=2026-11-21", False),
        ("t", True),
        (">t-1", True),
        ("ld", False),
        ("w", True),
    ],
)
def test_seconds_of_updated_on(sync, sandbox, condition, is_found):
    """Stored 08:00:48.9, shown 08:00:48: `>=T` is `> T-1 s`, `<=T` is exact, `=T` is (T-1 s, T]."""
    sandbox.clock.set(START + timedelta(seconds=48.9))
    number = sync.issue()
    assert sync.get(number)["updated_on"] == "2026-11-20T08:00:48Z"
    assert (sync.ids(updated_on=condition) == [number]) is is_found


@pytest.mark.parametrize(
    "text", ["2026-11-20T18:39:48+00:00", ">=2026-11-20T18:39:48.000Z", ">=2026-11-20 18:39:48", ">=123", ">=x"]
)
def test_times_that_are_invalid(sync, text):
    answer = sync("GET", "/issues.json", params={"updated_on": text})
    assert (answer.status_code, answer.json()) == (422, {"errors": ["Updated is invalid"]})


def test_filters_that_lack_their_value(sync):
    assert sync.errors("GET", "/issues.json?status_id=") == ["Status cannot be blank"]
    assert sync.errors("GET", "/issues.json?updated_on=%3E%3D") == ["Updated cannot be blank"]
    assert sync.errors("GET", "/issues.json?issue_id=a") == ["Issue is invalid"]


def test_dates_of_issues(sync):
    early = sync.issue(start_date="2026-12-01", due_date="2026-12-02")
    late = sync.issue(start_date="2026-12-10")
    assert sync.ids(start_date=">=2026-12-02") == [late]
    assert sync.ids(start_date="><2026-12-01|2026-12-05") == [early]
    assert sync.ids(due_date="!*") == [late]
    assert sync.ids(due_date="<=2026-12-02") == [early]


def test_many_issues_page_through_completely(sync, sandbox):
    """Every issue exactly once, in the order of change."""
    for number in range(230):
        sandbox.clock.advance(1)
        sync.issue(f"issue {number}")
    seen = [row for offset in (0, 100, 200) for row in sync.ids(limit=100, offset=offset, sort="updated_on,id")]
    assert seen == sorted(set(seen))
    assert len(seen) == 230
