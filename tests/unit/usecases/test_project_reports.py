"""Reports on projects: every word is there in both languages, and the figures stand where people look."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from bridge.calendar.business import BusinessCalendar
from bridge.calendar.spec import OFF, CalendarSpec, Span
from bridge.kpi.effect_of_project import Verdict, effect_of_project
from bridge.model.project_task import ProjectTask
from bridge.model.promotion import Promotion, PromotionState, Task, TaskKind
from bridge.model.report import Facts, Link, Report, Table, Text
from bridge.planning.progress import progress
from bridge.planning.work import Baseline, PlannedWork
from bridge.report import wiki
from bridge.shipped import shipped
from bridge.texts import load_texts
from bridge.usecases.reports.helped import verdict_text
from bridge.usecases.reports.looking import ProjectView, work_items, workdays_of
from bridge.usecases.reports.portfolio import portfolio_report
from bridge.usecases.reports.project_report import Costs, Shown, project_report
from bridge.usecases.reports.words import WordMissing, Words, words_of

NOW = datetime(2026, 11, 9, 9, 0, tzinfo=UTC)
OPENED = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)
LANGUAGES = ("en", "zh")
CALENDAR = BusinessCalendar(CalendarSpec("office", "UTC", (*((Span(540, 1020),),) * 5, OFF, OFF)))
PLAN = Baseline(
    OPENED.date(),
    date(2026, 11, 6),
    (
        PlannedWork("1", "Find", date(2026, 11, 2), date(2026, 11, 3), 16, "Found"),
        PlannedWork("2", "Mend", date(2026, 11, 4), date(2026, 11, 6), 24, "Mended"),
    ),
)
PROMOTION = Promotion(
    7, "r", "v1", "rt", "core-1", "core-1", "Router core-1", PromotionState.ACTIVE, "five in a week", OPENED,
    opened_at=OPENED, owner="Ann", identifier="ops-router-7", project_id=3, root_issue_id=10,
)  # fmt: skip
TASKS = {
    "root": Task(7, "root", TaskKind.ROOT, "Router", 10),
    "1": Task(7, "1", TaskKind.WORK, "Find", 11),
    "2": Task(7, "2", TaskKind.WORK, "Mend", 12),
    "rt#1": Task(7, "rt#1", TaskKind.INCIDENT, "Down", 13),
}


def listed(issue_id: int, subject: str, **values: object) -> ProjectTask:
    """An issue of the project, below its root."""
    base = ProjectTask(
        issue_id, 3, subject, "New", closed=False, parent_id=None if issue_id == 10 else 10, created_at=OPENED
    )
    return replace(base, **values)  # type: ignore[arg-type]  # each test names fields


LISTED = [
    listed(10, "Router core-1", spent=1.0),
    listed(11, "1 Find", closed=True, status="Closed", closed_at=NOW - timedelta(days=3), estimate=16.0, spent=20.0),
    listed(12, "2 Mend", estimate=24.0, spent=2.0, after=(11,), assignee_name="Ben", due=date(2026, 11, 6)),
    listed(13, "rt #1", spent=0.5),
    listed(14, "Extra", estimate=8.0, parent_id=None),
]


def view(state: PromotionState = PromotionState.ACTIVE, *, delivered: datetime | None = None) -> ProjectView:
    """The project as it stands on its eighth day."""
    items, other = work_items(LISTED, PROMOTION, TASKS, ["Rejected"])
    made = progress(PLAN, items, NOW.date(), workdays_of(CALENDAR, NOW.date()))
    effect = effect_of_project(10, 90, 0, 7) if delivered else None
    return ProjectView(replace(PROMOTION, state=state, delivered_at=delivered), made, tuple(items), PLAN, effect, other)


@pytest.fixture(params=LANGUAGES, scope="module")
def words(request: pytest.FixtureRequest) -> Words:
    """The shipped words of a language."""
    return words_of(load_texts([], "en")[0], request.param)


def shown(words: Words) -> Shown:
    return Shown(words, "http://r/issues/{}".format, "http://r/projects/{}".format, Costs(80, "EUR"))


def texts(report: Report) -> str:
    return wiki.wiki_text(replace(report, sections=tuple(replace(s, blocks=tuple(
        b for b in s.blocks if isinstance(b, Text | Facts | Table))) for s in report.sections)))[0]  # fmt: skip


def test_both_languages_have_the_same_words_with_the_same_values() -> None:
    found = {}
    for language in LANGUAGES:
        lines = (shipped("templates", "text") / language / "report_words.txt").read_text("utf-8").split("#}")[2]
        pairs = (line.partition(": ") for line in lines.strip().splitlines())
        found[language] = {name: set(re.findall(r"\{(\w+)\}", text)) for name, _, text in pairs}
    assert found["en"] == found["zh"]


def test_a_project_report_says_how_it_stands(words: Words) -> None:
    report = project_report(view(), shown(words), NOW)
    text = texts(report)
    facts = {fact.label: fact for s in report.sections for b in s.blocks if isinstance(b, Facts) for fact in b.facts}
    assert facts[words("standing")].value == words("standing.late")
    assert facts[words("standing")].note == words("slip.late", days=3)
    assert facts[words("due")].value == date(2026, 11, 6)
    assert facts[words("forecast")].value == date(2026, 11, 11)
    assert facts[words("effort")].value == words("hours", hours="23.5")
    assert facts[words("cost")].value == "1,880 EUR"
    assert "12 2 Mend" in text
    assert words("reason.nobody") not in text or "Extra" in text
    tables = {table.name: table for table in report.tables()}
    assert [row[1:] for row in tables["scope"].rows[:3]] == [(2, 40.0), (1, 8.0), (0, 0)]
    assert tables["tasks"].rows[0][0] == Link("#11 1 Find", "http://r/issues/11")
    assert {chart.name for chart in report.charts()} == {"gantt", "burn-down"}


def test_a_delivered_project_says_whether_it_helped(words: Words) -> None:
    text = texts(project_report(view(PromotionState.DELIVERED, delivered=NOW), shown(words), NOW))
    assert words("helped") in text
    assert words("helped.caveat")[:20] in text


@pytest.mark.parametrize("verdict", list(Verdict))
def test_every_verdict_has_its_words(words: Words, verdict: Verdict) -> None:
    counted = {
        Verdict.HELPED: (10, 90, 0, 90),
        Verdict.NO_EFFECT: (10, 90, 9, 90),
        Verdict.WORSE: (10, 90, 40, 90),
        Verdict.TOO_EARLY: (10, 90, 0, 7),
        Verdict.UNKNOWN: (0, 90, 0, 7),
    }[verdict]
    said = verdict_text(effect_of_project(*counted), words)
    assert said
    assert "{" not in said
    if words.language == "en" and verdict is Verdict.NO_EFFECT:
        assert said.startswith("No effect shown")


@pytest.mark.parametrize("state", list(PromotionState))
def test_every_state_has_its_words(words: Words, state: PromotionState) -> None:
    assert words(f"state.{state}") in texts(project_report(view(state), shown(words), NOW))


def test_the_portfolio_lists_the_latest_first_and_what_delivered_ones_did(words: Words) -> None:
    done = view(PromotionState.DELIVERED, delivered=NOW)
    report = portfolio_report([view()], [done], ["ops-x-9: gone"], shown(words), NOW)
    tables = {table.name: table for table in report.tables()}
    assert tables["projects"].rows[0][5] == 3
    assert tables["delivered"].rows[0][5:7] == (10, 0)
    assert "ops-x-9: gone" in texts(report)
    assert [chart.name for chart in report.charts()] == ["portfolio"]


def test_an_empty_portfolio_says_so(words: Words) -> None:
    text = texts(portfolio_report([], [], [], shown(words), NOW))
    assert words("portfolio.none") in text
    assert words("delivered.none") in text


def test_a_missing_word_is_named() -> None:
    with pytest.raises(WordMissing, match="no such word"):
        Words("en", {})("no such word")


def test_in_a_standing_project_only_what_is_below_the_root_counts() -> None:
    standing = replace(PROMOTION, terms={"to": "issue"})
    items, other = work_items(LISTED, standing, TASKS, ["Rejected"])
    assert [item.issue_id for item in items] == [11, 12]
    assert other == 1.5


def test_a_task_comes_back_from_its_row() -> None:
    assert [ProjectTask.of(task.row()) for task in LISTED] == LISTED
