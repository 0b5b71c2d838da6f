"""Both sides changed a field: whose value stays, and when only a person can tell."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bridge.model.conflict import ClockOffset, Why
from bridge.sync.clock_offset import UNMEASURED, ServerClock, measured, refined
from bridge.sync.merge import CLOSE, Direction, Merged, Moments, Owner, Side, Undecided, merge_owned, newest

NOON = datetime(2026, 11, 2, 12, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)
EXACT = ClockOffset(timedelta(), timedelta())
values = st.sampled_from(["", "a", "b", "c"])
offsets = st.floats(-300, 300).map(lambda seconds: timedelta(seconds=seconds))


@pytest.mark.parametrize(
    ("agreed", "incident", "issue", "owner", "direction", "expected"),
    [
        ("a", "b", "a", Owner.MANUAL, Direction.BOTH, Merged("b", write=Side.ISSUE)),
        ("a", "a", "b", Owner.MANUAL, Direction.BOTH, Merged("b", write=Side.INCIDENT)),
        ("a", "b", "c", Owner.INCIDENT, Direction.BOTH, Merged("b", write=Side.ISSUE, lost="c")),
        ("a", "b", "c", Owner.PROJECT, Direction.BOTH, Merged("c", write=Side.INCIDENT, lost="b")),
        ("a", "a", "b", Owner.INCIDENT, Direction.TO_ISSUE, Merged("b", apart=True)),
        ("a", "b", "a", Owner.INCIDENT, Direction.TO_INCIDENT, Merged("b", apart=True)),
        ("a", "b", "c", Owner.PROJECT, Direction.TO_ISSUE, Merged("c", apart=True)),
        (None, "b", "", Owner.MANUAL, Direction.BOTH, Merged("b", write=Side.ISSUE)),
        (None, "", "b", Owner.MANUAL, Direction.BOTH, Merged("b", write=Side.INCIDENT)),
        (None, "b", "c", Owner.INCIDENT, Direction.BOTH, Merged("b", write=Side.ISSUE, lost="c")),
        (None, "b", "b", Owner.MANUAL, Direction.NONE, Merged("b")),
    ],
)
def test_owner_and_direction(agreed, incident, issue, owner, direction, expected):
    assert merge_owned(agreed, incident, issue, owner, direction) == expected


def test_a_manual_field_that_both_changed_needs_a_person():
    decided = merge_owned("a", "b", "c", Owner.MANUAL, Direction.BOTH)
    assert isinstance(decided, Undecided)
    assert decided.why is Why.MANUAL


@settings(max_examples=60)
@given(st.none() | values, values, values, st.sampled_from(Owner), st.sampled_from(Direction))
def test_no_value_is_lost_silently_and_the_next_merge_writes_nothing(agreed, incident, issue, owner, direction):
    merged = merge_owned(agreed, incident, issue, owner, direction, Moments(NOON, NOON + timedelta(hours=1)))
    if isinstance(merged, Undecided):
        assert owner is Owner.MANUAL
        return
    if merged.write is None:
        assert incident == issue or merged.apart
        return
    assert direction.writes(merged.write)
    overwritten = issue if merged.write is Side.ISSUE else incident
    assert overwritten in {agreed or "", merged.lost}, "what is overwritten was agreed before, or is kept"
    sides = {Side.INCIDENT: incident, Side.ISSUE: issue, merged.write: merged.value}
    again = merge_owned(merged.value, sides[Side.INCIDENT], sides[Side.ISSUE], owner, direction)
    assert again == Merged(merged.value)


@pytest.mark.parametrize(("apart", "winner"), [(1.9, None), (2.0, None), (2.1, Side.ISSUE), (-2.1, Side.INCIDENT)])
def test_changes_closer_than_two_seconds_and_the_error_are_a_conflict(apart, winner):
    issue = NOON + timedelta(seconds=apart)
    assert newest(Moments(NOON, issue, incident_clock=EXACT, issue_clock=EXACT)) is winner
    blurred = ClockOffset(-SECOND, SECOND)
    assert newest(Moments(NOON, issue, incident_clock=blurred, issue_clock=EXACT)) is None
    later = NOON + timedelta(seconds=apart + (1 if apart > 0 else -1))
    assert newest(Moments(NOON, later, incident_clock=blurred, issue_clock=EXACT)) is winner


@settings(max_examples=60)
@given(offsets, offsets, st.floats(-600, 600))
def test_the_clocks_offsets_do_not_decide(incident_off, issue_off, apart):
    """± 5 min: the side that really changed last wins, or a person is asked."""
    moments = Moments(
        NOON + incident_off,
        NOON + timedelta(seconds=apart) + issue_off,
        incident_clock=ClockOffset(incident_off, incident_off),
        issue_clock=ClockOffset(issue_off, issue_off),
    )
    expected = None if abs(apart) <= CLOSE.total_seconds() else Side.ISSUE if apart > 0 else Side.INCIDENT
    if abs(abs(apart) - CLOSE.total_seconds()) > 0.001:
        assert newest(moments) is expected


def test_an_incident_that_tells_only_its_last_change_can_lose_but_not_win():
    hour = timedelta(hours=1)
    assert newest(Moments(NOON, NOON + hour, exact=False)) is Side.ISSUE
    assert newest(Moments(NOON + hour, NOON, exact=False)) is None
    decided = merge_owned("a", "b", "c", Owner.NEWEST, Direction.BOTH, Moments(NOON + hour, NOON, exact=False))
    assert isinstance(decided, Undecided)
    assert decided.why is Why.TOO_CLOSE
    assert "not when this field did" in decided.told


@settings(max_examples=60)
@given(offsets, st.floats(0, 1), st.floats(0, 3))
def test_a_measured_offset_holds_the_true_one(offset, fraction, took):
    """Answers show whole seconds, cut off."""
    asked = NOON
    answered = asked + timedelta(seconds=took)
    shown = (asked + timedelta(seconds=took * fraction) + offset).replace(microsecond=0)
    found = measured(shown, asked, answered)
    assert found.earliest <= offset <= found.latest
    assert abs(found.middle - offset) <= found.error


def test_more_answers_make_the_offset_better_and_a_clock_that_was_set_is_believed():
    first = measured(NOON, NOON - SECOND, NOON + SECOND)
    second = measured(NOON, NOON, NOON)
    better = refined(first, NOON, second, NOON)
    assert better.error < first.error
    assert better.error <= second.error
    moved = measured(NOON + timedelta(minutes=3), NOON, NOON)
    assert refined(better, NOON, moved, NOON) == moved
    aged = refined(second, NOON - timedelta(days=1), first, NOON)
    assert aged.error > second.error, "clocks run apart"


def test_a_clock_that_no_answer_has_shown_is_not_known():
    clock = ServerClock()
    assert clock.offset is None
    clock.saw(NOON, NOON, NOON)
    assert clock.offset == measured(NOON, NOON, NOON)
    assert UNMEASURED.error == timedelta(minutes=5)
