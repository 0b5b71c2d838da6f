"""The source `http` against systems with all kinds of habits."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlsplit

import pytest
import responses
from pydantic import ValidationError
from requests import PreparedRequest

from bridge.model import errors
from bridge.model.incident import EventKind, Page, State
from bridge.sources.http.calls import Request
from bridge.sources.http.options import HttpOptions
from bridge.sources.http.paths import compile_path
from bridge.sources.http.source import HttpSource

BASE = "https://itsm.test/api"
NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
STATES = {"new": "new", "open": "in_progress", "held": "on_hold", "done": "resolved"}


class Settable:
    def __init__(self) -> None:
        self.time = NOW

    def now(self) -> datetime:
        return self.time


def nobody(_ids: Sequence[str]) -> frozenset[str]:
    return frozenset()


def row(number: int, at: datetime = NOW, **values: Any) -> dict[str, Any]:
    text = at.isoformat()
    return {"id": number, "summary": f"s{number}", "state": "open", "opened_at": text, "updated_at": text, **values}


def options_of(**chosen: Any) -> HttpOptions:
    return HttpOptions.model_validate(
        {
            "base_url": BASE,
            "changes": {"path": "/list", "params": {"since": "{since}"}},
            "read": {"path": "/one/{id}"},
            "states": STATES,
            **chosen,
        }
    )


def source_with(clock: Settable | None = None, **chosen: Any) -> HttpSource:
    return HttpSource("itsm", options_of(**chosen), clock or Settable())


def asked(request: PreparedRequest) -> dict[str, str]:
    return {name: values[-1] for name, values in parse_qs(urlsplit(request.url or "").query).items()}


def serve(path: str, answer: Callable[[PreparedRequest], Any], method: str = "GET") -> None:
    def callback(request: PreparedRequest) -> tuple[int, dict[str, str], str]:
        return 200, {}, json.dumps(answer(request))

    responses.add_callback(method, BASE + path, callback)


def read_all(pages: Iterator[Page]) -> tuple[list[str], str]:
    seen, cursor = [], ""
    for page in pages:
        seen += [one.incident.external_id for one in page.snapshots]
        cursor = page.cursor
    return seen, cursor


CHANGES_BY_PAGE = {
    "path": "/list",
    "params": {"since": "{since}"},
    "paging": {"style": "page", "param": "page", "size": 2},
}


class Table:
    """A list of incidents by pages of two, ordered by the time of change like a real one's."""

    def __init__(self, rows: list[dict[str, Any]], *, ordered: bool = True, cap: int = 2) -> None:
        self.rows = rows
        self.ordered = ordered
        self.cap = cap
        self.calls = 0
        self.before_answer: Callable[[int], None] = lambda _call: None
        serve("/list", self._answer)

    def _answer(self, request: PreparedRequest) -> Any:
        self.calls += 1
        self.before_answer(self.calls)
        since = datetime.fromisoformat(asked(request)["since"])
        found = [one for one in self.rows if datetime.fromisoformat(one["updated_at"]) >= since]
        if self.ordered:
            found.sort(key=lambda one: (one["updated_at"], one["id"]))
        start = (int(asked(request)["page"]) - 1) * self.cap
        return found[start : start + self.cap]


# --- changes ---------------------------------------------------------------------------------------------------------


@responses.activate
def test_an_incident_that_changes_while_pages_are_read_pushes_nobody_out() -> None:
    """Page 2 by number would begin one row too late: the one that moved to the end was on page 1."""
    table = Table([row(number, NOW + timedelta(minutes=number)) for number in range(1, 9)])

    def change(call: int) -> None:
        if call == 2:
            table.rows[0]["updated_at"] = (NOW + timedelta(hours=1)).isoformat()

    table.before_answer = change
    seen, _ = read_all(source_with(changes=CHANGES_BY_PAGE).changes(_cursor(NOW), nobody))
    assert set(seen) == {str(number) for number in range(1, 9)}
    assert seen.count("1") == 2


