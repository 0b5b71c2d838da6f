"""The demo's end for people: what was promoted, what came back, what it did to the figures, where to look."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

_PLACES = {
    "redmine": "Redmine, all projects",
    "project": "the router's project",
    "root_issue": "its root issue",
    "evidence": "its evidence (wiki)",
    "incident": "one of its incidents",
    "incident_issue": "that incident's own issue",
    "incidents": "all incidents",
    "mails": "mails Redmine would send",
}


def print_facts(told: Console, facts: Mapping[str, Any]) -> None:
    """Prints what `gather` found."""
    _promotions(told, facts["promotions"])
    _returned(told, facts)
    _kpi(told, facts["kpi"])
    _traffic(told, facts)
    _heading(told, "Where to look")
    for name, url in facts["urls"].items():
        told.print(f"  {_PLACES[name]:<26}{url}")


def _promotions(told: Console, promotions: Sequence[Mapping[str, Any]]) -> None:
    _heading(told, "What was promoted")
    rows = [
        (
            p["id"],
            p["name"],
            p["state"],
            p["owner"],
            p["incidents"],
            f"{p['tasks_done']}/{p['tasks']}" if p["tasks"] else "-",
            _day(p["opened_at"]),
            _day(p["delivered_at"]),
        )
        for p in promotions
    ]
    columns = ("#", "project", "state", "owner", "incid.", "done", "opened", "delivered")
    _table(told, columns, rows)
    for p in promotions:
        decided = f"{p['state']} by {p['decided_by']}: {p['decision_note']}" if p["decision_note"] else "-"
        told.print(escape(f"#{p['id']} {p['url'] or decided}"))


def _returned(told: Console, facts: Mapping[str, Any]) -> None:
    _heading(told, "What came back to operations")
    rows = [
        (
            row["incident"],
            f"{row['before']} → {row['after']}",
            row["by"],
            row["closing_note"] or "- (was resolved before the delivery: left alone)",
        )
        for row in facts["returned"]
    ]
    _table(told, ("incident", "state", "by", "closing note"), rows)
    writes = sum(row["writes"] for row in facts["untouched"])
    told.print(
        f"The bridge wrote to {facts['incidents_written_to']} of {facts['incidents']} incidents. "
        f"{len(facts['untouched'])} were resolved before their project was opened: "
        f"{writes or 'no'} write to any of them."
    )


def _kpi(told: Console, kpi: Mapping[str, Any]) -> None:
    _heading(told, "Mean time to resolve")
    rows = [
        ("raw", _hours(kpi["raw_hours"]), kpi["resolved"], "-"),
        ("adjusted", _hours(kpi["adjusted_hours"]), kpi["counted"], _hours(kpi["excluded_hours"])),
    ]
    _table(told, ("", "mean", "incidents", "excluded"), rows)
    told.print(kpi["explained"])


def _traffic(told: Console, facts: Mapping[str, Any]) -> None:
    _heading(told, "What it took")
    traffic, story = facts["traffic"], facts["story"]
    rows = [
        (name, *(traffic[app][who][kind] for who in ("bridge", "people") for kind in ("reads", "writes")))
        for app, name in (("redmine", "Redmine"), ("itsm", "incident system"))
    ]
    _table(told, ("requests", "bridge reads", "bridge writes", "people's reads", "people's writes"), rows)
    mails, queue = traffic["mails"], facts["queue"]
    told.print(
        f"Redmine would have sent {mails['bridge']} mails because of the bridge, {mails['people']} because of people. "
        f"{story['rounds']} rounds, {queue['done']} effects done, {queue['dead']} dead, in {story['seconds']} s."
    )


def _heading(told: Console, text: str) -> None:
    told.print(f"\n[bold underline]{escape(text)}[/]")


def _table(told: Console, columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(*(escape(str(cell)) for cell in row))
    told.print(table)


def _day(at: datetime | None) -> str:
    return f"{at:%d %b}" if at else "-"


def _hours(hours: float | None) -> str:
    return "-" if hours is None else f"{hours:,.1f} h"
