"""What an RT ticket's transactions tell of its resolution."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from bridge.kpi.facts import facts
from bridge.model.incident import EventKind, Incident, State
from bridge.sources.rt.options import RtOptions
from bridge.sources.rt.timeline import RtTimeline

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
STATES = {"new": "new", "open": "in_progress", "resolved": "resolved", "rejected": "cancelled"}
OPTIONS = RtOptions.model_validate({"url": "http://rt.invalid", "token": "t", "query": "id > 0", "states": STATES})


class Nobody:
    """Names of nobody."""

    def login(self, user_id: str) -> str:
        return user_id

    def queue(self, queue_id: str) -> str:
        return queue_id


def way(*states: str) -> list[dict[str, Any]]:
    """The transactions of a ticket that goes through these statuses, one an hour."""
    rows: list[dict[str, Any]] = [{"id": 1, "Type": "Create", "Created": "2026-03-02T12:00:00Z"}]
    for number, (old, new) in enumerate(zip(("new", *states), states, strict=False), 1):
        at = f"2026-03-02T{12 + number}:00:00Z"
        rows.append({"id": 1 + number, "Type": "Status", "OldValue": old, "NewValue": new, "Created": at})
    return rows


def measured(*states: str) -> tuple[list[str], datetime | None, datetime | None]:
    """Its reported resolutions, and the resolution that counts by both bases."""
    state = State(STATES[states[-1]])
    incident = Incident("rt", "7", "VPN", state, NOON, NOON)
    told = RtTimeline(OPTIONS).events(incident, {"CustomFields": []}, way(*states), NOON, Nobody())
    found = facts(incident, told)
    reported = [one.value[11:13] for one in told if one.kind is EventKind.REPORTED_RESOLUTION]
    return reported, found.resolved_reported, found.resolved_timeline


def test_a_ticket_that_was_reopened_is_not_resolved_by_its_source() -> None:
    first, again = NOON.replace(hour=14), NOON.replace(hour=16)
    assert measured("open", "resolved") == (["14"], first, first)
    assert measured("open", "resolved", "open") == (["14", ""], None, first)
    assert measured("open", "resolved", "open", "resolved") == (["14", "", "16"], again, first)
    assert measured("open", "rejected") == ([], None, None)
