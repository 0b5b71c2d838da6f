"""Figures of a report against counting them one by one, and what exclusions may change and what not."""

from __future__ import annotations

import statistics
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bridge.calendar.business import default_calendar
from bridge.kpi.columns import NONE, Builder, Facts, Holds
from bridge.kpi.figures import figures
from bridge.kpi.judging import judge
from bridge.kpi.operations import operations
from bridge.kpi.population import Material, Promoted, micros, rows_of
from bridge.kpi.report_model import Asked, Basis, By, Month, OperationsReport
from bridge.kpi.sla import Match, Policy, Start, Stop, around_the_clock
from bridge.model.exclusion import Exclusion

START = datetime(2026, 3, 2, 9, tzinfo=UTC)
HOUR = 3_600_000_000
NOW = START + timedelta(days=100)


def at(hours: float) -> datetime:
    return START + timedelta(hours=hours)


def fact(number: int, opened: float, **values):
    """A row of facts; moments in hours after START, None for none."""

    def moment(name: str) -> int:
        hours = values.get(name)
        return NONE if hours is None else micros(at(hours))

    end = values.get("reported")
    values.setdefault("timeline", end)
    values.setdefault("left", end)
    return (
        *(number, micros(at(opened))),
        *map(moment, ("responded", "reported", "timeline", "left")),
        *(int(values.get(name, 0) * HOUR) for name in ("hold", "hold_reported", "hold_timeline")),
        *(values.get(name, 0) for name in ("priority", "reopened", "reassigned", "told_reopened", "told_reassigned")),
        *(values.get(name, -1) for name in ("told_response", "told_resolution")),
        *(int(values.get("state") == "cancelled"), float(values.get("effort", 0.0))),
        *(values.get(name, "") for name in ("team", "first_team", "service", "person", "type")),
        "rt",
    )


