"""The sandbox's Redmine answers as a real one does, request by request: issues. The real one is right."""

from __future__ import annotations

from urllib.parse import quote

from both_redmines import SYNC
from sandbox_api import BEN, DEVELOPER, GONE, JANE, LI, MIA, REPORTER


def test_created_issues(both):
    both.project("a")
    both.join("a", user_id=JANE, role_ids=[REPORTER])
    both.join("a", user_id=BEN, role_ids=[DEVELOPER])
    both.project("open", is_public=True)
    both("POST", "/issues.json", {})
    both("POST", "/issues.json", {"issue": {}})
    both("POST", "/projects/zz/issues.json", {"issue": {"subject": "v"}})
    both("POST", "/projects/a/issues.json", {"issue": {"subject": "via project", "project_id": 1}})
    for who in ("wrong", "", "li"):
        both.issue(who, project_id="a")
        both.issue(who, project_id="open")
    for project in (99, "zz", ""):
        both.issue(project_id=project)
    whole = {"subject": "first", "description": "a\nb\r\nc", "tracker_id": 2, "status_id": 3, "priority_id": 4}
    whole |= {"custom_fields": [{"id": 1, "value": "INC-1"}, {"id": 77, "value": "x"}], "is_private": True}
    whole |= {"watcher_user_ids": [JANE], "estimated_hours": "2.5", "created_on": "2020-01-01", "author_id": JANE}
    both.look(both.issue(project_id="a", **whole, notes="hi", zzz=1), who="jane")
    for attributes in (
        *({"subject": text} for text in ("", "  ", "x" * 256, 12, " lead  ")),
        *({"assigned_to_id": value} for value in (999, GONE, LI, BEN, "me")),
        *({"parent_issue_id": value} for value in (999, "x", 1)),
        *({"custom_fields": [{"id": 5, "value": value}]} for value in ("bogus", "low")),
        {"custom_field_values": {"1": "INC-2", "5": "high"}},
        *({"tracker_id": value} for value in (99, 3)),
        *({"priority_id": value} for value in (99, "")),
        *({"start_date": value} for value in ("nope", None, "2026-12-01")),
        *({"due_date": value} for value in ("2026-02-31", "", "2026-01-01")),
        *({"estimated_hours": value} for value in ("abc", -1, "1:30", "2h30", 3)),
        *({"done_ratio": value} for value in (150, "abc", -1, 33)),
        *({"status_id": value} for value in (6, 99, "In Progress")),
        *({"is_private": value} for value in ("0", "true")),
        *({"description": value} for value in (None, "")),
        *({"fixed_version_id": 99}, {"category_id": 99}, {"watcher_user_ids": [99]}),
        {"subject": "", "custom_fields": [{"id": 5, "value": "zz"}], "done_ratio": 200, "start_date": "x"},
    ):
        both.issue(project_id="a", **attributes)
    for who in ("jane", "ben"):
        both.look(both.issue(who, project_id="a", status_id=2, is_private=True, parent_issue_id=1))
    both.issue("jane", project_id="open", status_id=2, is_private=True)
    both.get("/issues.json?status_id=*&limit=100", who=(SYNC, "jane", "ben", "mia", "li", "admin", "", "wrong"))


