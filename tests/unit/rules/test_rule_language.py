"""Lengths of time, patterns, names, the example, the schema."""

from __future__ import annotations

import contextlib
import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic_core import PydanticCustomError
from tests.unit.rules.incidents import RULE, nodes, unhurried

from bridge.model.incident import Capability
from bridge.rules.durations import Due, parse_due, parse_duration, roughly, written
from bridge.rules.jsonschema import rules_schema
from bridge.rules.loader import KnownNames, load_rules, read_rules
from bridge.rules.naming import compile_name, compile_text
from bridge.rules.regex import compile_regex
from bridge.rules.schema import Mode
from bridge.yamlfile import Marked, load

ARABIC = "\N{ARABIC-INDIC DIGIT ONE}d"
CONFIG = Path(__file__).parents[3] / "config"


@pytest.mark.parametrize(
    ("text", "length"),
    [
        ("30m", timedelta(minutes=30)),
        ("72h", timedelta(hours=72)),
        ("14d", timedelta(days=14)),
        ("2w", timedelta(weeks=2)),
        (" 14 d ", timedelta(days=14)),
        ("730d", timedelta(days=730)),
    ],
)
def test_lengths_of_time(text: str, length: timedelta) -> None:
    assert parse_duration(text) == length
    assert parse_duration(written(length)) == length


@pytest.mark.parametrize(
    "text",
    [
        "",
        "14",
        14,
        1.5,
        None,
        True,
        "14x",
        "d",
        "-1d",
        "0d",
        "731d",
        "999999999w",
        "1.5d",
        "P14D",
        "\N{ARABIC-INDIC DIGIT ONE}d",
        [],
        "1d 2h",
    ],
)
def test_what_is_no_length_of_time(text: Any) -> None:
    with pytest.raises(PydanticCustomError, match=r"not a length|not more than zero|longer than"):
        parse_duration(text)


@pytest.mark.parametrize(
    ("text", "due"),
    [
        ("20 business days", Due(20, business=True)),
        ("1 business day", Due(1, business=True)),
        ("30d", Due(30, business=False)),
        ("6w", Due(42, business=False)),
        ("48h", Due(2, business=False)),
    ],
)
def test_due_times(text: str, due: Due) -> None:
    assert parse_due(text) == due
    assert parse_due(str(due)) == due


@pytest.mark.parametrize(
    "text", ["", "soon", 20, None, "36h", "0 business days", "-5 business days", "999999999 business days", "5 days"]
)
def test_what_is_no_due_time(text: Any) -> None:
    with pytest.raises(PydanticCustomError):
        parse_due(text)


@given(st.text() | st.from_regex(r"-?[0-9]{1,12}\s*[mhdw]?", fullmatch=True))
def test_reading_a_length_never_raises_anything_else(text: str) -> None:
    for read in (parse_duration, parse_due):
        with contextlib.suppress(PydanticCustomError):
            assert read(text) is not None


def test_lengths_for_reading() -> None:
    hour = timedelta(hours=1)
    lengths = [-hour, 0 * hour, hour, 2 * hour, 75 * hour, 240 * hour, 1000 * hour]
    assert [roughly(length) for length in lengths] == ["0m", "0m", "60m", "2h", "75h", "10d", "41d"]


FINE = [
    "(?i)router.*cpu",
    r"\d+\.\d+\.\d+\.\d+",
    r"^(\d{1,3}\.){3}\d{1,3}$",
    r"^\[.*\] .* failed for .*$",
    "error.*on.*port.*down",
    r"\bdisk (full|almost full)\b",
    r"(?:[a-z]+\.)+com",
    r"(?:\w++\s?)*x",
    "(?>a+)+b",
    "(ab|cd|ef)+x",
    r"\w+@\w+\.\w+",
    "路由器.*重启",
    "a.*b.*c.*d",
    r"(foo)?(bar)?(baz)? text",
    "^.*foo.*$",
]
EXPLODING = [
    "(a+)+$",
    "(a|a)*b",
    "(a|aa)+$",
    "(.*a){20}",
    "(a?){30}a{30}",
    "a?" * 30 + "a" * 30,
    r"(\w+\s?)*x",
    "([a-zA-Z0-9]+)*@",
    "(x+x+)+y",
    "(a{1,50}){1,50}b",
    r"(\d+|\w+)+x",
    "(a*)*",
    "(?=(a+)+b)",
    "(?>(a+)+b)",
    "(?:(?i:a)|A)+!",
    ".*a.*b.*c.*d.*e",
    "([^x]+ш?)+y",
]


