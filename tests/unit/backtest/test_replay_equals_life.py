"""A replay is life: the same promotions at the same times as the daemon's use cases and store."""

from __future__ import annotations

import tempfile
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from tests.unit.backtest.worlds import World, lived, replay, worlds


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(worlds())
def test_a_replay_finds_what_life_found(world: World) -> None:
    """With claims between rules, attaching, silence, recurrence after delivery, limits, and what people decide."""
    with tempfile.TemporaryDirectory() as folder:
        assert replay(world) == lived(world, Path(folder))


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(worlds())
def test_what_is_not_looked_at_hides_nothing(world: World) -> None:
    """The cheap look before a decision never says no where there would be one."""
    assert replay(world) == replay(world, thorough=True)
