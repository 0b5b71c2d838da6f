"""The merge and the plan: both sides converge, the next plan is empty, nothing raises."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.model.incident import Note, State
from bridge.model.link import Refusal
from bridge.sync.mapping import StatusMapping, canonical
from bridge.sync.merge import Merged, Side, merge
from bridge.sync.plan import NOBODY, PERSON, STATE, FieldWrite, IncidentSide, IssueSide, Plan, plan

STATUSES = StatusMapping(
    to_state={
        "New": State.NEW,
        "In Progress": State.IN_PROGRESS,
        "Feedback": State.ON_HOLD,
        "Resolved": State.RESOLVED,
        "Closed": State.RESOLVED,
    },
    to_status={
        State.NEW: "New",
        State.IN_PROGRESS: "In Progress",
        State.ON_HOLD: "Feedback",
        State.RESOLVED: "Resolved",
        State.CANCELLED: "Rejected",
    },
)
WHEN = datetime(2026, 11, 1, tzinfo=UTC)

values = st.sampled_from(["a", "b", "c"])
people = st.one_of(st.none(), st.sampled_from([NOBODY, "jane", "ben", "li"]))
statuses = st.sampled_from(["New", "In Progress", "Feedback", "Resolved", "Closed", "Rejected", "Waiting"])
agreements = st.fixed_dictionaries(
    {STATE: st.sampled_from([str(canonical(s)) for s in State]), PERSON: st.sampled_from([NOBODY, "jane", "ben"])}
)


def note(number: int, *, private: bool) -> Note:
    return Note(str(number), "alice", WHEN, "text", private)


@pytest.mark.parametrize(
    ("agreed", "incident", "issue", "expected"),
    [
        ("a", "a", "a", Merged("a")),
        ("a", "b", "b", Merged("b")),
        ("a", "b", "a", Merged("b", write=Side.ISSUE)),
        ("a", "a", "b", Merged("b", write=Side.INCIDENT)),
        ("a", "b", "c", Merged("b", write=Side.ISSUE, lost="c")),
    ],
)
def test_one_field_is_merged_against_the_agreed_value(agreed, incident, issue, expected):
    assert merge(agreed, incident, issue, Side.INCIDENT) == expected


@given(values, values, values, st.sampled_from(Side))
def test_a_merge_loses_no_value_silently(agreed, incident, issue, owner):
    merged = merge(agreed, incident, issue, owner)
    moved = {v for v in (incident, issue) if v != agreed}
    assert moved <= {merged.value, merged.lost}
    assert (merged.write is None) == (incident == issue)


def apply(decided: Plan, agreed: dict[str, str], incident: IncidentSide, issue: IssueSide):
    """What both sides and the agreement look like once the plan is carried out."""
    after = {**agreed, **decided.agreed}
    for write in decided.fields:
        after[write.field] = write.value
        if write.field == STATE and write.side is Side.INCIDENT:
            incident = replace(incident, state=State(write.value))
        elif write.field == STATE:
            issue = replace(issue, status=STATUSES.status_of(State(write.value)) or issue.status)
        elif write.side is Side.INCIDENT:
            incident = replace(incident, person=write.value)
        else:
            issue = replace(issue, person=write.value)
    return after, replace(incident, notes=()), replace(issue, notes=())


@given(agreements, st.sampled_from(State), people, statuses, people, st.booleans())
def test_the_plan_after_a_plan_is_empty(agreed, state, handler, status, assignee, private):
    incident = IncidentSide(state, handler, "somebody", (note(1, private=private),))
    issue = IssueSide(status, assignee, "somebody", (note(2, private=private),))
    first = plan(agreed, incident, issue, STATUSES)
    agreed, incident, issue = apply(first, agreed, incident, issue)
    second = plan(agreed, incident, issue, STATUSES)
    assert (second.fields, second.notes) == ((), ())
    third = plan({**agreed, **second.agreed}, incident, issue, STATUSES)
    assert third.agreed == {}


@given(agreements, st.sampled_from(State), people, statuses, people)
def test_a_resolved_incident_is_never_reopened(agreed, state, handler, status, assignee):
    decided = plan(agreed, IncidentSide(state, handler, "x"), IssueSide(status, assignee, "y"), STATUSES)
    reopening = [w for w in decided.fields if w.side is Side.INCIDENT and w.field == STATE and State(w.value).is_open]
    assert state.is_open or not reopening


@given(agreements, st.sampled_from(State), people, statuses, people)
def test_an_unmapped_person_is_neither_cleared_nor_replaced(agreed, state, handler, status, assignee):
    decided = plan(agreed, IncidentSide(state, handler, "zoe"), IssueSide(status, assignee, "zed"), STATUSES)
    if handler is None or assignee is None:
        assert not [w for w in decided.fields if w.field == PERSON]
        assert any("the directory names no" in report for report in decided.reports)


def test_a_resolved_incident_is_not_given_to_somebody_else():
    agreed = {STATE: "resolved", PERSON: "ben"}
    decided = plan(agreed, IncidentSide(State.RESOLVED, "ben", "alice"), IssueSide("Closed", "jane", "Jane"), STATUSES)
    assert (decided.fields, decided.notes) == ((), ())
    assert "stays as it is" in decided.reports[0]


def test_closing_an_incident_after_it_was_resolved_moves_the_issue_no_second_time():
    agreed = {STATE: "resolved", PERSON: NOBODY}
    decided = plan(agreed, IncidentSide(State.CLOSED, NOBODY, ""), IssueSide("Closed", NOBODY, ""), STATUSES)
    assert decided == Plan()


def test_a_rejected_issue_is_not_carried_over():
    agreed = {STATE: "in_progress", PERSON: NOBODY}
    decided = plan(agreed, IncidentSide(State.IN_PROGRESS, NOBODY, ""), IssueSide("Rejected", NOBODY, ""), STATUSES)
    assert (decided.fields, decided.notes) == ((), ())


def test_a_status_that_a_person_set_and_that_stands_for_nothing_waits_and_is_told():
    """The incident moves on meanwhile: the status is not overwritten, and nothing is forgotten."""
    agreed = {STATE: "new", PERSON: NOBODY}
    incident = IncidentSide(State.RESOLVED, NOBODY, "")
    decided = plan(agreed, incident, IssueSide("Waiting", NOBODY, ""), STATUSES)
    assert (decided.fields, decided.notes) == ((), ())
    (report,) = decided.reports
    assert "“Waiting”" in report
    assert "redmine.statuses" in report
    later = plan({**agreed, **decided.agreed}, incident, IssueSide("New", NOBODY, ""), STATUSES)
    assert later.fields == (FieldWrite(Side.ISSUE, STATE, "resolved"),)
    both = plan({**agreed, **decided.agreed}, incident, IssueSide("In Progress", NOBODY, ""), STATUSES)
    assert both.fields == (FieldWrite(Side.ISSUE, STATE, "resolved", lost="in_progress"),)


def test_a_first_status_that_stands_for_nothing_is_told_and_a_later_one_is_carried_over():
    """An issue's first status is not mapped: the incident's state is the base from then on."""
    incident = IncidentSide(State.NEW, NOBODY, "")
    first = plan({PERSON: NOBODY}, incident, IssueSide("Draft", NOBODY, ""), STATUSES)
    assert (first.fields, first.notes) == ((), ())
    assert first.agreed == {STATE: "new"}
    assert "“Draft”" in first.reports[0]
    agreed = {PERSON: NOBODY, **first.agreed}
    later = plan(agreed, incident, IssueSide("In Progress", NOBODY, ""), STATUSES)
    assert later.fields == (FieldWrite(Side.INCIDENT, STATE, "in_progress"),)
    assert later.reports == ()


def test_a_refused_value_is_not_planned_again_until_one_of_both_changes():
    agreed = {STATE: "new", PERSON: NOBODY}
    incident, issue = IncidentSide(State.RESOLVED, "jane", "jane"), IssueSide("New", NOBODY, "")
    refused = {
        "issue.state": Refusal("resolved", "New", "the workflow forbids it."),
        "issue.person": Refusal("jane", "", "the account is locked."),
    }
    decided = plan(agreed, incident, issue, STATUSES, refused=refused)
    assert (decided.fields, decided.notes) == ((), ())
    assert decided.refused == refused
    assert "the workflow forbids it." in decided.reports[0]
    assert "the account is locked." in decided.reports[1]

    other = plan(agreed, replace(incident, person="ben"), issue, STATUSES, refused=refused)
    assert other.fields == (FieldWrite(Side.ISSUE, PERSON, "ben"),)
    assert set(other.refused) == {"issue.state"}

    moved = plan(agreed, incident, replace(issue, status="In Progress"), STATUSES, refused=refused)
    assert moved.fields == (FieldWrite(Side.ISSUE, STATE, "resolved", lost="in_progress"),)
    assert set(moved.refused) == {"issue.person"}

    healed = plan(agreed, incident, IssueSide("Closed", "jane", "Jane"), STATUSES, refused=refused)
    assert (healed.fields, healed.refused, healed.reports) == ((), {}, ())


def test_an_incident_that_moves_on_takes_its_issue_along():
    agreed = {STATE: "new", PERSON: NOBODY}
    decided = plan(agreed, IncidentSide(State.IN_PROGRESS, "jane", "jane"), IssueSide("New", NOBODY, ""), STATUSES)
    assert decided.fields == (
        FieldWrite(Side.ISSUE, STATE, "in_progress"),
        FieldWrite(Side.ISSUE, PERSON, "jane"),
    )


@pytest.mark.parametrize(
    ("state", "allowed", "private"),
    [(State.IN_PROGRESS, True, False), (State.IN_PROGRESS, False, True), (State.RESOLVED, True, True)],
)
def test_a_public_note_reaches_the_caller_only_where_that_is_wanted_and_harmless(state, allowed, private):
    """A project is private unless the settings say otherwise; in RT a public answer reopens a resolved ticket."""
    issue = IssueSide("New", NOBODY, "", (note(7, private=False),))
    incident = IncidentSide(state, NOBODY, "")
    decided = plan({STATE: str(state), PERSON: NOBODY}, incident, issue, STATUSES, public_notes=allowed)
    assert [(w.side, w.private) for w in decided.notes] == [(Side.INCIDENT, private)]


@given(st.lists(st.booleans()), st.lists(st.booleans()), st.sampled_from(State))
def test_a_private_note_never_becomes_public(ours, theirs, state):
    incident = IncidentSide(state, NOBODY, "", tuple(note(i, private=p) for i, p in enumerate(ours)))
    issue = IssueSide("New", NOBODY, "", tuple(note(i, private=p) for i, p in enumerate(theirs)))
    decided = plan({STATE: "new", PERSON: NOBODY}, incident, issue, STATUSES)
    assert len(decided.notes) == len(ours) + len(theirs)
    assert all(w.private for w in decided.notes if w.note.private)
