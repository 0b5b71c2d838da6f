"""Findings: each at its threshold and not before, with the incidents behind it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from bridge.kpi.finding_model import Case, Evidence, Finding, FindingKind, ProjectCase, Thresholds
from bridge.kpi.findings import findings
from bridge.model.exclusion import Ending, Exclusion

NOW = datetime(2026, 11, 30, tzinfo=UTC)
LIMITS = Thresholds()


def ago(days: float = 0, hours: float = 0) -> datetime:
    return NOW - timedelta(days=days, hours=hours)


def case(number: int, **values) -> Case:
    return replace(Case(number, f"rt #{number}", "net", ago(10), ago(5)), **values)


def excluded(incident: int, start: datetime, promotion: int = 1, because: str = "") -> Exclusion:
    ended = start + timedelta(days=1) if because else None
    return Exclusion(incident, promotion, "pause", start, ended, "why", "v1", because)


def project(number: int = 1, **values) -> ProjectCase:
    return replace(ProjectCase(number, f"P{number}", "router", ago(20)), **values)


def found(kind: FindingKind, cases=(), exclusions=(), projects=(), limits: Thresholds = LIMITS) -> list[Finding]:
    evidence = Evidence({one.id: one for one in cases}, exclusions, projects)
    return [one for one in findings(evidence, limits, NOW) if one.kind is kind]


def test_nothing_is_found_in_nothing():
    assert findings(Evidence({}, (), ()), LIMITS, NOW) == []


@pytest.mark.parametrize(("hours", "about"), [(24, "before"), (-24, "after"), (24.1, ""), (-24.1, "")])
def test_excluded_shortly_before_or_after_a_breach(hours, about):
    one = case(1, due_at=ago(8) + timedelta(hours=hours), over_at=None)
    told = found(FindingKind.NEAR_BREACH, [one, case(2)], [excluded(1, ago(8)), excluded(2, ago(8))])
    assert [f.about.split()[0] for f in told] == ([about] if about else [])
    if told:
        assert (told[0].incidents, told[0].threshold) == (("rt #1",), "within 24 h")


def test_a_team_that_excludes_more_than_others():
    """5 of 10 against 2 of 10 is more than twice as much; with 4 of them it is too few to say."""
    cases = [case(n, team="net" if n <= 10 else "app") for n in range(1, 21)]
    some = [excluded(n, ago(8)) for n in (1, 2, 3, 4, 5, 11, 12)]
    (told,) = found(FindingKind.TEAM_SHARE, cases, some)
    assert (told.about, told.figures) == ("net", {"share": 0.5, "others": 0.2})
    assert found(FindingKind.TEAM_SHARE, cases, some[1:]) == []
    assert found(FindingKind.TEAM_SHARE, cases, [*some, excluded(13, ago(8))]) == []


def test_an_idle_project():
    one = project(idle_since=ago(1))
    (told,) = found(FindingKind.IDLE, [case(1)], [excluded(1, ago(15), because=Ending.LAPSED)], [one])
    assert (told.about, told.incidents, told.promotions) == ("P1", ("rt #1",), (1,))
    assert found(FindingKind.IDLE, projects=[replace(one, closed_at=ago(1)), project(2)]) == []


def test_excluded_again():
    twice = [excluded(1, ago(9), because=Ending.LAPSED), excluded(1, ago(6)), excluded(2, ago(6), promotion=2)]
    (told,) = found(FindingKind.AGAIN, [case(1), case(2)], twice)
    assert (told.incidents, told.promotions, told.figures) == (("rt #1",), (1,), {"most": 2.0})
    assert found(FindingKind.AGAIN, [case(1), case(2)], twice, limits=Thresholds(again=3)) == []


def test_a_user_who_waits_although_the_project_is_closed():
    waits = [case(1, over_at=None), case(2), case(3, over_at=None, opened_at=ago(2))]
    closed = project(closed_at=ago(4), incidents=(1, 2, 3))
    (told,) = found(FindingKind.UNSERVED, waits, projects=[closed])
    assert told.incidents == ("rt #1",), "2 is resolved, 3 came later"
    assert found(FindingKind.UNSERVED, waits, projects=[replace(closed, closed_at=ago(2.9))]) == []


def test_what_a_demoted_project_had_excluded():
    (told,) = found(
        FindingKind.DEMOTED,
        [case(1)],
        [excluded(1, ago(8), because=Ending.LAPSED), excluded(1, ago(6), because=Ending.DEMOTED)],
        [project(demoted=True, closed_at=ago(1))],
    )
    assert told.incidents == ("rt #1",)
    assert "1 incident was excluded" in told.explanation
    assert "(1 lapsed before)" in told.explanation


def test_what_a_demoted_project_took_in_had_excluded_is_named_too():
    excluded_there = [excluded(1, ago(9), promotion=2, because=Ending.MERGED), excluded(2, ago(9), promotion=3)]
    demoted = project(demoted=True, closed_at=ago(1), took_in=(2,))
    (told,) = found(FindingKind.DEMOTED, [case(1), case(2)], excluded_there, [demoted])
    assert (told.incidents, told.promotions) == (("rt #1",), (1, 2))
    assert "merged into it did (promotion 2)" in told.explanation


def test_projects_that_were_routine():
    small = [project(n, closed_at=ago(1), tasks=2, effort=timedelta(hours=8), incidents=(n,)) for n in (1, 2, 3)]
    cases = [case(n) for n in (1, 2, 3)]
    (told,) = found(FindingKind.ROUTINE, cases, projects=small)
    assert (told.about, told.promotions) == ("rule router", (1, 2, 3))
    assert found(FindingKind.ROUTINE, cases, projects=small[:2]) == []
    for change in ({"tasks": 3}, {"effort": timedelta(hours=8.1)}, {"closed_at": None}, {"effort": None}):
        assert found(FindingKind.ROUTINE, cases, projects=[*small[:2], replace(small[2], **change)]) == []
    (told,) = found(FindingKind.ROUTINE, cases, projects=[replace(one, rule_id="") for one in small])
    assert (told.about, told.promotions) == ("nominated by people", (1, 2, 3))


def test_incidents_that_were_projects_and_what_they_cost_each_team():
    cases = [
        case(1, opened_at=ago(36), over_at=ago(5), effort=7.5),
        case(2, opened_at=ago(31), over_at=None, team="app"),
        case(3, reassigned=6),
        case(4, reassigned=6, claimed=True),
        case(5, opened_at=ago(35), over_at=ago(5), reassigned=5),
    ]
    app, net = found(FindingKind.WAS_PROJECT, cases)
    assert (app.incidents, app.figures["hours"]) == (("rt #2",), 31 * 24)
    assert (net.incidents, net.figures) == (("rt #1", "rt #3"), {"hours": 36.0 * 24, "effort": 7.5})
    assert "7.5 of them worked" in net.explanation
