"""The public ServiceNow log through config/sources/uci.yaml, against its reference figures."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest
import yaml

from bridge.clock import SystemClock
from bridge.model.incident import EventKind, Snapshot, State
from bridge.sources import registry

REPOSITORY = Path(__file__).parents[3]
LOG = Path(os.environ.get("BRIDGE_UCI", REPOSITORY.parent / "shared" / "data" / "uci")) / "incident_event_log.zip"
HOUR = timedelta(hours=1)

pytestmark = pytest.mark.skipif(not LOG.exists(), reason=f"{LOG} is not here")


@pytest.fixture(scope="module")
def log() -> list[Snapshot]:
    chosen = yaml.safe_load((REPOSITORY / "config" / "sources" / "uci.yaml").read_text(encoding="utf-8"))
    name, kind = chosen.pop("name"), chosen.pop("kind")
    options = registry.options_of(kind).model_validate(chosen | {"path": str(LOG)})
    source = registry.build(name, kind, options, SystemClock())
    assert source.check() == []
    pages = list(source.history(datetime(2000, 1, 1, tzinfo=UTC), None, None))
    assert [one for page in pages for one in page.poison] == []
    return [one for page in pages for one in page.snapshots]


def test_every_incident_is_there_once(log: list[Snapshot]) -> None:
    assert len(log) == len({one.incident.external_id for one in log}) == 24_918
    strange = [one.incident for one in log if one.incident.unknown]
    assert {pair for incident in strange for pair in incident.unknown} == {("state", "-100")}


def test_times_to_resolution(log: list[Snapshot]) -> None:
    """By the reported time and by the first row in state Resolved, else Closed."""
    took = [(i.resolved_at - i.opened_at) / HOUR for i in (one.incident for one in log) if i.resolved_at]
    assert len(took) == 23_362
    assert sum(took) / len(took) == pytest.approx(178.172, abs=0.001)
    hours = []
    for one in log:
        states = {e.value: e.occurred_at for e in reversed(one.events) if e.kind is EventKind.STATE}
        ended = states.get(State.RESOLVED) or states[State.CLOSED]
        hours.append((ended - one.incident.opened_at) / HOUR)
    assert len(hours) == 24_918
    assert sum(hours) / len(hours) == pytest.approx(162.842, abs=0.001)


def test_time_on_hold(log: list[Snapshot]) -> None:
    held = []
    for one in log:
        states = [event for event in one.events if event.kind is EventKind.STATE]
        spans = [(a.value, (b.occurred_at - a.occurred_at) / HOUR) for a, b in pairwise(states)]
        held.append(sum(hours for state, hours in spans if state == State.ON_HOLD))
    assert sum(hours > 0 for hours in held) == 5_818
    assert sum(held) == pytest.approx(1_606_612.9, abs=0.05)


def test_the_future_is_not_known_early(log: list[Snapshot]) -> None:
    """The reported resolution is told by the row that makes an incident resolved, not by the rows before."""
    for one in log:
        told = [event for event in one.events if event.kind is EventKind.REPORTED_RESOLUTION]
        if one.incident.resolved_at is None:
            assert told == []
            continue
        (event,) = told
        states = [e for e in one.events if e.kind is EventKind.STATE and e.value in {State.RESOLVED, State.CLOSED}]
        assert event.occurred_at == states[0].occurred_at
        assert datetime.fromisoformat(event.value) == one.incident.resolved_at


def test_what_is_counted_by_the_system(log: list[Snapshot]) -> None:
    incidents = [one.incident for one in log]
    assert sum(incident.fields["made_sla"] == "true" for incident in incidents) == 15_803
    assert sum(incident.reopen_count > 0 for incident in incidents) == 275
    assert sum(incident.reassignment_count > 0 for incident in incidents) == 11_369
    assert sum(incident.problem != "" for incident in incidents) == 380  # 381 ever had one
