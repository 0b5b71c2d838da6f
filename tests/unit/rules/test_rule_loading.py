"""Rule files are checked whole: every problem of every rule of every file, with its place, and nothing raises."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.rules.incidents import NOW, RULE, matching, ticket, unhurried

from bridge.calendar.business import default_calendar
from bridge.configuration import load_with_warnings
from bridge.model.incident import Capability
from bridge.rules.loader import KnownNames, load_rules, read_rules
from bridge.rules.matching import group_key
from bridge.rules.windows import Window
from bridge.yamlfile import parse

NAMES = KnownNames(
    templates={"network-problem": frozenset({"engineer"})},
    people={"jane", "network-team"},
    sources={"rt": frozenset({Capability.LINK, Capability.RESOLVE}), "history": frozenset()},
    calendars={"office": default_calendar()},
    windows={"night": Window("night", lambda moment: moment.hour < 6)},
    now=NOW,
)
FULL: dict[str, Any] = {
    "version": 1,
    "rules": [
        RULE
        | {
            "mode": "auto",
            "priority": 7,
            "sources": ["rt"],
            "match": {
                "all": [
                    {"field": "service", "in": ["VPN", "Network"], "glob": "*N*"},
                    {"any": [{"field": "summary", "regex": "(?i)cpu"}, {"field": "tags", "has": "vip"}]},
                    {"not": {"field": "opened_at", "in_window": ["night"], "at_least": "2026-01-01"}},
                    {"field": "opened_at", "age": {"at_least": "1d"}},
                ]
            },
            "unless": {"field": "priority", "at_least": 4},
            "across_sources": True,
            "when": {
                "any": [
                    {"recurs": {"at_least": 5, "within": "14d", "distinct": "ci"}},
                    {"open_for": {"longer_than": "72h", "calendar": "office"}},
                ]
            },
            "project": {
                "template": "network-problem",
                "owner": "jane",
                "members": ["network-team"],
                "due": "20 business days",
            },
            "incident": {"open": "link", "on_delivery": "resolve"},
            "kpi": "pause",
        }
    ],
}


def told(text: str, names: KnownNames = NAMES) -> list[str]:
    marked, problems = parse(text, "f")
    if marked is not None:
        rules, problems = read_rules([marked], names)
        assert (rules is None) == any(one.severity == "error" for one in problems)
    return [str(one) for one in problems]


def one_rule(**changes: Any) -> str:
    return json.dumps({"version": 1, "rules": [FULL["rules"][0] | changes]})


def test_the_full_rule_is_fine() -> None:
    assert told(json.dumps(FULL)) == []


BROKEN = """\
version: 1
rules:
  - id: one
    titel: One
    match: {field: opened_at, in_window: nigth}
    group_by: [ci]
    when: {any: [{open_for: {longer_than: 72h, calendar: offise}}]}
    project: {template: network-problme, owner: jnae, due: soon}
    sources: [tr, history]
    incident: {open: hold}
  - id: one
    title: Two
    match: {field: opened_at, at_least: 2030-01-01}
    group_by: [ci]
    when: {any: [{recurs: {at_least: 5, within: -14d}}]}
    project: {template: network-problem, owner: jane, members: [nobody]}
"""


def test_a_broken_rule_hides_no_problem_of_itself_or_of_others(tmp_path: Path) -> None:
    paths = [tmp_path / "a.yaml", tmp_path / "b.yaml"]
    paths[0].write_text(BROKEN)
    paths[1].write_text("version: 1\nrules: [{id: x, id: y}]\n")
    rules, problems = load_rules(paths, NAMES)
    assert rules is None
    a = paths[0]
    assert [str(one) for one in problems] == [
        f"{a}:3:5: “title” is missing",
        f"{a}:4:5: unknown key “titel” (did you mean “title”?)",
        f"{a}:5:42: no window is called “nigth” (did you mean “night”?)",
        f"{a}:7:58: the directory has no calendar “offise” (did you mean “office”?)",
        f"{a}:8:25: no template is called “network-problme” (did you mean “network-problem”?)",
        f"{a}:8:49: the directory has no person or team “jnae” (did you mean “jane”?)",
        f"{a}:8:60: “due”: “soon” is not a due time (right would be 20 business days, 30d or 6w)",
        f"{a}:9:15: no source is called “tr” (known: history, rt)",
        (
            f"{a}:10:22: “open: hold” is not possible: history cannot put incidents on hold"
            " (choose something else, or name other `sources`)"
        ),
        f"{a}:11:9: a rule “one” is already at {a}:3:9 (give one of them another id)",
        f"{a}:15:49: “within”: “-14d” is not more than zero (right would be 30m, 72h, 14d or 2w)",
        f"{a}:16:65: the directory has no person or team “nobody” (known: jane, network-team)",
        f"{paths[1]}:2:17: the key “id” stands here a second time (the first one is at 2:10; remove one)",
    ]


@pytest.mark.parametrize("key", ["at_least", "at_most"])
def test_a_date_that_is_still_to_come_is_refused(key: str) -> None:
    when = {"field": "opened_at", key: "2026-10-16"}
    assert told(one_rule(unless={"all": [when]})) == [
        (
            f"f:1:{one_rule(unless={'all': [when]}).index('2026-10-16')}: “{key}”: 2026-10-16 00:00 UTC is in the"
            " future, and every incident is older (write a day that is over)"
        )
    ]
    assert told(one_rule(unless={"field": "opened_at", key: "2026-10-15"})) == []
    assert told(one_rule(unless=when), KnownNames(now=NOW + timedelta(days=1), windows=NAMES.windows)) == []
    assert told(one_rule(unless=when), KnownNames()) == []


def test_what_older_yaml_tools_read_otherwise_is_warned_of() -> None:
    text = """\
