"""The operations report in words: raw beside adjusted, and what makes the difference."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from bridge.kpi.meaning import AgeGroup, Meaning, Population
from bridge.kpi.report_model import (
    Age,
    Asked,
    Backlog,
    By,
    Compliance,
    Counted,
    Difference,
    Explained,
    OnHold,
    OperationsReport,
    Part,
    Reason,
    Routing,
    Spread,
    Way,
    Work,
)
from bridge.model.report import Bars, Facts
from bridge.report import wiki
from bridge.texts import load_texts
from bridge.usecases.reports.operations_report import operations_report
from bridge.usecases.reports.words import Words, words_of

NOW = datetime(2026, 11, 21, tzinfo=UTC)
MEANING = Meaning("resolved incidents", "reported", "resolved")


def spread(mean: float | None) -> Spread:
    return Spread(8, 8.0 * (mean or 0), mean, mean, mean, mean, mean, MEANING)


MONTH = Part("2026-10", 9, 8, 1, 1.0, 178.2, 85.7, 300.0, 0.634, None, 1, 2, 3)
COUNTED = Counted(1, 2, 9, "the source", MEANING)
SLA = Compliance("resolution", 8, 5, 7, 6, 8, 6, 8, 1, (Difference("rt #1", "resolution", "broken", "kept"),), MEANING)
MADE = OperationsReport(
    made_at=NOW, origin="the store", asked=Asked(), incidents=9, resolved=8, cancelled=0, response=spread(1.0),
    resolution=spread(178.2), adjusted=spread(85.7), removed=1, excluded_hours=900.0,
    on_hold=OnHold(2, 20.0, (Reason("", 1, 5.0), Reason("vendor", 1, 15.0)), spread(109.4), MEANING), sla=(SLA,),
    backlog=Backlog(NOW, 3, 1, (Age("up to 1 day", 3),), 5.0, 9.0, MEANING), reopened=COUNTED, reassigned=COUNTED,
    first_time=COUNTED, routing=Routing(9, 2, (Way("Desk", "Network", 2),), MEANING),
    work=Work(900.0, 500.0, 10.0, 20.0, MEANING),
    explained=(Explained("#7", "core-1", "router-cpu", 3, 1, 900.0, 92.5),), months=(MONTH,), notes=("a note",),
)  # fmt: skip


@pytest.fixture(params=["en", "zh"], scope="module")
def words(request: pytest.FixtureRequest) -> Words:
    """The shipped words of a language."""
    return words_of(load_texts([], "en")[0], request.param)


def test_raw_stands_beside_adjusted_and_the_difference_is_explained(words: Words) -> None:
    report = operations_report(MADE, words)
    facts = {fact.label: fact for s in report.sections for b in s.blocks if isinstance(b, Facts) for fact in b.facts}
    assert facts[words("ops.mttr_raw")].value == "178.2"
    assert facts[words("ops.mttr_adjusted")].value == "85.7"
    assert "1" in facts[words("ops.mttr_adjusted")].note
    tables = {table.name: table for table in report.tables()}
    assert tables["explained"].rows == (("#7", "core-1", "router-cpu", 3, 1, 900.0, 92.5),)
    assert tables["targets"].rows[0] == (words("clock.resolution"), 8, "62.5%", "85.7%", 8, "75.0%", 1)
    told = ("rt #1", words("clock.resolution"), words("verdict.broken"), words("verdict.kept"))
    assert tables["differences"].rows == (told,)
    (chart,) = report.charts()
    assert isinstance(chart, Bars)
    assert chart.series == ((words("ops.raw"), (178.2,)), (words("ops.adjusted"), (85.7,)))


def test_every_section_with_figures_says_what_they_are_about(words: Words) -> None:
    what = {name: words(f"{name}.{value}") for name, value in (("basis", "reported"), ("month", "resolved"))}
    about = words("ops.meaning", population=words("population.resolved"), **what)
    for section in operations_report(MADE, words).sections[1:7]:
        assert about in wiki.section_text(section), section.heading


@pytest.mark.parametrize("counted_by", ["the source", "the timeline", "rt; else the timeline"])
@pytest.mark.parametrize("population", list(Population))
def test_a_chinese_page_says_in_chinese_what_its_figures_are_about(population: Population, counted_by: str) -> None:
    chinese = words_of(load_texts([], "en")[0], "zh")
    meaning = replace(MEANING, population=population, basis="timeline", month="opened")
    counted = replace(COUNTED, meaning=meaning, counted_by=counted_by)
    ages = tuple(Age(group, 1) for group in AgeGroup)
    made = replace(
        MADE, reopened=counted, reassigned=counted, first_time=counted, explained=(), months=(), notes=(),
        backlog=replace(MADE.backlog, ages=ages), routing=replace(MADE.routing, ways=()),
        on_hold=replace(MADE.on_hold, reasons=()),
        sla=(SLA, replace(SLA, clock="response", differences=())),
    )  # fmt: skip
    report = operations_report(made, chinese)
    text = "".join([*report.lead, *(wiki.section_text(section) for section in report.sections)])
    assert set(re.findall(r"[A-Za-z]{2,}", text)) - {"rt"} == set()


def test_an_english_page_says_the_words_of_csv_and_json() -> None:
    english = words_of(load_texts([], "en")[0], "en")
    for kind, group in (("population", Population), ("age", AgeGroup)):
        assert [english(f"{kind}.{one.name.lower()}") for one in group] == list(group)


@pytest.mark.parametrize("by", list(By))
def test_every_break_down_has_its_words(words: Words, by: By) -> None:
    report = operations_report(replace(MADE, asked=Asked(by=by), parts=(MONTH,), hidden=2), words)
    assert words(f"ops.by.{by}") in {section.heading for section in report.sections}
    assert "{" not in "".join(wiki.section_text(section) for section in report.sections)


def test_an_empty_report_says_so(words: Words) -> None:
    nothing = replace(
        MADE, resolution=spread(None), adjusted=spread(None), explained=(), months=(), sla=(), removed=0,
        on_hold=replace(MADE.on_hold, reasons=()),
    )  # fmt: skip
    report = operations_report(nothing, words)
    text = "".join(wiki.section_text(section) for section in report.sections)
    assert words("ops.no_difference") in text
    assert words("ops.no_targets") in text
