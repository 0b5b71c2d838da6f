"""The mails that Redmine would send with its default settings; the same cases were compared with a real 5.0.4."""

from __future__ import annotations

from itertools import pairwise

from sandbox_api import BEN, GONE, JANE, LI, MIA, REPORTER, Redmine


def told(sandbox):
    """Who was told about what since the last look."""
    found = [(mail["to"], mail["event"]) for mail in sandbox.mails()]
    sandbox.redmine.app.state.mails.clear()
    return found


def test_assignee_is_told_of_a_new_issue_and_the_author_is_not(sandbox, sync):
    number = sync.issue("CPU", assigned_to_id=BEN)
    (mail,) = sandbox.mails()
    assert (mail["to"], mail["address"], mail["issue_id"], mail["by"]) == (
        "ben",
        "ben@example.invalid",
        number,
        "itsm-sync",
    )
    assert mail["subject"] == "[Operations - Bug #1] (New) CPU"
    assert mail["at"] == "2026-11-20T08:00:00Z"


def test_nobody_is_told_of_an_unassigned_issue_but_its_watchers(sandbox, sync):
    sync.issue()
    assert told(sandbox) == []
    sync.issue(watcher_user_ids=[JANE, MIA])
    assert told(sandbox) == [("jane", "issue_add"), ("mia", "issue_add")]


def test_old_and_new_assignee_are_told_of_a_reassignment(sandbox, sync):
    number = sync.issue(assigned_to_id=BEN)
    told(sandbox)
    sync.put(number, assigned_to_id=LI)
    assert told(sandbox) == [("ben", "issue_edit"), ("li", "issue_edit")]


def test_author_is_told_of_what_others_do(sandbox, sync, people):
    number = sync.issue()
    people("ben").put(number, notes="hello")
    assert told(sandbox) == [("itsm-sync", "issue_edit")]


def test_private_note_is_told_only_to_who_may_see_it(sandbox, sync):
    sync.project("inner")
    sync.join("inner", JANE, REPORTER)
    sync.join("inner", BEN, REPORTER - 1)
    number = sync.issue(project_id="inner", assigned_to_id=JANE, watcher_user_ids=[BEN])
    told(sandbox)
    sync.put(number, notes="secret", private_notes=True)
    assert told(sandbox) == [("ben", "issue_edit")]


def test_change_that_is_none_tells_nobody_and_status_stands_in_the_subject_only_when_changed(sandbox, sync):
    number = sync.issue("x", assigned_to_id=BEN)
    told(sandbox)
    sync.put(number, notes="")
    assert told(sandbox) == []
    sync.put(number, notes="n")
    sync.put(number, status_id=2)
    assert [mail["subject"] for mail in sandbox.mails()] == [
        "[Operations - Bug #1] x",
        "[Operations - Bug #1] (In Progress) x",
    ]


def test_relations_moved_dates_and_new_children_tell_too(sandbox, sync):
    first = sync.issue(start_date="2026-12-01", assigned_to_id=BEN)
    second = sync.issue(start_date="2026-12-01", assigned_to_id=MIA)
    told(sandbox)
    sync.relate(first, second, "precedes")
    assert sorted(told(sandbox)) == [("ben", "issue_edit"), ("mia", "issue_edit")]
    sync.put(first, due_date="2026-12-20")
    assert sorted(told(sandbox)) == [("ben", "issue_edit"), ("mia", "issue_edit")]
    sync.issue(parent_issue_id=first)
    assert told(sandbox) == [("ben", "issue_edit")]


def test_locked_people_and_those_who_want_none_are_not_told(sandbox, sync):
    number = sync.issue(assigned_to_id=BEN, watcher_user_ids=[GONE])
    assert told(sandbox) == [("ben", "issue_add")]
    sandbox.redmine.app.state.users[BEN].mail_notification = "none"
    sync.put(number, notes="x")
    assert told(sandbox) == []


def test_who_wants_everything_is_told_of_the_projects_they_are_in(sandbox, sync):
    sandbox.redmine.app.state.users[MIA].mail_notification = "all"
    sync.issue()
    assert told(sandbox) == [("mia", "issue_add")]


def test_no_events_no_mails(sandbox, sync):
    sandbox.control.change_settings(redmine={"notified_events": []})
    sync.put(sync.issue(assigned_to_id=BEN), notes="x")
    assert told(sandbox) == []


def test_opening_a_project_tells_each_assignee_once_per_issue(sandbox, sync):
    """The order the bridge writes in: tasks unassigned, relations, then members, assignments last."""
    sync.project("opened")
    root = sync.issue("root", project_id="opened")
    tasks = [sync.issue(f"task {n}", project_id="opened", parent_issue_id=root) for n in range(3)]
    for first, second in pairwise(tasks):
        sync.relate(first, second, "precedes")
    for user in (BEN, MIA):
        sync.join("opened", user, 4)
    assert told(sandbox) == []
    for number, user in zip(tasks, (BEN, MIA, BEN), strict=True):
        sync.put(number, assigned_to_id=user)
    assert [to for to, _ in told(sandbox)] == ["ben", "mia", "ben"]


def test_a_real_redmine_tells_the_same_people(mail_redmine, sandbox, session):
    """Every mail of a longer story: to whom, and under which subject."""
    made = Redmine(sandbox.redmine.url, {}, session), {}
    real = Redmine(mail_redmine.url, {}, session), {}
    for login in ("itsm-sync", "jane", "ben", "mia"):
        for (api, callers), key in ((made, sandbox.redmine.key(login)), (real, mail_redmine.people[login].key)):
            callers[login] = Redmine(api.url, {"X-Redmine-API-Key": key}, session)
    for _, callers in (made, real):
        longer_story(callers)
    delivered = sorted((mail.recipients[0], mail.subject) for mail in mail_redmine.mails())
    assert sorted((mail["address"], mail["subject"]) for mail in sandbox.mails()) == delivered
    assert len(delivered) > 20


def longer_story(callers):
    sync, jane, ben, mia = (callers[login] for login in ("itsm-sync", "jane", "ben", "mia"))
    sync.project("a")
    for user, role in ((JANE, 3), (BEN, 4), (MIA, 4), (LI, 5)):
        sync.join("a", user, role)
    root = sync.issue("root", project_id="a")
    first = sync.issue("first", project_id="a", parent_issue_id=root, assigned_to_id=BEN)
    second = sync.issue("second", project_id="a", parent_issue_id=root, start_date="2026-12-01")
    watched = sync.issue("watched", project_id="a", watcher_user_ids=[JANE, BEN])
    janes = jane.issue("jane's", project_id="a", assigned_to_id=MIA)
    for attributes in (
        *({"notes": "n"}, {"notes": "p", "private_notes": True}, {"assigned_to_id": MIA}, {}, {"notes": ""}),
        *({"assigned_to_id": LI, "notes": "x", "private_notes": True}, {"status_id": 2}, {"assigned_to_id": ""}),
    ):
        sync.put(first, **attributes)
    ben.put(first, status_id=3)
    mia.put(watched, notes="mine")
    for attributes in ({"notes": "secret", "private_notes": True}, {"is_private": True}, {"notes": "hi"}):
        sync.put(watched, **attributes)
    sync.relate(root, watched)
    sync.relate(first, second, "precedes")
    sync.put(first, assigned_to_id=BEN)
    sync.put(second, assigned_to_id=MIA)
    sync.put(first, due_date="2027-01-20")
    sync.put(second, parent_issue_id="")
    sync.put(janes, priority_id=5)
    for number in (first, second, root):
        sync.put(number, status_id=5)
