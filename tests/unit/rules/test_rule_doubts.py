"""Rules that can never fire or are left nothing are told of, and no others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.rules.incidents import NOW, RULE, TICKET, incidents, nodes, rule, ticket, unhurried

from bridge.model.incident import Incident, State
from bridge.model.promotion import PromotionState
from bridge.rules.decide import decide
from bridge.rules.decision import DecisionKind, GroupMember, GroupView
from bridge.rules.loader import KnownNames, read_rules
from bridge.rules.matching import CompiledRule, group_key
from bridge.rules.possible import conflict
from bridge.rules.ruleset import RuleSet
from bridge.yamlfile import Marked

VPN: dict[str, Any] = {"field": "service", "equals": "VPN"}


def doubts(*changes: dict[str, Any]) -> list[str]:
    rules = [RULE | {"id": f"r{number}"} | change for number, change in enumerate(changes)]
    found, problems = read_rules([Marked({"version": 1, "rules": rules}, "f")], KnownNames())
    assert found is not None, [str(one) for one in problems]
    assert {one.severity for one in problems} <= {"warning"}
    return [one.what for one in problems]


def recurs(at_least: int = 5, within: str = "14d", **more: Any) -> dict[str, Any]:
    return {"recurs": {"at_least": at_least, "within": within, **more}}


def open_for(longer_than: str) -> dict[str, Any]:
    return {"open_for": {"longer_than": longer_than}}


NEVER: list[tuple[dict[str, Any], str]] = [
    (
        {"match": {"all": [VPN, {"field": "service", "equals": "Mail"}]}},
        "service equals: VPN and service equals: Mail exclude each other",
    ),
    (
        {"match": {"all": [VPN, {"field": "service", "regex": "^Router"}]}},
        "service equals: VPN and service regex: ^Router exclude each other",
    ),
    (
        {"match": {"all": [{"field": "priority", "at_most": 2}, {"field": "priority", "at_least": 4}]}},
        "priority at_most: 2 and priority at_least: 4 exclude each other",
    ),
    (
        {"match": {"all": [{"field": "priority", "at_most": 2}, {"not": {"field": "priority", "in": [1, 2]}}]}},
        "priority at_most: 2 and not priority in: [1, 2] exclude each other",
    ),
    (
        {"match": {"all": [{"field": "state", "equals": "closed"}, {"field": "state", "in": ["new", "on_hold"]}]}},
        "state equals: closed and state in: [new, on_hold] exclude each other",
    ),
    (
        {"match": {"all": [{"field": "ci", "exists": False}, {"field": "ci", "glob": "R*"}]}},
        "ci exists: false and ci glob: R* exclude each other",
    ),
    ({"match": {"field": "opened_at", "exists": False}}, "no incident has opened_at exists: false"),
    ({"match": {"field": "reopen_count", "at_most": -1}}, "no incident has reopen_count at_most: -1"),
    ({"match": {"field": "updated_at", "age": {"at_least": "1d"}}}, "no incident has updated_at age {at_least: 1d}"),
    (
        {
            "match": {
                "all": [
                    {"field": "opened_at", "age": {"at_least": "3d"}},
                    {"field": "opened_at", "age": {"at_most": "1d"}},
                ]
            }
        },
        "opened_at age {at_least: 3d} and opened_at age {at_most: 1d} exclude each other",
    ),
    (
        {
            "match": {
                "all": [
                    {"field": "opened_at", "at_least": "2026-02-01"},
                    {"field": "opened_at", "at_most": "2026-01-01"},
                ]
            }
        },
        "opened_at at_least: 2026-02-01T00:00:00Z and opened_at at_most: 2026-01-01T00:00:00Z exclude each other",
    ),
    (
        {"match": {"all": [{"field": "fields.Load", "at_least": 9}, {"field": "fields.Load", "at_most": 3}]}},
        "fields.Load at_least: 9 and fields.Load at_most: 3 exclude each other",
    ),
    (
        {
            "match": {"any": [{"all": [VPN, {"not": VPN}]}, {"field": "closed_at", "age": {"at_least": "1d"}}]},
            "unless": {"field": "closed_at", "exists": True},
        },
        "`unless` excepts everything that `match` covers",
    ),
    ({"match": VPN, "unless": VPN}, "`unless` excepts everything that `match` covers"),
    ({"match": VPN, "unless": {"field": "service", "glob": "V*"}}, "`unless` excepts everything that `match` covers"),
    (
        {"match": {"field": "summary", "regex": "cpu"}, "unless": {"field": "summary", "exists": True}},
        "`unless` excepts everything that `match` covers",
    ),
    (
        {"match": {"field": "tags", "has": ["a"]}, "unless": {"field": "tags", "has": ["a", "b"]}},
        "`unless` excepts everything that `match` covers",
    ),
    ({"match": {"field": "service", "exists": False}}, "no incident that it covers has “service”"),
    ({"sources": ["rt"], "match": {"field": "source", "equals": "other"}}, "source in: [rt] and source equals: other"),
    (
        {"match": {"field": "state", "in": ["closed", "cancelled"]}, "when": {"any": [open_for("3d")]}},
        "no incident that the rule covers has state in: [in_progress, new, on_hold]",
    ),
    (
        {
            "unless": {"field": "state", "equals": "on_hold"},
            "when": {"all": [recurs(), {"on_hold_for": {"longer_than": "3d"}}]},
        },
        "no incident that the rule covers has state equals: on_hold",
    ),
    (
        {"match": {"field": "reopen_count", "at_most": 2}, "when": {"any": [{"reopened": {"at_least": 3}}]}},
        "no incident that the rule covers has reopen_count at_least: 3",
    ),
    ({"group_by": ["external_id"]}, "it needs 5 incidents, and grouped by external_id a group has one"),
    (
        {"group_by": ["service", "ci"], "when": {"any": [recurs(3, distinct="ci")]}},
        "it needs 3 values of ci, and a group has one of what it is grouped by",
    ),
]


@pytest.mark.parametrize(("change", "why"), NEVER)
def test_a_rule_that_can_never_fire_is_told_with_the_reason(change: dict[str, Any], why: str) -> None:
    (told,) = doubts(change)
    assert told.startswith("“r0” can never fire: ")
    assert why in told


def test_a_reason_that_can_never_be_there_is_told_beside_others_that_can() -> None:
    (told,) = doubts({"match": {"field": "state", "equals": "closed"}, "when": {"any": [recurs(), open_for("3d")]}})
    assert told.startswith("“r0” can never have this reason: no incident that the rule covers has state in: ")


def test_the_place_is_where_the_contradiction_stands() -> None:
    text = RULE | {
        "match": {"all": [VPN, {"field": "service", "equals": "Mail"}]},
        "unless": {"field": "ci", "equals": "x"},
    }
    marks = {("rules", 0, "match", "all", 1): (9, 7)}
    _, (problem,) = read_rules([Marked({"version": 1, "rules": [text]}, "f", marks)], KnownNames())
    assert problem.where == "f:9:7"


FINE: list[dict[str, Any]] = [
    {"match": {"all": [VPN, {"field": "service", "regex": "(?i)vpn"}]}},
    {"match": {"any": [{"all": [VPN, {"field": "service", "equals": "Mail"}]}, VPN]}},
    {"match": {"not": {"field": "fields.Load", "at_most": 1e17}}},
    {"match": {"not": {"field": "fields.Load", "at_least": -1e17}}},
    {"match": {"not": {"field": "fields.Load", "at_least": float("-inf")}}},
    {
        "match": {
            "all": [{"not": {"field": "effort", "at_most": 5}}, {"not": {"field": "effort", "at_least": float("inf")}}]
        }
    },
    {"match": {"not": {"field": "opened_at", "at_least": "2026-01-01"}}},
    {"match": {"all": [{"field": "fields.x", "exists": True}, {"not": {"field": "fields.x", "at_most": 3}}]}},
    {"match": {"all": [{"field": "tags", "has": ["a", "b"]}, {"not": {"field": "tags", "has": "a"}}]}},
    {
        "match": {
            "all": [{"field": "opened_at", "age": {"at_least": "1d"}}, {"field": "opened_at", "at_least": "2026-01-01"}]
        }
    },
    {"match": {"field": "updated_at", "age": {"at_most": "1d"}}},
    {"group_by": ["external_id"], "when": {"any": [recurs(1), open_for("3d")]}},
    {"group_by": ["external_id"], "across_sources": True},
    {"match": {"field": "state", "equals": "closed"}, "mode": "off", "when": {"any": [open_for("3d")]}},
    {"match": {"all": [VPN, {"not": VPN}]}, "mode": "off"},
    {"unless": {"field": "opened_at", "in_window": "night"}, "match": {"field": "opened_at", "exists": True}},
]


@pytest.mark.parametrize("change", FINE)
def test_a_rule_that_may_fire_is_not_told_of(change: dict[str, Any]) -> None:
    assert doubts(change) == []


def test_one_window_wanted_and_another_one_excluded_is_fine_and_the_same_is_not() -> None:
    wanted = {"field": "opened_at", "in_window": ["a"]}
    assert doubts({"match": wanted, "unless": {"field": "opened_at", "in_window": ["b"]}}) == []
    (told,) = doubts({"match": wanted, "unless": {"field": "opened_at", "in_window": ["b", "a"]}})
    assert "`unless` excepts everything" in told


def test_more_combinations_than_are_looked_at_say_nothing() -> None:
    never = {"any": [{"all": [VPN, {"not": VPN}]}] * 9}
    assert doubts({"match": {"all": [never] * 9}}) == []


@unhurried
@given(nodes, st.none() | nodes, st.lists(incidents, min_size=1, max_size=5))
def test_what_is_called_impossible_is_fulfilled_by_nobody(match: Any, unless: Any, those: list[Incident]) -> None:
    compiled = rule(match=match, **({"unless": unless} if unless else {}))
    assert not (conflict(compiled.covers) and any(compiled.matches(one) for one in those))


SHADOWED: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({}, {}),
    ({"match": {"field": "service", "in": ["VPN", "Mail"]}}, {"match": VPN}),
    ({"match": {"field": "service", "exists": True}}, {"match": VPN, "unless": {"field": "ci", "equals": "x"}}),
    ({"match": {"field": "priority", "at_most": 3}}, {"match": {"field": "priority", "at_most": 2}}),
    ({}, {"sources": ["rt"]}),
    ({"group_by": ["service"]}, {"group_by": ["ci", "service"]}),
    ({"when": {"any": [recurs(3)]}}, {"when": {"any": [recurs(5)]}}),
    ({"when": {"any": [recurs(5, "30d")]}}, {"when": {"any": [recurs(5, "14d")]}}),
    ({"when": {"any": [recurs(5)]}}, {"when": {"any": [recurs(5, distinct="ci")]}}),
    ({"when": {"any": [recurs(5), open_for("1d")]}}, {"when": {"any": [open_for("2d")]}}),
    ({"when": {"any": [recurs(5)]}}, {"when": {"all": [recurs(5), open_for("2d")]}}),
    ({"when": {"all": [recurs(5), open_for("1d")]}}, {"when": {"all": [recurs(6), open_for("2d")]}}),
    ({"mode": "propose"}, {"mode": "auto"}),
    ({"across_sources": True}, {}),
]


@pytest.mark.parametrize(("first", "second"), SHADOWED)
def test_a_rule_that_an_earlier_one_leaves_nothing_is_told(first: dict[str, Any], second: dict[str, Any]) -> None:
    (told,) = doubts(first, second)
    assert told.startswith("“r1” is left nothing: “r0” at f looks first")


def test_priority_turns_it_round() -> None:
    (told,) = doubts({}, {"priority": 50})
    assert told.startswith("“r0” is left nothing: “r1” at f looks first")


NOT_SHADOWED: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({"mode": "off"}, {}),
    ({"mode": "shadow"}, {}),
    ({}, {"mode": "off"}),
    ({"match": VPN}, {"match": {"field": "service", "in": ["VPN", "Mail"]}}),
    ({"unless": {"field": "ci", "equals": "x"}}, {}),
    ({"sources": ["rt"]}, {}),
    ({"group_by": ["service", "ci"]}, {"group_by": ["service"]}),
    ({"group_by": ["service"]}, {"group_by": ["ci"]}),
    ({"when": {"any": [recurs(6)]}}, {"when": {"any": [recurs(5)]}}),
    ({"when": {"any": [recurs(5, "7d")]}}, {"when": {"any": [recurs(5, "14d")]}}),
    ({"when": {"any": [recurs(5, distinct="ci")]}}, {"when": {"any": [recurs(5)]}}),
    ({"when": {"any": [recurs(5)]}}, {"when": {"any": [recurs(5), open_for("2d")]}}),
    ({"when": {"all": [recurs(5), open_for("1d")]}}, {"when": {"any": [recurs(5)]}}),
    ({}, {"across_sources": True}),
    ({"on_recurrence": {"delivered": "ignore"}}, {}),
    ({"match": {"field": "service", "regex": "V"}}, {"match": {"field": "service", "regex": "VP"}}),
]


@pytest.mark.parametrize(("first", "second"), NOT_SHADOWED)
def test_a_rule_that_may_get_something_is_not_told_of(first: dict[str, Any], second: dict[str, Any]) -> None:
    assert doubts(first, second) == []


def fired(rules: RuleSet, arriving: Sequence[Incident]) -> set[str]:
    """Which rules claim anything when these arrive one by one: the first that claims an incident wins."""
    claims: dict[int, tuple[str, str]] = {}
    seen: dict[tuple[str, str], list[int]] = {}
    active: set[tuple[str, str]] = set()

    def look(one: CompiledRule, key: str, now: Any) -> None:
        mine = (one.id, key)
        free = [number for number in seen[mine] if claims.get(number, mine) == mine]
        members = [GroupMember.of(n, arriving[n], joined=n in claims, fields=one.needs.fields) for n in reversed(free)]
        view = GroupView(key, key, tuple(members), TICKET.opened_at, PromotionState.ACTIVE if mine in active else None)
        decision = decide(one, view, now)
        if decision.kind is DecisionKind.NOTHING:
            return
        active.add(mine)
        claims.update({n: mine for n in free if n in decision.evidence or arriving[n].state.is_open})

    for number, incident in enumerate(arriving):
        for one in rules.matching(incident):
            key = group_key(one, incident)
            if key is not None:
                seen.setdefault((one.id, key), []).append(number)
        for one in rules.rules:
            for rule_id, key in list(seen):
                if rule_id == one.id:
                    look(one, key, incident.opened_at)
    return {rule_id for rule_id, _ in active}


REASONS = st.sampled_from(
    [recurs(1, "1d"), recurs(2, "1d"), recurs(2, "3d"), recurs(2, "3d", distinct="ci"), open_for("1d"), open_for("2d")]
)
RULES = st.fixed_dictionaries(
    {
        "match": st.sampled_from([{"field": "service", "exists": True}, VPN, {"field": "priority", "at_most": 2}]),
        "group_by": st.sampled_from([["service"], ["service", "ci"], ["ci"]]),
        "when": st.builds(
            lambda how, reasons: {how: reasons},
            st.sampled_from(["any", "all"]),
            st.lists(REASONS, min_size=1, max_size=2),
        ),
        "priority": st.integers(1, 2),
    },
    optional={
        "unless": st.just({"field": "ci", "equals": "b"}),
        "across_sources": st.booleans(),
        "mode": st.sampled_from(["auto", "propose", "shadow"]),
    },
)
ARRIVING = st.lists(
    st.tuples(
        st.integers(0, 30),
        st.sampled_from(["VPN", "Mail"]),
        st.sampled_from("ab"),
        st.integers(1, 3),
        st.sampled_from([State.NEW, State.CLOSED]),
        st.sampled_from(["rt", "x"]),
    ),
    max_size=12,
)


@unhurried
@given(st.lists(RULES, min_size=2, max_size=3), ARRIVING)
def test_a_rule_that_is_said_to_be_left_nothing_never_fires(asked: list[dict[str, Any]], drawn: list[Any]) -> None:
    """The rules, incidents that arrive as they were opened, and every project running on: what is told must be true."""
    told = doubts(*asked)
    silent = {
        one.partition("”")[0].removeprefix("“") for one in told if "is left nothing" in one or "never fire" in one
    }
    hours = sorted(drawn, key=lambda one: one[0])
    arriving = [
        ticket(
            opened_at=NOW + timedelta(hours=6 * hour),
            updated_at=NOW + timedelta(hours=6 * hour),
            service=service,
            ci=ci,
            priority=priority,
            state=state,
            source=source,
        )
        for hour, service, ci, priority, state, source in hours
    ]
    rules = RuleSet([rule(id=f"r{number}", **one) for number, one in enumerate(asked)])
    assert not fired(rules, arriving) & silent


def test_the_story_that_the_property_plays_has_rules_that_fire() -> None:
    one = replace(TICKET, opened_at=NOW)
    rules = RuleSet([rule(id="r0", when={"any": [recurs(2)]}), rule(id="r1", when={"any": [recurs(1)]})])
    assert fired(rules, [one, replace(one, external_id="18")]) == {"r1"}
    assert fired(RuleSet(rules.rules[:1]), [one, replace(one, external_id="18")]) == {"r0"}
