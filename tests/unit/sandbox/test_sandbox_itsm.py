"""The sandbox's incident system: incidents, notes, links, changes, times and its manner of saying no."""

from __future__ import annotations

import pytest
import requests

from bridge.sandbox import Sandbox
from bridge.sandbox.itsm.model import Settings


def new(agent, title="Router CPU", **attributes):
    return agent.ok("POST", "/api/incidents", {"title": title, **attributes})["incident"]


def get(agent, number):
    return agent.ok("GET", f"/api/incidents/{number}")["incident"]


def patch(agent, number, **attributes):
    return agent("PATCH", f"/api/incidents/{number}", attributes).json()


def refusal(answer):
    """HTTP 200, and yet no."""
    assert answer["ok"] is False
    return answer["error"]["code"]


def test_new_incident(anna, sandbox):
    incident = new(anna, service="network", priority=2, caller="hr", tags=["cpu"], custom={"key": "r1"})
    assert (incident["id"], incident["number"], incident["state"], incident["state_code"]) == (
        1,
        "INC0000001",
        "new",
        1,
    )
    assert incident["created_at"] == incident["updated_at"] == "2026-11-20T08:00:00Z"
    assert (incident["created_by"], incident["assignee"], incident["acknowledged_at"]) == ("anna", None, None)
    assert incident["url"] == f"{sandbox.itsm.url}/incidents/1"
    assert get(anna, "INC0000001") == get(anna, 1) == incident


def test_wrong_token_is_200_with_an_error_body(agents):
    answer = agents("wrong")("GET", "/api/incidents")
    assert answer.status_code == 200
    assert refusal(answer.json()) == "unauthorized"
    assert "items" not in answer.json()


def test_unknown_incident_and_refused_change_are_200_too(anna):
    assert refusal(anna("GET", "/api/incidents/99").json()) == "not_found"
    assert refusal(anna("POST", "/api/incidents", {"title": " "}).json()) == "invalid"
    number = new(anna)["id"]
    assert refusal(patch(anna, number, state="pending")) == "invalid"  # needs a reason
    assert refusal(patch(anna, number, state="asleep")) == "invalid"
    assert refusal(patch(anna, number, assignee="nobody")) == "invalid"
    assert refusal(patch(anna, number, priority=9)) == "invalid"
    assert get(anna, number)["updated_at"] == "2026-11-20T08:00:00Z"


def test_strict_mode_uses_error_codes(session):
    with Sandbox(itsm=Settings(strict=True)) as sandbox:
        url = sandbox.itsm.url
        assert session.get(f"{url}/api/incidents", timeout=10).status_code == 401
        headers = {"Authorization": f"Bearer {sandbox.itsm.token('anna')}"}
        assert session.get(f"{url}/api/incidents/9", headers=headers, timeout=10).status_code == 404
        assert session.post(f"{url}/api/incidents", json={}, headers=headers, timeout=10).status_code == 422


def test_malformed_json_is_400_and_an_unknown_path_404(anna):
    assert anna("POST", "/api/incidents", data="{bad").status_code == 400
    assert anna("POST", "/api/incidents", []).status_code == 200  # an array is no object: refused inside 200
    assert anna("GET", "/api/nothing").status_code == 404


def test_states_by_name_and_code(anna):
    number = new(anna)["id"]
    assert patch(anna, number, state=2)["incident"]["state"] == "in_progress"
    assert patch(anna, number, state="In Progress")["incident"]["state_code"] == 2
    assert patch(anna, number, state="pending", hold_reason="vendor")["incident"]["hold_reason"] == "vendor"
    assert patch(anna, number, hold_reason="parts")["incident"]["hold_reason"] == "parts"
    assert patch(anna, number, state="in_progress")["incident"]["hold_reason"] is None


