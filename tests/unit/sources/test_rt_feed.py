"""RT's transactions where rows are hidden from the account, and tickets that vanish, as recorded at RT's REST 2."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import responses
from requests import PreparedRequest

from bridge.model.errors import NotApplied, NotPossible
from bridge.sources.rt.cursor import SETTLED
from bridge.sources.rt.options import RtOptions
from bridge.sources.rt.source import RtSource

BASE = "http://rt.test/REST/2.0"
START = datetime(2026, 11, 20, 12, tzinfo=UTC)


class Settable:
    def __init__(self) -> None:
        self.time = START

    def now(self) -> datetime:
        return self.time


class FakeRt:
    """Answers for transactions and tickets; `hidden` rows count for pages and are then left out, as RT does it."""

    def __init__(self, rows: int, hidden: set[int]) -> None:
        self.rows = range(1, rows + 1)
        self.hidden = hidden
        self.gone: set[str] = set()
        responses.add_callback(responses.GET, f"{BASE}/transactions", self._transactions)
        responses.add_callback(responses.GET, f"{BASE}/tickets", self._tickets)
        responses.get(re.compile(f"{BASE}/ticket/.*"), status=404, json={"message": "Not Found"})

    def _transactions(self, request: PreparedRequest) -> tuple[int, dict[str, str], str]:
        asked = _asked(request)
        after = re.search(r"id > (\d+)", asked["query"])
        found = [one for one in self.rows if after is None or one > int(after[1])]
        if asked.get("order") == "DESC":
            found.reverse()
        size, page = int(asked["per_page"]), int(asked["page"])
        raw = found[(page - 1) * size : page * size]
        items = [
            {"id": str(one), "ObjectId": str(one), "Type": "CustomField", "Field": "9", "Created": _text(START)}
            for one in raw
            if one not in self.hidden
        ]
        return 200, {}, json.dumps({"items": items, "count": len(items), "total": None})

    def _tickets(self, request: PreparedRequest) -> tuple[int, dict[str, str], str]:
        ids = [one for one in re.findall(r"id = (\d+)", _asked(request)["query"]) if one not in self.gone]
        items = [
            {
                "id": one,
                "Subject": "s",
                "Status": "open",
                "Created": _text(START),
                "LastUpdated": _text(START),
                "Queue": {"Name": "Incidents"},
                "Owner": {"id": "Nobody"},
                "CustomFields": [],
            }
            for one in ids
        ]
        return 200, {}, json.dumps({"items": items, "total": len(items)})


def _asked(request: PreparedRequest) -> dict[str, str]:
    return {name: values[-1] for name, values in parse_qs(urlsplit(request.url or "").query).items()}


def _text(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def source_with(clock: Settable, **options: Any) -> RtSource:
    return RtSource("rt", RtOptions.model_validate({"url": "http://rt.test", "token": "t", **options}), clock)


@responses.activate
def test_a_block_of_hidden_rows_does_not_stop_the_feed_for_ever() -> None:
    """A page of nothing but hidden rows looks like the end; after a quiet while it is asked whether it is."""
    FakeRt(rows=40, hidden=set(range(11, 36)))
    clock = Settable()
    source = source_with(clock, page_size=10)
    cursor, seen = source.start_cursor().replace("40", "0", 1), set()
    for _ in range(3):
        for page in source.changes(cursor, frozenset):
            cursor = page.cursor
            seen |= {one.incident.external_id for one in page.snapshots}
        clock.time += SETTLED + timedelta(seconds=1)
    assert seen == {str(one) for one in [*range(1, 11), *range(36, 41)]}


@responses.activate
def test_nobody_is_asked_twice_in_a_quiet_while() -> None:
    FakeRt(rows=5, hidden=set())
    clock = Settable()
    source = source_with(clock)
    cursor = source.start_cursor()
    counts = []
    for _ in range(4):
        before = source.requests
        assert list(source.changes(cursor, frozenset)) == []
        counts.append(source.requests - before)
        clock.time += timedelta(minutes=6)
    assert counts == [1, 1, 2, 1]


@responses.activate
def test_a_known_ticket_that_is_gone_is_parked() -> None:
    rt = FakeRt(rows=3, hidden=set())
    rt.gone = {"2"}
    (page,) = source_with(Settable()).changes("0@0-", frozenset)
    assert {one.incident.external_id for one in page.snapshots} == {"1", "3"}
    (gone,) = page.poison
    assert gone.external_id == "2"
    assert "gone or no longer visible" in gone.error


@responses.activate
def test_a_note_that_cannot_be_read_back_is_not_applied() -> None:
    """An account that may comment but not see comments."""
    responses.post(
        f"{BASE}/ticket/7/comment",
        status=201,
        json=["Comments added"],
        headers={"Location": "/REST/2.0/transaction/62"},
    )
    responses.post(f"{BASE}/attachments", json={"items": [], "count": 0})
    with pytest.raises(NotApplied, match=r"rt #7: transaction 62 has 0 of the note's 5 characters.*ShowTicketComments"):
        source_with(Settable()).add_note("7", "hello", private=True)


@responses.activate
def test_a_subject_that_rt_would_cut_is_not_sent() -> None:
    """RT 5 keeps 200 bytes of UTF-8 and answers 200: the rest would be gone, and soon on the issue, too."""
    FakeRt(rows=7, hidden=set())
    responses.post(f"{BASE}/attachments", json={"items": [], "count": 0})
    with pytest.raises(NotPossible, match=r"rt #7: .*201 bytes.*200"):
        source_with(Settable()).field_values.set("7", "summary", "路" * 67)
    assert all(call.request.method != "PUT" for call in responses.calls)
