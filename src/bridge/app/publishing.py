"""Wires reports: who makes and shows them, and which are due. Charts and figures need the extra `report`."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from apscheduler.triggers.cron import CronTrigger

from bridge.kpi.report_model import Asked, OperationsReport
from bridge.model.errors import NotFound
from bridge.report.renderer import Renderer
from bridge.settings.reports import ScheduledReport
from bridge.usecases.knowledge import refresh
from bridge.usecases.reports.policy import What
from bridge.usecases.reports.publish import Reporting, schedule

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bridge.app.app import App

CURSOR = "report"
DAILY = "every day"
LONGEST_AWAY = 10_000
"""Times of a schedule that passed while the bridge was not running are looked through so far; the newest counts."""
YEAR = timedelta(days=365)


def renderer_of(app: App) -> Renderer:
    """How this configuration shows reports."""
    settings = app.configuration.settings
    return Renderer(settings.redmine.text_formatting == "textile", settings.reports.font)


def reporting_of(app: App) -> Reporting:
    """What makes and publishes this bridge's reports; operations are those of the last year."""

    def operations() -> OperationsReport:
        from bridge.app.reporting import report_of_store  # noqa: PLC0415 - needs numpy, which only reports need

        return report_of_store(app, Asked(since=app.clock.now() - YEAR))

    return Reporting(app.database, app.tracker, lambda: app.configured, app.clock, renderer_of(app), operations)


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
        new += refresh(uow, app.configured, renderer_of(app), now)
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
    """Writes a report to its wiki page at once; `what` and, for one project, `promotion`. Raises NotFound."""
    reporting = reporting_of(app)
    what, promotion = What(args["what"]), args.get("promotion")
    report = reporting.report(what, promotion)
    if report is None:
        raise NotFound(f"promotion {promotion}", "has no project yet.", "See `promotions show`.")
    warning = reporting.renderer.warning(report)
    return {"page": reporting.write(report, what, promotion), "warnings": [warning] if warning else []}
