"""After a rejection or an expiry: how long a group is silent, and what wakes it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from tests.unit.rules.incidents import NOW
from tests.unit.rules.test_rule_decisions import FIVE_IN_14D, at_days, auto, view

from bridge.model.promotion import PromotionState
from bridge.rules.decide import decide
from bridge.rules.decision import DecisionKind, RateCount

DAY = timedelta(days=1)


@pytest.mark.parametrize(
    ("pace", "kind"),
    [
        (RateCount(9, 5), DecisionKind.NOTHING),
        (RateCount(10, 5), DecisionKind.OPEN),
        (RateCount(1, 0), DecisionKind.NOTHING),
        (RateCount(2, 0), DecisionKind.OPEN),
    ],
)
def test_a_rejection_does_not_hold_against_twice_the_pace(pace: RateCount, kind: DecisionKind) -> None:
    group = view(
        *at_days(0, 1, 2, 3, 4),
        promotion=PromotionState.REJECTED,
        quiet_until=NOW + 60 * DAY,
        decided_at=NOW - 9 * DAY,
        pace=pace,
    )
    assert decide(auto(FIVE_IN_14D), group, NOW).kind is kind


@pytest.mark.parametrize(("ago", "kind"), [(5, DecisionKind.OPEN), (0, DecisionKind.NOTHING)])
def test_an_expired_group_wakes_with_its_next_incident(ago: int, kind: DecisionKind) -> None:
    """Else time alone would propose the same group again and again."""
    group = view(*at_days(0, 1, 2, 3, 4), promotion=PromotionState.EXPIRED, decided_at=NOW - ago * DAY)
    decision = decide(auto(FIVE_IN_14D), group, NOW)
    assert decision.kind is kind
    assert ("expired, and no incident" in decision.why) is (kind is DecisionKind.NOTHING)
