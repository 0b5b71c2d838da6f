"""Faults on demand, on both applications: what the client sees, and what was done or not."""

from __future__ import annotations

import time

import pytest
import requests


def test_status_with_headers_and_body_does_nothing(sandbox, sync):
    number = sync.issue()
    sandbox.fault(
        "status", app="redmine", method="PUT", path="/issues/", code=429, headers={"Retry-After": "2"}, body="slow down"
    )
    answer = sync.put(number, notes="x")
    assert (answer.status_code, answer.headers["Retry-After"], answer.text) == (429, "2", "slow down")
    assert sync.journals(number) == []
    assert sync.put(number, notes="x").status_code == 204  # struck once by default


def test_times_and_skip(sandbox, sync):
    sandbox.fault("status", path="current", code=503, times=2, skip=1)
    codes = [sync("GET", "/users/current.json").status_code for _ in range(4)]
    assert codes == [200, 503, 503, 200]


def test_fault_without_end_holds_until_cleared(sandbox, sync, control):
    sandbox.fault("status", code=502, times=None)
    assert {sync("GET", "/users/current.json").status_code for _ in range(5)} == {502}
    control("DELETE", "/_control/faults")
    assert sync("GET", "/users/current.json").status_code == 200


def test_fault_strikes_only_its_application_method_and_path(sandbox, sync, anna):
    sandbox.fault("status", app="itsm", code=500, times=None)
    sandbox.fault("status", app="redmine", method="POST", path=r"^/issues\.json", code=500, times=None)
    assert anna("GET", "/api/me").status_code == 500
    assert sync("GET", "/issues.json").status_code == 200
    assert sync("POST", "/issues.json", {}).status_code == 500
    assert sync("POST", "/projects.json", {}).status_code == 422


def test_query_counts_as_part_of_the_path(sandbox, sync):
    sandbox.fault("status", path=r"cf_1=INC", code=500)
    assert sync("GET", "/issues.json?cf_2=INC").status_code == 200
    assert sync("GET", "/issues.json?cf_1=INC").status_code == 500


def test_reset_drops_the_connection_and_does_nothing(sandbox, sync):
    sandbox.fault("reset", method="POST")
    with pytest.raises(requests.ConnectionError):
        sync.issue("lost")
    assert sync.ids() == []


def test_after_reset_does_it_and_drops_the_connection(sandbox, sync):
    sandbox.fault("after_reset", method="POST", path="/issues")
    with pytest.raises(requests.ConnectionError):
        sync.issue("written")
    assert [row["subject"] for row in sync.ok("GET", "/issues.json")["issues"]] == ["written"]
    assert [entry.status for entry in sandbox.requests() if entry.method == "POST"] == [0]


def test_timeout_does_nothing_and_after_timeout_does_it(sandbox, sync):
    number = sync.issue()
    for kind in ("timeout", "after_timeout"):
        sandbox.fault(kind, method="PUT", seconds=60)
        with pytest.raises(requests.ReadTimeout):
            requests.put(
                f"{sync.url}/issues/{number}.json",
                json={"issue": {"notes": kind}},
                headers=sync.headers,
                timeout=0.3,
            )
    assert [row["notes"] for row in sync.journals(number)] == ["after_timeout"]


def test_stopping_ends_what_a_fault_holds(sandbox, sync):
    """A test need not wait for its own time-outs."""
    sandbox.fault("timeout", seconds=600)
    with pytest.raises(requests.ReadTimeout):
        requests.get(f"{sync.url}/users/current.json", headers=sync.headers, timeout=0.2)
    began = time.monotonic()
    sandbox.stop()
    assert time.monotonic() - began < 60


def test_slow_answers_after_a_while(sandbox, sync):
    sandbox.fault("slow", seconds=0.3)
    began = time.monotonic()
    assert sync("GET", "/users/current.json").status_code == 200
    assert time.monotonic() - began >= 0.3


@pytest.mark.parametrize("method", ["GET", "PUT"])
def test_malformed_is_broken_json_with_a_success_code(sandbox, sync, method):
    number = sync.issue()
    sandbox.fault("malformed", method=method)
    answer = sync.put(number, notes="done") if method == "PUT" else sync("GET", f"/issues/{number}.json")
    assert answer.status_code == 200
    with pytest.raises(requests.exceptions.JSONDecodeError):
        answer.json()
    assert len(sync.journals(number)) == (method == "PUT")


def test_ignore_answers_success_and_does_nothing(sandbox, sync, anna):
    number = sync.issue()
    sandbox.fault("ignore", app="redmine", method="PUT")
    assert sync.put(number, subject="other", notes="x").status_code == 204
    assert sync.get(number, "journals")["journals"] == []
    sandbox.fault("ignore", app="redmine", method="POST")
    created = sync("POST", "/issues.json", {"issue": {"project_id": 1, "subject": "never there"}})
    assert created.status_code == 201
    assert sync("GET", f"/issues/{created.json()['issue']['id']}.json").status_code == 404
    incident = anna.ok("POST", "/api/incidents", {"title": "x"})["incident"]["id"]
    sandbox.fault("ignore", app="itsm", method="PATCH")
    said = anna.ok("PATCH", f"/api/incidents/{incident}", {"state": "solved"})["incident"]
    assert said["state"] == "solved"
    assert anna.ok("GET", f"/api/incidents/{incident}")["incident"]["state"] == "new"


def test_ignore_of_single_fields_does_the_rest(sandbox, sync, anna):
    incident = anna.ok("POST", "/api/incidents", {"title": "x"})["incident"]["id"]
    sandbox.fault("ignore", app="itsm", method="PATCH", fields=["state"])
    answer = anna.ok("PATCH", f"/api/incidents/{incident}", {"state": "solved", "priority": 1})["incident"]
    assert (answer["state"], answer["priority"]) == ("new", 1)
    number = sync.issue("as it was")
    sandbox.fault("ignore", app="redmine", method="PUT", fields=["subject"])
    sync.put(number, subject="other", notes="kept")
    assert (sync.get(number)["subject"], sync.journals(number)[0]["notes"]) == ("as it was", "kept")


def test_empty_422_is_redmines_collision(sandbox, sync):
    number = sync.issue()
    sandbox.fault("empty_422", method="PUT")
    answer = sync.put(number, notes="x")
    assert (answer.status_code, answer.json()) == (422, {"errors": []})
    assert sync.journals(number) == []


def test_fault_by_http(control, sync):
    wanted = {"kind": "status", "method": "GET", "path": "current", "code": 418, "times": 1}
    made = control("POST", "/_control/faults", wanted)
    assert made.status_code == 201
    assert [fault["code"] for fault in control.ok("GET", "/_control/faults")] == [418]
    assert sync("GET", "/users/current.json").status_code == 418


@pytest.mark.parametrize(
    "wanted", [{"kind": "bogus"}, {"kind": "reset", "path": "("}, {"kind": "reset", "nonsense": 1}, {}]
)
def test_faults_that_make_no_sense_are_400(control, wanted):
    assert control("POST", "/_control/faults", wanted).status_code == 400
    assert control.ok("GET", "/_control/faults") == []


def test_control_is_never_struck(sandbox, control):
    sandbox.fault("status", code=500, times=None)
    assert control.ok("GET", "/_control/clock")["mode"] == "frozen"