def facts(*rows) -> Facts:
    builder = Builder()
    builder.add(rows[: len(rows) // 2])
    builder.add(rows[len(rows) // 2 :])
    return builder.facts()


def exclusion(number: int, start: float, end: float | None = None, policy: str = "pause", promotion: int = 1):
    return Exclusion(number, promotion, policy, at(start), None if end is None else at(end), "rule", "v1")


def report(material: Material, policies=(), **asked) -> OperationsReport:
    asked = Asked(**asked)
    judged = judge(material, policies, lambda *_: around_the_clock(), asked.basis, material.at)
    return operations(material, asked, judged, NOW)


def material(*rows, **more) -> Material:
    return Material(facts(*rows), more.pop("at", NOW), "a test", **more)


lengths = st.lists(st.tuples(st.integers(0, 500), st.one_of(st.none(), st.integers(1, 3000))), max_size=30)
spans = st.lists(
    st.tuples(st.integers(0, 29), st.integers(0, 900), st.one_of(st.none(), st.integers(1, 900)), st.booleans()),
    max_size=12,
)


@settings(max_examples=60)
@given(lengths, spans)
def test_raw_figures_do_not_know_of_exclusions_and_the_parts_explain_the_difference(those, excluded):
    rows = [fact(n, opened, reported=None if took is None else opened + took) for n, (opened, took) in enumerate(those)]
    exclusions: dict[int, list[Exclusion]] = {}
    for number, begin, length, remove in excluded:
        end = None if length is None else begin + length
        one = exclusion(number, begin, end, "remove" if remove else "pause", number % 3)
        exclusions.setdefault(number, []).append(one)
    plain, told = report(material(*rows)), report(material(*rows, exclusions=exclusions))
    assert (
        plain.resolution
        == told.resolution
        == plain.adjusted.__class__(
            **{name: getattr(plain.adjusted, name) for name in ("count", "total", "mean", "p50", "p90", "p95", "p99")},
            meaning=plain.resolution.meaning,
        )
    )
    assert (plain.response, plain.on_hold, plain.routing, plain.reopened) == (
        told.response,
        told.on_hold,
        told.routing,
        told.reopened,
    )
    if told.adjusted.mean is not None and told.resolution.mean is not None:
        explained = sum(one.difference for one in told.explained)
        assert explained == pytest.approx(told.resolution.mean - told.adjusted.mean, abs=1e-6)
    assert told.adjusted.count + told.removed == told.resolution.count


@settings(max_examples=60)
@given(st.lists(st.integers(1, 10_000), min_size=2, max_size=40))
def test_means_and_percentiles_are_the_textbooks(took):
    told = report(material(*(fact(n, 0, reported=hours, team="noc") for n, hours in enumerate(took))), by=By.TEAM)
    spread = told.resolution
    assert spread.mean == pytest.approx(statistics.fmean(took))
    cut = statistics.quantiles(took, n=100, method="inclusive")
    assert (spread.p50, spread.p90, spread.p95) == pytest.approx((cut[49], cut[89], cut[94]))
    (part,) = told.parts
    assert (part.resolution, part.p90) == pytest.approx((spread.mean, spread.p90))


def test_an_incident_counts_by_the_month_rule_and_the_basis():
    rows = (
        fact(1, 0, reported=24 * 40, timeline=2),
        fact(2, 24 * 35, reported=24 * 41),
        fact(3, 24 * 35, timeline=None, reported=None, left=None),
    )
    since, until = datetime(2026, 4, 1, tzinfo=UTC), datetime(2026, 5, 1, tzinfo=UTC)

    def count(**asked) -> int:
        return report(material(*rows), since=since, until=until, **asked).incidents

    assert (count(), count(month=Month.OPENED), count(basis=Basis.TIMELINE)) == (2, 2, 1)
    assert [(one.name, one.incidents) for one in report(material(*rows), month=Month.OPENED).months] == [
        ("2026-03", 1),
        ("2026-04", 2),
    ]
    assert report(material(*rows)).resolution.meaning.population == "resolved incidents"


def test_the_backlog_is_what_was_open_at_the_end_with_its_age():
    rows = (
        fact(1, 0, reported=30),
        fact(2, 0),
        fact(3, 40),
        fact(4, 10, reported=20, left=None),
    )
    exclusions = {2: [exclusion(2, 5)], 1: [exclusion(1, 5)]}
    told = report(material(*rows, exclusions=exclusions), until=at(48)).backlog
    assert (told.open, told.excluded, told.oldest_age, told.median_age) == (3, 1, 48.0, 38.0)
    assert [(one.label, one.incidents) for one in told.ages][:2] == [("up to 1 day", 1), ("1 to 3 days", 2)]
    assert report(material(*rows), until=at(25)).backlog.open == 3


def test_routing_tells_from_where_to_where():
    rows = [fact(n, 0, reported=1, first_team="desk", team="noc") for n in range(3)]
    rows += [fact(3, 0, first_team="noc", team="noc"), fact(4, 0, team="noc"), fact(5, 0)]
    told = report(material(*rows)).routing
    assert (told.routed, told.moved) == (5, 3)
    assert [(one.first, one.last, one.incidents) for one in told.ways] == [("desk", "noc", 3)]


def test_a_source_that_counts_itself_is_believed_and_others_are_counted():
    rows = (fact(1, 0, reported=1, reopened=2, told_reopened=0), fact(2, 0, reported=1, told_reopened=1))
    assert (report(material(*rows)).reopened.incidents, report(material(*rows)).reopened.counted_by) == (
        1,
        "the timeline",
    )
    told = report(material(*rows, told_reopened=("rt",))).reopened
    assert (told.incidents, told.times, told.counted_by) == (1, 1, "the source")


def test_planned_hours_are_those_inside_projects():
    rows = (fact(1, 0, reported=100, effort=5), fact(2, 0, reported=10, effort=1))
    told = report(material(*rows, exclusions={1: [exclusion(1, 40, 90, "remove")]})).work
    assert (told.planned_hours, told.unplanned_hours) == (50, 60)
    assert (told.planned_effort, told.unplanned_effort) == (5, 1)
    rows = (*rows, fact(3, 0, effort=3), fact(4, 0, effort=2))
    told = report(material(*rows, exclusions={3: [exclusion(3, 40)]})).work
    assert (told.planned_effort, told.unplanned_effort) == (3, 8), "of an open incident in a project, too"


def test_targets_by_policy_stand_beside_the_sources_word_and_differences_are_named():
    rows = (
        fact(1, 0, responded=1, reported=30, priority=1, told_resolution=0),
        fact(2, 0, responded=1, reported=10, priority=1, told_resolution=0),
        fact(3, 0, responded=9, reported=300, priority=3, told_resolution=1),
        fact(4, 0, priority=1),
        fact(5, 0, reported=300, priority=1, state="cancelled"),
    )
    policy = Policy("p", response={1: timedelta(hours=2)}, resolution={1: timedelta(hours=24)})
    made = report(material(*rows, exclusions={1: [exclusion(1, 5, 20)]}), (policy,))
    response, resolution = made.sla
    assert (resolution.judged, resolution.met, resolution.told, resolution.told_met) == (3, 1, 3, 2)
    assert (resolution.adjusted_judged, resolution.adjusted_met) == (3, 2)
    assert [(one.incident, one.ours, one.theirs) for one in resolution.differences] == [("1", "broken", "kept")]
    assert (response.judged, response.met) == (3, 2)
    about = {one.name: (one.count, one.meaning.population) for one in figures(made)}
    assert about["SLA resolution by the source"] == (3, "incidents with a verdict of the source")
    assert about["SLA resolution judged differently"][0] == resolution.both == 2


def test_clocks_start_pause_and_stop_as_the_policy_says():
    rows = (fact(1, 0, responded=2, reported=20, left=30, hold=10), fact(2, 0, responded=2, reported=20, left=30))
    holds = Holds.of([(1, micros(at(5)), micros(at(15)), "vendor")])

    def met(**more) -> int:
        policy = Policy("p", resolution={0: timedelta(hours=10)}, **more)
        return report(material(*rows, holds=holds), (policy,)).sla[1].met

    assert met() == 1
    assert met(pauses=frozenset()) == 0
    assert met(pauses=frozenset({"user"})) == 0
    assert met(pauses=frozenset({"vendor"}), start=Start.RESPONDED) == 1
    assert met(stop=Stop.LEFT) == 0


def test_a_policy_counts_in_the_working_time_of_its_calendar_and_only_for_what_it_matches():
    rows = (fact(1, 0, reported=30, team="NOC", service="net"), fact(2, 0, reported=30, team="desk"))
    policy = Policy("p", Match(teams=frozenset({"noc"})), resolution={0: timedelta(hours=14)}, calendar="team")
    made = material(*rows)
    response, resolution = judge(made, (policy,), lambda *_: default_calendar(), Basis.REPORTED, NOW)
    assert resolution.judged.tolist() == [True, False]
    # 30 hours after Monday 9:00 are 8 hours of Monday and 6 of Tuesday
    assert resolution.met.tolist() == [True, False]
    assert not response.judged.any()


def test_one_incident_with_an_impossible_date_does_not_spoil_the_report():
    """1970-01-01 and the like stand for “no date” in some exports."""
    rows = (
        fact(1, 0, reported=30),
        fact(2, -24 * 365 * 57, reported=30),
        fact(3, 24 * 365 * 80, responded=24 * 365 * 80),
        fact(4, 0, reported=24 * 365 * 80),
    )
    policy = Policy("p", resolution={0: timedelta(hours=40)})
    holds = Holds.of([(2, micros(at(-24 * 365 * 57)), None, "vendor")])
    _, resolution = report(material(*rows, holds=holds, exclusions={2: [exclusion(2, 5, 20)]}), (policy,)).sla
    assert (resolution.judged, resolution.met, resolution.adjusted_met) == (3, 2, 2)


def test_nobody_is_shown_with_fewer_than_five_incidents():
    assert by_person(ann=5, bob=4, cid=1) == (["ann"], 2)
    assert by_person(ann=5, bob=7) == (["ann", "bob"], 0)


def test_nobody_is_left_out_alone_so_that_the_totals_tell_nothing():
    assert by_person(ann=6, bob=4, cid=5) == (["ann"], 2)
    assert by_person(ann=5, bob=4) == ([], 2)
    assert by_person(bob=4) == ([], 1)
    rest = [fact(90, 0, person="cid"), *(fact(80 + n, 0, reported=1, person="bob") for n in range(4))]
    assert by_person(*rest, ann=6, dan=5) == (["ann"], 3), "of the two only bob has resolved anything"
    assert by_person(rest[0], ann=6, dan=5, bob=4, eve=1) == (["ann", "dan"], 3)


def by_person(*more: tuple, **incidents: int) -> tuple[list[str], int]:
    people = [name for name, number in incidents.items() for _ in range(number)]
    rows = [fact(n, 0, reported=1, person=name) for n, name in enumerate(people)]
    told = report(material(*rows, *more), by=By.PERSON)
    return [one.name for one in told.parts], told.hidden


def test_by_rule_and_by_priority():
    rows = [fact(n, 0, reported=n + 1, priority=n % 3) for n in range(6)]
    told = report(material(*rows, rules={0: "a", 1: "b", 2: "a"}), by=By.RULE)
    assert [(one.name, one.incidents) for one in told.parts] == [("a", 2), ("b", 1)]
    assert [one.name for one in report(material(*rows), by=By.PRIORITY).parts] == ["1", "2", "none"]


def test_nothing_at_all_is_a_report_without_figures():
    told = report(material())
    assert (told.incidents, told.resolution.mean, told.sla[0].share, told.months, told.backlog.open) == (
        0,
        None,
        None,
        (),
        0,
    )
    assert all(one.meaning.population and one.meaning.basis and one.meaning.month for one in figures(told))


def test_a_promotion_is_named_where_it_is_known():
    rows = (fact(1, 0, reported=100), fact(2, 0, reported=10))
    made = material(*rows, exclusions={1: [exclusion(1, 40)]}, promotions={1: Promoted("Router", "r1", "cpu")})
    (one,) = report(made).explained
    assert (one.promotion, one.label, one.rule, one.paused_hours, one.difference) == ("Router", "r1", "cpu", 60, 30)


def test_rows_are_found_by_number_in_any_order():
    made = facts(fact(9, 0), fact(2, 0), fact(5, 0))
    assert rows_of(made, {5, 9, 7, 100}) == {5: 2, 9: 0}
    assert rows_of(facts(), {5}) == {}
    assert np.array_equal(made.where(made.number > 2).number, [9, 5])