def test_figures_of_an_incidents_life(anna, sandbox):
    number = new(anna, team="network")["id"]
    sandbox.clock.advance(60)
    patch(anna, number, assignee="anna")
    sandbox.clock.advance(60)
    patch(anna, number, assignee="bob", state="in_progress")
    sandbox.clock.advance(60)
    patch(anna, number, state="solved", resolution="rebooted")
    incident = get(anna, number)
    assert incident["acknowledged_at"] == "2026-11-20T08:01:00Z"
    assert incident["reassignment_count"] == 1
    assert (incident["resolved_at"], incident["closed_at"]) == ("2026-11-20T08:03:00Z", None)
    sandbox.clock.advance(60)
    patch(anna, number, state="in_progress")
    assert (get(anna, number)["resolved_at"], get(anna, number)["reopened_count"]) == (None, 1)
    patch(anna, number, state="solved")
    sandbox.clock.advance(60)
    patch(anna, number, state="closed")
    incident = get(anna, number)
    assert (incident["resolved_at"], incident["closed_at"]) == ("2026-11-20T08:04:00Z", "2026-11-20T08:05:00Z")


def test_final_states(anna):
    for state in ("closed", "cancelled"):
        number = new(anna)["id"]
        patch(anna, number, state=state)
        assert refusal(patch(anna, number, state="in_progress")) == "final"
        assert refusal(patch(anna, number, title="x")) == "final"
        assert patch(anna, number, custom={"redmine": "7"})["ok"] is True
        note = {"text": "x", "visibility": "public"}
        assert refusal(anna("POST", f"/api/incidents/{number}/notes", note).json()) == "final"
        assert anna("POST", f"/api/incidents/{number}/notes", {"text": "x"}).status_code == 201


def test_refused_patch_changes_nothing_at_all(anna):
    number = new(anna)["id"]
    before = get(anna, number)
    assert refusal(patch(anna, number, title="new title", state="pending")) == "invalid"
    assert get(anna, number) == before


def test_unknown_keys_are_ignored_and_no_change_leaves_updated_at_alone(anna, sandbox):
    number = new(anna, title="x")["id"]
    sandbox.clock.advance(60)
    assert patch(anna, number, title="x", nonsense=1, state="new")["ok"] is True
    assert get(anna, number)["updated_at"] == "2026-11-20T08:00:00Z"


def test_custom_fields(anna):
    number = new(anna, custom={"a": "1"})["id"]
    patch(anna, number, custom={"b": 2, "a": None})
    assert get(anna, number)["custom"] == {"a": "", "b": "2"}


def test_notes(anna, agents):
    number = new(anna)["id"]
    path = f"/api/incidents/{number}/notes"
    made = anna.ok("POST", path, {"text": "internal 中文"})["note"]
    agents("bridge").ok("POST", path, {"text": "to the caller", "visibility": "public"})
    rows = anna.ok("GET", path)["items"]
    assert [(row["id"], row["author"], row["visibility"]) for row in rows] == [
        (1, "anna", "internal"),
        (2, "bridge", "public"),
    ]
    assert rows[0] == made
    assert made["created_at"] == "2026-11-20T08:00:00Z"
    assert refusal(anna("POST", path, {"text": ""}).json()) == "invalid"
    assert refusal(anna("POST", path, {"text": "x", "visibility": "secret"}).json()) == "invalid"


def test_public_note_reopens_a_solved_incident_and_an_internal_one_does_not(anna):
    number = new(anna)["id"]
    patch(anna, number, state="solved")
    anna.ok("POST", f"/api/incidents/{number}/notes", {"text": "internal"})
    assert get(anna, number)["state"] == "solved"
    anna.ok("POST", f"/api/incidents/{number}/notes", {"text": "public", "visibility": "public"})
    incident = get(anna, number)
    assert (incident["state"], incident["reopened_count"], incident["resolved_at"]) == ("in_progress", 1, None)


def test_link_is_kept_once(anna):
    number = new(anna)["id"]
    path, wanted = f"/api/incidents/{number}/links", {"url": "https://redmine.example/issues/1", "title": "Task"}
    first, second = anna("POST", path, wanted), anna("POST", path, wanted)
    assert (first.status_code, second.status_code) == (201, 200)
    assert first.json()["link"] == second.json()["link"]
    assert len(anna.ok("GET", path)["items"]) == 1
    assert refusal(anna("POST", path, {"url": "javascript:alert(1)"}).json()) == "invalid"


