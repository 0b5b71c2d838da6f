"""What a rule asks about that its sources never tell: refused where none can, a warning where some can."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from tests.unit.rules.incidents import RULE

from bridge.model.fills import Fills
from bridge.model.incident import State
from bridge.rules.loader import KnownNames, read_rules
from bridge.rules.sla import SlaTargets
from bridge.yamlfile import Marked

ALL = Fills()
POOR = Fills(frozenset({"summary", "service"}), frozenset({"Vendor"}), frozenset({State.NEW, State.CLOSED}))
BASE = {"match": {"field": "service", "equals": "VPN"}, "group_by": ["service"]}
NO_SLA = SlaTargets()


def told(fills: dict[str, Fills] | None, sla: SlaTargets = NO_SLA, **changes: Any) -> list[str]:
    """What is told of a rule by its reasons, with these sources."""
    entry = {key: value for key, value in (RULE | BASE | changes).items() if value is not None}
    names = KnownNames(fills=fills, sla=sla)
    _, problems = read_rules([Marked({"version": 1, "rules": [entry]}, "f")], names)
    found = [f"{one.severity}: {one.what}" for one in problems]
    return [one for one in found if " can never fire: " not in one]


@pytest.mark.parametrize(
    "match",
    [
        {"field": "ci", "exists": False},
        {"not": {"field": "ci", "exists": True}},
        {"not": {"field": "state", "equals": "cancelled"}},
        {"field": "state", "in": ["resolved", "closed"]},
        {"field": "fields.Vendor", "equals": "x"},
        {"field": "source", "glob": "*"},
        {"field": "opened_at", "at_least": "2020-01-01"},
    ],
    ids=str,
)
def test_what_can_be_is_not_refused(match: dict[str, Any]) -> None:
    assert told({"history": POOR}, match=match) == []


@pytest.mark.parametrize("fills", [None, {}, {"desk": ALL}], ids=["no names", "no sources", "a kind that does not say"])
def test_nothing_is_said_where_nothing_is_known(fills: dict[str, Fills] | None) -> None:
    when = {"any": [{"effort": {"at_least": "16h"}}, {"breached": {"clock": "response"}}]}
    assert told(fills, group_by=["ci"], when=when, match={"field": "fields.X", "equals": "1"}) == []


def test_a_source_that_is_not_there_silences_what_depends_on_it() -> None:
    assert told({"history": POOR}, sources=["histroy"], group_by=["ci"]) == []


def test_only_covered_sources_count() -> None:
    both = {"desk": ALL, "history": POOR}
    assert told(both, sources=["desk"], group_by=["ci"]) == []
    (refused,) = told(both, sources=["history"], group_by=["ci"])
    assert refused.startswith("error: “group_by: ci” is not possible: history cannot")
    (warning,) = told(both, group_by=["ci"])
    assert warning.startswith("warning: “group_by: ci” is possible at desk only: history cannot")


def test_a_source_that_conditions_exclude_is_not_covered() -> None:
    both = {"desk": ALL, "history": POOR}
    match = {"all": [{"field": "source", "equals": "desk"}, {"field": "caller", "equals": "x"}]}
    assert told(both, match=match, group_by=["ci"]) == []


def test_each_alternative_is_asked_of_its_own_source() -> None:
    """`any` with one part for each source says nothing that is impossible, and one part for the wrong source does."""

    def match(name: str) -> dict[str, Any]:
        own = {"all": [{"field": "source", "equals": name}, {"field": "ci", "equals": "x"}]}
        return {"any": [own, {"field": "service", "equals": "y"}]}

    both = {"desk": ALL, "history": POOR}
    assert told(both, match=match("desk")) == []
    (refused,) = told(both, match=match("history"))
    assert refused.startswith("error: “field: ci” is not possible: history cannot")


def test_alternatives_are_not_warned_of() -> None:
    both = {"desk": Fills(frozenset({"ci"})), "history": POOR}
    match = {"any": [{"field": "ci", "equals": "x"}, {"field": "fields.Vendor", "equals": "x"}]}
    assert told(both, match=match, group_by=["external_id"], when={"any": [{"reopened": {"at_least": 1}}]}) == [
        "error: “reopened” is not possible: desk, history cannot count how often an incident was reopened"
    ]


def test_fingerprints_need_a_summary() -> None:
    assert told({"history": POOR}, group_by=["fingerprint"]) == []
    (refused,) = told({"history": Fills(frozenset({"service"}))}, group_by=["fingerprint"])
    assert refused == "error: “group_by: fingerprint” is not possible: history cannot fill summary"


HOUR = {1: timedelta(hours=1)}


@pytest.mark.parametrize(
    ("fields", "targets", "lacking"),
    [
        ({"response_breached"}, SlaTargets(), ""),
        ({"priority"}, SlaTargets(response=HOUR), ""),
        ({"resolution_breached", "priority"}, SlaTargets(), "has no response target"),
        ({"priority"}, SlaTargets(resolution=HOUR), "has no response target"),
        (set(), SlaTargets(response=HOUR), "nor the priority"),
    ],
    ids=["a verdict", "a target", "a verdict on the other clock", "a target of the other clock", "no priority"],
)
def test_a_clock_needs_a_verdict_or_a_target(fields: set[str], targets: SlaTargets, lacking: str) -> None:
    desk = {"desk": Fills(frozenset({"service", *fields}))}
    problems = told(desk, targets, when={"any": [{"breached": {"clock": "response"}}]})
    assert bool(problems) == bool(lacking)
    assert all(lacking in one for one in problems)


def test_work_that_comes_round_is_about_no_source() -> None:
    scheduled = {
        "when": {"any": [{"schedule": {"every": "month"}}]},
        "project": {"template": "routine", "owner": "jane", "to": "version", "in": "ops"},
    }
    gone = dict.fromkeys(("match", "group_by", "incident", "unless", "sources", "on_recurrence"))
    assert told({"history": POOR}, **gone, **scheduled) == []
