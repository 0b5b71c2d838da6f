"""What every source of incidents promises (bridge.ports.IncidentSource), on real systems and on the sandbox."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Protocol

import pytest
import yaml
from tests.servers.common import Caller
from tests.servers.rt import RtServer

from bridge.clock import SystemClock
from bridge.model.errors import AuthenticationFailed, Forbidden, NotApplied, NotFound, NotPossible, Rejected
from bridge.model.incident import Capability, ChangeSpec, ChangeState, Incident, Page, Poison, Snapshot, State
from bridge.ports import IncidentSource
from bridge.sandbox import Sandbox
from bridge.sources import registry

NASTY = 'Drücker „kaputt“ 打印机 😀 "quoted" \\ back\\slash {braces} %s &amp; <b>\nsecond\tline'
SANDBOX_YAML = Path(__file__).parents[2] / "config" / "sources" / "sandbox.yaml"
LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)


def nobody(_ids: Sequence[str]) -> frozenset[str]:
    """A store that has no incident yet."""
    return frozenset()


def everybody(ids: Sequence[str]) -> frozenset[str]:
    """A store that has every incident."""
    return frozenset(ids)


@dataclass
class Read:
    """Everything that some pages brought."""

    incidents: dict[str, Incident] = field(default_factory=dict)
    snapshots: list[Snapshot] = field(default_factory=list)
    poison: list[Poison] = field(default_factory=list)
    pages: list[Page] = field(default_factory=list)
    cursor: str = ""


def read_all(pages: Iterator[Page], cursor: str = "") -> Read:
    """Reads to the end."""
    read = Read(cursor=cursor)
    for page in pages:
        read.pages.append(page)
        read.snapshots += page.snapshots
        read.incidents |= {one.incident.external_id: one.incident for one in page.snapshots}
        read.poison += page.poison
        read.cursor = page.cursor
    return read


class Desk(Protocol):
    """What people do at the service desk, and the source that looks on."""

    people: tuple[str, str]

    def source(self, **options: Any) -> IncidentSource:
        """A source on this desk; `options` replace its usual ones."""

    def small_pages(self) -> dict[str, Any]:
        """Options for pages of three incidents."""

    def wrong_token(self) -> dict[str, Any]:
        """Options with credentials that are not accepted."""

    def blind_to_cancelled(self) -> dict[str, Any]:
        """Options whose table of states does not know what `cancel` makes."""

    def deaf(self) -> dict[str, Any]:
        """Options (or a switch at the server) with which resolving is answered with success and not done."""

    def open(self, summary: str) -> str:
        """Somebody opens an incident; its id."""

    def note(self, incident: str, text: str, *, private: bool) -> None:
        """An agent writes a note."""

    def resolve(self, incident: str) -> None:
        """An agent resolves it."""

    def cancel(self, incident: str) -> None:
        """An agent rejects it."""

    def leave(self, incident: str) -> None:
        """An agent moves it to where the source's query does not find it."""

    def decide(self, change: str, *, approved: bool) -> None:
        """Somebody approves or rejects a request for change."""

    def named_by(self, change: str) -> set[str]:
        """The incidents that a request for change is about."""


