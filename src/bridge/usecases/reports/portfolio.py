"""The page of all open projects, and of those delivered lately with what they did."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

from bridge.model.report import Cell, Fact, Facts, Gantt, GanttRow, Link, Report, Section, Table, Text, Tone
from bridge.planning.progress import Standing
from bridge.usecases.reports.helped import verdict_text
from bridge.usecases.reports.looking import ProjectView
from bridge.usecases.reports.project_report import TONES, Shown


def portfolio_report(
    running: Sequence[ProjectView], delivered: Sequence[ProjectView], unseen: Sequence[str], shown: Shown, now: datetime
) -> Report:
    """The report on all projects. `unseen` says of projects that could not be read why."""
    word = shown.words
    sections = [
        Section(
            word("portfolio.open"),
            (
                Facts(tuple(_facts(running, shown))),
                *(Text(line, Tone.WARNING) for line in unseen),
                *([_gantt(running, shown, now.date())] if any(one.progress.expected for one in running) else []),
                _open(running, shown),
            ),
        ),
        Section(word("portfolio.delivered"), (_delivered(delivered, shown),)),
    ]
    return Report(word("portfolio"), now, word.language, (word("as_of", day=now.date()),), tuple(sections))


def _facts(views: Sequence[ProjectView], shown: Shown) -> list[Fact]:
    word = shown.words
    counts = {standing: sum(one.progress.standing is standing for one in views) for standing in Standing}
    facts = [Fact(word("portfolio.count"), len(views))]
    facts += [
        Fact(word(f"standing.{standing}"), count, tone=TONES[standing] if count else Tone.PLAIN)
        for standing, count in counts.items()
        if count or standing is not Standing.UNKNOWN
    ]
    left, spent = sum(one.progress.hours_left for one in views), sum(one.hours_spent for one in views)
    facts.append(Fact(word("left"), left, word("unit.hours")))
    facts.append(Fact(word("effort"), spent, word("unit.hours")))
    if shown.costs.per_hour is not None:
        facts.append(Fact(word("cost"), shown.costs.of(spent)))
    return facts


def _gantt(views: Sequence[ProjectView], shown: Shown, today: date) -> Gantt:
    word = shown.words
    rows = []
    for view in views:
        opened, now = view.promotion.opened_at, view.progress
        if opened is None or now.expected is None:
            continue
        first, last = (view.baseline.made_on, view.baseline.due) if view.baseline else (None, None)
        late = now.standing in {Standing.LATE, Standing.AT_RISK}
        end = max(now.expected, opened.date())
        rows.append(GanttRow(view.promotion.name, opened.date(), end, first, last, now.done_share or 0.0, late))
    words = (word("gantt.now"), word("gantt.done"), word("gantt.late"), word("gantt.planned"))
    return Gantt("portfolio", word("gantt.title"), tuple(rows), words, (today, word("today")))


def _open(views: Sequence[ProjectView], shown: Shown) -> Table:
    word = shown.words
    rows = []
    for view in sorted(views, key=lambda one: -(one.progress.slip or 0)):
        now, promotion = view.progress, view.promotion
        first = next((one.item for one in now.bottlenecks if one.item), None)
        rows.append(
            (
                Link(promotion.name, shown.project_url(promotion.identifier)),
                promotion.owner,
                word(f"standing.{now.standing}"),
                now.due,
                now.expected,
                now.slip,
                None if now.done_share is None else f"{now.done_share:.0%}",
                view.hours_spent,
                view.baseline.hours if view.baseline else None,
                now.scope.open,
                Link(f"#{first.issue_id} {first.subject}", shown.issue_url(first.issue_id)) if first else None,
            )
        )
    names = ("project", "owner", "standing", "planned_due", "due_now", "days_late", "done", "spent_h", "estimate_h")
    columns = tuple(word(f"column.{name}") for name in (*names, "open_tasks", "bottleneck"))
    return Table("projects", columns, tuple(rows), word("portfolio.none"))


def _delivered(views: Sequence[ProjectView], shown: Shown) -> Table:
    word = shown.words
    rows: list[tuple[Cell, ...]] = [
        (
            Link(view.promotion.name, shown.project_url(view.promotion.identifier)),
            word(f"state.{view.promotion.state}"),
            view.promotion.delivered_at.date() if view.promotion.delivered_at else None,
            view.progress.slip,
            view.hours_spent,
            view.effect.before if view.effect else None,
            view.effect.after if view.effect else None,
            verdict_text(view.effect, word) if view.effect else word("helped.not_asked"),
        )
        for view in views
    ]
    names = ("project", "state", "delivered", "days_late", "spent_h", "before", "after", "helped")
    return Table("delivered", tuple(word(f"column.{name}") for name in names), tuple(rows), word("delivered.none"))
