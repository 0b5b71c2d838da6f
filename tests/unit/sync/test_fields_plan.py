"""What becomes of single fields: over incidents, subtasks, values without a word, and conflicts that wait."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from bridge.model.conflict import Why
from bridge.model.incident import Incident, State
from bridge.model.project import Issue
from bridge.sync.fields import CAREFUL, FieldRule, SyncTable
from bridge.sync.fields_plan import contested, outcomes, rows
from bridge.sync.mapping import StatusMapping
from bridge.sync.merge import Direction, Owner, Side
from bridge.sync.plan import IncidentSide, IssueSide, Outcome, plan

NOON = datetime(2026, 11, 2, 12, 0, tzinfo=UTC)
INCIDENT = Incident("rt", "17", "Router down", State.NEW, NOON, NOON, priority=2, category="Network")
ISSUE = Issue(5, 1, "rt #17: Router down", "", "New", closed=False, updated_at=NOON, url="", priority="Urgent")
STATUSES = StatusMapping({"New": State.NEW}, {State.NEW: "New"})
AGREED = {"priority": "Urgent", "category": "Network"}


def table(direction: Direction = Direction.BOTH, owner: Owner = Owner.INCIDENT) -> SyncTable:
    fields = {name: FieldRule(direction, owner, row.incident) for name, row in CAREFUL.items()}
    return SyncTable(STATUSES, fields, {1: "Immediate", 2: "Urgent"})


def decided(made: SyncTable, incident: Incident, issue: Issue, *, is_parent: bool = False) -> dict[str, Outcome]:
    found = rows(made, incident, issue)
    return outcomes(made, found, AGREED, {}, is_open=incident.state.is_open, is_parent=is_parent)


def test_an_incident_that_is_over_is_not_written_and_that_is_told():
    over = replace(INCIDENT, state=State.RESOLVED)
    outcome = decided(table(), over, replace(ISSUE, category="Cables"))["category"]
    assert outcome.write is None
    assert "the incident is over" in outcome.report


def test_a_priority_without_a_level_is_told_and_not_guessed():
    outcome = decided(table(), INCIDENT, replace(ISSUE, priority="Planning"))["priority"]
    assert outcome.write is None
    assert "redmine.priorities" in outcome.report


def test_derived_fields_are_not_written_on_a_parent_but_go_to_the_incident():
    more = replace(INCIDENT, priority=1)
    assert decided(table(), more, ISSUE)["priority"].write is not None
    told = decided(table(Direction.TO_ISSUE), more, ISSUE, is_parent=True)["priority"]
    assert (told.write, told.settled) == (None, None)
    assert "derives" in told.report
    back = decided(table(), INCIDENT, replace(ISSUE, priority="Immediate"), is_parent=True)["priority"]
    assert back.write is not None
    assert back.write.side is Side.INCIDENT
    other = replace(table(), derived=frozenset())
    assert decided(other, more, ISSUE, is_parent=True)["priority"].write is not None


def test_only_fields_that_both_changed_are_asked_for_their_times():
    made = table(owner=Owner.NEWEST)
    found = rows(made, replace(INCIDENT, category="A"), replace(ISSUE, category="B", priority="Immediate"))
    assert contested(found, AGREED, ()) == ["category"]
    assert contested(found, AGREED, {"category"}) == []


def test_a_frozen_field_is_neither_written_nor_reported_until_both_sides_agree():
    made = table(owner=Owner.MANUAL)
    sides = IncidentSide(State.NEW, "", ""), IssueSide("New", "", "")
    apart = decided(made, replace(INCIDENT, category="A"), replace(ISSUE, category="B"))
    found = plan({}, *sides, STATUSES, fields=apart)
    assert found.undecided["category"].values == ("A", "B")
    assert found.undecided["category"].undecided.why is Why.MANUAL
    waiting = plan({}, *sides, STATUSES, fields=apart, frozen={"category"})
    assert (waiting.undecided, waiting.over) == ({}, frozenset())
    same = decided(made, replace(INCIDENT, category="C"), replace(ISSUE, category="C"))
    settled = plan({}, *sides, STATUSES, fields=same, frozen={"category"})
    assert settled.over == {"category"}
    assert settled.agreed["category"] == "C"


CAUSE = "custom.Root Cause"


def with_cause(incident: str | None, issue: str | None, agreed: str = "fan") -> Outcome:
    made = replace(table(), fields={CAUSE: FieldRule(Direction.BOTH, Owner.PROJECT)})
    ours = replace(INCIDENT, fields={} if incident is None else {"Root Cause": incident})
    theirs = replace(ISSUE, custom={} if issue is None else {"Root Cause": issue})
    return outcomes(made, rows(made, ours, theirs), {CAUSE: agreed}, {}, is_open=True, is_parent=False)[CAUSE]


def test_a_field_that_a_side_shows_no_more_clears_nothing_on_the_other():
    """A right, or the field's place in the tracker, is gone: that is nobody's decision to empty the field."""
    for incident, issue in (("fan", None), (None, "fan"), ("dust", None), (None, "dust")):
        outcome = with_cause(incident, issue)
        assert (outcome.write, outcome.settled, outcome.undecided) == (None, None, None)
        assert "Root Cause" in outcome.report
        assert ("issue shows no" if issue is None else "incident shows no") in outcome.report
    emptied = with_cause("fan", "").write
    assert emptied is not None
    assert (emptied.side, emptied.value) == (Side.INCIDENT, "")


def test_a_field_that_one_side_never_had_is_told_only_where_there_is_a_value():
    assert with_cause("", None, agreed="") == Outcome()
    assert "Root Cause" in with_cause("fan", None, agreed="").report


def test_a_value_of_the_incident_that_cannot_be_read_is_told_and_left_alone():
    for name, value in (("due", "next week"), ("done_ratio", "half")):
        odd = replace(INCIDENT, fields={"Due": value} if name == "due" else {"Percent Done": value})
        outcome = decided(table(), odd, ISSUE)[name]
        assert (outcome.write, outcome.settled) == (None, None)
        assert f"“{value}”" in outcome.report
    assert "redmine.priorities" in decided(table(), replace(INCIDENT, priority=4), ISSUE)["priority"].report
    assert decided(table(), replace(INCIDENT, priority=None), ISSUE)["priority"] == Outcome()