class Following:
    """Cursors, changes, history: of systems and of files."""

    def test_nothing_has_changed_since_the_start_cursor(self, desk: Desk) -> None:
        desk.open("before")
        source = desk.source()
        read = read_all(source.changes(source.start_cursor(), nobody))
        assert read.incidents == {}

    def test_changes_bring_what_happened_since(self, desk: Desk) -> None:
        source = desk.source()
        cursor = source.start_cursor()
        first, second = desk.open(NASTY.splitlines()[0]), desk.open("second")
        read = read_all(source.changes(cursor, nobody))
        assert set(read.incidents) == {first, second}
        assert read.incidents[first].summary == NASTY.splitlines()[0]
        assert read.incidents[first].source == source.name
        assert read.incidents[first].state is State.NEW
        assert abs(read.incidents[first].opened_at - datetime.now(UTC)) < timedelta(minutes=5)

    def test_nothing_is_missed_when_everything_happens_in_one_second(self, desk: Desk) -> None:
        """Polls fall between changes that carry the same second; all arrive, each at least once."""
        source = desk.source(**desk.small_pages())
        cursor, opened, seen = source.start_cursor(), [], set()
        for _ in range(4):
            opened += [desk.open(f"burst {len(opened) + 1}") for _ in range(2)]
            read = read_all(source.changes(cursor, nobody), cursor)
            cursor = read.cursor
            seen |= set(read.incidents)
        assert seen == set(opened)

    def test_a_later_change_of_the_same_incident_comes_again(self, desk: Desk) -> None:
        source = desk.source()
        incident = desk.open("will be resolved")
        cursor = source.start_cursor()
        desk.resolve(incident)
        read = read_all(source.changes(cursor, everybody), cursor)
        assert read.incidents[incident].state is State.RESOLVED
        assert read.incidents[incident].resolved_at is not None
        assert read_all(source.changes(read.cursor, everybody)).incidents == {}

    def test_every_page_cursor_is_good_to_go_on_from(self, desk: Desk) -> None:
        """Whoever stops after any page and begins again misses nothing."""
        source = desk.source(**desk.small_pages())
        start = source.start_cursor()
        opened = {desk.open(f"incident {number}") for number in range(8)}
        pages = list(source.changes(start, nobody))
        assert len(pages) > 1
        for index, page in enumerate(pages):
            before = {one.incident.external_id for earlier in pages[: index + 1] for one in earlier.snapshots}
            after = set(read_all(source.changes(page.cursor, nobody)).incidents)
            assert before | after == opened

    def test_history_can_be_resumed_after_any_page(self, desk: Desk) -> None:
        source = desk.source(**desk.small_pages())
        opened = {desk.open(f"incident {number}") for number in range(7)}
        pages = list(source.history(LONG_AGO, None, None))
        seen = [one.incident.external_id for page in pages for one in page.snapshots]
        assert sorted(seen) == sorted(opened)
        assert len(pages) >= 3
        rest = read_all(source.history(LONG_AGO, None, pages[0].cursor))
        assert set(rest.incidents) == opened - {one.incident.external_id for one in pages[0].snapshots}

    def test_history_keeps_to_its_time(self, desk: Desk) -> None:
        source = desk.source()
        early = desk.open("early")
        boundary = source.read(early).opened_at + timedelta(seconds=1)
        time.sleep(max(0.0, (boundary - datetime.now(UTC)).total_seconds()) + 1.1)
        late = desk.open("late")
        assert set(read_all(source.history(LONG_AGO, boundary, None)).incidents) == {early}
        assert set(read_all(source.history(boundary, None, None)).incidents) == {late}
        opened = source.read(early).opened_at
        assert set(read_all(source.history(opened, boundary, None)).incidents) == {early}
        assert read_all(source.history(LONG_AGO, opened, None)).incidents == {}

    def test_history_changes_and_read_agree(self, desk: Desk) -> None:
        source = desk.source()
        cursor = source.start_cursor()
        incident = desk.open(NASTY)
        desk.resolve(incident)
        now = source.read(incident)
        assert read_all(source.changes(cursor, nobody)).incidents[incident] == now
        assert read_all(source.history(LONG_AGO, None, None)).incidents[incident] == now

    def test_what_cannot_be_translated_is_parked_and_the_others_go_on(self, desk: Desk) -> None:
        source = desk.source(**desk.blind_to_cancelled())
        cursor = source.start_cursor()
        good, bad, also_good = desk.open("good"), desk.open("bad"), desk.open("also good")
        desk.cancel(bad)
        read = read_all(source.changes(cursor, nobody), cursor)
        assert {good, also_good} <= set(read.incidents)
        assert all(one.state is State.NEW for one in read.incidents.values())
        assert [one.external_id for one in read.poison] == [bad]
        assert "states" in read.poison[0].error
        assert read.poison[0].raw
        again = read_all(source.changes(read.cursor, nobody))
        assert (again.incidents, again.poison) == ({}, [])

    def test_an_incident_that_does_not_exist_is_not_found(self, desk: Desk) -> None:
        with pytest.raises(NotFound):
            desk.source().read("987654")

    def test_a_good_connection_has_no_problems(self, desk: Desk) -> None:
        desk.open("something")
        assert [problem for problem in desk.source().check() if problem.severity == "error"] == []


