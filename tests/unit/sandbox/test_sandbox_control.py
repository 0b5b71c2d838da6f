"""The control API: clock, request log, reset, dump, rights; and the sandbox as an object."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from threading import Thread

import pytest
import requests
from sandbox_api import BEN, START, Redmine

from bridge.sandbox import Sandbox
from bridge.sandbox.clock import Clock
from bridge.sandbox.http import Request


def test_both_sides_share_one_clock(control, sandbox, sync, anna):
    assert control.ok("GET", "/_control/clock") == {"now": "2026-11-20T08:00:00Z", "mode": "frozen"}
    control.ok("PUT", "/_control/clock", {"now": "2027-01-02T03:04:05Z"})
    assert sync.get(sync.issue())["created_on"] == "2027-01-02T03:04:05Z"
    made = anna.ok("POST", "/api/incidents", {"title": "x"})["incident"]
    assert made["created_at"] == "2027-01-02T03:04:05Z"
    on_the_other = requests.get(f"{sandbox.itsm.url}/_control/clock", timeout=10).json()
    assert on_the_other["now"] == "2027-01-02T03:04:05Z"


def test_date_header_follows_the_clock(control, sandbox, sync, anna):
    sandbox.clock.advance(3600)
    for answer in (sync("GET", "/users/current.json"), anna("GET", "/api/me"), control("GET", "/_control/clock")):
        assert parsedate_to_datetime(answer.headers["Date"]) == START + timedelta(hours=1)


def test_clock_is_advanced_ticks_and_comes_back(control):
    control.ok("PUT", "/_control/clock", {"advance": 90})
    assert control.ok("GET", "/_control/clock")["now"] == "2026-11-20T08:01:30Z"
    assert control.ok("PUT", "/_control/clock", {"mode": "ticking"})["mode"] == "ticking"
    assert control.ok("PUT", "/_control/clock", {"now": "2030-01-01T00:00:00Z", "ticking": True})["mode"] == "ticking"
    assert control.ok("GET", "/_control/clock")["now"] >= "2030-01-01T00:00:00Z"
    assert control.ok("PUT", "/_control/clock", {"mode": "frozen"})["mode"] == "frozen"
    assert control.ok("PUT", "/_control/clock", {"mode": "real"})["mode"] == "real"
    real = datetime.fromisoformat(control.ok("GET", "/_control/clock")["now"])
    assert abs(datetime.now(UTC) - real) < timedelta(minutes=5)


@pytest.mark.parametrize(
    "wish", [{"now": "2026-11-20T08:00:00"}, {"now": "soon"}, {"mode": "odd"}, {"advance": "x"}, []]
)
def test_clock_wishes_that_make_no_sense_are_400(control, wish):
    assert control("PUT", "/_control/clock", wish).status_code == 400
    assert control.ok("GET", "/_control/clock") == {"now": "2026-11-20T08:00:00Z", "mode": "frozen"}


def test_clock_modes():
    clock = Clock()
    assert clock.mode == "real"
    clock.advance(3600)
    assert clock.mode == "ticking"
    clock.freeze()
    first = clock.now()
    assert (clock.mode, clock.now()) == ("frozen", first)
    clock.tick()
    assert clock.now() >= first
    clock.real()
    assert clock.mode == "real"


def test_request_log_and_its_summary(control, sandbox, sync, anna):
    number = sync.issue()
    sync("GET", f"/issues/{number}.json?include=journals")
    sync("GET", "/issues/99.json")
    anna("GET", "/api/me")
    anna("PATCH", "/api/incidents/9", {})
    rows = control.ok("GET", "/_control/requests")
    assert [row["n"] for row in rows] == [1, 2, 3, 4, 5]
    assert rows[1] == {
        "n": 2,
        "app": "redmine",
        "method": "GET",
        "path": f"/issues/{number}.json",
        "query": "include=journals",
        "status": 200,
        "user": "itsm-sync",
    }
    assert [row["status"] for row in rows] == [201, 200, 404, 200, 200]
    assert [row["user"] for row in control.ok("GET", "/_control/requests?app=itsm")] == ["anna", "anna"]
    summary = control.ok("GET", "/_control/requests?summary=1")
    assert (summary["total"], summary["reads"], summary["writes"]) == (5, 3, 2)
    assert summary["apps"] == {"itsm": {"reads": 1, "writes": 1}, "redmine": {"reads": 2, "writes": 1}}
    assert summary["users"]["redmine:itsm-sync GET"] == 2
    assert [entry.is_write for entry in sandbox.requests("redmine")] == [True, False, False]
    control("DELETE", "/_control/requests")
    assert control.ok("GET", "/_control/requests") == []


def test_watcher_is_called_around_every_request(sandbox, sync):
    seen = []
    sandbox.watch(lambda phase, entry: seen.append((phase, entry.method, entry.path, entry.status)))
    sync.issue()
    assert seen == [("before", "POST", "/issues.json", 0), ("after", "POST", "/issues.json", 201)]


def test_reset_goes_back_to_the_seed(control, sandbox, sync, anna):
    empty = sandbox.dump()
    sync.project("x")
    sync.issue(assigned_to_id=BEN)
    anna.ok("POST", "/api/incidents", {"title": "x"})
    sandbox.control.change_role("Bridge", remove=("add_issues",))
    sandbox.control.change_settings(itsm={"strict": True})
    assert sandbox.dump() != empty
    control("POST", "/_control/reset")
    assert sandbox.dump() == empty
    assert sync.issue() == 1
    assert anna("GET", "/api/incidents/1").status_code == 200
    sandbox.reset()
    assert sandbox.requests() == []


def play(sandbox, session, extra_issue):
    """The same story; with `extra_issue` the ids differ."""
    headers = {"X-Redmine-API-Key": sandbox.redmine.key("itsm-sync")}
    sync = Redmine(sandbox.redmine.url, headers, session)
    if extra_issue:
        admin = Redmine(sandbox.redmine.url, {"X-Redmine-API-Key": sandbox.redmine.key("admin")}, session)
        admin("DELETE", f"/issues/{sync.issue('gone again')}.json")
    sync.project("net")
    root = sync.issue("root", project_id="net", custom_fields=[{"id": 1, "value": "INC-1"}])
    task = sync.issue("task", project_id="net", parent_issue_id=root, description=f"see {sync.url}/issues/{root}")
    sync.relate(task, sync.issue("next", project_id="net"), "precedes")
    sync.put(task, notes=f"see {sync.url}/issues/{root}", assigned_to_id="me")
    token = {"Authorization": f"Bearer {sandbox.itsm.token('anna')}"}
    url = sandbox.itsm.url
    session.post(f"{url}/api/incidents", json={"title": "x"}, headers=token, timeout=10)
    session.post(f"{url}/api/incidents/1/links", json={"url": f"{sync.url}/issues/{root}"}, headers=token, timeout=10)


def test_dumps_of_two_runs_are_equal_although_ids_ports_and_times_differ(session):
    dumps = []
    for extra_issue, start in ((False, START), (True, START + timedelta(minutes=5))):
        with Sandbox(clock_start=start) as sandbox:
            play(sandbox, session, extra_issue)
            dumps.append((sandbox.dump(), sandbox.dump(times=True)))
    (first, first_times), (second, second_times) = dumps
    assert first == second
    assert first_times != second_times


def test_dump_shows_what_is_doubled(sandbox, sync, control):
    sync.issue("twin")
    once = control.ok("GET", "/_control/dump")
    number = sync.issue("twin")
    sync.put(number, notes="said twice")
    sync.put(number, notes="said twice")
    twice = control.ok("GET", "/_control/dump")
    assert once != twice
    issues = twice["redmine"]["projects"][0]["issues"]
    assert [issue["key"] for issue in issues] == ["operations/twin", "operations/twin (2)"]
    assert [journal["notes"] for journal in issues[1]["journals"]] == ["said twice", "said twice"]
    assert "created_on" not in issues[0]
    assert control.ok("GET", "/_control/dump?times=1")["redmine"]["projects"][0]["issues"][0]["created_on"]


def test_roles_are_changed_by_http(control, sync):
    assert "add_issues" in control.ok("GET", "/_control/roles")["Bridge"]
    changed = control.ok(
        "POST", "/_control/roles", {"role": "Bridge", "remove": ["add_issues"], "add": ["add_project"]}
    )
    assert "add_issues" not in changed["permissions"]
    assert "add_project" in changed["permissions"]
    assert sync.errors("POST", "/issues.json", {"issue": {"project_id": 1, "subject": "x"}})
    assert control("POST", "/_control/roles", {"role": "Nobody"}).status_code == 400


def test_settings_that_do_not_exist_are_400(control):
    assert control("POST", "/_control/settings", {"redmine": {"bogus": 1}}).status_code == 400
    assert control("POST", "/_control/settings", {"itsm": {"strict": True}}).status_code == 200


def test_mails_by_http(control, sync):
    sync.issue(assigned_to_id=BEN)
    assert [mail["to"] for mail in control.ok("GET", "/_control/mails")] == ["ben"]
    control("DELETE", "/_control/mails")
    assert control.ok("GET", "/_control/mails") == []


def test_unknown_control_path_is_404_and_strangers_are_403(control, sandbox):
    assert control("GET", "/_control/nothing").status_code == 404
    request = Request("GET", "/_control/clock", {}, {}, b"", "", client="192.0.2.7")
    assert sandbox.control.handle(request).status == 403
    same_machine = Request("GET", "/_control/clock", {}, {}, b"", "", client="::1")
    assert sandbox.control.handle(same_machine).status == 200


def test_two_sandboxes_know_nothing_of_each_other(session):
    with Sandbox() as one, Sandbox() as other:
        headers = {"X-Redmine-API-Key": one.redmine.key("itsm-sync")}
        Redmine(one.redmine.url, headers, session).issue()
        assert Redmine(other.redmine.url, headers, session).ids() == []


def test_sandbox_that_was_never_started_can_be_stopped():
    Sandbox().stop()


def test_unknown_people_have_no_keys(sandbox):
    with pytest.raises(KeyError):
        sandbox.redmine.key("nobody")
    with pytest.raises(KeyError):
        sandbox.itsm.token("nobody")


def test_writers_in_parallel_lose_nothing(sandbox, sync):
    """The lock of an application covers a whole request."""
    parent = sync.issue()

    def write():
        with requests.Session() as own:
            mine = Redmine(sync.url, sync.headers, own)
            for _ in range(10):
                mine.put(mine.issue(parent_issue_id=parent), notes="n")

    threads = [Thread(target=write) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert len(sync.get(parent, "children")["children"]) == 40
    assert len(sync.ids(limit=100)) == 41
    assert len(sandbox.requests()) == 1 + 80 + 2