@pytest.mark.parametrize("pattern", FINE)
@pytest.mark.timeout(60)
def test_patterns_that_are_let_through_end(pattern: str) -> None:
    """Texts made to mislead the pattern: without the limit some of these would run for hours."""
    matches = compile_regex(pattern).matcher()
    for unit in ("a", "ab", "abcd", "x", "1", "1.", "a.", "[] ", "error on port ", "router", "路由器", " failed for "):
        for tail in ("", "!", "x", "\n"):
            assert matches(unit * 100_000 + tail) in {True, False}


@pytest.mark.parametrize("pattern", EXPLODING)
def test_patterns_that_may_run_for_ever_are_refused(pattern: str) -> None:
    with pytest.raises(PydanticCustomError, match=r"run for ever|take too long"):
        compile_regex(pattern)


@pytest.mark.parametrize("pattern", ["[", "(?P<x", "a{99999999999}", "[[a]", "a{2}{3}", "(a)(?(1)b|c)", "x" * 1001])
def test_patterns_that_are_no_patterns_are_refused(pattern: str) -> None:
    with pytest.raises(PydanticCustomError):
        compile_regex(pattern)


@unhurried
@given(st.text(alphabet="ab.*+?|()[]{}^$\\dwsB1,:=!<>P-i", max_size=30) | st.text(max_size=20))
def test_any_text_is_a_pattern_or_refused(text: str) -> None:
    with contextlib.suppress(PydanticCustomError):
        assert 200 <= compile_regex(text).limit <= 2000


def test_a_pattern_that_looks_far_looks_at_less() -> None:
    assert compile_regex("router.*cpu").limit == 2000
    assert 200 <= compile_regex("error.*on.*port.*down").limit < 1000


@pytest.mark.parametrize(
    ("template", "name"),
    [
        ("{{ rule.title }}: {{ group.label }}", "Router CPU: VPN · K-17"),
        ("{{ rule.id | upper }}", "R1"),
        ("{% if group.label == 'x' %}no{% else %}{{ group.label | truncate(3, True, '') }}{% endif %}", "VPN"),
        ("a\n  b\tc", "a b c"),
        ("{{ '' }}", "Router CPU"),
        ("{{ group.label }}" * 50, "VPN · K-17" * 19 + "VPN · K-1…"),
    ],
)
def test_names(template: str, name: str) -> None:
    assert compile_name(template)("r1", "Router CPU", "VPN · K-17") == name


@pytest.mark.parametrize(
    "template",
    [
        "{{ rule.titel }}",
        "{{ rule }}",
        "{{ rule.title.__class__ }}",
        "{{ rule['title'] }}",
        "{{ ''.__class__.__mro__ }}",
        "{{ cycler }}",
        "{{ rule.title * 1000000000 }}",
        "{{ 'x' ~ 9 ** 9 ** 9 }}",
        "{% for c in rule.title %}{{ c }}{% endfor %}",
        "{% macro m() %}{% endmacro %}",
        "{% include 'x' %}",
        "{% set x = rule.title %}",
        "{{ rule.title | format }}",
        "{{ rule.title | attr('__class__') }}",
        "{{ lipsum() }}",
        "{{ rule.title",
        "{{ self }}",
        "{{" + "(" * 300 + "1" + ")" * 300 + "}}",
    ],
)
def test_a_name_cannot_leave_what_it_is_given(template: str) -> None:
    with pytest.raises(PydanticCustomError):
        compile_name(template)


def test_a_text_that_fails_with_what_is_found_keeps_no_opening_waiting() -> None:
    """What fails with few or many incidents is refused; what none of the examples shows leaves the text empty."""
    for template in (
        "{% if evidence.open > 10 %}{{ evidence.open | truncate(5) }}{% endif %}",
        "{{ '' < evidence.open }}",
    ):
        with pytest.raises(PydanticCustomError, match="is no valid template"):
            compile_text(template)
    seven = compile_text("{% if evidence.open == 7 %}{{ evidence.open | truncate(5) }}{% endif %}.")
    given_to = {"rule": {"id": "r1", "title": "R"}, "group": {"label": "VPN"}}
    evidence = {"count": 8, "open": 8, "resolved": 0}
    assert seven({**given_to, "evidence": evidence}) == "."
    assert seven({**given_to, "evidence": evidence | {"open": 7}}) == ""
    short = compile_name("{% if group.label == 'VPN' %}{{ rule.id | truncate(1) }}{% endif %}x")
    assert short("router-cpu", "Router CPU", "VPN") == "Router CPU"


