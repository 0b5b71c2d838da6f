"""docs/rules.md: every example loads, and every key of the language stands there."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.unit.rules.incidents import RULE

from bridge.calendar.business import default_calendar
from bridge.model.errors import Problem
from bridge.model.incident import Capability
from bridge.planning.loader import load_templates
from bridge.planning.schema import TemplateFile
from bridge.rules.fields import KINDS
from bridge.rules.jsonschema import cases_schema, rules_schema
from bridge.rules.loader import KnownNames, load_rules, read_rules
from bridge.rules.masks import MaskFile, load_masks
from bridge.rules.ruleset import RuleSet
from bridge.rules.stories import load_stories
from bridge.rules.windows import Window, WindowsFile, load_windows
from bridge.yamlfile import parse

ROOT = Path(__file__).parents[3]
TEXT = (ROOT / "docs" / "rules.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"^```yaml\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)
NAMES = KnownNames(
    templates={"network-problem": ("engineer", "operations"), "routine": ()},
    people={"jane", "ben", "network-team", "operations"},
    sources={"rt": frozenset(Capability)},
    calendars={"berlin": default_calendar()},
    windows={"patch-night": Window("patch-night", lambda _: False)},
)


def load(path: Path, text: str) -> list[Problem]:
    """Every problem of an example: a whole file of its kind, or a part of a rule."""
    data = yaml.safe_load(text)
    if "version" not in data:
        text = yaml.safe_dump({"version": 1, "rules": [RULE | data]}, allow_unicode=True)
        data = yaml.safe_load(text)
    path.write_text(text, encoding="utf-8")
    if "rules" in data:
        return load_rules([path], NAMES)[1]
    if "windows" in data:
        return load_windows(path)[1]
    if "masks" in data:
        return load_masks(path)[1]
    if "cases" in data:
        return load_stories([path], router())[1]
    return [one for one in load_templates([path.parent], {"jane"})[1] if str(path) in one.where]


def router() -> RuleSet:
    """The rule of the first example, which the cases are about."""
    marked, _ = parse(EXAMPLES[0], "rules.yaml")
    assert marked is not None
    rules, problems = read_rules([marked], NAMES)
    assert rules is not None, problems
    return rules


def test_there_are_examples() -> None:
    assert len(EXAMPLES) > 15


@pytest.mark.parametrize("number", range(len(EXAMPLES)))
def test_an_example_loads_as_it_stands(number: int, tmp_path: Path) -> None:
    assert load(tmp_path / "example.yaml", EXAMPLES[number]) == []


def keys(node: Any) -> Iterator[str]:
    """Every name of a property in a JSON Schema."""
    if isinstance(node, dict):
        yield from node.get("properties", {})
    for inner in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
        yield from keys(inner)


def test_every_key_of_the_language_stands_there() -> None:
    """Of rules and their tests, of masks, windows and templates; and every field of an incident."""
    schemas = [json.loads(rules_schema()), json.loads(cases_schema())]
    schemas += [model.model_json_schema(by_alias=True) for model in (MaskFile, WindowsFile, TemplateFile)]
    wanted = {key for schema in schemas for key in keys(schema)} | set(KINDS)
    known_by_fields = {"response_breached", "resolution_breached"}  # values of test cases, told with `breached`
    told = set(re.findall(r"[\w]+", TEXT))
    assert wanted - told - known_by_fields == set()


def test_it_is_named_where_people_look() -> None:
    for path in ("README.md", "config/bridge.yaml", "config/rules/network.yaml", "config/rules/tests/network.yaml"):
        assert "docs/rules.md" in (ROOT / path).read_text(encoding="utf-8"), path