class Reading(Following):
    """What systems with requests, queries, notes and credentials have besides."""

    def test_a_look_tells_what_a_poll_would(self, desk: Desk) -> None:
        """For a hook: the same snapshot without a cursor; what is unknown to the store may be left to the poll."""
        source = desk.source()
        cursor = source.start_cursor()
        first, second = desk.open("first"), desk.open("second")
        desk.resolve(first)
        polled = {one.incident.external_id: one for one in read_all(source.changes(cursor, nobody)).snapshots}
        page = source.look([first, second], frozenset)
        looked = {one.incident.external_id: one for one in page.snapshots}
        assert page.cursor == ""
        assert {number: one.incident for number, one in looked.items()} == {
            number: polled[number].incident for number in (first, second)
        }
        assert {event.remote_id for event in looked[first].events} >= {
            event.remote_id for event in polled[first].events
        }
        assert source.look(["999999"], nobody).snapshots == ()

    def test_idle_is_one_request(self, desk: Desk) -> None:
        """Also when incidents changed a moment ago."""
        source = desk.source()
        cursor = source.start_cursor()
        for number in range(3):
            desk.open(f"incident {number}")
        cursor = read_all(source.changes(cursor, nobody), cursor).cursor
        before = source.requests
        assert read_all(source.changes(cursor, nobody)).incidents == {}
        assert source.requests == before + 1

    def test_known_incidents_are_followed_out_of_the_query(self, desk: Desk) -> None:
        source = desk.source()
        known, unknown = desk.open("known"), desk.open("unknown")
        cursor = source.start_cursor()
        for incident in (known, unknown):
            desk.leave(incident)
        read = read_all(source.changes(cursor, lambda ids: frozenset(ids) & {known}), cursor)
        assert set(read.incidents) == {known}

    def test_notes_of_both_kinds_are_read_in_order(self, desk: Desk) -> None:
        source = desk.source()
        incident = desk.open("talk")
        desk.note(incident, NASTY, private=True)
        desk.note(incident, "to the customer", private=False)
        notes = source.notes(incident, "")
        assert [(one.text.replace("\r\n", "\n"), one.private) for one in notes] == [
            (NASTY, True),
            ("to the customer", False),
        ]
        assert {one.author for one in notes} == {desk.people[0]}
        assert source.notes(incident, notes[0].remote_id) == notes[1:]
        assert source.notes(incident, notes[1].remote_id) == []

    def test_a_wrong_token_is_an_authentication_failure(self, desk: Desk) -> None:
        source = desk.source(**desk.wrong_token())
        with pytest.raises(AuthenticationFailed) as caught:
            source.read("1")
        assert not caught.value.permanent, "once the token is mended everything goes on"
        assert [problem.severity for problem in source.check()] == ["error"]


