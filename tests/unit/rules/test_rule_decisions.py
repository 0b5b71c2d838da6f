"""What a rule decides about a group, and why."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from tests.unit.rules.incidents import NOW, rule, ticket

from bridge.model.incident import IncidentRef, State
from bridge.model.promotion import RUNNING, TURNED_DOWN, WAITING, PromotionState
from bridge.rules.decide import decide
from bridge.rules.decision import DecisionKind, GroupMember, GroupView, Lost, Usage
from bridge.rules.explain import explain, near_miss
from bridge.rules.matching import CompiledRule

DAY = timedelta(days=1)
FIVE_IN_14D = {"recurs": {"at_least": 5, "within": "14d"}}
OPEN_72H = {"open_for": {"longer_than": "72h"}}
NOTHING, ATTACH, CANDIDATE, OPEN, REOPEN = DecisionKind


def member(number: int, days_ago: float, state: State = State.RESOLVED, *, joined: bool = False) -> GroupMember:
    at = NOW - days_ago * DAY
    return GroupMember(number, IncidentRef("rt", str(number)), at, state, at, joined)


def view(*members: GroupMember, **more: Any) -> GroupView:
    """A group whose rule was activated a year ago."""
    return GroupView(**{"key": "k", "label": "VPN", "members": members, "activated_at": NOW - 365 * DAY} | more)


def at_days(*days_ago: float) -> list[GroupMember]:
    return [member(100 - n, days) for n, days in enumerate(days_ago)]


def auto(*triggers: Any, **more: Any) -> CompiledRule:
    return rule(mode="auto", when={"any": [*triggers]}, **more)


@pytest.mark.parametrize(
    ("days_ago", "kind"),
    [
        ([0, 1, 2, 3, 4], OPEN),
        ([0, 1, 2, 3], NOTHING),
        ([], NOTHING),
        ([0, 3, 7, 10, 14], OPEN),  # the window is closed: exactly 14 days are within
        ([0, 3, 7, 10, 14.00001], NOTHING),
        ([14, 15, 16, 17, 28], OPEN),  # the newest is as old as may be
        ([14.00001, 15, 16, 17, 28], NOTHING),
        ([0, 0, 0, 0, 0], OPEN),
        ([0, 1, 2, 3, 20, 21], NOTHING),
        ([-0.5, 0, 1, 2, 3], OPEN),  # clocks differ a little
        ([-400, 0, 1, 2, 3], NOTHING),  # a date from the future does not count
        ([-400, 0, 1, 2, 3, 4], OPEN),  # nor does it hide the others
    ],
)
def test_recurs(days_ago: list[float], kind: DecisionKind) -> None:
    assert decide(auto(FIVE_IN_14D), view(*at_days(*days_ago)), NOW).kind is kind


def test_every_member_of_the_window_is_evidence() -> None:
    decision = decide(auto(FIVE_IN_14D), view(*at_days(0, 1, 2, 3, 4, 5, 30)), NOW)
    assert decision.evidence == (100, 99, 98, 97, 96, 95)


def test_states_do_not_matter_for_recurrence() -> None:
    members = [replace(one, state=state) for one, state in zip(at_days(0, 1, 2, 3, 4), State, strict=False)]
    assert decide(auto(FIVE_IN_14D), view(*members), NOW).kind is OPEN


@pytest.mark.parametrize(
    ("members", "kind", "evidence"),
    [
        ([member(1, 4, State.NEW)], OPEN, (1,)),
        ([member(1, 3, State.NEW)], NOTHING, ()),  # longer than means longer
        ([member(1, 3.00001, State.ON_HOLD)], OPEN, (1,)),
        ([member(1, 4, State.RESOLVED)], NOTHING, ()),
        ([member(3, 1, State.NEW), member(2, 5, State.NEW), member(1, 6, State.CLOSED)], OPEN, (2,)),
        ([], NOTHING, ()),
    ],
)
def test_open_for(members: list[GroupMember], kind: DecisionKind, evidence: tuple[int, ...]) -> None:
    decision = decide(auto(OPEN_72H), view(*members), NOW)
    assert (decision.kind, decision.evidence) == (kind, evidence)


def test_an_old_open_incident_counts_although_newer_ones_hide_it() -> None:
    group = view(*at_days(0, 1), others=(member(1, 90, State.ON_HOLD),))
    assert decide(auto(OPEN_72H), group, NOW).evidence == (1,)


def test_all_reasons_or_any() -> None:
    group = view(*at_days(0, 1, 2, 3, 4))
    assert decide(auto(FIVE_IN_14D, OPEN_72H), group, NOW).kind is OPEN
    both = rule(mode="auto", when={"all": [FIVE_IN_14D, OPEN_72H]})
    assert decide(both, group, NOW).kind is NOTHING
    assert decide(both, replace(group, others=(member(1, 5, State.NEW),)), NOW).kind is OPEN


@pytest.mark.parametrize(
    ("mode", "kind", "shadow"),
    [("off", NOTHING, None), ("shadow", NOTHING, CANDIDATE), ("propose", CANDIDATE, None), ("auto", OPEN, None)],
)
def test_modes(mode: str, kind: DecisionKind, shadow: DecisionKind | None) -> None:
    decision = decide(rule(mode=mode), view(*at_days(0, 1, 2, 3, 4)), NOW)
    assert (decision.kind, decision.shadow) == (kind, shadow)
    assert [clause.met for clause in decision.clauses] == [True]


@pytest.mark.parametrize(
    ("activated_days_ago", "kind"),
    [(0.5, CANDIDATE), (1, OPEN), (1.5, OPEN), (30, OPEN), (-1, CANDIDATE)],
)
def test_history_never_acts(activated_days_ago: float, kind: DecisionKind) -> None:
    """The newest incident was opened a day ago: the rule acts only if it was active by then."""
    group = view(*at_days(1, 2, 3, 4, 5), activated_at=NOW - activated_days_ago * DAY)
    assert decide(auto(FIVE_IN_14D), group, NOW).kind is kind


def test_a_fresh_incident_that_is_no_evidence_does_not_wake_history() -> None:
    group = view(member(2, 0, State.NEW), member(1, 30, State.NEW), activated_at=NOW - DAY)
    assert decide(auto(OPEN_72H), group, NOW).kind is CANDIDATE


@pytest.mark.parametrize("state", sorted(RUNNING | WAITING))
def test_what_is_new_joins_a_promotion_that_is_there(state: PromotionState) -> None:
    joined = [replace(one, joined=True) for one in at_days(1, 2, 3, 4, 5)]
    for late in (member(200, 0), member(200, 3, State.NEW), member(200, 400, State.NEW)):
        decision = decide(auto(FIVE_IN_14D), view(*joined, others=(late,), promotion=state), NOW)
        assert (decision.kind, decision.evidence) == (ATTACH, (200,))
    for nothing_new in ((), (member(200, 400),)):
        decision = decide(auto(FIVE_IN_14D), view(*joined, others=nothing_new, promotion=state), NOW)
        assert (decision.kind, decision.evidence) == (NOTHING, ())


@pytest.mark.parametrize("state", [None, *sorted(set(PromotionState) - RUNNING - WAITING - TURNED_DOWN)])
def test_a_group_whose_promotion_is_over_may_be_promoted_again(state: PromotionState | None) -> None:
    assert decide(auto(FIVE_IN_14D), view(*at_days(0, 1, 2, 3, 4), promotion=state), NOW).kind is OPEN


@pytest.mark.parametrize(
    ("quiet_until", "kind"), [(None, NOTHING), (NOW + DAY, NOTHING), (NOW, OPEN), (NOW - DAY, OPEN)]
)
@pytest.mark.parametrize("state", sorted(TURNED_DOWN))
def test_a_group_that_was_turned_down_stays_silent(
    state: PromotionState, quiet_until: datetime | None, kind: DecisionKind
) -> None:
    group = view(*at_days(0, 1, 2, 3, 4), promotion=state, quiet_until=quiet_until)
    assert decide(auto(FIVE_IN_14D), group, NOW).kind is kind


def test_a_member_tells_what_its_incident_tells() -> None:
    one = GroupMember.of(7, ticket(), joined=True)
    assert (one.incident_id, str(one.ref), one.opened_at, one.is_open, one.joined) == (
        7,
        "rt #17",
        NOW - 2 * DAY,
        True,
        True,
    )


def test_reasons_that_are_met_become_the_promotion_s_reason() -> None:
    decision = decide(auto(FIVE_IN_14D, OPEN_72H), view(*at_days(0, 1, 2, 3, 4)), NOW)
    assert decision.reasons_met() == [
        "5 incidents, opened 2026-10-11 12:00 UTC to 2026-10-15 12:00 UTC (the rule asks for 5 within 14d)"
    ]


def test_an_explanation_tells_every_reason() -> None:
    compiled = auto(FIVE_IN_14D, OPEN_72H)
    group = view(member(5, 1, State.NEW), *at_days(2, 3, 4))
    assert explain(compiled, group, decide(compiled, group, NOW), NOW) == [
        f"router-cpu (auto, version {compiled.version}), group VPN",
        "  nothing is done: no reason is there",
        "  any of these is enough:",
        (
            "    no  recurs: 4 incidents, opened 2026-10-11 12:00 UTC to 2026-10-14 12:00 UTC"
            " (needed: 5 within 14d), window closes in 10d"
        ),
        "    no  open_for: rt #5 has been open for 24h (needed: more than 3d), will be met in 48h",
    ]


def test_an_explanation_names_the_incidents() -> None:
    compiled = rule(mode="shadow", when={"any": [OPEN_72H]})
    group = view(member(5, 4, State.NEW))
    assert explain(compiled, group, decide(compiled, group, NOW), NOW) == [
        f"router-cpu (shadow, version {compiled.version}), group VPN",
        "  nothing is done: in shadow mode: the rule proposes",
        "  without shadow mode: becomes a candidate",
        "    yes open_for: rt #5 has been open for 96h (needed: more than 3d)",
        "  incidents: rt #5",
    ]


@pytest.mark.parametrize(
    ("days_ago", "told"),
    [
        ([0, 1, 2, 11], "4 of 5, window closes in 72h"),
        ([0, 12, 13], "3 of 5, window closes in 24h"),
        ([0, 1], None),
        ([0, 1, 2, 3, 4], None),
        ([20, 21, 22, 23], None),
    ],
)
def test_near_misses(days_ago: list[float], told: str | None) -> None:
    compiled, group = auto(FIVE_IN_14D), view(*at_days(*days_ago))
    assert near_miss(compiled, group, decide(compiled, group, NOW), NOW) == told


def test_near_misses_of_several_reasons() -> None:
    group = view(*at_days(0, 1, 2, 3), others=(member(1, 2, State.NEW),))
    either, both = auto(FIVE_IN_14D, OPEN_72H), rule(mode="auto", when={"all": [FIVE_IN_14D, OPEN_72H]})
    assert near_miss(either, group, decide(either, group, NOW), NOW) == "4 of 5, window closes in 11d"
    told = near_miss(both, group, decide(both, group, NOW), NOW)
    assert told == "rt #1 has been open for 48h, will be met in 24h"
    for state in (PromotionState.ACTIVE, PromotionState.CANDIDATE):
        running = replace(group, promotion=state)
        assert near_miss(either, running, decide(either, running, NOW), NOW) is None
    off = rule(mode="off")
    assert near_miss(off, group, decide(off, group, NOW), NOW) is None


@pytest.mark.parametrize("state", [PromotionState.DELIVERED, PromotionState.VERIFIED, PromotionState.INEFFECTIVE])
@pytest.mark.parametrize(
    ("delivered", "days_ago", "kind", "evidence"),
    [
        ("reopen", [0], REOPEN, (100,)),
        ("reopen", [0, 1, 2], REOPEN, (100, 99, 98)),
        ("reopen", [], NOTHING, ()),
        ("ignore", [0, 1, 2, 3, 4], NOTHING, ()),
        ("new", [0], NOTHING, ()),
        ("new", [0, 1, 2, 3, 4], OPEN, (100, 99, 98, 97, 96)),
    ],
)
def test_a_recurrence_after_a_delivery(
    state: PromotionState, delivered: str, days_ago: list[float], kind: DecisionKind, evidence: tuple[int, ...]
) -> None:
    compiled = auto(FIVE_IN_14D, on_recurrence={"delivered": delivered, "within": "30d"})
    group = view(*at_days(*days_ago), promotion=state, delivered_at=NOW - 20 * DAY)
    decision = decide(compiled, group, NOW)
    assert (decision.kind, decision.evidence) == (kind, evidence)


@pytest.mark.parametrize("delivered", ["reopen", "ignore"])
@pytest.mark.parametrize(("days_ago", "is_new"), [([0, 1, 2, 3, 4], True), ([10, 11, 12, 13, 14], False)])
def test_later_than_within_it_is_new(delivered: str, days_ago: list[float], is_new: bool) -> None:
    """The window is closed: what was opened exactly then still counts as a recurrence."""
    compiled = auto(FIVE_IN_14D, on_recurrence={"delivered": delivered, "within": "20d"})
    group = view(*at_days(*days_ago), promotion=PromotionState.DELIVERED, delivered_at=NOW - 30 * DAY)
    decision = decide(compiled, group, NOW)
    assert (decision.kind is OPEN) == is_new
    if not is_new:
        assert decision.kind is (REOPEN if delivered == "reopen" else NOTHING)


def test_what_is_ignored_says_until_when() -> None:
    compiled = auto(FIVE_IN_14D, on_recurrence={"delivered": "ignore", "within": "20d"})
    group = view(*at_days(0), promotion=PromotionState.DELIVERED, delivered_at=NOW - DAY)
    assert decide(compiled, group, NOW).why == (
        "rt #100 was opened within 20d of the delivery, and the rule ignores that until 2026-11-03 12:00 UTC"
    )


def test_history_never_reopens() -> None:
    compiled = auto(FIVE_IN_14D, on_recurrence={"delivered": "reopen"})
    group = view(*at_days(1), promotion=PromotionState.DELIVERED, delivered_at=NOW - 2 * DAY, activated_at=NOW)
    assert decide(compiled, group, NOW).kind is NOTHING


@pytest.mark.parametrize(("mode", "kind", "shadow"), [("propose", REOPEN, None), ("shadow", NOTHING, REOPEN)])
def test_reopening_was_approved_with_the_project(mode: str, kind: DecisionKind, shadow: DecisionKind | None) -> None:
    compiled = rule(mode=mode, on_recurrence={"delivered": "reopen"})
    group = view(*at_days(0), promotion=PromotionState.DELIVERED, delivered_at=NOW - DAY)
    decision = decide(compiled, group, NOW)
    assert (decision.kind, decision.shadow) == (kind, shadow)


@pytest.mark.parametrize(
    ("limits", "usage", "brake"),
    [
        (
            dict.fromkeys(("projects_per_day", "open_per_group", "mails"), "none"),
            Usage((NOW,) * 50, 9, 900),
            "",
        ),
        (
            {},  # a storm is held also where the rule writes no limit
            Usage((NOW, NOW, NOW - DAY / 4)),
            "projects_per_day: 3, and 3 were opened in 24 hours; free again 2026-10-16 06:00 UTC",
        ),
        ({}, Usage(mails=31), "mails: 30, and opening it would send 31; it waits for somebody's approval"),
        ({"projects_per_day": 2}, Usage((NOW,)), ""),
        (
            {"projects_per_day": 2},
            Usage((NOW, NOW - DAY / 4)),
            "projects_per_day: 2, and 2 were opened in 24 hours; free again 2026-10-16 06:00 UTC",
        ),
        ({"projects_per_day": 2}, Usage((NOW, NOW - DAY)), ""),  # exactly a day ago is over
        ({"open_per_group": 1}, Usage(), ""),
        (
            {"open_per_group": 1},
            Usage(open_in_group=1),
            "open_per_group: 1, and 1 of this group is open; free again when one is delivered",
        ),
        ({"mails": 30}, Usage(mails=30), ""),
        (
            {"mails": 30},
            Usage(mails=31),
            "mails: 30, and opening it would send 31; it waits for somebody's approval",
        ),
    ],
)
def test_the_brake(limits: dict[str, object], usage: Usage, brake: str) -> None:
    compiled = auto(FIVE_IN_14D, limits=limits)
    decision = decide(compiled, view(*at_days(0, 1, 2, 3, 4), usage=usage), NOW)
    assert (decision.kind, decision.brake) == (CANDIDATE if brake else OPEN, brake)
    assert brake in decision.why
    assert decide(rule(mode="propose", limits=limits), view(*at_days(0, 1, 2, 3, 4), usage=usage), NOW).brake == ""


def test_a_rule_that_lost_its_incidents_says_to_whom() -> None:
    lost = tuple(Lost(IncidentRef("rt", str(n)), 7, "vpn-drops") for n in (1, 2))
    compiled, group = auto(FIVE_IN_14D), view(*at_days(0), lost=lost)
    decision = decide(compiled, group, NOW)
    assert decision.why == (
        "no reason is there; 2 incidents belong to promotion 7 of rule vpn-drops, which claimed first"
    )
    lines = explain(compiled, group, decision, NOW)
    assert "  rt #1 belongs to promotion 7 of rule vpn-drops, which claimed it first" in lines
