"""Facts of one incident from its timeline."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.kpi.facts import IncidentFacts, facts
from bridge.model.incident import EventKind, Incident, State, TimelineEvent

START = datetime(2026, 5, 4, 8, 0, tzinfo=UTC)


def at(hours: float) -> datetime:
    return START + timedelta(hours=hours)


def hours(number: float) -> timedelta:
    return timedelta(hours=number)


def known(*changes: tuple[float, str], **values: object) -> IncidentFacts:
    """Facts after changes written as (hour, "state"), (hour, "hold: reason") or (hour, "reported: hour")."""
    events = []
    for when, text in changes:
        kind, _, value = text.rpartition(": ")
        if kind == "reported":
            event = EventKind.REPORTED_RESOLUTION, at(float(value)).isoformat() if value != "-" else ""
        else:
            event = EventKind(kind or "state"), value
        events.append(TimelineEvent(*event, at(when), at(when)))
    defaults = {"source": "rt", "external_id": "1", "summary": "", "state": State.NEW, "opened_at": START}
    return facts(Incident(**{**defaults, "updated_at": START, **values}), events)  # type: ignore[arg-type]


def test_an_incident_nothing_happened_to() -> None:
    nothing = known((0, "new"), team="noc", service="net", priority=2)
    assert nothing == IncidentFacts(START, None, None, None, hours(0), hours(0), hours(0), {}, None, "noc", "net", 2)


@pytest.mark.parametrize(
    ("changes", "responded"),
    [
        ([(0, "new"), (2, "in_progress"), (3, "on_hold")], 2),
        ([(0, "new"), (2, "on_hold")], 2),
        ([(0, "new"), (4, "resolved")], 4),
        ([(0, "new"), (4, "closed")], 4),
    ],
)
def test_the_first_state_that_is_work_is_the_response(changes: list[tuple[float, str]], responded: float) -> None:
    assert known(*changes).responded_at == at(responded)


def test_a_cancellation_is_no_response_and_no_resolution() -> None:
    cancelled = known((0, "new"), (2, "cancelled"))
    assert (cancelled.responded_at, cancelled.resolved_timeline) == (None, None)


def test_what_was_called_off_was_not_resolved_although_its_source_gives_a_time() -> None:
    cancelled = known((0, "new"), (2, "reported: 2"), (2, "cancelled"), resolved_at=at(2))
    assert (cancelled.resolved_reported, cancelled.resolved_timeline, cancelled.left_at) == (None, None, at(2))
    later = known((3, "resolved"), (4, "reported: 3"), (9, "cancelled"))
    assert (later.resolved_reported, later.resolved_timeline) == (None, None)
    taken_up = known((2, "cancelled"), (3, "in_progress"), (5, "resolved"), resolved_at=at(5))
    assert (taken_up.resolved_reported, taken_up.resolved_timeline) == (at(5), at(5))


def test_the_sources_own_word_about_the_response_counts() -> None:
    assert known((0, "new"), (2, "in_progress"), acknowledged_at=at(1)).responded_at == at(1)


def test_the_timelines_resolution_is_the_first_entry_into_resolved() -> None:
    assert known((3, "resolved"), (4, "in_progress"), (9, "resolved"), (10, "closed")).resolved_timeline == at(3)
    assert known((2, "closed"), (3, "in_progress"), (5, "resolved")).resolved_timeline == at(5)


def test_without_resolved_the_first_entry_into_closed_counts() -> None:
    assert known((2, "in_progress"), (6, "closed"), (8, "closed")).resolved_timeline == at(6)


def test_the_reported_resolution_is_the_sources_newest_word() -> None:
    assert known(resolved_at=at(5)).resolved_reported == at(5)
    assert known((6, "reported: 4"), (8, "reported: 7"), resolved_at=at(5)).resolved_reported == at(7)
    assert known((6, "reported: 4"), (8, "reported: -")).resolved_reported is None


def test_time_on_hold_by_reason() -> None:
    held = known(
        (1, "on_hold"), (1, "hold: caller"), (3, "hold: vendor"), (6, "in_progress"), (8, "on_hold"), (9, "new")
    )
    assert held.hold == hours(6)
    assert held.hold_by_reason == {"caller": hours(2), "vendor": hours(3), "": hours(1)}
    assert held.on_hold_since is None


def test_a_reason_told_a_moment_before_the_hold_counts() -> None:
    assert known((1, "hold: caller"), (1, "on_hold"), (2, "new")).hold_by_reason == {"caller": hours(1)}


def test_on_hold_told_twice_is_one_hold() -> None:
    assert known((1, "on_hold"), (2, "on_hold"), (4, "in_progress")).hold == hours(3)


def test_a_hold_that_lasts_counts_from_its_beginning_and_adds_nothing_yet() -> None:
    lasting = known((1, "on_hold"), (1, "hold: caller"), (3, "hold: vendor"))
    assert lasting.on_hold_since == at(1)
    assert lasting.hold_by_reason == {"caller": hours(2)}
    again = known((1, "on_hold"), (2, "new"), (5, "on_hold"))
    assert (again.on_hold_since, again.hold) == (at(5), hours(1))


def test_hold_after_a_resolution_is_not_taken_off_it() -> None:
    held = known((1, "on_hold"), (3, "resolved"), (5, "on_hold"), (9, "resolved"), (9, "reported: 6"))
    assert held.hold == hours(6)
    assert held.hold_timeline == hours(2)
    assert held.hold_reported == hours(3)


def test_a_hold_that_lasts_counts_up_to_a_resolution_reported_meanwhile() -> None:
    assert known((1, "on_hold"), (4, "reported: 4")).hold_reported == hours(3)


def test_events_that_come_late_count_where_they_belong() -> None:
    assert known((5, "in_progress"), (2, "on_hold"), (0, "new")).hold == hours(3)


CHANGES = st.lists(
    st.tuples(
        st.integers(0, 50),
        st.one_of(
            st.sampled_from([state.value for state in State]),
            st.sampled_from(["hold: a", "hold: b", "hold: ", "team: x", "priority: 1", "reported: 7", "reported: -"]),
        ),
    ),
    max_size=20,
)


@given(CHANGES)
def test_parts_add_up_and_nothing_is_negative(changes: list[tuple[float, str]]) -> None:
    found = known(*changes)
    assert sum(found.hold_by_reason.values(), hours(0)) == found.hold
    assert hours(0) <= found.hold <= hours(50)
    assert all(hours(0) < length for length in found.hold_by_reason.values())
    for hold, resolved in (
        (found.hold_reported, found.resolved_reported),
        (found.hold_timeline, found.resolved_timeline),
    ):
        assert hours(0) <= hold
        assert resolved is not None or hold == hours(0)