class Writing:
    """Writing: notes, links, states, handlers, each read back."""

    def test_capabilities_cover_the_main_job(self, desk: Desk) -> None:
        needed = {Capability.HOLD, Capability.RESOLVE, Capability.PRIVATE_NOTE, Capability.LINK, Capability.ASSIGN}
        assert needed <= desk.source().capabilities

    @pytest.mark.parametrize("private", [True, False])
    def test_a_note_has_the_id_it_is_read_under(self, desk: Desk, *, private: bool) -> None:
        source = desk.source()
        incident = desk.open("noted")
        desk.note(incident, "somebody's", private=True)
        remote_id = source.add_note(incident, NASTY + "\0 end", private=private)
        note = source.notes(incident, "")[-1]
        assert note.remote_id == remote_id
        assert (note.text.replace("\r\n", "\n"), note.private) == (NASTY + " end", private)

    def test_a_note_is_found_by_its_marker(self, desk: Desk) -> None:
        source = desk.source()
        incident = desk.open("marked")
        marker = f"{source.name} #{incident} · journal 4567 · bridge prod"
        assert source.find_note(incident, marker) is None
        remote_id = source.add_note(incident, f"text\n\n{marker}", private=True)
        source.add_note(incident, "another", private=True)
        source.add_note(incident, f"> text\n>\n> {marker}\n\nstill broken", private=True)
        source.add_note(incident, f"still broken\n\nOriginal message:\ntext\n\n{marker}", private=True)
        assert source.find_note(incident, marker) == remote_id

    def test_a_reply_that_quotes_a_marker_is_not_the_note(self, desk: Desk) -> None:
        source = desk.source()
        incident = desk.open("quoted")
        marker = f"[bridge prod · {source.name} {incident} · journal 4567]"
        source.add_note(incident, f"still broken\n\n> text\n>\n> {marker}", private=True)
        source.add_note(incident, f"> {marker}\n\nstill broken", private=True)
        source.add_note(incident, f"what does {marker} mean?", private=True)
        assert source.find_note(incident, marker) is None

    def test_a_note_of_ten_megabytes_arrives_whole(self, desk: Desk) -> None:
        source = desk.source()
        incident = desk.open("long")
        text = ("Zeile äöü 😀 " * 400 + "\n") * 1800
        assert len(text.encode()) > 10_000_000
        remote_id = source.add_note(incident, text, private=True)
        note = source.notes(incident, "")[-1]
        assert note.remote_id == remote_id
        assert note.text.strip() == text.strip()

    def test_a_link_is_one_link_however_often_it_is_added(self, desk: Desk) -> None:
        source = desk.source()
        incident = desk.open("linked")
        url, other = 'https://redmine.example/issues/43?a=1&b="q"', "https://redmine.example/issues/44"
        assert source.links(incident) == frozenset()
        for address in (url, url, other):
            source.add_link(incident, address, "Redmine")
        assert source.links(incident) == {url, other}

    def test_hold_resume_resolve_and_reopen(self, desk: Desk) -> None:
        source = desk.source()
        incident = desk.open("moved about")
        for state in (State.ON_HOLD, State.IN_PROGRESS, State.ON_HOLD, State.RESOLVED, State.IN_PROGRESS):
            assert source.set_state(incident, state, "waits for the project").state is state
            assert source.read(incident).state is state

    def test_a_state_that_is_there_already_is_not_sent(self, desk: Desk) -> None:
        source = desk.source()
        incident = desk.open("resolved once")
        source.set_state(incident, State.RESOLVED, "")
        cursor = source.start_cursor()
        assert source.set_state(incident, State.RESOLVED, "").state is State.RESOLVED
        assert read_all(source.changes(cursor, everybody)).incidents == {}

    def test_a_system_that_says_yes_and_does_nothing_is_found_out(self, desk: Desk) -> None:
        incident = desk.open("stays")
        source = desk.source(**desk.deaf())
        with pytest.raises(NotApplied) as caught:
            source.set_state(incident, State.RESOLVED, "")
        assert incident in caught.value.where
        assert "resolved" in caught.value.what
        assert source.read(incident).state.is_open

    def test_assign_and_unassign(self, desk: Desk) -> None:
        source = desk.source()
        incident = desk.open("handed around")
        for login in (*desk.people, ""):
            assert source.assign(incident, login).person == login
            assert source.read(incident).person == login

    def test_an_unknown_person_is_not_applied(self, desk: Desk) -> None:
        source = desk.source()
        incident = desk.open("nobody's")
        source.assign(incident, desk.people[0])
        with pytest.raises((NotApplied, Rejected)):  # found out by reading back, or told
            source.assign(incident, "no-such-login")
        assert source.read(incident).person == desk.people[0]

    def test_a_public_note_does_not_reopen(self, desk: Desk) -> None:
        source = desk.source()
        incident = desk.open("over")
        source.set_state(incident, State.RESOLVED, "")
        source.add_note(incident, "afterwards", private=False)
        assert source.read(incident).state is State.RESOLVED


