"""A backtest's figures as JSON, as a table and as a page."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from bridge.model.report import Cell, Report, Section, Table
from bridge.report import html
from bridge.usecases.backtest.figures import Figures, Promoted, RuleFigures, Times


def document(figures: Figures) -> dict[str, Any]:
    """The figures as one JSON document without its schema."""
    return {
        "as_of": figures.as_of,
        "counting": figures.counting,
        "assumed": list(figures.assumed),
        "history": {
            "incidents": figures.incidents,
            "skipped_rows": figures.skipped.rows,
            "first_skipped": figures.skipped.first or None,
            "since": figures.since,
            "until": figures.until,
        },
        "rules": [rule_document(one) for one in figures.rules],
    }


def rule_document(rule: RuleFigures) -> dict[str, Any]:
    """One rule's part of the document; times in hours."""
    return {
        "id": rule.id,
        "title": rule.title,
        "groups": rule.groups,
        "hot_groups": rule.hot_groups,
        "firings": rule.firings,
        "matched": rule.matched,
        "covered": rule.covered,
        "mails": rule.mails,
        "lead_hours": _hours(rule.lead),
        "mttr": {"kpi": rule.kpi, **_times(rule.own_times)},
        "mttr_by_policy": {one.policy: _times(one) for one in rule.times},
        "promotions": [_promoted(one) for one in rule.promotions],
    }


def _times(times: Times) -> dict[str, Any]:
    return {
        "resolved": times.resolved,
        "raw_hours": times.raw_hours,
        "adjusted_hours": times.adjusted_hours,
        "counted": times.counted,
        "removed": times.removed,
        "excluded_hours": times.excluded_hours,
    }


def _promoted(one: Promoted) -> dict[str, Any]:
    return {
        "group": one.group,
        "group_key": one.key,
        "state": one.state,
        "found_at": one.found_at,
        "opened_at": one.opened_at,
        "delivered_at": one.delivered_at,
        "lead_hours": _hours(one.lead),
        "evidence": one.evidence,
        "incidents": one.incidents,
        "mails": one.mails,
        "why": list(one.why),
        "brake": one.brake,
    }


def _hours(length: timedelta | None) -> float | None:
    return None if length is None else length / timedelta(hours=1)


COLUMNS = (
    *("rule", "groups", "hot", "firings", "incidents", "covered", "mails", "median lead, h"),
    *("MTTR raw, h", "adjusted, h", "kpi"),
)


def table(figures: Figures) -> list[tuple[object, ...]]:
    """One row for each rule, by COLUMNS."""
    return [
        (
            *(one.id, one.groups, one.hot_groups, one.firings, one.matched, one.covered, one.mails, _hours(one.lead)),
            *(_exact(one.own_times.raw_hours), _exact(one.own_times.adjusted_hours), one.kpi),
        )
        for one in figures.rules
    ]


def _exact(hours: float | None) -> str | None:
    return None if hours is None else f"{hours:.3f}"


def head(figures: Figures) -> list[str]:
    """What was done, and what was taken for granted."""
    span = f", {figures.since:%Y-%m-%d} to {figures.until:%Y-%m-%d}" if figures.since and figures.until else ""
    return [
        f"as of: {figures.as_of}, counting: {figures.counting}",
        f"{figures.incidents} incident(s){span}",
        *([f"{figures.skipped}."] if figures.skipped else []),
        f"Taken for granted: {'; '.join(figures.assumed)}.",
    ]


_PROMOTED = ("group", "state", "found", "lead, h", "because of", "incidents", "mails", "why")


def page(figures: Figures, made_at: datetime) -> str:
    """A page that needs nothing else: no script, nothing from the network."""
    sections = [Section("Rules", (Table("rules", COLUMNS, tuple(_cells(row) for row in table(figures))),))]
    for rule in figures.rules:
        rows = tuple(
            (
                *(one.group, one.state, f"{one.found_at:%Y-%m-%d %H:%M}", _hours(one.lead), one.evidence),
                *(one.incidents, one.mails, "; ".join(filter(None, [*one.why, one.brake]))),
            )
            for one in rule.promotions
        )
        found = Table("promotions", _PROMOTED, rows, "Nothing.")
        sections.append(Section(f"{rule.title} ({rule.id})", (found,)))
    return html.page(Report("Backtest of rules", made_at, "en", tuple(head(figures)), tuple(sections)))


def _cells(row: tuple[object, ...]) -> tuple[Cell, ...]:
    return tuple(value if isinstance(value, int | float | None) else str(value) for value in row)