def test_changed_issues(both):
    both.project("a")
    both.project("open", is_public=True)
    for user, role in ((JANE, REPORTER), (BEN, DEVELOPER), (MIA, DEVELOPER), (GONE, DEVELOPER)):
        both.join("a", user_id=user, role_ids=[role])
    number = both.issue(project_id="a", assigned_to_id=BEN)
    for attributes in (
        {"status_id": 3, "notes": "n1"},
        *({"done_ratio": 150}, {"start_date": "bogus"}, {"priority_id": 99}, {"priority_id": ""}, {"subject": ""}),
        *({"tracker_id": 99}, {"tracker_id": 3}, {"status_id": 99}, {"status_id": "x"}),
        {"notes": "pn", "private_notes": True, "priority_id": 3, "subject": "two!"},
        *({"notes": "only private", "private_notes": True}, {"private_notes": True}),
        *({"lock_version": 0}, {"lock_version": 99, "subject": "l"}),
        *({}, {"notes": ""}, {"notes": "  "}, {"notes": None}, {"notes": "line1\nline2 😀"}),
        *({"assigned_to_id": value} for value in ("", "none", MIA, 99, GONE)),
        *({"description": "x\ny"}, {"description": ""}),
        {"custom_fields": [{"id": 1, "value": "INC-9"}, {"id": 5, "value": "low"}]},
        *({"custom_fields": [{"id": 1, "value": value}]} for value in ("", None)),
        *({"is_private": True}, {"is_private": False}),
        *(
            {"estimated_hours": "4", "done_ratio": 20, "due_date": "2027-01-01"},
            {"estimated_hours": "", "due_date": ""},
        ),
        {"author_id": JANE, "created_on": "2020-01-01T00:00:00Z", "watcher_user_ids": [JANE], "zzz": 1},
        {"subject": "y" * 256},
    ):
        both.put(number, **attributes)
    for who in ("jane", "ben", "li", "admin", "wrong", ""):
        both.put(number, who, notes=f"by {who}", private_notes=True, subject=f"by {who}")
        both.put(number, who, status_id=6)
        both.look(number, who=who)
    both("PUT", f"/issues/{number}.json", {"issue": "text"})
    journals = both("GET", f"/issues/{number}.json?include=journals")["issue"]["journals"]
    for journal in journals[:4]:
        for who, text in (("jane", "x"), (SYNC, "edited\nx"), (SYNC, "")):
            both("PUT", f"/journals/{journal['id']}.json", {"journal": {"notes": text}}, who)
            both.look(number)
    for body, who in (({"user_id": JANE}, SYNC), ({"user_id": 99}, SYNC), ({}, SYNC), ({"user_id": MIA}, "jane")):
        both("POST", f"/issues/{number}/watchers.json", body, who)
    for user, who in ((JANE, SYNC), (JANE, "admin"), (99, "admin")):
        both("DELETE", f"/issues/{number}/watchers/{user}.json", who=who)
    for project in (99, "open", "a"):
        both.put(number, project_id=project)


def test_subtasks_and_relations(both):
    both.project("a")
    both.project("k", parent_id=2)
    both.join("a", user_id=JANE, role_ids=[REPORTER])

    def task(**attributes):
        return both.issue(**{"project_id": "a"} | attributes)

    top = task()
    first = task(parent_issue_id=top, start_date="2026-12-01", due_date="2026-12-04", estimated_hours=8, priority_id=4)
    second = task(parent_issue_id=top, start_date="2026-12-07", due_date="2026-12-08", done_ratio=50, estimated_hours=2)
    leaf = task(parent_issue_id=second, start_date="2026-12-10", due_date="2026-12-15", done_ratio=30, priority_id=5)
    both.put(top, priority_id=1, start_date="2026-01-01", done_ratio=10, status_id=5, subject="par", estimated_hours=9)
    for number, status in ((leaf, 5), (second, 5), (top, 5), (first, 5), (top, 5), (first, 1), (leaf, 2), (top, 2)):
        both.put(number, status_id=status)
    both.look(top, first, second, leaf)
    for number, parent in ((leaf, ""), (leaf, top), (top, leaf), (top, top), (leaf, f"#{first}"), (leaf, second)):
        both.put(number, parent_issue_id=parent)
    both.look(top, first, second)
    across = both.issue(project_id="k", parent_issue_id=top)
    a, b = task(start_date="2026-12-01", due_date="2026-12-04"), task(start_date="2026-12-01", due_date="2026-12-02")
    c, d = task(start_date=None), task(start_date="2027-03-01", due_date="2027-03-03")
    for relation in (
        *((a, b, "precedes"), (b, c, "precedes"), (d, b, "follows"), (b, a, "precedes"), (b, a), (a, b, "blocks")),
        *((c, a, "precedes"), (a, b, "precedes"), (b, a, "follows"), (top, first), (first, top), (leaf, top)),
        *((top, 999), (top, top), (top, a, "bogus"), (across, a), (999, a), (first, second, "precedes")),
    ):
        both.relate(*relation)
    both.look(a, b, c, d, top, first, second, leaf)
    both.relate(top, a, who="jane")
    both.relate(top, a, "precedes", delay="x")
    for number, attributes in (
        *((a, {"due_date": "2026-12-09"}), (a, {"due_date": "2026-12-02"}), (b, {"start_date": "2026-12-01"})),
        *((b, {"start_date": "2026-12-20", "due_date": "2026-12-21"}), (c, {"due_date": "2027-06-01"})),
        *((a, {"due_date": ""}), (a, {"start_date": ""}), (first, {"due_date": "2027-01-20"})),
    ):
        both.put(number, **attributes)
    both.look(a, b, c, d, top, first, second, leaf)
    blocker, blocked, twin, third = task(), task(), task(), task()
    both.relate(blocker, blocked, "blocks")
    both.relate(twin, blocker, "duplicates")
    for relation in ((blocked, third, "blocks"), (third, blocker, "blocks"), (third, twin, "copied_from")):
        both.relate(*relation)
    both.put(blocked, status_id=5)
    both.put(blocker, status_id=5, notes="done")
    both.look(twin, blocked, third)
    for who in ("jane", "wrong", "li", SYNC, SYNC):
        both.get("/relations/1.json", f"/issues/{a}/relations.json", who=(who,))
        both("DELETE", "/relations/1.json", who=who)
    queries = [
        f"relates={a}",
        f"blocks={blocked}",
        f"blocked={blocker}",
        "precedes=*",
        "follows=!*",
        f"parent_id=~{top}",
    ]
    queries += [f"parent_id={top},{second}", f"child_id=~{leaf}", "child_id=*", f"issue_id={a},{b}", f"issue_id=>={a}"]
    queries += ["project_id=a", "project_id=a&subproject_id=!*", "project_id=a&subproject_id=3", "sort=parent"]
    queries += [
        "project_id=k&subproject_id=!*",
        "include=relations,attachments,journals,children",
        "estimated_hours=>=5",
    ]
    queries += ["start_date=><2026-12-01|2026-12-05", "due_date=!*", "done_ratio=>=30", "priority_id=!5", "subject=!~s"]
    queries += [
        "sort=due_date:desc,id:asc",
        "sort=priority:desc,subject",
        "sort=start_date",
        "sort=tracker,status:desc,id",
    ]
    queries += ["updated_by=me", "last_updated_by=5", "notes=~done", "watcher_id=me", "closed_on=*", "status_id=c"]
    both.get(*(f"/issues.json?limit=100&status_id=*&{quote(query, safe='=&')}" for query in queries))