class Changing:
    """Requests for change: opened once, found again, followed until somebody decides."""

    def test_a_request_is_about_its_incidents_and_waits(self, desk: Desk) -> None:
        source = desk.source()
        assert Capability.CHANGE in source.capabilities
        one, two = desk.open("first"), desk.open("second")
        change = source.open_change(_spec(one, two), unsure=False)
        assert change.state is ChangeState.PENDING
        assert change.url.startswith("http")
        assert change.id in change.url
        assert desk.named_by(change.id) == {one, two}
        assert source.read_change(change.id) == change

    def test_whoever_is_unsure_finds_it_again(self, desk: Desk) -> None:
        source = desk.source()
        incident = desk.open("once")
        first = source.open_change(_spec(incident), unsure=True)
        quoted = _spec(incident, text=f"As [bridge prod · change 1] says\n\n{'[bridge prod · change 2]'}")
        other = source.open_change(replace(quoted, marker="[bridge prod · change 2]"), unsure=True)
        assert source.open_change(_spec(incident), unsure=True) == first
        assert source.open_change(replace(quoted, marker="[bridge prod · change 2]"), unsure=True) == other
        assert first.id != other.id

    def test_without_incidents(self, desk: Desk) -> None:
        change = desk.source().open_change(_spec(), unsure=False)
        assert desk.named_by(change.id) == set()

    @pytest.mark.parametrize("approved", [True, False])
    def test_what_people_decide_is_read(self, desk: Desk, *, approved: bool) -> None:
        source = desk.source()
        change = source.open_change(_spec(desk.open("decided")), unsure=False)
        desk.decide(change.id, approved=approved)
        wanted = ChangeState.APPROVED if approved else ChangeState.REJECTED
        assert source.read_change(change.id).state is wanted

    def test_a_number_that_is_none_is_not_found(self, desk: Desk) -> None:
        source = desk.source()
        for number in ("CHG9999999", "RFC", desk.open("no request for change")):
            with pytest.raises(NotFound):
                source.read_change(number)

    def test_a_good_configuration_has_no_problems(self, desk: Desk) -> None:
        desk.open("something")
        assert [problem for problem in desk.source().check() if problem.severity == "error"] == []


def _spec(*incidents: str, text: str = f"Flash 7.3.\n\n{NASTY}\n\n[bridge prod · change 1]") -> ChangeSpec:
    return ChangeSpec(incidents, NASTY, text, "[bridge prod · change 1]")


# --- Request Tracker -------------------------------------------------------------------------------------------------


@dataclass
class RtDesk:
    """A real Request Tracker 5."""

    rt: RtServer
    people: tuple[str, str] = ("alice", "bob")

    def source(self, **options: Any) -> IncidentSource:
        model = registry.options_of("rt")
        changes = {"queue": "Problems", "approved": ["resolved"]}
        chosen = {"url": self.rt.url, "token": self.rt.token, "changes": changes, **options}
        return registry.build("rt", "rt", model.model_validate(chosen), SystemClock())

    def small_pages(self) -> dict[str, Any]:
        return {"page_size": 3}

    def wrong_token(self) -> dict[str, Any]:
        return {"token": "1-35-0123456789abcdef0123456789abcdef"}

    def blind_to_cancelled(self) -> dict[str, Any]:
        return {"states": {"new": "new", "open": "in_progress", "stalled": "on_hold", "resolved": "resolved"}}

    def deaf(self) -> dict[str, Any]:
        return {"write_states": {"resolved": "bogus"}}

    def open(self, summary: str) -> str:
        return str(self.rt.create_ticket(summary.replace("\n", " ").replace("\t", " ")))

    def note(self, incident: str, text: str, *, private: bool) -> None:
        body = {"Content": text, "ContentType": "text/plain"}
        self.rt.as_user("alice").ok("POST", f"/ticket/{incident}/{'comment' if private else 'correspond'}", body)

    def resolve(self, incident: str) -> None:
        self._put(incident, {"Status": "resolved"})

    def cancel(self, incident: str) -> None:
        self._put(incident, {"Status": "rejected"})

    def leave(self, incident: str) -> None:
        self._put(incident, {"Queue": "Problems"})

    def decide(self, change: str, *, approved: bool) -> None:
        self._put(change, {"Status": "resolved" if approved else "rejected"})

    def named_by(self, change: str) -> set[str]:
        links = self.rt.as_user("alice").ok("GET", f"/ticket/{change}")["_hyperlinks"]
        return {str(link["id"]) for link in links if link["ref"] == "refers-to"}

    def _put(self, incident: str, change: dict[str, Any]) -> None:
        self.rt.as_user("alice").ok("PUT", f"/ticket/{incident}", change)


