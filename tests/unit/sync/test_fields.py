"""How both sides show a field, so that the merge compares like with like."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bridge.model.incident import Incident, State
from bridge.model.project import Issue
from bridge.redmine.text import one_line
from bridge.sync.fields import CAREFUL, FieldRule, SyncTable, known_field, subject_for
from bridge.sync.mapping import StatusMapping
from bridge.sync.merge import Direction, Owner

NOON = datetime(2026, 11, 2, 12, 0, tzinfo=UTC)
INCIDENT = Incident("rt", "17", "Router down", State.NEW, NOON, NOON, priority=2, category="Network")
ISSUE = Issue(5, 1, "rt #17: Router down", "", "New", closed=False, updated_at=NOON, url="", priority="Urgent")
CAUSE = FieldRule(Direction.BOTH, Owner.PROJECT)
TABLE = SyncTable(
    StatusMapping({}, {}), {**CAREFUL, "custom.Root Cause": CAUSE}, {1: "Immediate", 2: "Urgent", 3: "High", 4: "High"}
)


def on_incident(name: str, table: SyncTable = TABLE, **fields: str) -> str | None:
    return table.on_incident(name, replace(INCIDENT, fields=fields))


def test_fresh_from_the_incident_both_sides_show_the_same():
    for name in ("priority", "subject"):
        assert on_incident(name) == TABLE.on_issue(name, ISSUE, INCIDENT.ref)


@settings(max_examples=60)
@given(st.text(max_size=300))
def test_a_summary_reads_back_as_it_was_written_however_long(summary):
    ours = TABLE.on_incident("subject", replace(INCIDENT, summary=summary))
    stored = replace(ISSUE, subject=one_line(subject_for(INCIDENT.ref, ours)))
    assert TABLE.on_issue("subject", stored, INCIDENT.ref).strip() == ours.strip() or not ours


def test_an_incident_without_a_summary_and_its_issue_show_the_same():
    bare = replace(ISSUE, subject=one_line(subject_for(INCIDENT.ref, "")))
    assert TABLE.on_issue("subject", bare, INCIDENT.ref) == "" == on_incident_without_summary()


def on_incident_without_summary() -> str | None:
    return TABLE.on_incident("subject", replace(INCIDENT, summary=" "))


@pytest.mark.parametrize(
    ("zone", "text", "day"),
    [
        ("UTC", "2026-12-31T22:59:00Z", "2026-12-31"),
        ("Asia/Tokyo", "2026-12-31T15:30:00Z", "2027-01-01"),
        ("Asia/Tokyo", "2026-12-31", "2026-12-31"),
        ("UTC", "", ""),
        ("UTC", "next week", None),
    ],
)
def test_a_due_moment_is_a_day_in_the_zone(zone, text, day):
    assert on_incident("due", replace(TABLE, zone=ZoneInfo(zone)), Due=text) == day


@settings(max_examples=60)
@given(st.dates(date(2020, 1, 1), date(2040, 1, 1)), st.sampled_from(["UTC", "Asia/Tokyo", "America/New_York"]))
def test_a_due_date_that_is_written_reads_back_as_the_same_day(day, zone):
    table = replace(TABLE, zone=ZoneInfo(zone))
    name, moment = table.for_incident("due", day.isoformat())
    assert isinstance(moment, datetime)
    assert on_incident("due", table, **{name: moment.astimezone(UTC).isoformat()}) == day.isoformat()


@pytest.mark.parametrize(
    ("text", "percent"), [("40", "40"), ("40 %", "40"), ("", ""), ("0", ""), ("150", None), ("x", None)]
)
def test_percent_done(text, percent):
    assert on_incident("done_ratio", **{"Percent Done": text.replace(" ", "")}) == percent


def test_a_priority_that_stands_for_two_levels_names_the_one_that_is_written():
    assert TABLE.ambiguous_priorities() == {"High": [3, 4]}
    named = replace(TABLE, levels={"High": 4})
    assert named.ambiguous_priorities() == {}
    assert named.for_incident("priority", "High") == ("priority", "4")
    assert named.for_incident("priority", "Planning") is None
    assert named.on_incident("priority", replace(INCIDENT, priority=None)) is None


def test_custom_fields_go_by_name():
    assert TABLE.custom_fields == ["Root Cause"]
    assert on_incident("custom.Root Cause", **{"Root Cause": " fan "}) == "fan"
    assert TABLE.on_issue("custom.Root Cause", replace(ISSUE, custom={"Root Cause": "fan"}), INCIDENT.ref) == "fan"
    assert TABLE.for_incident("custom.Root Cause", "fan") == ("Root Cause", "fan")
    assert known_field("custom.x")
    assert not known_field("custom.")
    assert not known_field("estimate")


def test_without_settings_people_s_fields_are_left_alone():
    """The issue follows the incident's priority and summary until somebody changes the issue; nothing goes back."""
    assert {name: str(rule.direction) for name, rule in SyncTable(StatusMapping({}, {})).active.items()} == {
        "priority": "to_issue",
        "subject": "to_issue",
    }
    assert {rule.owner for rule in CAREFUL.values()} == {Owner.PROJECT}
