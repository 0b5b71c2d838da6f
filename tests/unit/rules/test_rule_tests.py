"""`rules test`: cases are played by the rules themselves, and whatever is not as expected is told with its place."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.unit.rules.incidents import RULE

from bridge.configuration import Configuration, load_with_warnings
from bridge.rules.jsonschema import cases_schema
from bridge.rules.masks import STANDARD
from bridge.rules.matching import compile_rule
from bridge.rules.ruleset import RuleSet
from bridge.rules.schema import Rule
from bridge.rules.stories import load_stories, read_stories
from bridge.usecases.configured import Configured
from bridge.usecases.exercised import not_exercised
from bridge.usecases.rule_tests import Played, play
from bridge.yamlfile import parse

CONFIG = Path(__file__).parents[3] / "config"
USUAL = {"summary": "Router CPU", "service": "Network", "fields": {"Correlation Key": "k"}, "state": "resolved"}


@pytest.fixture(scope="module")
def shipped() -> Configuration:
    """The shipped configuration."""
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith("BRIDGE_")]:
            patch.delenv(name)
        patch.setenv("BRIDGE_REDMINE__API_KEY", "key")
        patch.setenv("BRIDGE_SOURCES__RT__TOKEN", "token")
        found, _ = load_with_warnings(CONFIG / "bridge.yaml")
    assert found is not None
    return found


def configured(shipped: Configuration, *rules: dict[str, Any]) -> Configured:
    """The shipped people and templates with other rules."""
    compiled = [compile_rule(Rule.model_validate(RULE | one), masks=STANDARD) for one in rules]
    found = shipped.configured("")
    return Configured(RuleSet(compiled), found.directory, found.templates, found.texts, found.policy)


def played(using: Configured, **case: Any) -> Played:
    """One case about router-cpu, played."""
    usual = {"name": "x", "rule": "router-cpu", "usual": USUAL, "incidents": [{"at": "0d", "times": 4, "every": "1d"}]}
    text = yaml.safe_dump({"version": 1, "cases": [usual | case]}, allow_unicode=True)
    marked, problems = parse(text, "cases.yaml")
    assert marked is not None, problems
    (story,), problems = read_stories(marked, using.rules)
    assert problems == []
    return play(story, using)


def told(found: Played) -> list[str]:
    return [difference.what for difference in found.differences]


def test_the_shipped_cases_pass_and_exercise_everything(shipped: Configuration) -> None:
    """They are what people copy from."""
    files = shipped.rule_tests()
    assert [path.relative_to(CONFIG).as_posix() for path in files] == ["rules/tests/network.yaml"]
    stories, problems = load_stories(files, shipped.rules)
    assert problems == []
    found = [play(story, shipped.configured("")) for story in stories]
    assert [one.differences for one in found] == [()] * len(found)
    assert not_exercised(shipped.rules.rules, found) == []


def test_the_schema_of_cases_is_the_shipped_one() -> None:
    """Else write what `itsm-bridge rules schema --tests` prints to config/schema/rule-tests.json."""
    assert (CONFIG / "schema" / "rule-tests.json").read_text(encoding="utf-8") == cases_schema()
    for path in (CONFIG / "rules" / "tests").glob("*.yaml"):
        assert path.read_text().startswith("# yaml-language-server: $schema=../../schema/rule-tests.json\n")
    offered = json.loads(cases_schema())["$defs"]
    assert {"at", "times", "every", "then", "summary", "fields"} <= offered["Given"]["properties"].keys()
    assert {"at", "outcome", "of", "why"} == offered["Expected"]["properties"].keys()


FIVE = [{"at": "0d", "times": 5, "every": "1d"}]


@pytest.mark.parametrize(
    ("mode", "outcome"), [("auto", "opened"), ("propose", "candidate"), ("shadow", "nothing"), ("off", "nothing")]
)
def test_each_mode_has_its_outcome(shipped: Configuration, mode: str, outcome: str) -> None:
    using = configured(shipped, {"mode": mode})
    assert told(played(using, incidents=FIVE, expect=[{"at": "4d", "outcome": outcome}])) == []
    others = {"opened", "candidate", "nothing", "attach", "reopened"} - {outcome}
    for other in others:
        (what,) = told(played(using, incidents=FIVE, expect=[{"at": "4d", "outcome": other}]))
        assert what.startswith(f"expected {other}, but it was {outcome}")


def test_an_outcome_is_what_was_done_since_the_expectation_before(shipped: Configuration) -> None:
    using = configured(shipped, {"mode": "auto"})
    six = [{"at": "0d", "times": 6, "every": "1d"}]
    steps = [
        {"at": "3d 23h", "outcome": "nothing"},
        {"at": "4d", "outcome": "opened"},
        {"at": "4d 23h", "outcome": "nothing", "why": {"decision": "nothing to add"}},
        {"at": "5d", "outcome": "attach", "why": {"decision": ["has a project (active)", "joins it"]}},
    ]
    assert told(played(using, incidents=six, expect=steps)) == []
    assert told(played(using, incidents=six, expect=list(reversed(steps)))) == [], "times count, not their order"
    assert told(played(using, incidents=six, expect=[{"at": "9d", "outcome": "attach"}])) == []


def test_people_approve_reject_and_deliver(shipped: Configuration) -> None:
    """A rejected group stays silent; a delivered one is reopened by a rule that says so."""
    again = {"delivered": "reopen", "within": "30d"}
    using = configured(shipped, {"quiet_for": "20d", "on_recurrence": again})
    incidents = [*FIVE, {"at": "6d", "id": "back"}, {"at": "10d", "id": "late"}]
    rejected = [{"at": "5d", "do": "reject"}]
    expect: list[dict[str, Any]] = [
        {"at": "4d", "outcome": "candidate"},
        {"at": "6d", "outcome": "nothing", "why": {"decision": "stays silent until 2026-01-30 08:00 UTC"}},
        {"at": "9d", "outcome": "nothing"},
    ]
    assert told(played(using, incidents=incidents, people=rejected, expect=expect)) == []
    done = [{"at": "4d 1h", "do": "approve"}, {"at": "7d", "do": "deliver"}]
    expect = [
        {"at": "4d", "outcome": "candidate"},
        {"at": "6d", "outcome": "attach", "of": "back"},
        {"at": "10d", "outcome": "reopened", "of": "late", "why": {"decision": "goes back to work"}},
    ]
    assert told(played(using, incidents=incidents, people=done, expect=expect)) == []


def test_time_alone_is_a_reason_and_states_change(shipped: Configuration) -> None:
    """open_for and on_hold_for; what was resolved in time is none."""
    waits = [{"open_for": {"longer_than": "10d"}}, {"on_hold_for": {"longer_than": "2d"}}]
    using = configured(shipped, {"when": {"any": waits}})
    held = [{"after": "1d", "state": "on_hold"}, {"after": "4d", "state": "in_progress"}]
    incident = {"at": "0d", "state": "new", "then": held}
    expect: list[dict[str, Any]] = [
        {"at": "3d", "outcome": "nothing", "why": {"on_hold_for": "on hold for 48h"}},
        {"at": "3d 1m", "outcome": "candidate", "why": {"on_hold_for": "more than 2d"}},
    ]
    assert told(played(using, incidents=[incident], expect=expect)) == []
    short = incident | {"then": [{"after": "1d", "state": "on_hold"}, {"after": "2d", "state": "resolved"}]}
    assert told(played(using, incidents=[short], expect=[{"at": "30d", "outcome": "nothing"}])) == []
    long = incident | {"then": []}
    assert told(played(using, incidents=[long], expect=[{"at": "10d", "outcome": "nothing"}])) == []
    assert told(played(using, incidents=[long], expect=[{"at": "11d", "outcome": "candidate"}])) == []


def test_why_is_compared_with_what_is_told(shipped: Configuration) -> None:
    """A reason's numbers, a condition, the decision; a reason that is named must be there."""
    both = [{"recurs": {"at_least": 5, "within": "14d"}}, {"open_for": {"longer_than": "300d"}}]
    using = configured(shipped, {"mode": "auto", "when": {"any": both}})
    why: dict[str, Any] = {"recurs": ["5 incidents", "yes"], "match": "Network", "decision": "acts by itself"}
    good = {"at": "4d", "outcome": "opened", "why": why}
    assert told(played(using, incidents=FIVE, expect=[good])) == []
    (what,) = told(played(using, incidents=FIVE, expect=[good | {"why": {"recurs": "6 incidents"}}]))
    assert what.startswith("recurs does not say “6 incidents”: yes: recurs: 5 incidents, opened 2026-01-05 08:00 UTC")
    (what,) = told(played(using, incidents=FIVE, expect=[good | {"why": {"open_for": "no incident"}}]))
    assert what.startswith("open_for is expected to be a reason, but it is not there: no: open_for: no incident of")
    (what,) = told(played(using, expect=[{"at": "3d", "outcome": "opened"}]))
    assert "expected opened, but it was nothing: no reason is there; no: recurs: 4 incidents" in what