version: 1
rules:
  - id: vpn
    title: VPN
    match: {all: [{field: service, in: [no, 12:30]}, {field: reopen_count, at_least: 010}]}
    group_by: [ci]
    when: {any: [{recurs: {at_least: 012, within: 14d}}]}
    project: {template: network-problem, owner: jane}
"""
    quotes, zeros = "(put it in quotes if it is meant as a text)", "(write it without the zeros in front)"
    assert told(text) == [
        f"f:5:41: “no” is a text here, but true or false for older YAML tools {quotes}",
        f"f:5:45: “12:30” is a text here, but a number of minutes or seconds for older YAML tools {quotes}",
        f"f:5:86: “010” is a decimal number here, but an octal number for older YAML tools {zeros}",
        f"f:7:38: “012” is a decimal number here, but an octal number for older YAML tools {zeros}",
    ]


def test_huge_and_odd_texts_of_an_incident_are_matched_like_others() -> None:
    huge, odd = ticket(summary="x" * 10_000_000, service="S\x00"), ticket(summary="a\x00b", service="\ud800")
    for node in ({"field": "summary", "glob": "x*x"}, {"field": "summary", "regex": "^x+$"}):
        assert matching(node).matches(huge)
        assert not matching(node).matches(odd)
    assert matching({"field": "summary", "glob": "a?b"}).matches(odd)
    assert matching({"field": "summary", "in": ["a\x00b"]}).matches(odd)
    keys = [group_key(matching({"field": "ci", "exists": True}, group_by=["service"]), one) for one in (huge, odd)]
    assert keys == ['["rt","S\\u0000"]', '["rt","\ud800"]']


def places(data: Any, place: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield place
    for key, value in data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ():
        yield from places(value, (*place, key))


PLACES = [place for place in places(FULL) if place]
KEYS = sorted({str(part) for place in PLACES for part in place})
junk = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from(
        ["14d", "-1d", "night", "jane", "9999-12-31T23:59:59-14:00", "0001-01-01", "(a+)+", "{{ x", "\x00"]
    ),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS) | st.text(max_size=3), inner, max_size=3)
    ),
    max_leaves=5,
)


@unhurried
@given(
    st.lists(
        st.tuples(st.sampled_from(PLACES), junk, st.sampled_from(["put", "drop", "double"])), min_size=1, max_size=3
    )
)
def test_whatever_stands_in_a_rule_is_told_with_its_place(changes: list[tuple[Any, Any, str]]) -> None:
    """The full rule with parts replaced, left out or doubled: every problem has line and column, and nothing raises."""
    data = copy.deepcopy(FULL)
    for place, value, how in changes:
        around: Any = data
        for part in place[:-1]:
            around = around[part] if _has(around, part) else {}
        if how == "put" and isinstance(around, dict | list) and (isinstance(around, dict) or _has(around, place[-1])):
            around[place[-1]] = value
        elif how == "drop" and _has(around, place[-1]):
            del around[place[-1]]
        elif how == "double" and isinstance(around, list) and _has(around, place[-1]):
            around.append(copy.deepcopy(around[place[-1]]))
    text = json.dumps(data, indent=1, ensure_ascii=False)
    for problem in told(text):
        assert re.match(r"f(:\d+:\d+)?: \S", problem), problem


def _has(around: Any, part: Any) -> bool:
    return (
        part in around
        if isinstance(around, dict)
        else isinstance(around, list) and isinstance(part, int) and part < len(around)
    )


CONFIG = Path(__file__).parents[3] / "config"


def test_the_windows_file_of_the_settings_is_loaded_checked_and_watched(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BRIDGE_REDMINE__API_KEY", "x")
    monkeypatch.setenv("BRIDGE_SOURCES__RT__TOKEN", "x")
    (tmp_path / "rules").mkdir()
    for path in (*CONFIG.glob("*.yaml"), CONFIG / "rules" / "network.yaml"):
        (tmp_path / path.relative_to(CONFIG)).write_text(path.read_text())
    rules = tmp_path / "rules" / "network.yaml"
    rules.write_text(
        rules.read_text().replace(
            "    group_by:", "    unless: {field: opened_at, in_window: patch-night}\n    group_by:"
        )
    )
    configuration, problems = load_with_warnings(tmp_path / "bridge.yaml")
    assert configuration is not None, [str(one) for one in problems]
    assert tmp_path / "windows.yaml" in configuration.files()
    (tmp_path / "windows.yaml").write_text(
        "version: 1\nwindows: {other: {times: [{from: 2026-01-02, to: 2026-01-01}]}}\n"
    )
    configuration, problems = load_with_warnings(tmp_path / "bridge.yaml")
    assert configuration is None
    assert [one.what for one in problems if one.severity == "error"] == [
        "ends before it begins",
        "no window is called “patch-night”",
    ]
    (tmp_path / "windows.yaml").write_text(
        "version: 1\nwindows: {other: {times: [{from: 2026-01-01, to: 2026-01-02}]}}\n"
    )
    configuration, problems = load_with_warnings(tmp_path / "bridge.yaml")
    assert configuration is None
    assert [one.what for one in problems if one.severity == "error"] == ["no window is called “patch-night”"]