@given(st.text(max_size=300))
def test_a_label_is_text_and_nothing_else(label: str) -> None:
    name = compile_name("{{ group.label }}")("r1", "Router CPU", label)
    assert 0 < len(name) <= 200
    assert not set(name) & set("\n\r\t\x00")


def test_the_example_loads_as_it_stands() -> None:
    every = frozenset(Capability)
    names = KnownNames({"network-problem"}, {"jane", "network-team"}, {"rt": every})
    rules, problems = load_rules([CONFIG / "rules" / "network.yaml"], names)
    assert problems == []
    assert rules is not None
    (only,) = rules.rules
    assert (only.id, only.mode, only.needs.members, only.needs.waits) == (
        "router-cpu",
        Mode.AUTO,
        100,
        (timedelta(hours=72),),
    )
    incident = {"open": "link", "later": "link", "on_delivery": "resolve", "incident_issues": "20"}
    assert only.terms() == {**incident, "kpi": "pause"}
    assert only.project.due == Due(20, business=True)


def test_unknown_sources_of_names_are_not_asked() -> None:
    """Where the directory itself is broken, rules that name its people are not blamed."""
    rules, problems = load_rules([CONFIG / "rules" / "network.yaml"], KnownNames())
    assert problems == []
    assert rules is not None


def test_ids_are_unique_among_files(tmp_path: Path) -> None:
    text = (CONFIG / "rules" / "network.yaml").read_text()
    paths = [tmp_path / "a.yaml", tmp_path / "b.yaml"]
    for path in paths:
        path.write_text(text)
    rules, problems = load_rules(paths, KnownNames())
    assert rules is None
    assert [str(problem) for problem in problems] == [
        f"{paths[1]}:7:9: a rule “router-cpu” is already at {paths[0]}:7:9 (give one of them another id)"
    ]


def test_rules_keep_the_order_of_the_files(tmp_path: Path) -> None:
    for name in ("b", "a"):
        text = (CONFIG / "rules" / "network.yaml").read_text().replace("id: router-cpu", f"id: {name}")
        (tmp_path / f"{name}.yaml").write_text(text)
    rules, _ = load_rules([tmp_path / "b.yaml", tmp_path / "a.yaml"], KnownNames())
    assert rules is not None
    assert [one.id for one in rules.rules] == ["b", "a"]


def test_no_files_are_no_rules() -> None:
    rules, problems = load_rules([], KnownNames())
    assert rules is not None
    assert (rules.rules, problems) == ((), [])


def test_the_shipped_schema_is_current() -> None:
    """Else write what rules_schema() returns to config/schema/rules.json."""
    assert (CONFIG / "schema" / "rules.json").read_text() == rules_schema()


def test_every_shipped_rule_file_names_the_schema() -> None:
    for path in (CONFIG / "rules").glob("*.yaml"):
        assert path.read_text().startswith("# yaml-language-server: $schema=../schema/rules.json\n")


def test_the_schema_offers_only_what_can_be_used() -> None:
    schema = json.loads(rules_schema())
    offered = schema["$defs"]["Rule"]["properties"]
    assert {"id", "match", "when", "quiet_for", "limits", "on_recurrence"} <= offered.keys()
    assert set(schema["$defs"]["Rule"]["required"]) == {"id", "title", "when", "project"}


RULE_KEYS = [*RULE, "unless", "sources", "kpi", "incident", "x"]
anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.sampled_from(["14d", "state"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    "field",
                    "equals",
                    "in",
                    "all",
                    "any",
                    "not",
                    "recurs",
                    "within",
                    "age",
                    "regex",
                    "has",
                    "at_most",
                    "template",
                ]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=8,
)


@unhurried
@given(
    st.dictionaries(st.sampled_from([*RULE, "unless", "sources", "kpi", "incident", "x"]), anything | nodes, max_size=6)
)
def test_checking_a_rule_never_raises(part: dict[str, Any]) -> None:
    names = KnownNames({"t"}, {"jane"}, {"rt": frozenset()})
    rules, problems = read_rules([Marked({"version": 1, "rules": [RULE | part]}, "f")], names)
    assert (rules is None) == any(problem.severity == "error" for problem in problems)


@unhurried
@given(st.text(alphabet="versionrules: -{}[]1\n\"'idmatchfield,*&", max_size=60))
def test_checking_a_file_never_raises(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    path = tmp_path_factory.mktemp("rules") / "any.yaml"
    path.write_text(text)
    assert load(path)[0] is None or load_rules([path], KnownNames())[0] is None or "rules" in text
