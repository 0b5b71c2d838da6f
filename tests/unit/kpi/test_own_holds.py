"""Holds that the bridge set are no ordinary on-hold time; those of people are."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from bridge.kpi.facts import measure
from bridge.kpi.own_holds import ordinary_holds, without_own
from bridge.model.incident import EventKind

T0 = datetime(2026, 11, 2, 8, tzinfo=UTC)
RESOLVED = 40


def at(hours: float) -> datetime:
    return T0 + timedelta(hours=hours)


def facts(*holds: tuple[float, float]):
    events = [
        event
        for begin, end in holds
        for event in (
            (EventKind.STATE.value, "on_hold", at(begin)),
            (EventKind.HOLD.value, "vendor", at(begin)),
            (EventKind.STATE.value, "in_progress", at(end)),
        )
    ]
    resolved = (EventKind.STATE.value, "resolved", at(RESOLVED))
    return measure(T0, None, at(RESOLVED), ("net", "", 2), [*events, resolved], datetime.fromisoformat, timedelta(0))


def test_a_hold_of_the_bridge_leaves_the_time_on_hold_and_nothing_else():
    told = without_own(facts((1, 3), (10, 20)), [(at(10) + timedelta(seconds=2), at(20))])
    assert told == facts((1, 3))


def test_another_reason_does_not_make_it_somebody_elses():
    holds = [(at(1), at(5), ""), (at(5), None, "vendor"), (at(-3), at(0), "")]
    assert ordinary_holds(holds, [(at(1), None)]) == [(at(-3), at(0), "")]
    assert ordinary_holds(holds, []) == sorted(holds)


spans = st.lists(st.integers(0, 60), unique=True, max_size=8).map(
    lambda ends: list(zip(*[iter(sorted(ends))] * 2, strict=False))
)


@given(spans, st.data())
@settings(max_examples=50)
def test_equal_to_a_life_without_them(holds, data):
    """Whichever of the holds were the bridge's: the facts are those of the others alone."""
    own = [pair for pair in holds if data.draw(st.booleans())]
    apart = [(begin, end) for begin, end in holds if (begin, end) not in own]
    told = without_own(facts(*holds), [(at(begin), at(end)) for begin, end in own])
    expected = facts(*apart)
    assert (told.hold, told.hold_reported, told.hold_timeline, told.holds) == (
        expected.hold,
        expected.hold_reported,
        expected.hold_timeline,
        expected.holds,
    )