@responses.activate
def test_more_changes_in_one_second_than_a_page_holds() -> None:
    table = Table([row(number) for number in range(1, 10)])
    source = source_with(changes=CHANGES_BY_PAGE)
    seen, cursor = read_all(source.changes(_cursor(NOW), nobody))
    assert sorted(seen, key=int) == [str(number) for number in range(1, 10)]
    table.rows.append(row(10))
    table.rows[3]["summary"] = "changed in the same second"
    assert sorted(read_all(source.changes(cursor, nobody))[0]) == ["10", "4"]


@responses.activate
def test_a_change_dated_in_the_far_future_takes_no_other_change_along() -> None:
    """One wrong year: the incident is taken in, once, and the next poll still asks for what changes today."""
    table = Table([row(1), row(2, NOW + timedelta(days=365 * 70))])
    source = source_with(changes=CHANGES_BY_PAGE)
    seen, cursor = read_all(source.changes(_cursor(NOW), nobody))
    assert seen == ["1", "2"]
    table.rows.append(row(3, NOW + timedelta(minutes=5)))
    seen, cursor = read_all(source.changes(cursor, nobody))
    assert seen == ["3"]
    assert read_all(source.changes(cursor, nobody))[0] == []


@responses.activate
@pytest.mark.parametrize(
    "chosen",
    [
        {"errors": [{"when": "length(error) > `0`"}]},
        {"changes": {"path": "/list", "items": "sort_by(rows, &name)"}},
        {"changes": {"path": "/list", "total": "length(count)", "items": "rows"}},
        {"changes": {"path": "/list", "items": "rows", "paging": {"style": "next_link", "next": "abs(more)"}}},
        {"read": {"path": "/list", "item": "length(gone)"}},
    ],
)
def test_an_expression_that_cannot_be_applied_is_told_with_the_answer(chosen: dict[str, Any]) -> None:
    """JMESPath's functions refuse null: that is the options' fault, or an answer nobody foresaw, never a traceback."""
    serve("/list", lambda _: {"rows": [{"name": 1}, {"name": "a"}], "more": "x"})
    source = source_with(**{"changes": {"path": "/list", "items": "rows"}, **chosen})
    with pytest.raises(errors.RemoteUnavailable, match=r"cannot be applied.*It begins with b'\{\"rows\""):
        source.read("1") if "read" in chosen else source.start_cursor()
    if "read" not in chosen:
        assert "cannot be applied" in source.check()[0].what


@responses.activate
def test_a_keyset_without_its_key_is_refused() -> None:
    """Else the first full page would count as the last, and a backfill would say that it is complete."""
    serve("/list", lambda _: [{"number": number} for number in range(2)])
    paging = {"style": "keyset", "param": "after", "size": 2}
    source = source_with(history={"path": "/list", "paging": paging})
    with pytest.raises(errors.RemoteUnavailable, match=r"nothing at “id” \(`paging.last`\)"):
        list(source.history(NOW, None, None))


@responses.activate
def test_a_history_in_smaller_pages_than_asked_for_is_refused() -> None:
    serve("/list", lambda _: {"rows": [row(1), row(2)], "count": 7})
    paging = {"style": "page", "param": "page", "size": 5}
    source = source_with(history={"path": "/list", "items": "rows", "total": "count", "paging": paging})
    with pytest.raises(errors.RemoteUnavailable, match=r"asked for 5 items a page, the system gave 2 of 7.*to 2"):
        list(source.history(NOW, None, None))


@responses.activate
def test_a_followed_link_is_asked_for_with_the_same_headers_and_body() -> None:
    asked_for: list[tuple[str | None, bytes | str | None]] = []

    def answer(request: PreparedRequest) -> Any:
        asked_for.append((request.headers.get("X-View"), request.body))
        return {"rows": [], "more": None if "page=2" in str(request.url) else "?page=2"}

    serve("/list", answer, "POST")
    paging = {"style": "next_link", "next": "more"}
    changes = {"method": "POST", "path": "/list", "headers": {"X-View": "all"}, "body": {"since": "{since}"}}
    source_with(changes={**changes, "items": "rows", "paging": paging}).start_cursor()
    assert len(asked_for) == 2
    assert asked_for[0] == asked_for[1]
    assert asked_for[0][0] == b"all"