def test_what_is_not_covered_or_in_no_group_is_told(shipped: Configuration) -> None:
    using = configured(shipped, {})
    (what,) = told(played(using, usual={"service": "VPN"}, expect=[{"at": "3d", "outcome": "candidate"}]))
    assert what == (
        "expected candidate, but it was nothing: the rule does not cover itsm #4: "
        "no service equals: Network; it is “VPN”"
    )
    lacking = {"service": "Network"}
    (what,) = told(played(using, usual=lacking, expect=[{"at": "3d", "outcome": "candidate"}]))
    assert what.endswith("itsm #4 is in no group: it has no fields.Correlation Key")
    expect = [{"at": "3d", "outcome": "nothing", "why": {"group_by": "fields.Correlation Key"}}]
    assert told(played(using, usual=lacking, expect=expect)) == []


def test_all_rules_live_together(shipped: Configuration) -> None:
    """What another rule has claimed is no reason any more."""
    first = {"id": "first", "priority": 1, "when": {"any": [{"recurs": {"at_least": 3, "within": "30d"}}]}}
    using = configured(shipped, first, {})
    by = "belong to a promotion of rule first, which claimed first"
    expect = [{"at": "4d", "outcome": "nothing", "why": {"decision": by}}]
    assert told(played(using, incidents=FIVE, expect=expect)) == []
    assert told(played(using, rule="first", incidents=FIVE, expect=[{"at": "2d", "outcome": "candidate"}])) == []


