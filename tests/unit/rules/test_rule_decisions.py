"""What a rule decides about a group, and why."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.rules.incidents import NOW, moments, rule, ticket, unhurried

from bridge.model.incident import IncidentRef, State
from bridge.model.promotion import RUNNING, WAITING, PromotionState
from bridge.rules.decide import decide
from bridge.rules.decision import Decision, DecisionKind, GroupMember, GroupView
from bridge.rules.explain import explain, near_miss
from bridge.rules.matching import CompiledRule
from bridge.rules.recurrence import recurs
from bridge.rules.when import Recurs

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


@pytest.mark.parametrize("state", [None, *sorted(set(PromotionState) - RUNNING - WAITING - {PromotionState.REJECTED})])
def test_a_group_whose_promotion_is_over_may_be_promoted_again(state: PromotionState | None) -> None:
    assert decide(auto(FIVE_IN_14D), view(*at_days(0, 1, 2, 3, 4), promotion=state), NOW).kind is OPEN


@pytest.mark.parametrize(
    ("quiet_until", "kind"), [(None, NOTHING), (NOW + DAY, NOTHING), (NOW, OPEN), (NOW - DAY, OPEN)]
)
def test_a_rejected_group_stays_silent(quiet_until: datetime | None, kind: DecisionKind) -> None:
    group = view(*at_days(0, 1, 2, 3, 4), promotion=PromotionState.REJECTED, quiet_until=quiet_until)
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


members = st.lists(
    st.builds(
        GroupMember,
        incident_id=st.integers(1, 30),
        ref=st.just(IncidentRef("rt", "1")),
        opened_at=moments,
        state=st.sampled_from(State),
        updated_at=moments,
        joined=st.booleans(),
    ),
    max_size=10,
).map(tuple)
views = st.builds(
    GroupView,
    key=st.just("k"),
    label=st.text(max_size=3),
    members=members,
    others=members,
    activated_at=moments,
    promotion=st.none() | st.sampled_from(PromotionState),
    quiet_until=st.none() | moments,
)
triggers = st.lists(
    st.builds(lambda n, d: {"recurs": {"at_least": n, "within": f"{d}d"}}, st.integers(1, 5), st.integers(1, 730))
    | st.builds(lambda h: {"open_for": {"longer_than": f"{h}h"}}, st.integers(1, 5000)),
    min_size=1,
    max_size=3,
)
rules = st.builds(
    lambda mode, how, what: rule(mode=mode, when={how: what}),
    st.sampled_from(["off", "shadow", "propose", "auto"]),
    st.sampled_from(["any", "all"]),
    triggers,
)


@unhurried
@given(rules, views)
def test_deciding_never_raises_and_explains_itself(compiled: CompiledRule, group: GroupView) -> None:
    decision = decide(compiled, group, NOW)
    lines = explain(compiled, group, decision, NOW)
    near_miss(compiled, group, decision, NOW)
    assert len(decision.clauses) == len(compiled.triggers)
    for clause in decision.clauses:
        line = f"    {'yes' if clause.met else 'no '} {clause}"
        assert any(told.startswith(line) for told in lines)
        assert clause.met == (clause.have >= clause.want if clause.name == "recurs" else clause.have > clause.want)
    ids = {one.incident_id for one in (*group.members, *group.others)}
    assert set(decision.evidence) <= ids
    assert bool(decision.evidence) == ((decision.shadow or decision.kind) is not NOTHING)


def acts(decision: Decision) -> bool:
    return decision.kind in {CANDIDATE, OPEN}


@unhurried
@given(rules, views)
def test_only_reasons_that_are_there_make_anything_new(compiled: CompiledRule, group: GroupView) -> None:
    decision = decide(compiled, group, NOW)
    met = [clause.met for clause in decision.clauses]
    if acts(decision):
        assert all(met) if compiled.needs_all else any(met)
        assert group.promotion not in RUNNING | WAITING
    if decision.kind is OPEN:
        assert compiled.mode == "auto"
        opened = {one.incident_id: one.opened_at for one in (*group.others, *group.members)}
        assert any(opened[one] >= group.activated_at for one in decision.evidence)


@unhurried
@given(st.lists(st.integers(0, 20), max_size=12), st.integers(1, 5), st.integers(1, 10))
def test_recurs_is_what_counting_every_window_says(days_ago: list[int], at_least: int, within: int) -> None:
    """Brute force: some closed window of that length that ends with the newest incident, not too long ago."""
    asked = Recurs.model_validate({"at_least": at_least, "within": f"{within}d"})
    there = sorted(days_ago)
    newest = there[0] if there else None
    expected = newest is not None and newest <= within and sum(day <= newest + within for day in there) >= at_least
    assert recurs(asked, at_days(*there), NOW).met is expected


@unhurried
@given(st.lists(st.integers(0, 20), min_size=1, max_size=12), st.integers(1, 5), st.integers(1, 10))
def test_the_newest_so_many_are_enough_to_decide(days_ago: list[int], at_least: int, within: int) -> None:
    """However long a group's history is, `needs.members` of it decide the same."""
    compiled = auto({"recurs": {"at_least": at_least, "within": f"{within}d"}})
    all_of_them = at_days(*sorted(days_ago))
    few = all_of_them[: compiled.needs.members]
    assert decide(compiled, view(*few), NOW).kind is decide(compiled, view(*all_of_them), NOW).kind