@responses.activate
def test_an_answer_in_the_charset_that_it_names() -> None:
    text = json.dumps([row(1, summary="路由器")], ensure_ascii=False)
    responses.add("GET", BASE + "/list", text.encode("gbk"), content_type="application/json; charset=GBK")
    (page,) = source_with().changes(_cursor(NOW), nobody)
    assert page.snapshots[0].incident.summary == "路由器"


@responses.activate
def test_items_that_are_lists_are_incidents_as_well() -> None:
    """Some systems answer tables: the names of the columns once, then rows of values."""
    serve("/list", lambda _: [["7", "no disk", "open", NOW.isoformat(), NOW.isoformat()]])
    places = {"id": "[0]", "summary": "[1]", "state": "[2]", "opened_at": "[3]", "updated_at": "[4]", "team": "team"}
    (page,) = source_with(fields=places).changes(_cursor(NOW), nobody)
    (one,) = page.snapshots
    assert (one.incident.external_id, one.incident.summary, one.incident.team) == ("7", "no disk", "")


@responses.activate
@pytest.mark.parametrize(
    ("strange", "why"),
    [
        ({"again": 10**25}, "is no count"),
        ({"again": "often"}, "“often” is no count"),
        ({"solved": "9999-12-31T23:59:59-05:00"}, "is not a time"),
        ({"solved": {"at": 5}}, "is not a time"),
        ({"id": []}, "has no id"),
        ({"id": 12345678901234567890123}, "is no whole number of up to 64 bits"),
    ],
)
def test_one_strange_value_parks_its_incident_and_the_others_go_on(strange: dict[str, Any], why: str) -> None:
    serve("/list", lambda _: [row(1), row(2, **strange), row(3)])
    source = source_with(fields={"reopen_count": "again", "resolved_at": "solved"})
    (page,) = source.changes(_cursor(NOW), nobody)
    assert [one.incident.external_id for one in page.snapshots] == ["1", "3"]
    (parked,) = page.poison
    assert why in parked.error


@responses.activate
def test_a_list_without_order_moves_the_cursor_only_at_its_end() -> None:
    rows = [row(number, NOW + timedelta(minutes=minute)) for number, minute in enumerate([5, 1, 9, 3, 7], start=1)]
    Table(rows, ordered=False)
    source = source_with(changes=CHANGES_BY_PAGE | {"ordered": False})
    pages = list(source.changes(_cursor(NOW), nobody))
    assert [page.cursor == _cursor(NOW) for page in pages] == [True, True, False]
    for page in pages[:2]:
        assert len(read_all(source.changes(page.cursor, nobody))[0]) == 5
    assert read_all(source.changes(pages[2].cursor, nobody))[0] == []


@responses.activate
def test_a_list_found_without_order_is_read_to_its_end_all_the_same() -> None:
    rows = [row(number, NOW + timedelta(minutes=minute)) for number, minute in enumerate([5, 1, 9, 3, 7], start=1)]
    Table(rows, ordered=False)
    source = source_with(changes=CHANGES_BY_PAGE)
    assert len(read_all(source.changes(_cursor(NOW), nobody))[0]) == 5
    (problem,) = [one for one in source.check() if one.severity == "error"]
    assert "not ordered" in problem.what


@responses.activate
def test_the_cursor_forgets_what_is_older_than_the_overlap() -> None:
    """Also under a drip of changes, each within the overlap of the one before."""
    table = Table([])
    source = source_with(changes=CHANGES_BY_PAGE)
    cursor = _cursor(NOW)
    for second in range(60):
        table.rows.append(row(second, NOW + timedelta(seconds=second)))
        seen, cursor = read_all(source.changes(cursor, nobody))
        assert str(second) in seen
        assert len(seen) == 1
    assert len(json.loads(cursor)["seen"]) == 3


@responses.activate
def test_the_first_cursor_is_by_the_clock_of_a_server_that_is_behind() -> None:
    responses.get(f"{BASE}/list", json=[], headers={"Date": "Fri, 20 Nov 2026 11:50:00 GMT"})
    cursor = source_with().start_cursor()
    assert json.loads(cursor)["at"] == "2026-11-20T11:50:00+00:00"


