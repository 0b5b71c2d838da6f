"""The auditor's script and the bridge say the same of whatever a ledger can hold."""

from __future__ import annotations

from dataclasses import astuple, fields
from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.recompute_ledger import figures

from bridge.kpi.ledger import stamp
from bridge.kpi.measures import Resolution, ResolutionTimes, resolution_times
from bridge.model.exclusion import Ending, Exclusion

T0 = datetime(2026, 11, 1, tzinfo=UTC)
NAMES = tuple(field.name for field in fields(ResolutionTimes))
HOURS = st.integers(0, 6)


def at(hours: float) -> datetime:
    return T0 + timedelta(hours=hours)


@st.composite
def exclusion(draw: st.DrawFn) -> Exclusion:
    """One of four promotions; few moments, so that one often begins when another ends."""
    start, promotion = draw(HOURS), draw(st.integers(1, 4))
    because = draw(st.sampled_from(["", *Ending]))
    end = None if not because else at(start if because == Ending.DEMOTED else draw(st.integers(start, 8)))
    return Exclusion(1, promotion, draw(st.sampled_from(["pause", "remove"])), at(start), end, "", "v1", because)


@given(st.lists(exclusion(), max_size=5), st.integers(1, 7))
@settings(max_examples=60, deadline=None)
def test_the_script_recomputes_what_the_bridge_says(exclusions: list[Exclusion], resolved: int):
    ordered = sorted(exclusions, key=lambda one: one.started_at)
    numbered = [Exclusion(*astuple(one)[:-1], id=number) for number, one in enumerate(ordered, 1)]
    ours = resolution_times([Resolution(at(0), at(resolved), numbered)])
    incident = {"id": "1", "opened_at": stamp(at(0)), "resolved_reported": stamp(at(resolved))}
    rows = [row for one in numbered for row in _rows(one)]
    assert figures(rows, [incident], "reported") == dict(zip(NAMES, astuple(ours), strict=True))


def _rows(one: Exclusion) -> list[dict[str, str]]:
    told = {"seq": str(one.id), "exclusion": str(one.id), "incident_id": "1", "promotion_id": str(one.promotion_id)}
    begun = {**told, "kind": "started", "policy": one.policy, "at": stamp(one.started_at)}
    ended = {"kind": "ended", "exclusion": str(one.id), "because": one.ended_because}
    return [begun, {**ended, "at": stamp(one.ended_at)}] if one.ended_at else [begun]
