"""One broken file of rule tests for each message. The first lines of a file say what is expected of it."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.unit.rules.incidents import rule

from bridge.rules.matching import compile_rule
from bridge.rules.ruleset import RuleSet
from bridge.rules.schema import Rule
from bridge.rules.stories import load_stories

FILES = sorted((Path(__file__).parent / "cases").glob("*.yaml"))
PATCHING = {
    "id": "patching",
    "title": "Patching",
    "when": {"any": [{"schedule": {"every": "month"}}]},
    "project": {"template": "routine", "owner": "jane", "to": "version", "in": "ops-routine"},
}
RULES = RuleSet([rule(), compile_rule(Rule.model_validate(PATCHING))])
EXPECT = "# expect: "


def test_there_are_broken_files() -> None:
    assert len(FILES) >= 15


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_broken_case_is_told_with_what_would_be_right(path: Path) -> None:
    expected = [line.removeprefix(EXPECT) for line in path.read_text().splitlines() if line.startswith(EXPECT)]
    _, problems = load_stories([path], RULES)
    assert [str(problem).replace(f"{path}:", "") for problem in problems] == expected
    assert expected


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_without_rules_nothing_is_said_of_names(path: Path) -> None:
    """The rules have problems of their own: the form of the cases is checked nevertheless."""
    _, problems = load_stories([path], None)
    names = {"rule_unknown", "rule_scheduled", "why_unknown"}
    assert bool(problems) == (path.stem not in names)
