"""A condition is a field and a function of its value: asked of a column it answers as it does of incidents."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from tests.unit.rules.incidents import NOW, incidents, matching, nodes, rule, ticket, unhurried

from bridge.model.incident import Incident
from bridge.rules.questions import AllOf, AnyOf, Not, Question, Tree, questions


def by_column(tree: Tree, those: list[Incident]) -> list[bool]:
    """The rows that a tree covers, each question asked once per distinct value, as a replay does it."""
    if isinstance(tree, Question):
        column = [tree.value(one) for one in those]
        answers = {value: tree.holds(value) for value in set(column)}
        return [answers[value] for value in column]
    if isinstance(tree, Not):
        return [not one for one in by_column(tree.part, those)]
    every = all if isinstance(tree, AllOf) else any
    columns = [by_column(part, those) for part in tree.parts]
    return [every(column[row] for column in columns) for row in range(len(those))]


@unhurried
@given(nodes, st.none() | nodes, st.lists(incidents, max_size=8))
def test_columns_and_incidents_are_asked_alike(match: Any, unless: Any, those: list[Incident]) -> None:
    compiled = matching(match, **({"unless": unless} if unless else {}))
    assert by_column(compiled.covers, those) == [compiled.matches(one) for one in those]


def test_a_question_says_where_it_stands() -> None:
    service = {"field": "service", "equals": "VPN"}
    compiled = matching(
        {"all": [service, {"any": [service, service]}], "not": service}, sources=["rt"], unless={"all": [service]}
    )
    assert [one.path for one in questions(compiled.covers)] == [
        ("sources",),
        ("match", "all", 0),
        ("match", "all", 1, "any", 0),
        ("match", "all", 1, "any", 1),
        ("match", "not"),
        ("unless", "all", 0),
    ]


def test_an_age_is_counted_to_the_last_change_and_says_so() -> None:
    compiled = matching({"field": "opened_at", "exists": True, "age": {"at_least": "3d"}})
    present, old = questions(compiled.covers)
    assert (present.field.name, present.reference) == ("opened_at", None)
    assert old.reference is not None
    assert (old.field.name, old.reference.name) == ("opened_at", "updated_at")
    first = ticket(opened_at=NOW - timedelta(days=4), updated_at=NOW - timedelta(days=2))
    assert old.value(first) == timedelta(days=2)
    assert not compiled.matches(first)
    assert compiled.matches(ticket(opened_at=NOW - timedelta(days=4), updated_at=NOW))


def test_all_any_and_not_stay_what_they_are() -> None:
    service = {"field": "service", "equals": "VPN"}
    tree = rule(match={"any": [service, {"not": service}]}).covers
    assert isinstance(tree, AnyOf)
    assert isinstance(tree.parts[1], Not)