@responses.activate
def test_an_item_without_a_time_is_parked_once() -> None:
    table = Table([row(1), {"id": 2, "state": "open"}, row(3)], ordered=False)
    table.rows[1]["updated_at"] = NOW.isoformat()
    source = source_with(fields={"updated_at": "changed || updated_at", "id": "id"}, changes=CHANGES_BY_PAGE)
    table.rows[1]["changed"] = "yesterday"
    pages = list(source.changes(_cursor(NOW), nobody))
    assert [one.incident.external_id for page in pages for one in page.snapshots] == ["1", "3"]
    (poison,) = [one for page in pages for one in page.poison]
    assert "“yesterday” is not a time" in poison.error
    assert '"yesterday"' in poison.raw
    assert list(source.changes(pages[-1].cursor, nobody)) == []


@responses.activate
def test_lists_of_ids_are_read_one_by_one() -> None:
    """As OTOBO's searches answer; an id that is gone meanwhile is left out."""
    serve("/list", lambda _: {"TicketID": ["1", "2"]})
    responses.get(f"{BASE}/one/1", json=row(1))
    responses.get(f"{BASE}/one/2", status=404)
    changes = {"path": "/list", "items": "TicketID", "read_each": True, "item_id": "@"}
    assert read_all(source_with(changes=changes).changes(_cursor(NOW), nobody))[0] == ["1"]


@responses.activate
def test_an_empty_list_may_be_left_out_if_it_is_known() -> None:
    serve("/list", lambda _: {})
    changes: dict[str, Any] = {"path": "/list", "items": "TicketID"}
    with pytest.raises(errors.RemoteUnavailable, match="there is nothing and no list at “TicketID”"):
        list(source_with(changes=changes).changes(_cursor(NOW), nobody))
    changes["absent_is_empty"] = True
    assert list(source_with(changes=changes).changes(_cursor(NOW), nobody)) == []


@responses.activate
def test_a_next_page_on_another_host_gets_no_credentials() -> None:
    serve("/list", lambda _: {"items": [row(1)], "next": "https://evil.test/list?page=2"})
    changes = {"path": "/list", "items": "items", "paging": {"style": "next_link", "next": "next"}, "ordered": False}
    with pytest.raises(errors.RemoteUnavailable, match=r"evil\.test"):
        list(source_with(changes=changes).changes(_cursor(NOW), nobody))


@responses.activate
def test_a_page_that_names_itself_as_the_next_is_no_endless_loop() -> None:
    serve("/list", lambda _: {"items": [row(1)], "next": "/api/list?page=2"})
    changes = {"path": "/list", "items": "items", "paging": {"style": "next_link", "next": "next"}, "ordered": False}
    with pytest.raises(errors.RemoteUnavailable, match="this one again"):
        list(source_with(changes=changes).changes(_cursor(NOW), nobody))


@responses.activate
def test_history_without_a_request_of_its_own() -> None:
    """By changes since the beginning: what was opened before or after is left out."""
    rows = [
        row(n, NOW + timedelta(days=n), opened_at=(NOW + timedelta(days=o)).isoformat())
        for n, o in [(1, -5), (2, 1), (3, 2), (4, 3), (5, 5)]
    ]
    Table(rows)
    source = source_with(changes=CHANGES_BY_PAGE)
    pages = list(source.history(NOW, NOW + timedelta(days=5), None))
    assert [one.incident.external_id for page in pages for one in page.snapshots] == ["2", "3", "4"]
    rest = read_all(source.history(NOW, NOW + timedelta(days=5), pages[0].cursor))[0]
    assert set(rest) == {"2", "3", "4"} - {one.incident.external_id for one in pages[0].snapshots}


@responses.activate
def test_a_history_that_is_finished_stays_finished() -> None:
    serve("/old", lambda _: [row(1)])
    source = source_with(history={"path": "/old", "params": {"from": "{since}", "to": "{until}"}})
    (page,) = source.history(NOW, None, None)
    assert list(source.history(NOW, None, page.cursor)) == []
    with pytest.raises(errors.ConfigurationError, match="not a place to resume from"):
        list(source.history(NOW, None, "12"))


