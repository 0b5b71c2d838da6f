"""A project's report: time, effort, scope, what holds it up and why, and whether it helped."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime

from bridge.model.report import (
    Cell,
    Fact,
    Facts,
    Gantt,
    GanttRow,
    Lines,
    Link,
    Report,
    Section,
    Series,
    Table,
    Text,
    Tone,
)
from bridge.planning.progress import Burn, Standing
from bridge.planning.work import WorkItem, leaves
from bridge.usecases.reports.helped import helped_section
from bridge.usecases.reports.looking import ProjectView
from bridge.usecases.reports.words import Words

MOST_BURNS = 6
TONES = {
    Standing.ON_TIME: Tone.GOOD,
    Standing.AT_RISK: Tone.WARNING,
    Standing.LATE: Tone.BAD,
    Standing.UNKNOWN: Tone.PLAIN,
}


@dataclass(frozen=True, slots=True)
class Costs:
    """What an hour costs; `currency` is shown as written. `per_hour` None: costs are not shown."""

    per_hour: float | None = None
    currency: str = ""

    def of(self, hours: float) -> str:
        """The cost of some hours, without cents."""
        return f"{(self.per_hour or 0) * hours:,.0f} {self.currency}".strip()


@dataclass(frozen=True, slots=True)
class Shown:
    """What reports on projects are made with: words, where a person finds an issue and a project, and costs."""

    words: Words
    issue_url: Callable[[int], str]
    project_url: Callable[[str], str]
    costs: Costs = Costs()


def project_report(view: ProjectView, shown: Shown, now: datetime) -> Report:
    """The report on one project."""
    word, promotion = shown.words, view.promotion
    lead = [
        word("project.lead", state=word(f"state.{promotion.state}"), owner=promotion.owner or word("nobody")),
        shown.project_url(promotion.identifier),
        word("as_of", day=now.date()),
    ]
    sections = [
        Section(word("project.glance"), tuple(_glance(view, shown))),
        *([helped_section(view.effect, word)] if promotion.delivered_at else []),
        Section(word("project.plan"), tuple(_plan(view, shown, now.date()))),
        Section(word("project.burn"), tuple(_burns(view, word, now.date()))),
        Section(word("project.holds"), tuple(_holds(view, shown))),
        Section(word("project.scope"), tuple(_scope(view, word))),
    ]
    return Report(promotion.name, now, word.language, tuple(lead), tuple(sections))


def slip_text(slip: int | None, word: Words) -> str:
    """Business days early or late, in words."""
    if slip is None:
        return ""
    return word("slip.none") if not slip else word("slip.late" if slip > 0 else "slip.early", days=abs(slip))


def _glance(view: ProjectView, shown: Shown) -> Iterator[Facts]:
    word, now = shown.words, view.progress
    planned = view.baseline.hours if view.baseline else None
    over = planned is not None and view.hours_spent > planned
    ended = now.forecast.end is None or view.promotion.delivered_at is not None
    facts = [
        Fact(word("standing"), word(f"standing.{now.standing}"), slip_text(now.slip, word), TONES[now.standing]),
        Fact(word("due"), now.due, word("due.baseline") if view.baseline else ""),
        Fact(word("ended" if ended else "forecast"), now.expected, _pace(view, word)),
        Fact(
            word("done"),
            _percent(now.done_share),
            word("tasks_of", done=now.scope.done, all=now.scope.done + now.scope.open),
        ),
        Fact(
            word("effort"),
            word("hours", hours=_hours(view.hours_spent)),
            word("of_hours", hours=_hours(planned)) if planned is not None else "",
            Tone.WARNING if over else Tone.PLAIN,
        ),
        Fact(word("left"), word("hours", hours=_hours(now.hours_left))),
    ]
    if shown.costs.per_hour is not None:
        planned_cost = word("of_planned", what=shown.costs.of(planned)) if planned is not None else ""
        facts.append(Fact(word("cost"), shown.costs.of(view.hours_spent), planned_cost))
    yield Facts(tuple(facts))


def _pace(view: ProjectView, word: Words) -> str:
    pace = view.progress.forecast.pace
    return word("pace", share=f"{pace:.0%}") if pace != 1 else ""


def _plan(view: ProjectView, shown: Shown, today: date) -> Iterator[Gantt | Table | Text]:
    word, now = shown.words, view.progress
    plan = {task.key: task for task in view.baseline.tasks} if view.baseline else {}
    late = {delay.item.issue_id: delay.days for delay in now.delays}
    bars, rows = [], []
    for item in leaves(view.items):
        planned, ahead = plan.get(item.key), now.forecast.dates.get(item.issue_id)
        begun = item.start or (planned.start if planned and not ahead else None)
        start = min(filter(None, [begun, ahead.start if ahead else None]), default=None)
        due = (ahead.due if ahead else item.closed_on) or item.due
        critical = item.issue_id in now.forecast.critical
        if start and due and not item.dropped:
            first, last = (planned.start, planned.due) if planned else (None, None)
            bars.append(GanttRow(item.subject, min(start, due), due, first, last, item.done, critical))
        state = "dropped" if item.dropped else "closed" if item.closed else "critical" if critical else "open"
        rows.append(
            (
                Link(f"#{item.issue_id} {item.subject}", shown.issue_url(item.issue_id)),
                item.assignee,
                planned.due if planned else None,
                due,
                late.get(item.issue_id),
                item.estimate,
                item.spent or None,
                f"{item.done:.0%}",
                word(f"task.{state}") + ("" if planned or not plan else f", {word('task.added')}"),
            )
        )
    if bars:
        words = (word("gantt.now"), word("gantt.done"), word("gantt.critical"), word("gantt.planned"))
        yield Gantt("gantt", word("gantt.title"), tuple(bars), words, (today, word("today")))
    names = ("task", "who", "planned_due", "due_now", "days_late", "estimate_h", "spent_h", "done", "state")
    yield Table("tasks", tuple(word(f"column.{name}") for name in names), tuple(rows), word("project.no_tasks"))


def _burns(view: ProjectView, word: Words, today: date) -> Iterator[Lines | Table | Text]:
    for burn in [one for one in view.progress.burns if len(one.actual) > 1][: 1 + MOST_BURNS]:
        yield _burn(burn, word, today)
    rows = tuple((one.name, one.planned, one.expected, one.open, one.hours_left) for one in view.progress.milestones)
    if rows:
        names = ("milestone", "planned_due", "due_now", "open_tasks", "left_h")
        yield Table("milestones", tuple(word(f"column.{name}") for name in names), rows)
    if all(len(one.actual) <= 1 for one in view.progress.burns):
        yield Text(word("burn.first_day"))


def _burn(burn: Burn, word: Words, today: date) -> Lines:
    planned = [Series(word("burn.planned"), burn.planned, plan=True)] if burn.planned else []
    title = word("burn.of", name=burn.name) if burn.name else word("burn.title")
    actual = Series(word("burn.actual"), burn.actual)
    return Lines("burn-down", title, word("unit.hours"), (*planned, actual), (today, word("today")))


def _holds(view: ProjectView, shown: Shown) -> Iterator[Table]:
    word = shown.words
    tasks = [
        (_task(one.item, shown), one.person or word("nobody"), one.waiting, one.hours)
        for one in view.progress.bottlenecks
        if one.item
    ]
    names = ("task", "who", "waiting", "left_h")
    columns = tuple(word(f"column.{name}") for name in names)
    yield Table("bottlenecks", columns, tuple(tasks), word("bottlenecks.none"))
    people = tuple((one.person or word("nobody"), one.hours) for one in view.progress.bottlenecks if not one.item)
    if people:
        yield Table("people", (word("column.who"), word("column.left_h")), people)
    late = tuple(
        (_task(one.item, shown), one.days, word(f"reason.{one.reason}", other=one.other))
        for one in view.progress.delays
    )
    columns = tuple(word(f"column.{name}") for name in ("task", "days_late", "reason"))
    yield Table("delays", columns, late, word("delays.none"))


def _scope(view: ProjectView, word: Words) -> Iterator[Table | Text]:
    if view.baseline is None:
        yield Text(word("scope.unknown"), Tone.WARNING)
        return
    scope = view.progress.scope
    rows: list[tuple[Cell, ...]] = [
        (word("scope.planned"), scope.planned, scope.hours_planned),
        (word("scope.added"), scope.added, scope.hours_added),
        (word("scope.dropped"), scope.dropped, scope.hours_dropped),
        (word("scope.done"), scope.done, None),
        (word("scope.open"), scope.open, view.progress.hours_left),
    ]
    yield Table("scope", (word("column.scope"), word("column.tasks"), word("column.hours")), tuple(rows))


def _task(item: WorkItem, shown: Shown) -> Link:
    return Link(f"#{item.issue_id} {item.subject}", shown.issue_url(item.issue_id))


def _percent(share: float | None) -> str | None:
    return None if share is None else f"{share:.0%}"


def _hours(hours: float | None) -> str:
    return "" if hours is None else f"{hours:,.1f}".removesuffix(".0")
