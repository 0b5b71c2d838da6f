"""Which incidents a rule covers, and which belong together."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.rules.incidents import NOW, RULE, incidents, matching, nodes, rule, ticket, unhurried

from bridge.calendar.business import default_calendar
from bridge.model.incident import Incident, State
from bridge.rules.decision import NO_TARGETS
from bridge.rules.matching import compile_rule, group_key, group_label
from bridge.rules.ruleset import RuleSet
from bridge.rules.schema import Rule


@pytest.mark.parametrize(
    ("node", "covered"),
    [
        ({"field": "service", "equals": "Network"}, True),
        ({"field": "service", "equals": "network"}, False),
        ({"field": "service", "in": ["VPN", "Network"]}, True),
        ({"field": "service", "in": ["VPN"]}, False),
        ({"field": "site", "equals": "Berlin"}, False),
        ({"field": "summary", "glob": "Router *"}, True),
        ({"field": "summary", "glob": "Router"}, False),
        ({"field": "summary", "glob": "*CPU*[0-9] %"}, True),
        ({"field": "summary", "regex": "(?i)router.*cpu"}, True),
        ({"field": "summary", "regex": "^CPU"}, False),
        ({"field": "site", "regex": "^$"}, False),
        ({"field": "priority", "at_most": 3}, True),
        ({"field": "priority", "at_most": 1}, False),
        ({"field": "priority", "at_least": 2, "at_most": 2}, True),
        ({"field": "priority", "equals": 2}, True),
        ({"field": "impact", "at_most": 5}, False),
        ({"field": "impact", "at_least": 1}, False),
        ({"field": "reopen_count", "equals": 0}, True),
        ({"field": "fields.Correlation Key", "equals": "K-17"}, True),
        ({"field": "fields.Load", "at_least": 99}, True),
        ({"field": "fields.Load", "at_least": 100}, False),
        ({"field": "fields.Correlation Key", "at_least": 0}, False),
        ({"field": "fields.gone", "at_most": 5}, False),
        ({"field": "fields.gone", "exists": False}, True),
        ({"field": "fields.Empty", "exists": False}, True),
        ({"field": "impact", "exists": True}, False),
        ({"field": "tags", "exists": True}, True),
        ({"field": "tags", "has": "vip"}, True),
        ({"field": "tags", "has": ["day", "night"]}, True),
        ({"field": "tags", "has": ["day"]}, False),
        ({"field": "state", "equals": "new"}, True),
        ({"field": "state", "in": ["resolved", "closed"]}, False),
        ({"field": "opened_at", "age": {"at_least": "2d"}}, True),
        ({"field": "opened_at", "age": {"at_least": "49h"}}, False),
        ({"field": "opened_at", "age": {"at_most": "2d"}}, True),
        ({"field": "resolved_at", "age": {"at_most": "2d"}}, False),
        ({"field": "opened_at", "at_least": "2026-10-13"}, True),
        ({"field": "opened_at", "at_most": "2026-10-13T11:59:59Z"}, False),
        ({"field": "opened_at", "at_most": "2026-10-13T14:00:00+02:00"}, True),
        ({"all": [{"field": "service", "exists": True}, {"field": "ci", "equals": "R7"}]}, True),
        ({"all": [{"field": "service", "exists": True}, {"field": "ci", "equals": "R8"}]}, False),
        ({"any": [{"field": "ci", "equals": "R8"}, {"field": "ci", "equals": "R7"}]}, True),
        ({"any": [{"field": "ci", "equals": "R8"}]}, False),
        ({"not": {"field": "ci", "equals": "R8"}}, True),
        ({"not": {"field": "impact", "at_most": 3}}, True),
        ({"all": [{"field": "ci", "equals": "R7"}], "not": {"field": "tags", "has": "vip"}}, False),
        ({"any": [{"not": {"all": [{"field": "ci", "exists": True}]}}, {"field": "url", "exists": False}]}, True),
    ],
)
def test_conditions(node: Any, covered: bool) -> None:
    assert matching(node).matches(ticket()) is covered


def test_unless_excepts() -> None:
    assert not rule(unless={"field": "tags", "has": "vip"}).matches(ticket())
    assert rule(unless={"field": "tags", "has": "day"}).matches(ticket())


def test_a_rule_may_be_for_some_sources_only() -> None:
    assert rule(sources=["rt", "other"]).matches(ticket())
    assert not rule(sources=["other"]).matches(ticket())


def test_a_huge_text_is_looked_at_from_its_beginning_only() -> None:
    huge = ticket(summary="x" * 10_000_000 + " router cpu")
    assert not matching({"field": "summary", "regex": "router.*cpu"}).matches(huge)
    assert matching({"field": "summary", "regex": "^x.*x"}).matches(huge)
    assert matching({"field": "summary", "glob": "x*cpu"}).matches(huge)


def test_the_group_is_the_source_and_the_values() -> None:
    assert json.loads(group_key(rule(), ticket()) or "") == ["rt", "Network", "K-17"]
    assert group_label(rule(), ticket()) == "Network · K-17"


def test_across_sources_the_source_makes_no_difference() -> None:
    both = rule(across_sources=True)
    assert json.loads(group_key(both, ticket()) or "") == [None, "Network", "K-17"]
    assert group_key(both, ticket(source="other")) == group_key(both, ticket())
    assert group_key(rule(), ticket(source="other")) != group_key(rule(), ticket())


def test_the_lower_priority_claims_first_then_the_order_of_the_files() -> None:
    numbers = {"a": 200, "b": None, "c": 7, "d": None, "e": 100}
    rules = RuleSet([rule(id=name, **({"priority": n} if n else {})) for name, n in numbers.items()])
    assert [one.id for one in rules.rules] == ["c", "b", "d", "e", "a"]
    assert rules.matching(ticket()) == list(rules.rules)


def test_what_is_missing_or_garbled_is_in_no_window() -> None:
    windows = {"patch-day": lambda moment: moment.hour < 6}
    asked = {"field": "resolved_at", "in_window": ["patch-day", "gone"]}
    compiled = compile_rule(Rule.model_validate(RULE | {"match": asked}), windows)
    assert not compiled.matches(ticket())
    assert compiled.matches(ticket(resolved_at=NOW.replace(hour=5)))
    assert not compiled.matches(ticket(resolved_at=NOW.replace(hour=6)))


@pytest.mark.parametrize("missing", ["", "  "])
def test_an_incident_with_a_missing_part_is_in_no_group(missing: str) -> None:
    assert group_key(rule(), ticket(service=missing)) is None
    assert group_key(rule(), ticket(fields={"Correlation Key": missing})) is None
    assert group_key(rule(), ticket(fields={})) is None
    assert group_key(rule(group_by=["impact"]), ticket()) is None


def test_what_looks_the_same_is_one_group() -> None:
    composed, decomposed = ticket(service="Café"), ticket(service=" Cafe\N{COMBINING ACUTE ACCENT}")
    assert group_key(rule(), composed) == group_key(rule(), decomposed)


@unhurried
@given(incidents, incidents)
def test_one_key_means_equal_values(first: Incident, second: Incident) -> None:
    grouping = rule(group_by=["service", "priority", "fields.x"])

    def values(one: Incident) -> list[str]:
        return [one.source, one.service.strip(), str(one.priority), one.fields.get("x", "").strip()]

    keys = group_key(grouping, first), group_key(grouping, second)
    if None not in keys:
        assert (keys[0] == keys[1]) == (values(first) == values(second))


@unhurried
@given(nodes, st.none() | nodes, incidents)
def test_matching_never_raises_and_has_one_answer(match: Any, unless: Any, incident: Incident) -> None:
    compiled = matching(match, **({"unless": unless} if unless else {}))
    assert compiled.matches(incident) in {True, False}
    assert matching({"not": match}).matches(incident) is not matching(match).matches(incident)


@unhurried
@given(st.lists(st.tuples(nodes, st.none() | st.just(["a"])), max_size=8), st.lists(incidents, max_size=8))
def test_the_index_finds_what_the_loop_finds(asked: list[tuple[Any, Any]], those: list[Incident]) -> None:
    compiled = [
        matching(node, id=f"r{number}", **({"sources": sources} if sources else {}))
        for number, (node, sources) in enumerate(asked)
    ]
    rules = RuleSet(compiled)
    for incident in those:
        assert rules.matching(incident) == [one for one in compiled if one.matches(incident)]


@pytest.mark.parametrize(
    "shape",
    [
        lambda name: {"field": "service", "equals": name},
        lambda name: {"all": [{"field": "summary", "regex": "R"}, {"field": "service", "in": [name, f"{name}-old"]}]},
        lambda name: {"any": [{"field": "service", "equals": name}, {"field": "service", "equals": f"{name}-old"}]},
        lambda name: {"all": [{"field": "state", "equals": "new"}, {"all": [{"field": "service", "equals": name}]}]},
        lambda name: {"all": [{"field": "service", "in": [name, "x"]}], "not": {"field": "service", "equals": "y"}},
    ],
)
def test_an_incident_costs_the_rules_that_may_cover_it(shape: Any) -> None:
    """50 rules about 50 services: only the one about the incident's service is asked."""
    asked: list[str] = []

    def counting(number: int) -> Any:
        compiled = matching(shape(f"S{number}"), id=f"r{number}", sources=["rt"])

        def matches(incident: Incident) -> bool:
            asked.append(compiled.id)
            return compiled.matches(incident)

        return replace(compiled, matches=matches)

    rules = RuleSet([counting(number) for number in range(50)])
    assert [one.id for one in rules.matching(ticket(service="S7"))] == ["r7"]
    assert asked == ["r7"]


