"""What each condition of a rule finds in an incident."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from tests.unit.rules.incidents import NOW, incidents, matching, nodes, ticket, unhurried

from bridge.model.incident import Incident
from bridge.rules.examine import examine
from bridge.rules.questions import AllOf, Not, Question, Tree


def test_every_condition_is_told_with_what_was_found() -> None:
    rule = matching(
        {
            "all": [
                {"field": "summary", "regex": "(?i)router"},
                {"any": [{"field": "priority", "at_most": 1}, {"field": "opened_at", "age": {"at_least": "1d"}}]},
                {"field": "fields.gone", "exists": True},
            ]
        },
        sources=["rt"],
        unless={"field": "tags", "has": ["vip"]},
    )
    assert [str(one) for one in examine(rule, ticket())] == [
        "yes sources: source in: [rt] (found: “rt”)",
        "yes match.all.1: summary regex: (?i)router (found: “Router R7: CPU at 99 %”)",
        "no  match.all.2.any.1: priority at_most: 1 (found: 2)",
        "yes match.all.2.any.2: opened_at age {at_least: 1d} (found: 48h)",
        "no  match.all.3: fields.gone exists: true (found: nothing)",
        "yes unless: tags has: [vip] (found: “night, vip”)",
    ]


def test_a_huge_text_is_told_in_short() -> None:
    (answer,) = examine(matching({"field": "summary", "regex": "x"}), ticket(summary="x\n" * 5_000_000))
    assert len(answer.found) == 82


def test_an_age_is_told_as_a_length_of_time() -> None:
    (answer,) = examine(
        matching({"field": "closed_at", "age": {"at_most": "2h"}}), ticket(closed_at=NOW - timedelta(minutes=30))
    )
    assert (answer.found, answer.met) == ("30m", True)


def verdict(tree: Tree, answers: dict[int, bool]) -> bool:
    if isinstance(tree, Question):
        return answers[id(tree)]
    if isinstance(tree, Not):
        return not verdict(tree.part, answers)
    return (all if isinstance(tree, AllOf) else any)(verdict(part, answers) for part in tree.parts)


def listed(tree: Tree) -> list[Question]:
    if isinstance(tree, Question):
        return [tree]
    return [one for part in ([tree.part] if isinstance(tree, Not) else tree.parts) for one in listed(part)]


@unhurried
@given(nodes, st.none() | nodes, incidents)
def test_the_answers_together_are_what_matching_says(match: Any, unless: Any, incident: Incident) -> None:
    rule = matching(match, **({"unless": unless} if unless else {}))
    met = {
        id(question): answer.met for question, answer in zip(listed(rule.covers), examine(rule, incident), strict=True)
    }
    assert verdict(rule.covers, met) == rule.matches(incident)
