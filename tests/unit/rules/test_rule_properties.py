"""What holds for any rule and any group: deciding never raises, explains itself, and never acts on history."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from tests.unit.rules.incidents import NOW, RULE, moments, texts, unhurried
from tests.unit.rules.test_rule_decisions import at_days, auto, view

from bridge.calendar.business import default_calendar
from bridge.model.incident import IncidentRef, State
from bridge.model.promotion import RUNNING, WAITING, PromotionState
from bridge.rules.decide import HANDED_OVER, decide
from bridge.rules.decision import (
    Decision,
    DecisionKind,
    GroupMember,
    GroupView,
    Lost,
    RateCount,
    Usage,
)
from bridge.rules.explain import explain, near_miss
from bridge.rules.matching import CompiledRule, compile_rule
from bridge.rules.recurrence import recurs
from bridge.rules.schema import Rule
from bridge.rules.when import Recurs

members = st.lists(
    st.builds(
        GroupMember,
        incident_id=st.integers(1, 30),
        ref=st.just(IncidentRef("rt", "1")),
        opened_at=moments,
        state=st.sampled_from(State),
        updated_at=moments,
        joined=st.booleans(),
        held_since=st.none() | moments,
        reopened=st.integers(0, 6),
        reassigned=st.integers(0, 6),
        effort=st.floats(0, 100),
        response_breach=st.none() | moments,
        resolution_breach=st.none() | moments,
        values=st.dictionaries(st.sampled_from(["caller", "site", "ci"]), texts.filter(bool)),
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
    delivered_at=st.none() | moments,
    rates=st.lists(st.builds(RateCount, st.integers(0, 50), st.integers(0, 50)), max_size=3).map(tuple),
    usage=st.builds(
        Usage,
        st.lists(moments, max_size=5).map(lambda found: tuple(sorted(found, reverse=True))),
        st.integers(0, 3),
        st.integers(0, 60),
    ),
    lost=st.lists(st.builds(Lost, st.just(IncidentRef("rt", "9")), st.integers(1, 3), texts), max_size=2).map(tuple),
)
counts, days = st.integers(1, 5), st.integers(1, 730).map("{}d".format)
triggers = st.lists(
    st.one_of(
        st.builds(lambda n, d: {"recurs": {"at_least": n, "within": d}}, counts, days),
        st.builds(lambda n, d: {"recurs": {"at_least": n, "within": d, "distinct": "site"}}, counts, days),
        st.builds(lambda h: {"open_for": {"longer_than": f"{h}h"}}, st.integers(1, 5000)),
        st.builds(
            lambda h, c: {"open_for": {"longer_than": f"{h}h", "calendar": c}},
            st.integers(1, 500),
            st.sampled_from(["office", "gone"]),
        ),
        st.builds(lambda h: {"on_hold_for": {"longer_than": f"{h}h"}}, st.integers(1, 5000)),
        st.builds(
            lambda k, n, d: {k: {"at_least": n, "within": d}}, st.sampled_from(["reopened", "reassigned"]), counts, days
        ),
        st.builds(lambda h, d: {"effort": {"at_least": f"{h}h", "within": d}}, st.integers(1, 200), days),
        st.builds(
            lambda c, n, d: {"breached": {"clock": c, "times": n, "within": d}},
            st.sampled_from(["response", "resolution"]),
            counts,
            days,
        ),
        st.builds(lambda x, n: {"rate": {"above": f"{x}x", "at_least": n}}, st.sampled_from(["1.5", "3"]), counts),
        st.builds(
            lambda n, w, d: {"affected": {"at_least": n, "distinct": w, "within": d}},
            counts,
            st.sampled_from(["caller", "location", "ci"]),
            days,
        ),
    ),
    min_size=1,
    max_size=3,
)
again = st.builds(lambda what, d: {"delivered": what, "within": d}, st.sampled_from(["reopen", "new", "ignore"]), days)
limits = st.fixed_dictionaries(
    {}, optional={"projects_per_day": counts, "open_per_group": counts, "mails": st.integers(0, 60)}
)


def compiled(mode: str, how: str, what: Any, on_recurrence: Any, most: Any) -> CompiledRule:
    keys = {"mode": mode, "when": {how: what}, "on_recurrence": on_recurrence, "limits": most}
    return compile_rule(Rule.model_validate(RULE | keys), calendars={"office": default_calendar()})


rules = st.builds(
    compiled,
    st.sampled_from(["off", "shadow", "propose", "auto"]),
    st.sampled_from(["any", "all"]),
    triggers,
    again,
    limits,
)
MORE_THAN = {"open_for", "on_hold_for"}


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
        assert clause.met == (clause.have > clause.want if clause.name in MORE_THAN else clause.have >= clause.want)
    ids = {one.incident_id for one in (*group.members, *group.others)}
    assert set(decision.evidence) <= ids
    assert bool(decision.evidence) == ((decision.shadow or decision.kind) is not DecisionKind.NOTHING)


def acts(decision: Decision) -> bool:
    return decision.kind in {DecisionKind.CANDIDATE, DecisionKind.OPEN}


@unhurried
@given(rules, views)
def test_only_reasons_that_are_there_make_anything_new(compiled: CompiledRule, group: GroupView) -> None:
    decision = decide(compiled, group, NOW)
    met = [clause.met for clause in decision.clauses]
    if acts(decision):
        assert all(met) if compiled.needs_all else any(met)
        assert group.promotion not in RUNNING | WAITING
    if decision.kind is DecisionKind.OPEN:
        assert compiled.mode == "auto"
        opened = {one.incident_id: one.opened_at for one in (*group.others, *group.members)}
        assert any(opened[one] >= group.activated_at for one in decision.evidence)
        assert not compiled.rule.limits.brake(group.usage, NOW)
    if decision.kind is DecisionKind.REOPEN:
        assert group.promotion in HANDED_OVER
        assert group.delivered_at is not None
        opened = {one.incident_id: one.opened_at for one in (*group.others, *group.members)}
        assert all(opened[one] >= group.activated_at for one in decision.evidence)
        assert all(opened[one] > group.delivered_at for one in decision.evidence)
    assert bool(decision.brake) <= (
        decision.kind is DecisionKind.CANDIDATE or decision.shadow is DecisionKind.CANDIDATE
    )


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