def test_rules_are_found_by_id() -> None:
    rules = RuleSet([rule()])
    assert rules.get("router-cpu") is rules.rules[0]
    assert rules.get("gone") is None


def test_the_version_is_what_the_rule_says_not_how() -> None:
    version = rule().version
    assert len(version) == 12
    assert set(version) <= set("0123456789abcdef")
    assert rule(mode="propose", kpi="pause").version == version
    assert rule(when={"any": [{"recurs": {"at_least": 5, "within": "2w"}}]}).version == version
    others = {
        rule(title="Other").version,
        rule(when={"all": [{"recurs": {"at_least": 5, "within": "14d"}}]}).version,
        rule(when={"any": [{"recurs": {"at_least": 6, "within": "14d"}}]}).version,
        rule(kpi="none").version,
        rule(mode="auto").version,
        rule(match={"field": "service", "in": ["Network"]}).version,
        rule(project={"template": "network-problem", "owner": "jane", "due": "20 business days"}).version,
    }
    assert len(others | {version}) == 8


def test_the_version_stays_from_release_to_release() -> None:
    """A new version of a rule starts anew what history may not do: an update of the bridge must not."""
    assert rule().version == compile_rule(Rule.model_validate(RULE)).version == "cbb7dbbbf57f"


def test_what_a_decision_and_its_promotion_need() -> None:
    compiled = rule(
        when={"all": [{"recurs": {"at_least": 7, "within": "14d"}}]},
        project={"template": "t", "owner": "jane", "due": "20 business days"},
        incident={"open": "hold", "on_delivery": "resolve"},
        kpi="remove",
        quiet_for="30d",
    )
    assert compiled.needs.members == 7
    assert compiled.needs.wait(NO_TARGETS) is None
    assert compiled.needs_all
    incident = {"open": "hold", "later": "link", "on_delivery": "resolve", "incident_issues": "20"}
    assert compiled.terms() == {**incident, "kpi": "remove"}
    assert compiled.quiet_for == timedelta(days=30)
    assert compiled.project_name("Network · K-17") == "Router CPU: Network · K-17"
    assert compiled.due(date(2026, 10, 15), default_calendar()) == date(2026, 11, 12)


def test_a_rule_that_waits_looks_at_more_members() -> None:
    compiled = rule(when={"any": [{"open_for": {"longer_than": "72h"}}, {"open_for": {"longer_than": "2d"}}]})
    assert compiled.needs.wait(NO_TARGETS) == timedelta(days=2)
    assert compiled.needs.members == 100
    assert compiled.due(NOW.date(), default_calendar()) is None


def test_plain_days_are_days_of_the_calendar() -> None:
    compiled = rule(project={"template": "t", "owner": "jane", "due": "6w"})
    assert compiled.due(date(2026, 10, 15), default_calendar()) == date(2026, 11, 26)


def test_the_state_of_an_incident_is_compared_by_its_name() -> None:
    found = RuleSet([matching({"field": "state", "equals": "on_hold"})])
    assert len(found.matching(ticket(state=State.ON_HOLD))) == 1
