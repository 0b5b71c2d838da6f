"""What only Request Tracker does, on a real one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from tests.servers.rt import RtServer

from bridge.clock import SystemClock
from bridge.model.errors import Forbidden
from bridge.model.incident import EventKind, Page, Snapshot, State
from bridge.sources.rt.options import RtOptions
from bridge.sources.rt.source import RtSource

LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)
TOLD = {EventKind.STATE, EventKind.PRIORITY, EventKind.TEAM, EventKind.PERSON}


def everybody(ids: Sequence[str]) -> frozenset[str]:
    return frozenset(ids)


def nobody(_ids: Sequence[str]) -> frozenset[str]:
    return frozenset()


def source_of(rt: RtServer, **options: Any) -> RtSource:
    chosen = {"url": rt.rest_url, "token": rt.token, **options}
    return RtSource("rt", RtOptions.model_validate(chosen), SystemClock())


def snapshots(pages: Iterator[Page]) -> list[Snapshot]:
    return [one for page in pages for one in page.snapshots]


def told(snapshot: Snapshot) -> list[tuple[str, str]]:
    return [(one.kind.value, one.value) for one in snapshot.events if one.kind in TOLD]


@pytest.fixture
def busy(fresh_rt: RtServer) -> str:
    """A ticket with a life: taken, held, raised, moved, resolved."""
    rt = fresh_rt
    fields = {"Service": "network", "Severity": "SEV2", "Affected CIs": ["router-1", "router-2"]}
    number = rt.create_ticket("Router CPU", Priority=30, CustomFields=fields, Content="It is hot.")
    alice = rt.as_user("alice")
    for change in (
        {"Owner": "alice"},
        {"Status": "open"},
        {"Status": "stalled"},
        {"Priority": 90, "CustomFields": {"Severity": "SEV1"}},
        {"Queue": "Problems"},
        {"Queue": "Incidents", "Owner": "bob"},
        {"Status": "resolved"},
    ):
        alice.ok("PUT", f"/ticket/{number}", change)
    return str(number)


LIFE = [
    ("state", "new"),
    ("priority", "4"),
    ("team", "Incidents"),
    ("person", "alice"),
    ("state", "in_progress"),
    ("state", "on_hold"),
    ("priority", "1"),
    ("team", "Problems"),
    ("person", "bob"),
    ("team", "Incidents"),
    ("state", "resolved"),
]


def test_fields_come_from_where_the_options_say(fresh_rt: RtServer, busy: str) -> None:
    """The defaults, then a severity as priority, the queue as category and the first message as description."""
    incident = source_of(fresh_rt).read(busy)
    assert (incident.service, incident.ci, incident.team) == ("network", "router-1, router-2", "Incidents")
    assert (incident.priority, incident.person, incident.caller) == (1, "bob", "")
    assert (incident.fields["Severity"], incident.fields["Queue"], incident.fields["SLA"]) == (
        "SEV1",
        "Incidents",
        "P3",
    )
    assert incident.url == f"{fresh_rt.url}/Ticket/Display.html?id={busy}"
    assert incident.acknowledged_at is not None
    fields = {"priority": "CF.Severity", "category": "Queue", "description": "Content", "urgency": "Priority"}
    table = {"SEV2": 2}
    other = source_of(fresh_rt, fields=fields, priorities=table, urgencies={"80-100": 1}).read(busy)
    assert (other.priority, other.category, other.description, other.urgency) == (None, "Incidents", "It is hot.", 1)
    assert other.unknown == (("priority", "SEV1"),)


def test_the_timeline_is_what_happened(fresh_rt: RtServer, busy: str) -> None:
    """History and changes tell the same, each event with its transaction."""
    source = source_of(fresh_rt)
    (one,) = snapshots(source.history(LONG_AGO, None, None))
    assert sorted(told(one)) == sorted(LIFE)
    assert [event for event in told(one) if event[0] == "state"] == [event for event in LIFE if event[0] == "state"]
    by_feed = [event for page in source.changes("0@0-", nobody) for s in page.snapshots for event in s.events]
    assert {(e.kind, e.value, e.remote_id, e.occurred_at) for e in by_feed} == {
        (e.kind, e.value, e.remote_id, e.occurred_at) for e in one.events
    }
    assert all(event.remote_id.isdecimal() and event.occurred_at.tzinfo is UTC for event in one.events)
    (resolution,) = [event for event in one.events if event.kind is EventKind.REPORTED_RESOLUTION]
    assert datetime.fromisoformat(resolution.value) == resolution.occurred_at == one.incident.resolved_at


def test_the_beginning_is_right_however_small_the_pages(fresh_rt: RtServer, busy: str) -> None:
    """A page that ends between a ticket's creation and its first change does not take today's state for the first."""
    for size in (1, 2, 3, 4, 5):
        source = source_of(fresh_rt, page_size=size)
        seen: dict[tuple[str, str], tuple[str, str]] = {}
        for page in source.changes("0@0-", nobody):
            for snapshot in page.snapshots:
                for event in snapshot.events:
                    key = (event.remote_id, event.kind.value)
                    assert seen.setdefault(key, (event.kind.value, event.value)) == (event.kind.value, event.value)
        assert sorted(value for value in seen.values() if value[0] != "reported_resolution") == sorted(LIFE)
        assert busy


def test_requests_are_saved(fresh_rt: RtServer) -> None:
    """Forty changed tickets: one request for the transactions, one for the tickets; history: two as well."""
    source = source_of(fresh_rt)
    cursor = source.start_cursor()
    fresh_rt.rest("POST", "/tickets/bulk", [{"Queue": "Incidents", "Subject": f"t {i}"} for i in range(33)])
    before = source.requests
    assert len({s.incident.external_id for s in snapshots(source.changes(cursor, nobody))}) == 33
    assert source.requests == before + 2
    before = source.requests
    assert len(snapshots(source.history(LONG_AGO, None, None))) == 33
    assert source.requests == before + 2


def test_merged_and_deleted_tickets_end(fresh_rt: RtServer) -> None:
    """A merged one is cancelled with the other as its parent, a deleted one cancelled."""
    merged, target, deleted, strange = (str(fresh_rt.create_ticket(f"t {i}")) for i in range(4))
    source = source_of(fresh_rt)
    opened = source.read(merged).opened_at
    cursor = source.start_cursor()
    root = fresh_rt.as_user("root")
    root.ok("PUT", f"/ticket/{merged}", {"MergeInto": int(target)})
    root.ok("PUT", f"/ticket/{deleted}", {"Status": "deleted"})
    root.ok("PUT", f"/ticket/{strange}", {"Status": "deleted"})
    known = {merged, target, deleted}
    seen = {s.incident.external_id: s.incident for s in snapshots(source.changes(cursor, lambda ids: known & set(ids)))}
    assert set(seen) == known
    assert (seen[merged].state, seen[merged].parent) == (State.CANCELLED, target)
    assert abs(seen[merged].opened_at - opened) < timedelta(seconds=5)  # the transaction's time, not the ticket's
    assert (seen[deleted].state, seen[deleted].parent) == (State.CANCELLED, "")
    assert seen[target].state is State.NEW
    assert source.read(merged).parent == target


def test_a_ticket_moved_out_of_sight_stops_nobody(fresh_rt: RtServer) -> None:
    """RT hides its transactions as well; whoever reads it is told that it is forbidden, not that it is gone."""
    fresh_rt.as_user("root").ok("POST", "/queue", {"Name": "Secret"})
    hidden, stays = (str(fresh_rt.create_ticket(f"t {i}")) for i in range(2))
    source = source_of(fresh_rt)
    cursor = source.start_cursor()
    for number, change in ((hidden, {"Queue": "Secret"}), (stays, {"Status": "open"})):
        fresh_rt.as_user("root").ok("PUT", f"/ticket/{number}", change)
    assert {s.incident.external_id for s in snapshots(source.changes(cursor, everybody))} == {stays}
    with pytest.raises(Forbidden):
        source.read(hidden)


@pytest.mark.parametrize("zone", ["Asia/Seoul", "America/St_Johns"])
def test_an_account_in_another_zone_is_refused(fresh_rt: RtServer, zone: str) -> None:
    """And accepted once the options say so, history then being right to the second."""
    fresh_rt.as_user("root").ok("PUT", "/user/itsm-sync", {"Timezone": zone})
    number = str(fresh_rt.create_ticket("when?"))
    (problem,) = source_of(fresh_rt).check()
    assert problem.severity == "error"
    assert "UTC" in problem.what
    source = source_of(fresh_rt, timezone=zone)
    assert source.check() == []
    opened = source.read(number).opened_at
    assert [s.incident.external_id for s in snapshots(source.history(opened, None, None))] == [number]
    assert snapshots(source.history(LONG_AGO, opened, None)) == []


def test_check_names_what_is_missing(fresh_rt: RtServer) -> None:
    """An unknown queue, a broken query, a custom field that is not there."""
    fresh_rt.create_ticket("one")
    (empty,) = source_of(fresh_rt, query="Queue = 'Nonesuch'").check()
    assert empty.severity == "warning"
    assert "Nonesuch" in empty.what
    (broken,) = source_of(fresh_rt, query="Quueue = 'Incidents'").check()
    assert "Quueue" in broken.what
    (field,) = source_of(fresh_rt, fields={"site": "CF.Location"}).check()
    assert "Location" in field.what
    assert "Service" in field.advice


def test_what_is_possible_is_named_when_a_state_is_refused(fresh_rt: RtServer) -> None:
    """RT's own messages and the life cycle's offers stand in the error."""
    number = str(fresh_rt.create_ticket("stuck"))
    source = source_of(fresh_rt, write_states={"resolved": "bogus"})
    with pytest.raises(Exception, match=r"bogus.*isn't a valid status.*Possible from here: .*resolved"):
        source.set_state(number, State.RESOLVED, "")


def test_a_reason_goes_to_its_field(fresh_rt: RtServer) -> None:
    """And comes back as hold_reason while the ticket is on hold."""
    number = str(fresh_rt.create_ticket("waits"))
    source = source_of(fresh_rt, fields={"hold_reason": "CF.Resolution Notes"})
    assert source.set_state(number, State.ON_HOLD, "waits for „Projekt“").hold_reason == "waits for „Projekt“"
    assert source.set_state(number, State.IN_PROGRESS, "").hold_reason == ""


def test_html_notes_are_read_as_text(fresh_rt: RtServer) -> None:
    """RT's rich text editor writes HTML only."""
    number = fresh_rt.create_ticket("rich")
    html = "<p>Hello &amp; <b>welcome</b></p><ul><li>one</li><li>zwei äö</li></ul>"
    fresh_rt.as_user("alice").ok("POST", f"/ticket/{number}/comment", {"Content": html, "ContentType": "text/html"})
    (note,) = source_of(fresh_rt).notes(str(number), "")
    assert note.text == "Hello & welcome\n\n- one\n- zwei äö"