def test_lists(both):
    for value in ("INC-1", "INC-2", ""):
        both.issue(custom_fields=[{"id": 1, "value": value}], assigned_to_id=BEN if value else "")
    queries = ["limit=1000", "limit=0", "limit=-1", "limit=abc", "offset=-3", "page=2&limit=1", "offset=1&page=9"]
    queries += [
        "sort=bogus",
        "cf_99=x",
        "cf_1=INC-1",
        "cf_1=~inc",
        "cf_1=*",
        "cf_1=!*",
        "cf_1=INC-1|INC-2",
        "cf_1=!INC-1",
    ]
    queries += ["cf_1=", "cf_1=~", "status_id=", "status_id=open", "status_id=closed", "project_id=999", "project_id="]
    queries += ["updated_on=2026-11-20T18:39:48+00:00", "updated_on=>=2026-11-20T18:39:48.000Z", "updated_on=>=1234"]
    queries += ["updated_on=>=2026-11-20T18:39Z", "updated_on=>=2026-11-20", "updated_on=>=2026-11-20 18:39:48"]
    queries += ["updated_on=>=", "updated_on=", "updated_on=t", "updated_on=><2026-01-01|2099-01-01", "updated_on=!*"]
    queries += ["created_on=w", "created_on=>t-x", "created_on=lw", "subject=~", 'subject=~"a b"', "tracker_id=99"]
    queries += ["assigned_to_id=me", "assigned_to_id=*", "assigned_to_id=7", "issue_id=a", "issue_id=", "parent_id="]
    queries += ["is_private=1", "author_id=me", "watcher_id=me", "category_id=1", "fixed_version_id=!*", "key=zz"]
    both.get(*(f"/issues.json?{quote(query, safe='=&')}" for query in queries), who=(SYNC, "wrong"))


def test_circles_through_parents(both):
    """A parent's dates come from its children, so moving a child moves what follows the parent."""
    parent = both.issue(start_date="2026-12-01")
    child = both.issue(parent_issue_id=parent, start_date="2026-12-01", due_date="2026-12-02")
    other = both.issue(parent_issue_id=parent, start_date="2026-12-01")
    follower, later = both.issue(start_date="2026-12-01"), both.issue(start_date="2026-12-01")
    both.relate(parent, follower, "precedes")
    for relation in ((follower, child, "precedes"), (child, follower, "precedes"), (follower, parent, "precedes")):
        both.relate(*relation)
    both.relate(follower, later, "precedes")
    for relation in (
        (later, child, "precedes"),
        (child, later, "follows"),
        (later, parent),
        (child, other, "precedes"),
    ):
        both.relate(*relation)
    for number, above in ((follower, parent), (later, parent), (later, child), (parent, follower)):
        both.put(number, parent_issue_id=above)
    both.put(child, due_date="2026-12-09")
    both.look(parent, child, other, follower, later)