@responses.activate
def test_a_page_size_the_system_does_not_give_is_found_out() -> None:
    serve("/list", lambda _: {"items": [row(1), row(2)], "total": 7})
    paging = {"style": "page", "param": "page", "size": 500}
    changes = {"path": "/list", "items": "items", "total": "total", "paging": paging}
    (problem,) = source_with(changes=changes).check()
    assert problem.advice == "set changes.paging.size to 2"


@responses.activate
def test_check_names_what_it_cannot_understand() -> None:
    rows = [row(1), row(2, state="weird"), row(3, state="weird"), row(4, priority="P9")]
    serve("/list", lambda _: rows)
    note = {"method": "POST", "path": "/n", "body": {"t": "{text}"}}
    link = {"method": "POST", "path": "/l", "body": {"u": "{url}"}}
    problems = source_with(fields={"priority": "priority"}, writes={"private_note": note, "link": link}).check()
    assert [(one.severity, one.what.split(":")[0]) for one in problems] == [
        ("warning", "notes cannot be read back"),
        ("warning", "links cannot be read back"),
        ("error", "incident 2 cannot be understood"),
        ("warning", "incident 4"),
    ]


# --- one incident ----------------------------------------------------------------------------------------------------


@responses.activate
def test_everything_can_be_mapped() -> None:
    """Nested values, lists, expressions, quoted names, several formats; what is unset stays unset."""
    value = {
        "sys": {"number": 7, "Created At": "2026-11-20 13:00", "changed": "2026-11-20 13:30"},
        "title": "T",
        "status": "HELD ",
        "why": "vendor",
        "prio": "1 - Critical",
        "who": {"login": "anna"},
        "cis": ["r1", "r2"],
        "labels": ["a", "b "],
        "resolved": "0000-00-00 00:00:00",
        "reopened": "2",
        "vip": True,
        "cf": [{"name": "Key", "value": "k\0"}],
    }
    responses.get(f"{BASE}/one/7", json={"data": [value]})
    fields = {
        "id": "sys.number",
        "summary": "title",
        "state": "status",
        "opened_at": 'sys."Created At"',
        "updated_at": "sys.changed",
        "hold_reason": "why",
        "priority": "prio",
        "person": "who.login",
        "ci": "cis",
        "tags": "labels",
        "resolved_at": "resolved",
        "reopen_count": "reopened",
        "team": "missing.team",
        "closed_at": "nothing",
    }
    source = source_with(
        read={"path": "/one/{id}", "item": "data"},
        fields=fields,
        extra={"vip": "vip", "key": "cf[?name=='Key'].value | [0]"},
        times={"format": "%Y-%m-%d %H:%M", "zone": "Europe/Paris"},
        priorities={"1 - Critical": 1},
        web_url="https://itsm.test/#/{id}",
    )
    incident = source.read("7")
    assert (incident.external_id, incident.opened_at) == ("7", NOW)
    assert (incident.state, incident.hold_reason, incident.priority) == (State.ON_HOLD, "vendor", 1)
    assert (incident.person, incident.ci, incident.tags, incident.team) == ("anna", "r1, r2", ("a", "b"), "")
    assert (incident.resolved_at, incident.closed_at, incident.reopen_count) == (None, None, 2)
    assert incident.fields == {"vip": "true", "key": "k"}
    assert incident.url == "https://itsm.test/#/7"


@responses.activate
def test_a_history_within_the_incident_is_its_timeline() -> None:
    entries = [
        {"id": 1, "at": "2026-11-20T10:00:00Z", "field": "status", "new": "open"},
        {"id": 2, "at": "2026-11-20T10:05:00Z", "field": "assignee", "new": None},
        {"id": 3, "at": "2026-11-20T10:06:00Z", "field": "colour", "new": "red"},
        {"id": 4, "at": "2026-11-20T10:07:00Z", "field": "status", "new": "unheard of"},
        {"id": 5, "at": "2026-11-20T10:08:00Z", "field": "prio", "new": "high"},
    ]
    serve("/list", lambda _: [row(1, log=entries)])
    kinds = {"status": "state", "assignee": "person", "prio": "priority"}
    source = source_with(timeline={"items": "log", "kinds": kinds}, priorities={"high": 2})
    (page,) = source.changes(_cursor(NOW), nobody)
    (snapshot,) = page.snapshots
    assert [(one.kind, one.value, one.remote_id) for one in snapshot.events] == [
        (EventKind.STATE, "in_progress", "1"),
        (EventKind.PERSON, "", "2"),
        (EventKind.PRIORITY, "2", "5"),
    ]


