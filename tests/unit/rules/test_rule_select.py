"""Rows that a rule covers, found by columns: the same as when every row is asked by itself."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from bridge.model.incident import State
from bridge.rules.history import FEW, History, table
from bridge.rules.matching import compile_rule
from bridge.rules.schema import Rule
from bridge.rules.select import covered

NOW = datetime(2026, 11, 1, tzinfo=UTC)
ROWS = FEW + 40
LEAVES = st.sampled_from(
    [
        {"field": "service", "equals": "VPN"},
        {"field": "service", "in": ["VPN", "Mail"]},
        {"field": "priority", "at_most": 2},
        {"field": "summary", "regex": "[1-4]$"},
        {"field": "summary", "glob": "*7"},
        {"field": "ci", "exists": True},
    ]
)
TREES = st.recursive(
    LEAVES,
    lambda parts: (
        st.builds(lambda those: {"all": those}, st.lists(parts, min_size=1, max_size=3))
        | st.builds(lambda those: {"any": those}, st.lists(parts, min_size=1, max_size=3))
        | st.builds(lambda one: {"not": one}, parts)
    ),
    max_leaves=6,
)


def history(rows: int) -> History:
    """Few services, priorities and CIs, which are kept a byte each, and a summary of its own for every row."""
    columns: dict[str, Any] = {
        "source": ["rt"] * rows,
        "external_id": list(map(str, range(rows))),
        "state": [State.NEW] * rows,
        "service": [("VPN", "Mail", "DNS")[n % 3] for n in range(rows)],
        "priority": [n % 5 + 1 for n in range(rows)],
        "ci": [("", "core-1")[n % 7 == 0] for n in range(rows)],
        "summary": [f"it fails {n}" for n in range(rows)],
    }
    return table([NOW] * rows, columns)


MANY, NONE = history(ROWS), history(0)


@settings(max_examples=60)
@given(TREES, st.none() | TREES)
def test_columns_and_single_rows_say_the_same(match: dict[str, Any], unless: dict[str, Any] | None) -> None:
    content = {
        "id": "any",
        "title": "Any",
        "match": match,
        "group_by": ["service"],
        "when": {"any": [{"recurs": {"at_least": 2, "within": "1d"}}]},
        "project": {"template": "standard-project", "owner": "jane"},
    }
    rule = compile_rule(Rule.model_validate(content | ({"unless": unless} if unless else {})))
    names = ["source", "external_id", "state", "service", "priority", "ci", "summary"]
    one_by_one = [row for row in range(ROWS) if rule.matches(MANY.shown(row, names))]
    assert list(covered(MANY, rule.covers)) == one_by_one
    assert list(covered(NONE, rule.covers)) == []
