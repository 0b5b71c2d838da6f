"""An operations report as rows: every figure with what it is about. Tables, CSV files and pages are made of these."""

from __future__ import annotations

from dataclasses import dataclass, replace

from bridge.kpi.meaning import Meaning
from bridge.kpi.report_model import Compliance, Counted, OperationsReport, Spread


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure. `count` is how many incidents it is made of, `unit` one of h, incidents, times, %, or empty."""

    name: str
    value: float | None
    unit: str
    count: int
    meaning: Meaning


def figures(report: OperationsReport) -> tuple[Figure, ...]:
    """All single figures of a report, in the order in which people read them; docs/kpi.md defines each."""
    raw, adjusted, hold, work = report.resolution, report.adjusted, report.on_hold, report.work
    backlog, routing = report.backlog, report.routing
    return (
        *_spread("MTTA", report.response),
        *_spread("MTTR raw", raw),
        *_spread("MTTR adjusted", adjusted),
        Figure("left the measure", float(report.removed), "incidents", raw.count, raw.meaning),
        Figure("taken off by paused clocks", report.excluded_hours, "h", adjusted.count, adjusted.meaning),
        Figure("MTTR net of on hold", hold.net.mean, "h", hold.net.count, hold.net.meaning),
        Figure("on hold", hold.hours, "h", hold.incidents, hold.meaning),
        *(figure for one in report.sla for figure in _sla(one)),
        Figure("backlog", float(backlog.open), "incidents", backlog.open, backlog.meaning),
        Figure("backlog excluded", float(backlog.excluded), "incidents", backlog.open, backlog.meaning),
        Figure("backlog median age", backlog.median_age, "h", backlog.open, backlog.meaning),
        Figure("backlog oldest", backlog.oldest_age, "h", backlog.open, backlog.meaning),
        *_counted("reopened", report.reopened),
        *_counted("reassigned", report.reassigned),
        *_counted("resolved at first", report.first_time),
        Figure(
            "first team is not the last",
            _percent(routing.share),
            "%",
            routing.routed,
            routing.meaning,
        ),
        Figure("planned work", work.planned_hours, "h", report.resolved, work.meaning),
        Figure("unplanned work", work.unplanned_hours, "h", report.resolved, work.meaning),
        Figure("planned effort", work.planned_effort, "h", report.incidents, work.meaning),
        Figure("unplanned effort", work.unplanned_effort, "h", report.incidents, work.meaning),
    )


def _spread(name: str, spread: Spread) -> list[Figure]:
    values = (("", spread.mean), (" p50", spread.p50), (" p90", spread.p90), (" p95", spread.p95), (" p99", spread.p99))
    return [Figure(name + suffix, value, "h", spread.count, spread.meaning) for suffix, value in values]


def _sla(one: Compliance) -> list[Figure]:
    name = f"SLA {one.clock}"
    adjusted, told, both = (
        replace(one.meaning, population=population)
        for population in (
            f"{one.meaning.population}, without what exclusions take off",
            "incidents with a verdict of the source",
            f"{one.meaning.population}, with a verdict of the source",
        )
    )
    return [
        Figure(name, _percent(one.share), "%", one.judged, one.meaning),
        Figure(f"{name} adjusted", _percent(one.adjusted_share), "%", one.adjusted_judged, adjusted),
        Figure(f"{name} by the source", _percent(one.told_share), "%", one.told, told),
        Figure(f"{name} judged differently", float(one.differ), "incidents", one.both, both),
    ]


def _counted(name: str, one: Counted) -> list[Figure]:
    meaning = Meaning(f"{one.meaning.population}, counted by {one.counted_by}", one.meaning.basis, one.meaning.month)
    return [
        Figure(name, float(one.incidents), "incidents", one.of, meaning),
        Figure(f"{name} share", _percent(one.share), "%", one.of, meaning),
    ]


def _percent(share: float | None) -> float | None:
    return None if share is None else 100 * share
