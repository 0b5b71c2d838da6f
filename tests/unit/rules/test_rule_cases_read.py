"""Whatever stands in a file of rule tests: it is read or refused, and played without an exception."""

from __future__ import annotations

from typing import Any

import yaml
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.rules.incidents import rule, unhurried

from bridge.rules.ruleset import RuleSet
from bridge.rules.stories import read_stories
from bridge.usecases.rule_tests import history_of
from bridge.yamlfile import parse

RULES = RuleSet([rule()])
odd: st.SearchStrategy[Any] = st.sampled_from(
    [
        "0d",
        "3d 4h",
        "2026-01-31T08:00Z",
        "9999-12-31",
        "99999w",
        "",
        "a",
        "candidate",
        "router-cpu",
        0,
        -1,
        1.5,
        None,
        True,
    ]
)
anything = st.recursive(odd, lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from("ab"), inner))
moments = st.sampled_from(["0d", "1d", "40d", "2026-03-01", "99999w"]) | anything
values = {
    "summary": st.sampled_from(["a", "x" * 10_000, "\N{SNOWMAN}"]) | anything,
    "state": st.sampled_from(["new", "resolved", "closed"]) | anything,
    "fields": st.just({"Correlation Key": "k"}) | anything,
    "tags": st.just(["vip"]) | anything,
}
incident = st.fixed_dictionaries(
    {"at": moments},
    optional=values
    | {
        "id": st.sampled_from(["a", "b"]) | anything,
        "times": st.sampled_from([1, 3]) | anything,
        "every": st.just("1d") | anything,
        "then": st.lists(st.fixed_dictionaries({"after": moments}, optional=values), max_size=2) | anything,
    },
)
case = st.fixed_dictionaries(
    {
        "name": st.just("x") | anything,
        "rule": st.just("router-cpu") | anything,
        "incidents": st.lists(incident, max_size=3) | anything,
        "expect": st.lists(
            st.fixed_dictionaries(
                {"at": moments, "outcome": st.sampled_from(["nothing", "opened"]) | anything},
                optional={"of": st.sampled_from(["a", "1"]) | anything, "why": st.just({"recurs": "x"}) | anything},
            ),
            max_size=2,
        )
        | anything,
    },
    optional={"start": moments, "usual": anything, "people": anything},
)


@unhurried
@given(st.fixed_dictionaries({"version": st.just(1), "cases": st.lists(case, max_size=2) | anything}))
def test_any_file_is_read_or_refused(document: dict[str, Any]) -> None:
    """What is read has all its incidents in the order of their opening, each row known when it was."""
    marked, problems = parse(yaml.safe_dump(document), "f")
    assert marked is not None, problems
    stories, problems = read_stories(marked, RULES)
    assert stories or problems or not document["cases"]
    if problems:
        return
    for story in stories:
        opened = [versions[0][0] for versions in story.incidents]
        assert opened == sorted(opened)
        history = history_of(story)
        assert history.incidents == len(story.incidents)
        assert history.rows == sum(map(len, story.incidents)) + 1
        assert all(history.since(row) >= history.opened[history.incident_of(row)] for row in range(history.rows))
