"""Wires reports: who makes and shows them, and which are due. Charts and figures need the extra `report`."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from apscheduler.triggers.cron import CronTrigger

from bridge.kpi.report_model import Asked, Basis, By, Month, OperationsReport
from bridge.model.errors import NotFound
from bridge.report.renderer import Renderer
from bridge.settings.reports import ScheduledReport
from bridge.usecases.knowledge import refresh
from bridge.usecases.reports.operations_report import operations_report
from bridge.usecases.reports.policy import What
from bridge.usecases.reports.publish import Reporting, schedule
from bridge.usecases.reports.words import words_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bridge.app.app import App
    from bridge.configuration import Configuration
    from bridge.model.report import Report

CURSOR = "report"
DAILY = "every day"
LONGEST_AWAY = 10_000
"""Times of a schedule that passed while the bridge was not running are looked through so far; the newest counts."""


def renderer_of(configuration: Configuration) -> Renderer:
    """How a configuration shows reports."""
    settings = configuration.settings
    return Renderer(settings.redmine.text_formatting == "textile", settings.reports.font)


def shown_operations(configuration: Configuration, made: OperationsReport) -> Report:
    """The figures on incidents in the words of the settings' language."""
    return operations_report(made, words_of(configuration.texts, configuration.settings.language))


def reporting_of(app: App, asked: Asked | None = None) -> Reporting:
    """What makes and publishes this bridge's reports; operations are those `asked` for, else those of the last year."""

    def operations() -> OperationsReport:
        from bridge.app.reporting import report_of_store  # noqa: PLC0415 - needs numpy, which only reports need

        return report_of_store(app, asked or Asked(since=a_year_before(app.clock.now())))

    renderer = renderer_of(app.configuration)
    return Reporting(app.database, app.tracker, lambda: app.configured, app.clock, renderer, operations)


def a_year_before(now: datetime) -> datetime:
    """The beginning of this month (UTC) a year ago, so that no month is told in part but the present one."""
    begin = now.astimezone(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    return begin.replace(year=begin.year - 1)


def turn(app: App) -> int:
    """Stores what is due: scheduled reports and, once a day, the work that is left and changed knowledge pages."""
    now, settings = app.clock.now(), app.configuration.settings.reports
    new = 0
    with app.database.transaction() as uow:
        for name, one in settings.schedule.items():
            seen = uow.ledger.cursor(CURSOR, name)
            due = newest(one, settings.zone, datetime.fromisoformat(seen), now) if seen else None
            if due is not None:
                new += schedule(uow, name, one.what, one.to, due)
            if due is not None or not seen:
                uow.ledger.set_cursor(CURSOR, name, now.isoformat())
        today = now.date().isoformat()
        if uow.ledger.cursor(CURSOR, DAILY) == today:
            return new
        new += refresh(uow, app.configured, renderer_of(app.configuration), now)
    reporting_of(app).write_days()
    with app.database.transaction() as uow:
        uow.ledger.set_cursor(CURSOR, DAILY, today)
    return new


def newest(one: ScheduledReport, zone: str, seen: datetime, now: datetime) -> datetime | None:
    """The last time after `seen` at which a report was due; None when there was none by now."""
    trigger = CronTrigger.from_crontab(one.at, zone)
    found: datetime | None = None
    at = seen
    for _ in range(LONGEST_AWAY):
        following: datetime | None = trigger.get_next_fire_time(at, at)
        if following is None or following > now:
            break
        found, at = following, following + timedelta(seconds=1)
    return found


def published(app: App, args: Mapping[str, Any]) -> Mapping[str, Any]:
    """Writes a report to its wiki page at once; `what` and, for one project, `promotion`. Raises NotFound.

    `asked` is what a report on incidents is asked for, as `asked_row` writes it.
    """
    reporting = reporting_of(app, _asked(args["asked"]) if args.get("asked") else None)
    what, promotion = What(args["what"]), args.get("promotion")
    report = reporting.report(what, promotion)
    if report is None:
        raise NotFound(f"promotion {promotion}", "has no project yet.", "See `promotions show`.")
    warning = reporting.renderer.warning(report)
    return {"page": reporting.write(report, what, promotion), "warnings": [warning] if warning else []}


def asked_row(asked: Asked) -> dict[str, str]:
    """What a report is asked for, as a command keeps it."""
    return {
        "basis": asked.basis.value,
        "month": asked.month.value,
        "since": asked.since.isoformat() if asked.since else "",
        "until": asked.until.isoformat() if asked.until else "",
        "by": asked.by.value if asked.by else "",
    }


def _asked(row: Mapping[str, str]) -> Asked:
    since, until, by = row["since"], row["until"], row["by"]
    return Asked(
        Basis(row["basis"]),
        Month(row["month"]),
        datetime.fromisoformat(since) if since else None,
        datetime.fromisoformat(until) if until else None,
        By(by) if by else None,
    )
