"""A replay is life: the same promotions at the same times as the daemon's use cases and store."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from tests.unit.backtest.worlds import BEGIN, HOUR, SOURCE, World, lived, replay, rule_of, worlds

from bridge.model.incident import Incident, State
from bridge.model.promotion import PromotionState
from bridge.usecases.backtest.acts import What

EVERYTHING = {"field": "opened_at", "exists": True}


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


def test_a_verified_project_lets_its_incidents_go_in_a_replay_as_in_life(tmp_path: Path) -> None:
    """Once its group was quiet for long enough, another rule takes what is still open; what came again is kept."""
    first = {"match": {"field": "service", "equals": "VPN"}, "group_by": ["service"], "quiet_for": "6h"}
    second = {"match": {"field": "opened_at", "exists": True}, "group_by": ["ci"], "priority": 200}
    reasons = [{"recurs": {"at_least": 1, "within": "5d"}}, {"open_for": {"longer_than": "3h"}}]
    rules = tuple(
        rule_of(number, mode="auto", when={"any": [reason]}, **parts)
        for number, (reason, parts) in enumerate(zip(reasons, (first, second), strict=True))
    )
    vpn = Incident(SOURCE, "1", "S", State.NEW, BEGIN + HOUR, BEGIN + HOUR, service="VPN", ci="R1")
    again = replace(vpn, external_id="2", ci="R2", opened_at=BEGIN + 4 * HOUR)
    delivered = ((What.DELIVER, "rule-0", f'["{SOURCE}","VPN"]'),)
    begin = ((BEGIN + HOUR, (vpn,), ()), (BEGIN + 2 * HOUR, (), delivered))
    later = tuple((BEGIN + hours * HOUR, (), ()) for hours in (7, 8, 9))
    quiet = World(rules, (*begin, *later))
    busy = World(rules, (*begin, (BEGIN + 4 * HOUR, (again,), ()), *later))
    told = []
    for number, world in enumerate((quiet, busy)):
        (tmp_path / str(number)).mkdir()
        lives = lived(world, tmp_path / str(number))
        assert replay(world) == lives
        told.append([(one[0], one[3], one[7]) for one in lives])
    at = BEGIN + HOUR
    assert told[0] == [
        ("rule-0", at, PromotionState.VERIFIED),
        ("rule-1", BEGIN + 9 * HOUR, PromotionState.ACTIVE),
    ]
    assert told[1][0] == ("rule-0", at, PromotionState.INEFFECTIVE)
    assert [one[0] for one in told[1]] == ["rule-0", "rule-0"]
    assert replay(busy)[1][8].endswith("the project “T: VPN”, delivered 2026-03-02, did not help")


def test_a_candidate_that_nobody_decides_about_expires_in_a_replay_as_in_life(tmp_path: Path) -> None:
    """Its incidents are free then: what comes makes another candidate, what is only still open does not."""
    recurs, lasts = {"recurs": {"at_least": 1, "within": "5d"}}, {"open_for": {"longer_than": "3h"}}
    vpn = Incident(SOURCE, "1", "S", State.NEW, BEGIN + HOUR, BEGIN + HOUR, service="VPN", ci="R1")
    others = [
        replace(vpn, external_id=str(n), opened_at=BEGIN + n * HOUR, updated_at=BEGIN + n * HOUR) for n in (49, 51)
    ]
    quiet = tuple((BEGIN + hours * HOUR, (), ()) for hours in (40, 49, 51, 88, 89))
    busy = tuple((BEGIN + hours * HOUR, (one,), ()) for hours, one in zip((49, 51), others, strict=True))
    told = []
    for number, (reason, polls) in enumerate(((recurs, quiet), (recurs, busy), (lasts, quiet))):
        rules = (rule_of(0, mode="propose", match=EVERYTHING, group_by=["service"], when={"any": [reason]}),)
        world = World(rules, ((BEGIN + HOUR, (vpn,), ()), *polls))
        (tmp_path / str(number)).mkdir()
        lives = lived(world, tmp_path / str(number))
        assert replay(world) == replay(world, thorough=True) == lives
        told.append([(one[3], one[5], one[7], len(one[9])) for one in lives])
    at, first, second = BEGIN + HOUR, BEGIN + 49 * HOUR, BEGIN + 51 * HOUR
    expired, candidate = PromotionState.EXPIRED, PromotionState.CANDIDATE
    assert told[0] == [(at, first, expired, 1)]
    assert told[1] == [(at, first, expired, 2), (second, None, candidate, 3)]
    assert told[2] == [(BEGIN + 40 * HOUR, BEGIN + 88 * HOUR, expired, 1)]