def test_changes_have_growing_ids_and_say_who_did_what(anna, agents):
    number = new(anna)["id"]
    patch(agents("bob"), number, state="in_progress", priority=1)
    anna.ok("POST", f"/api/incidents/{number}/notes", {"text": "n"})
    rows = anna.ok("GET", "/api/changes?after=0")["items"]
    assert [row["id"] for row in rows] == [1, 2, 3, 4]
    assert [(row["by"], row["kind"], row["field"], row["old"], row["new"]) for row in rows] == [
        ("anna", "created", "", None, None),
        ("bob", "field", "priority", "3", "1"),
        ("bob", "field", "state", "new", "in_progress"),
        ("anna", "note", "internal", None, "1"),
    ]
    assert anna.ok("GET", f"/api/incidents/{number}/history")["items"] == rows
    page = anna.ok("GET", "/api/changes?after=2&limit=1")
    assert ([row["id"] for row in page["items"]], page["last_id"]) == ([3], 4)
    assert anna.ok("GET", "/api/changes?after=4")["items"] == []


def test_filters(anna, sandbox):
    first = new(anna, title="Router CPU", service="net")["id"]
    sandbox.clock.advance(10)
    second = new(anna, title="Disk", description="router of the disk", team="servers", assignee="bob")["id"]
    patch(anna, second, state="in_progress")

    def found(**query):
        return sorted(row["id"] for row in anna.ok("GET", "/api/incidents", params=query)["items"])

    assert found() == [first, second]
    assert found(state="new") == [first]
    assert found(state="2,new") == [first, second]
    assert found(q="ROUTER") == [first, second]
    assert found(q="disk") == [second]
    assert found(team="servers") == found(assignee="bob") == [second]
    assert found(service="net") == [first]
    assert found(created_since="2026-11-20T08:00:01Z") == [second]


@pytest.mark.parametrize(
    ("since", "count"),
    [
        ("2026-11-20T08:00:00Z", 1),  # whole seconds, inclusive
        ("2026-11-20T08:00:01Z", 0),
        ("2026-11-20T09:00:00+01:00", 1),
        ("1795161600", 1),
        ("2026-11-20 08:00:00", 1),
        ("2026-11-20", 1),
    ],
)
def test_updated_since(anna, sandbox, since, count):
    sandbox.clock.advance(0.9)
    new(anna)
    assert anna.ok("GET", "/api/incidents", params={"updated_since": since})["total"] == count


def test_time_that_cannot_be_read_is_refused(anna):
    assert refusal(anna("GET", "/api/incidents?updated_since=yesterday").json()) == "bad_request"


@pytest.mark.parametrize(
    ("form", "shown"),
    [
        ("iso_z", "2026-11-20T08:00:00Z"),
        ("iso_offset", "2026-11-20T17:00:00+09:00"),
        ("epoch", 1795161600),
        ("local", "2026-11-20 17:00:00"),
    ],
)
def test_time_formats(anna, sandbox, form, shown):
    sandbox.control.change_settings(itsm={"time_zone": "Asia/Tokyo"})
    number = new(anna)["id"]
    assert anna.ok("GET", f"/api/incidents/{number}?time_format={form}")["incident"]["created_at"] == shown
    assert get(anna, number)["created_at"] == "2026-11-20T08:00:00Z"
    by_header = anna.ok("GET", f"/api/incidents/{number}", headers={"X-Time-Format": form})
    assert by_header["incident"]["created_at"] == shown
    sandbox.control.change_settings(itsm={"time_format": form})
    assert get(anna, number)["created_at"] == shown
    back = anna.ok("GET", "/api/incidents", params={"updated_since": str(shown)})
    assert back["total"] == 1


def test_account_tells_its_zone(anna, sandbox):
    sandbox.control.change_settings(itsm={"time_zone": "Europe/Berlin"})
    user = anna.ok("GET", "/api/me")["user"]
    assert (user["login"], user["team"], user["time_zone"]) == ("anna", "network", "Europe/Berlin")
    assert {row["login"] for row in anna.ok("GET", "/api/agents")["items"]} == {"anna", "bob", "chen", "bridge"}


def test_incident_that_is_born_assigned_or_solved(anna):
    assert new(anna, assignee="bob")["acknowledged_at"] == "2026-11-20T08:00:00Z"
    assert new(anna, state="solved")["resolved_at"] == "2026-11-20T08:00:00Z"


def test_no_key_no_entry(sandbox):
    assert requests.get(f"{sandbox.itsm.url}/api/changes", timeout=10).json()["ok"] is False