class TestRt(Reading, Writing, Changing):
    """Request Tracker 5."""

    @pytest.fixture
    def desk(self, fresh_rt: RtServer) -> Desk:
        return RtDesk(fresh_rt)

    def test_without_a_queue_there_are_no_requests_for_change(self, desk: Desk) -> None:
        """Nor is one opened in a queue that is not there, or read where nobody says which status approves."""
        source = desk.source(changes=None)
        assert Capability.CHANGE not in source.capabilities
        for refused in (lambda: source.open_change(_spec(), unsure=False), lambda: source.read_change("1")):
            with pytest.raises(NotPossible):
                refused()
        elsewhere = desk.source(changes={"queue": "Nowhere", "approved": ["resolved"]})
        assert any("Nowhere" in problem.what for problem in elsewhere.check())
        with pytest.raises(Forbidden):
            elsewhere.open_change(_spec(), unsure=False)
        silent = desk.source(changes={"queue": "Problems"})
        assert silent.open_change(_spec(), unsure=False).state is ChangeState.UNKNOWN


# --- the sandbox's incident system through `http` ---------------------------------------------------------------------

PAGING: dict[str, dict[str, Any]] = {
    "page": {"paging": {"style": "page", "param": "page", "size_param": "per_page"}},
    "offset": {"paging": {"style": "offset", "param": "offset", "size_param": "limit"}},
    "cursor": {
        "params": {"paging": "cursor"},
        "paging": {"style": "cursor", "param": "cursor", "next": "next_cursor", "size_param": "limit"},
    },
    "next_link": {
        "params": {"paging": "next"},
        "paging": {"style": "next_link", "next": "next", "size_param": "limit"},
    },
    "keyset": {
        "params": {"paging": "keyset"},
        "paging": {"style": "keyset", "param": "after_id", "last": "id", "size_param": "limit"},
        "ordered": False,  # by id
    },
}
TIMES: dict[str, tuple[str, str]] = {
    "iso_z": ("iso", "UTC"),
    "iso_offset": ("iso", "UTC"),
    "epoch": ("epoch", "UTC"),
    "local": ("%Y-%m-%d %H:%M:%S", "Europe/Paris"),
}


@dataclass
class SandboxDesk:
    """The sandbox's incident system, seen through config/sources/sandbox.yaml."""

    sandbox: Sandbox
    style: str = "page"
    time_format: str = "iso_z"
    people: tuple[str, str] = ("anna", "bob")
    size: int = 200

    def source(self, **options: Any) -> IncidentSource:
        chosen: dict[str, Any] = yaml.safe_load(SANDBOX_YAML.read_text(encoding="utf-8"))
        name, kind = chosen.pop("name"), chosen.pop("kind")
        chosen["base_url"] = f"{self.sandbox.itsm.url}/api"
        chosen["auth"]["token"] = self.sandbox.itsm.token("bridge")
        chosen["changes"]["only"] = "site != 'elsewhere'"
        form, zone = TIMES[self.time_format]
        chosen["times"] = {"format": form, "zone": zone}
        size = options.pop("size", 200)
        for request in (chosen["changes"], chosen["history"]):
            filters = {key: text for key, text in request["params"].items() if "{" in text}
            how = PAGING[self.style]
            order = "updated" if request is chosen["changes"] else "id"
            request["params"] = {**filters, "order": order, **how.get("params", {})}
            request["paging"] = {**how["paging"], "size": size}
        chosen["changes"]["ordered"] = PAGING[self.style].get("ordered", True)
        return registry.build(name, kind, registry.options_of(kind).model_validate(chosen | options), SystemClock())

    def small_pages(self) -> dict[str, Any]:
        return {"size": 3}

    def wrong_token(self) -> dict[str, Any]:
        return {"auth": {"type": "bearer", "token": "wrong"}}

    def blind_to_cancelled(self) -> dict[str, Any]:
        return {"states": {"new": "new", "in_progress": "in_progress", "pending": "on_hold", "solved": "resolved"}}

    def deaf(self) -> dict[str, Any]:
        self.sandbox.fault("ignore", app="itsm", method="PATCH", times=None)
        return {}

    def open(self, summary: str) -> str:
        return str(self._call("POST", "/incidents", {"title": summary})["incident"]["id"])

    def note(self, incident: str, text: str, *, private: bool) -> None:
        body = {"text": text, "visibility": "internal" if private else "public"}
        self._call("POST", f"/incidents/{incident}/notes", body)

    def resolve(self, incident: str) -> None:
        self._call("PATCH", f"/incidents/{incident}", {"state": "solved"})

    def cancel(self, incident: str) -> None:
        self._call("PATCH", f"/incidents/{incident}", {"state": "cancelled"})

    def leave(self, incident: str) -> None:
        self._call("PATCH", f"/incidents/{incident}", {"site": "elsewhere"})

    def decide(self, change: str, *, approved: bool) -> None:
        self._call("PATCH", f"/rfcs/{change}", {"state": "approved" if approved else "rejected"})

    def named_by(self, change: str) -> set[str]:
        return {str(number) for number in self.sandbox.itsm.app.state.rfcs[change].incidents}

    def _call(self, method: str, path: str, body: dict[str, Any]) -> Any:
        token = self.sandbox.itsm.token("anna")
        return Caller(f"{self.sandbox.itsm.url}/api", {"Authorization": f"Bearer {token}"}).ok(method, path, body)


