"""What is told about a rule's conditions is what the rule itself sees."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.rules.incidents import NOW, incidents, matching, nodes, rule, ticket, unhurried

from bridge.model.incident import Incident, State
from bridge.rules.answers import LONGEST_SHOWN, Answer, Taken, answers, in_words
from bridge.rules.decide import decide
from bridge.rules.decision import GroupMember, GroupView
from bridge.rules.explain import explain


@unhurried
@given(nodes, nodes | st.none(), st.booleans(), incidents)
def test_answers_agree_with_the_rule(match: Any, unless: Any, has_sources: bool, incident: Incident) -> None:
    """The whole, and every part from its parts, and every condition with its own question."""
    more: dict[str, Any] = {"unless": unless} if unless else {}
    compiled = matching(match, **more, **({"sources": ["a", "rt"]} if has_sources else {}))
    found = answers(compiled, incident)
    assert found.met == compiled.matches(incident)
    consistent(found)
    assert all(condition.asked and condition.found for condition in found.conditions())


def consistent(one: Answer) -> None:
    """An answer follows from those of its parts."""
    met = [part.met for part in one.parts]
    expected = {Taken.ALL: all(met), Taken.ANY: any(met), Taken.NOT: not all(met), Taken.ONE: one.met}
    assert one.met == expected[one.taken]
    assert bool(one.parts) == (one.taken is not Taken.ONE)
    for part in one.parts:
        consistent(part)


@unhurried
@given(
    nodes,
    st.lists(incidents.filter(lambda one: one.opened_at.year > 1), max_size=4),
    st.sampled_from(["any", "all"]),
    st.sampled_from(["propose", "auto", "shadow", "off"]),
)
def test_explanations_agree_with_decide(match: Any, members: list[Incident], how: str, mode: str) -> None:
    """Every reason stands there once, marked as met when it is; the decision's words come first."""
    reasons = [{"recurs": {"at_least": 2, "within": "30d"}}, {"open_for": {"longer_than": "3d"}}]
    compiled = matching(match, when={how: reasons}, mode=mode)
    view = GroupView("k", "VPN", tuple(GroupMember.of(n, one) for n, one in enumerate(members)), NOW)
    decision = decide(compiled, view, NOW)
    lines = explain(compiled, view, decision, NOW)
    assert decision.why in lines[1]
    marked = [line.strip().startswith("yes ") for line in lines if "(needed: " in line]
    assert marked == [clause.met for clause in decision.clauses]


def test_lines_show_each_condition_with_its_value() -> None:
    compiled = rule(
        match={"all": [{"field": "summary", "regex": "(?i)router"}, {"field": "priority", "at_most": 1}]},
        unless={"any": [{"field": "tags", "has": ["vip"]}, {"field": "opened_at", "age": {"at_least": "30d"}}]},
        sources=["rt"],
    )
    assert list(answers(compiled, ticket()).lines()) == [
        "no  all of these:",
        "  yes source in: [rt]; it is “rt”",
        "  no  all of these:",
        "    yes summary regex: (?i)router; it is “Router R7: CPU at 99 %”",
        "    no  priority at_most: 1; it is 2",
        "  no  none of this:",
        "    yes any of these:",
        "      yes tags has: [vip]; it is night, vip",
        "      no  opened_at age {at_least: 30d}; it is 48h before its last change",
    ]


@pytest.mark.parametrize(
    ("value", "told"),
    [
        (None, "empty"),
        ("", "empty"),
        ((), "empty"),
        (0, "0"),
        (2.5, "2.5"),
        (State.ON_HOLD, "on_hold"),
        (NOW, "2026-10-15 12:00 UTC"),
        ("a\x00b\n c", "“a\x00b c”"),
        (("a", "b"), "a, b"),
        (("", "b"), "“”, b"),
        (tuple("abcdefghijkl"), "a, b, c, d, e, f, g, h, i, j, … (12)"),
    ],
)
def test_values_in_words(value: Any, told: str) -> None:
    assert in_words(value) == told


def test_an_age_in_words() -> None:
    assert in_words(timedelta(days=20), is_age=True) == "20d before its last change"
    assert in_words(timedelta(hours=-5), is_age=True) == "5h after its last change"


def test_a_summary_of_ten_megabytes_is_one_short_line() -> None:
    for text in ("x" * 10_000_000, "x " * 5_000_000, " " * 10_000_000):
        assert len(in_words(text)) <= LONGEST_SHOWN + 2