@responses.activate
def test_an_answer_about_another_incident_is_not_taken_for_this_one() -> None:
    responses.get(f"{BASE}/one/7", json=row(8))
    with pytest.raises(errors.NotFound, match="merged into itsm #8"):
        source_with().read("7")


@responses.activate
def test_an_id_cannot_leave_its_place_in_the_path() -> None:
    responses.get(f"{BASE}/one/..%2Fadmin%3Fx%3D1", json=row(1, id="../admin?x=1"))
    assert source_with().read("../admin?x=1").external_id == "../admin?x=1"


@responses.activate
def test_notes_come_oldest_first_whatever_the_system_does() -> None:
    """Ids may be words, pages several, texts HTML."""
    notes = [
        {"id": "c", "author": "x", "created_at": "2026-11-20T10:02:00Z", "text": "<p>three</p>", "private": "no"},
        {"id": "b", "author": "x", "created_at": "2026-11-20T10:01:00Z", "text": "two", "private": "yes"},
        {"id": "a", "author": "x", "created_at": "2026-11-20T10:00:00Z", "text": "one", "private": 1},
    ]
    serve("/one/1/notes", lambda request: notes[int(asked(request)["from"]) :][:2])
    paging = {"style": "offset", "param": "from", "size": 2}
    source = source_with(notes={"path": "/one/{id}/notes", "paging": paging, "html": True})
    assert [(one.text, one.private) for one in source.notes("1", "")] == [
        ("one", True),
        ("two", True),
        ("three", False),
    ]
    assert [one.remote_id for one in source.notes("1", "a")] == ["b", "c"]
    assert source.notes("1", "c") == []


# --- errors ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        ({"code": 1, "message": "who are you"}, errors.AuthenticationFailed),
        ({"code": 2, "message": "no"}, errors.Forbidden),
        ({"code": 3, "message": "where"}, errors.NotFound),
        ({"code": 4, "message": "slow down"}, errors.RateLimited),
        ({"code": 5, "message": "broken"}, errors.RemoteUnavailable),
        ({"code": 100, "message": "Invalid stimulus"}, errors.Rejected),
    ],
)
@responses.activate
def test_errors_behind_a_200_are_found(body: dict[str, Any], kind: type[errors.BridgeError]) -> None:
    meanings = ["authentication", "forbidden", "not_found", "rate_limited", "unavailable"]
    signs = [{"when": "code", "equals": n, "message": "message", "means": m} for n, m in enumerate(meanings, start=1)]
    signs.append({"when": "code != `0`", "message": "message"})
    serve("/one/1", lambda _: body)
    with pytest.raises(errors.BridgeError, match=body["message"]) as caught:
        source_with(errors=signs).read("1")
    assert type(caught.value) is kind


@responses.activate
def test_a_sign_of_no_error_is_none() -> None:
    serve("/one/1", lambda _: row(1, code=0))
    assert source_with(errors=[{"when": "code", "equals": 1}, {"when": "error"}]).read("1").external_id == "1"


# --- writing ---------------------------------------------------------------------------------------------------------

EVIL = "quote \" backslash \\ brace {id} newline\n</p> ' ; drop 😀"


@responses.activate
def test_no_text_can_break_out_of_a_request() -> None:
    """Not from a JSON body, a web form, a query or a header."""
    sent: list[PreparedRequest] = []

    def record(request: PreparedRequest) -> dict[str, Any]:
        sent.append(request)
        return {}

    serve("/json", record, "POST")
    serve("/form", record, "POST")
    writes = {
        "private_note": {
            "method": "POST",
            "path": "/json",
            "params": {"q": "{text}"},
            "body": {"a": ["{text}", {"{id}": "x {text} y"}], "n": 5},
        },
        "public_note": {"method": "POST", "path": "/form", "form": {"json_data": {"m": "{text}"}, "plain": "{text}"}},
    }
    source = source_with(writes=writes)
    serve("/one/1", lambda _: row(1))
    assert source.add_note("1", EVIL, private=True) == ""
    source.add_note("1", EVIL, private=False)
    assert json.loads(sent[0].body or "") == {"a": [EVIL, {"1": f"x {EVIL} y"}], "n": 5}
    assert asked(sent[0])["q"] == EVIL
    form = dict(parse_qsl(str(sent[1].body)))
    assert json.loads(form["json_data"]) == {"m": EVIL}
    assert form["plain"] == EVIL