def test_differences_have_the_place_of_the_expectation(shipped: Configuration) -> None:
    using = configured(shipped, {})
    found = played(
        using, incidents=FIVE, expect=[{"at": "1d", "outcome": "nothing"}, {"at": "4d", "outcome": "nothing"}]
    )
    lines = yaml.safe_dump(found.story.marked.data, allow_unicode=True).splitlines()
    (difference,) = found.differences
    name, line, column = difference.where.split(":")
    assert (name, column) == ("cases.yaml", "5")
    assert lines[int(line) - 1] == "  - at: 4d"
    assert not found.passed


def test_values_changes_and_names_of_incidents(shipped: Configuration) -> None:
    """Several of a kind are numbered, own fields are merged, and times follow from states."""
    using = configured(shipped, {})
    changes = [{"after": "1h", "state": "closed", "tags": "vip"}, {"after": "3h", "state": "new", "priority": None}]
    incidents = [
        {"at": "2026-03-01T09:00+01:00", "id": "a", "times": 2, "every": "1h", "fields": {"x": "1"}, "priority": 2},
        {"at": "1d", "then": changes, "state": "new"},
    ]
    story = played(using, incidents=incidents, expect=[{"at": "2026-04-01", "outcome": "nothing"}]).story
    names = [versions[0][1].external_id for versions in story.incidents]
    assert names == ["3", "a-1", "a-2"], "in the order of their opening"
    first = story.incidents[1][0][1]
    assert first.fields == {"Correlation Key": "k", "x": "1"}
    assert first.opened_at.isoformat() == "2026-03-01T08:00:00+00:00"
    (_, new), (closed_at, closed), (_, again) = story.incidents[0]
    assert (new.acknowledged_at, new.closed_at) == (None, None)
    assert closed.acknowledged_at == closed.resolved_at == closed.closed_at == closed.updated_at == closed_at
    assert (closed.tags, again.tags) == (("vip",), ("vip",))
    assert (again.resolved_at, again.closed_at, again.priority) == (None, None, None)