@pytest.fixture(scope="module")
def sandbox_itsm() -> Iterator[Sandbox]:
    with Sandbox() as sandbox:
        yield sandbox


class TestSandbox(Reading, Writing, Changing):
    """The sandbox as its own configuration reads it."""

    @pytest.fixture
    def desk(self, sandbox_itsm: Sandbox) -> Desk:
        sandbox_itsm.reset()
        return SandboxDesk(sandbox_itsm)


class TestSandboxPaging(Reading):
    """Every style of paging."""

    @pytest.fixture(params=[style for style in PAGING if style != "page"])
    def desk(self, request: pytest.FixtureRequest, sandbox_itsm: Sandbox) -> Desk:
        sandbox_itsm.reset()
        return SandboxDesk(sandbox_itsm, style=request.param)


class TestSandboxTimes(Reading):
    """Every way of writing times."""

    @pytest.fixture(params=[form for form in TIMES if form != "iso_z"])
    def desk(self, request: pytest.FixtureRequest, sandbox_itsm: Sandbox) -> Desk:
        sandbox_itsm.reset()
        settings = sandbox_itsm.itsm.app.state.settings
        settings.time_format, settings.time_zone = request.param, TIMES[request.param][1]
        return SandboxDesk(sandbox_itsm, time_format=request.param)


# --- a file that grows -----------------------------------------------------------------------------------------------


@dataclass
class FileDesk:
    """Somebody writes a line for each change of an incident."""

    path: Path
    people: tuple[str, str] = ("anna", "bob")
    rows: dict[str, dict[str, str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.path.touch()

    def source(self, **options: Any) -> IncidentSource:
        columns = {name: name for name in ("id", "summary", "state", "opened_at", "updated_at", "resolved_at")}
        states = {"new": "new", "done": "resolved", "dropped": "cancelled"}
        chosen = {"path": str(self.path), "columns": columns, "states": states, **options}
        return registry.build("file", "file", registry.options_of("file").model_validate(chosen), SystemClock())

    def small_pages(self) -> dict[str, Any]:
        return {"page_size": 3}

    def blind_to_cancelled(self) -> dict[str, Any]:
        return {"states": {"new": "new", "done": "resolved"}}

    def open(self, summary: str) -> str:
        now = datetime.now(UTC).isoformat()
        number = str(len(self.rows) + 1)
        self.rows[number] = {"id": number, "summary": summary, "state": "new", "opened_at": now, "updated_at": now}
        return self._write(number)

    def resolve(self, incident: str) -> None:
        now = datetime.now(UTC).isoformat()
        self.rows[incident] |= {"state": "done", "updated_at": now, "resolved_at": now}
        self._write(incident)

    def cancel(self, incident: str) -> None:
        self.rows[incident]["state"] = "dropped"
        self._write(incident)

    def _write(self, number: str) -> str:
        with self.path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(self.rows[number]) + "\n")
        return number


class TestFile(Following):
    """JSON Lines."""

    @pytest.fixture
    def desk(self, tmp_path: Path) -> FileDesk:
        return FileDesk(tmp_path / "incidents.jsonl")