@responses.activate
def test_a_note_that_was_cut_is_not_applied() -> None:
    serve(
        "/one/1/notes", lambda _: [{"id": 5, "author": "b", "created_at": NOW.isoformat(), "text": "hel", "private": 1}]
    )
    serve("/one/1/notes", lambda _: {"note": {"id": 5}}, "POST")
    write = {"method": "POST", "path": "/one/{id}/notes", "body": {"text": "{text}"}, "id": "note.id"}
    with pytest.raises(errors.NotApplied, match="itsm #1: note 5 has 3 of 5 characters"):
        source_with(notes={"path": "/one/{id}/notes"}, writes={"private_note": write}).add_note(
            "1", "hello", private=True
        )


@responses.activate
def test_a_private_note_that_became_public_is_told() -> None:
    serve(
        "/one/1/notes", lambda _: [{"id": 5, "author": "b", "created_at": NOW.isoformat(), "text": "x", "private": 0}]
    )
    serve("/one/1/notes", lambda _: {}, "POST")
    write = {"method": "POST", "path": "/one/{id}/notes", "body": {"text": "{text}"}}
    with pytest.raises(errors.NotApplied, match="is public and should be private"):
        source_with(notes={"path": "/one/{id}/notes"}, writes={"private_note": write}).add_note("1", "x", private=True)


@responses.activate
def test_what_there_is_no_request_for_is_not_possible() -> None:
    serve("/one/1", lambda _: row(1))
    source = source_with(writes={"resolve": {"method": "POST", "path": "/r"}})
    assert {one.value for one in source.capabilities} == {"resolve"}
    with pytest.raises(errors.NotPossible, match=r"itsm #1: there is no request `writes.hold`.*There are: resolve"):
        source.set_state("1", State.ON_HOLD, "")
    with pytest.raises(errors.NotPossible, match=r"writes\.private_note"):
        source.add_note("1", "x", private=True)


@responses.activate
def test_reopening_and_unassigning_have_requests_of_their_own() -> None:
    state = {"state": "done", "who": "anna"}
    serve("/one/1", lambda _: row(1, **state))
    serve("/reopen", lambda _: state.update(state="open") or {}, "POST")
    serve("/free", lambda _: state.update(who="") or {}, "POST")
    writes = {
        "resume": {"method": "POST", "path": "/resume"},
        "reopen": {"method": "POST", "path": "/reopen"},
        "unassign": {"method": "POST", "path": "/free"},
        "assign": {"method": "POST", "path": "/assign"},
    }
    source = source_with(fields={"person": "who"}, writes=writes)
    assert source.set_state("1", State.IN_PROGRESS, "").state is State.IN_PROGRESS
    assert source.assign("1", "").person == ""


# --- logging in ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("auth", "header", "value"),
    [
        ({"type": "basic", "user": "ü", "password": "p:w"}, "Authorization", "Basic w7w6cDp3"),
        ({"type": "bearer", "token": "tok"}, "Authorization", b"Bearer tok"),
        ({"type": "header", "header": "X-Key", "prefix": "k ", "value": "tok"}, "X-Key", b"k tok"),
    ],
)
@responses.activate
def test_credentials_go_where_they_belong(auth: dict[str, str], header: str, value: object) -> None:
    responses.get(f"{BASE}/one/1", json=row(1))
    source_with(auth=auth).read("1")
    assert responses.calls[0].request.headers[header] == value