def test_what_no_case_exercises(shipped: Configuration) -> None:
    """Each condition both ways, each reason once; a rule without a case."""
    match = {"all": [{"field": "service", "equals": "Network"}, {"field": "priority", "at_most": 3}]}
    waits = [{"recurs": {"at_least": 5, "within": "14d"}}, {"open_for": {"longer_than": "72h"}}]
    using = configured(shipped, {"match": match, "when": {"any": waits}}, {"id": "other"})
    usual = USUAL | {"priority": 2}
    one = played(using, usual=usual, incidents=FIVE, expect=[{"at": "9d", "outcome": "candidate"}])
    assert [(gap.rule_id, gap.path, gap.what) for gap in not_exercised(using.rules.rules, [one])] == [
        ("router-cpu", "match.all.0", "no case in which “service equals: Network” does not hold"),
        ("router-cpu", "match.all.1", "no case in which “priority at_most: 3” does not hold"),
        ("router-cpu", "when.any.1", "no case in which the reason open_for is there"),
        ("other", "", "no case is about this rule"),
    ]
    expect = [{"at": "1d", "outcome": "nothing"}]
    low = played(using, usual=usual | {"priority": 4}, expect=expect)
    vpn = played(using, usual=usual | {"service": "VPN"}, expect=expect)
    open_one = {"at": "0d", "state": "new"}
    waiting = played(using, usual=usual, incidents=[open_one], expect=[{"at": "4d", "outcome": "candidate"}])
    (gap,) = not_exercised(using.rules.rules, [one, low, vpn, waiting])
    assert gap.rule_id == "other"


def test_what_people_cannot_do_is_told(shipped: Configuration) -> None:
    """Else a case would pass although its approval came before there was a candidate."""
    using = configured(shipped, {"match": {"field": "service", "equals": "Network"}})
    vpn = {"at": "5d", "id": "vpn", "service": "VPN"}
    nothing = "the incident's group has no promotion of the rule “router-cpu”"
    for deed, at, of, why in (
        ("approve", "1d", None, nothing),
        ("deliver", "5d", "1", "the promotion is candidate"),
        ("resume", "5d", "1", "the promotion is candidate"),
        ("reject", "5d", "vpn", nothing),
    ):
        acts = [{"at": at, "do": deed} | ({"of": of} if of else {})]
        expect = [{"at": "4d", "outcome": "candidate"}]
        found = played(using, incidents=[*FIVE, vpn], people=acts, expect=expect)
        assert told(found) == [f"{deed} has no effect then: {why}"]
        assert found.differences[0].where == found.story.marked.where(("cases", 0, "people", 0))


def test_what_another_promotion_has_hides_nothing_that_is_left(shipped: Configuration) -> None:
    """Six are free within the fortnight, although three of the newest six belong to another rule's project."""
    first = {"id": "first", "priority": 1, "match": {"field": "summary", "regex": "CPU"}}
    first |= {"when": {"any": [{"recurs": {"at_least": 3, "within": "14d"}}]}}
    using = configured(shipped, first, {"when": {"any": [{"recurs": {"at_least": 6, "within": "14d"}}]}})
    incidents = [{"at": f"{day}d", "times": 3, "every": "1h"} for day in range(3)]
    for one, summary in zip(incidents, ("Fan", "Router CPU", "Fan"), strict=True):
        one["summary"] = summary
    expect = [
        {"at": "2d 1h", "outcome": "nothing"},
        {"at": "2d 2h", "outcome": "candidate", "why": {"recurs": "6 inc"}},
    ]
    assert told(played(using, incidents=incidents, expect=expect)) == []
    old = [
        incidents[0] | {"at": "0d"},
        *({**one, "at": f"{day}d"} for one, day in zip(incidents[1:], (14, 15), strict=True)),
    ]
    late = [{"at": "16d", "outcome": "nothing", "why": {"recurs": "3 incidents", "decision": "belong to"}}]
    assert told(played(using, incidents=old, expect=late)) == []