class TokenServer:
    """Hands out tokens and refuses those it revoked."""

    def __init__(self, expires_in: int = 600) -> None:
        self.given = 0
        self.good: set[str] = set()
        self.expires_in = expires_in
        responses.add_callback(responses.POST, "https://login.test/token", self._give)
        responses.add_callback(responses.GET, f"{BASE}/one/1", self._read)

    def _give(self, request: PreparedRequest) -> tuple[int, dict[str, str], str]:
        if request.headers["Authorization"] != "Basic Yjpz":
            return 401, {}, json.dumps({"error": "invalid_client"})
        assert dict(parse_qsl(str(request.body))) == {"grant_type": "client_credentials", "scope": "itsm"}
        self.given += 1
        self.good.add(f"t{self.given}")
        return 200, {}, json.dumps({"access_token": f"t{self.given}", "expires_in": self.expires_in})

    def _read(self, request: PreparedRequest) -> tuple[int, dict[str, str], str]:
        good = request.headers["Authorization"].removeprefix("Bearer ") in self.good
        return (200, {}, json.dumps(row(1))) if good else (401, {}, "{}")


OAUTH = {"type": "oauth2", "token_url": "https://login.test/token", "client_id": "b", "scope": "itsm"}


@responses.activate
def test_an_access_token_is_kept_renewed_in_time_and_once_when_refused() -> None:
    server, clock = TokenServer(), Settable()
    source = source_with(clock, auth=OAUTH | {"client_secret": "s"})
    for _ in range(3):
        source.read("1")
    assert server.given == 1
    clock.time += timedelta(seconds=580)
    source.read("1")
    assert server.given == 2
    server.good.clear()
    source.read("1")
    assert server.given == 3
    assert source.requests == 9


@responses.activate
@pytest.mark.parametrize("told", [None, "an hour", ["3600"]])
def test_an_access_token_that_does_not_say_how_long_it_is_good(told: object) -> None:
    responses.post("https://login.test/other", json={"access_token": "t", "expires_in": told})
    responses.get(f"{BASE}/one/1", json=row(1))
    auth = OAUTH | {"client_secret": "s", "token_url": "https://login.test/other"}
    source = source_with(auth=auth)
    assert [source.read("1").external_id for _ in range(2)] == ["1", "1"]
    assert source.requests == 3


@responses.activate
def test_a_client_that_is_not_accepted_is_an_authentication_failure() -> None:
    TokenServer()
    with pytest.raises(errors.AuthenticationFailed, match="no access token: HTTP 401: invalid_client"):
        source_with(auth=OAUTH | {"client_secret": "wrong"}).read("1")


# --- options ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("chosen", "message"),
    [
        ({"base_url": "itsm.test"}, "must begin with http"),
        ({"read": {"path": "/one/{number}"}}, r"there is no \{number\} here; there is: \{id\}"),
        ({"writes": {"private_note": {"path": "/n", "body": {"a": ["{reason}"]}}}}, r"there is no \{reason\}"),
        ({"fields": {"summary": "a[?"}}, "is not JMESPath"),
        ({"fields": {"sumary": "a"}}, "Extra inputs"),
        ({"changes": {"path": "/l", "paging": {"style": "cursor", "param": "c"}}}, "style cursor needs `next`"),
        ({"auth": {"type": "magic"}}, "magic"),
        ({"priorities": {"high": 9}}, "9 is not between 1"),
        ({"states": {"x": "sleeping"}}, "sleeping|Input should be"),
    ],
)
def test_options_that_cannot_work_are_refused(chosen: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        options_of(**chosen)


@pytest.mark.parametrize(
    ("expression", "found"),
    [("a", 1), ("b.c", 2), ('"x y"."z.z"', 3), ("b.c.d", None), ("l[0]", 4), ("@", ...), ("", None), ("a.b", None)],
)
def test_paths(expression: str, found: object) -> None:
    value = {"a": 1, "b": {"c": 2}, "x y": {"z.z": 3}, "l": [4]}
    assert compile_path(expression)(value) == (value if found is ... else found)


def _cursor(at: datetime) -> str:
    return json.dumps({"at": at.isoformat(), "seen": {}}, separators=(",", ":"))


def test_a_method_that_nobody_knows_is_refused() -> None:
    assert Request(method="patch", path="/x").method == "PATCH"
    with pytest.raises(ValidationError):
        Request(method="PSOT", path="/x")
