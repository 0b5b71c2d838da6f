"""An operations report as JSON, as tables and as CSV files."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Sequence
from dataclasses import asdict, astuple, replace
from pathlib import Path
from typing import Any

from bridge.cli.output import print_table, say
from bridge.kpi.figures import figures
from bridge.kpi.report_model import OperationsReport, Part

ABOUT = ("population", "basis", "month by")
FIGURES = ("figure", "value", "unit", "of", *ABOUT)
PARTS = (
    *("name", "incidents", "resolved", "left", "MTTA, h", "MTTR raw, h", "adjusted, h", "p90, h"),
    *("SLA, %", "by the source, %", "reopened", "reassigned", "open"),
)
_BY_TIME = {"months", "days"}
_PERCENTILE = re.compile(r" p\d+$")
SHOWN = 20
"""So many rows of a long table are printed; --csv and --json have all."""


def document(report: OperationsReport) -> dict[str, Any]:
    """The report as one JSON document without its schema."""
    told = asdict(report)
    told["figures"] = [asdict(one) for one in figures(report)]
    told["asked"]["by"] = report.asked.by.value if report.asked.by else None
    for one, compliance in zip(told["sla"], report.sla, strict=True):
        one |= {
            "share": compliance.share,
            "adjusted_share": compliance.adjusted_share,
            "told_share": compliance.told_share,
        }
    for name in ("reopened", "reassigned", "first_time", "routing"):
        told[name]["share"] = getattr(report, name).share
    return told


def tables(report: OperationsReport) -> dict[str, tuple[Sequence[str], list[Sequence[object]]]]:
    """Every table of the report by name: its columns and rows."""
    parts = report.asked.by.value if report.asked.by else "parts"
    return {
        "figures": (FIGURES, [(*astuple(one)[:4], *astuple(one.meaning)) for one in figures(report)]),
        "months": (PARTS, [_part(one) for one in report.months]),
        "days": (
            ("day", "opened", "ended", "resolved", "MTTR raw, h", "backlog"),
            [astuple(one) for one in report.days],
        ),
        f"by-{parts}": (PARTS, [_part(one) for one in report.parts]),
        "on-hold": (("reason", "incidents", "hours"), [astuple(one) for one in report.on_hold.reasons]),
        "backlog": (("age", "incidents"), [astuple(one) for one in report.backlog.ages]),
        "routing": (("from", "to", "incidents"), [astuple(one) for one in report.routing.ways]),
        "promotions": (
            ("promotion", "label", "rule", "incidents", "left", "paused, h", "difference, h"),
            [astuple(one) for one in report.explained],
        ),
        "sla-differences": (
            ("incident", "clock", "ours", "the source's"),
            [astuple(one) for clock in report.sla for one in clock.differences],
        ),
    }


def _part(one: Part) -> Sequence[object]:
    sla, told = (None if share is None else 100 * share for share in (one.sla, one.told_sla))
    return (
        *(one.name, one.incidents, one.resolved, one.removed, one.response, one.resolution, one.adjusted, one.p90),
        *(sla, told, one.reopened, one.reassigned, one.open),
    )


def write_csv(report: OperationsReport, folder: Path) -> list[Path]:
    """Writes every table as a file of its own into a folder, which is made where it is missing.

    Each row says what it is about; a mark at the beginning tells spreadsheets that it is UTF-8.
    """
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for name, (columns, rows) in tables(report).items():
        path = folder / f"{name}.csv"
        about = () if name == "figures" else _about(report, name)
        with path.open("w", encoding="utf-8-sig", newline="") as stream:
            writer = csv.writer(stream)
            writer.writerow([*columns, *(ABOUT if about else ())])
            writer.writerows([_plain(value) for value in (*row, *about)] for row in rows)
        written.append(path)
    return written


def _about(report: OperationsReport, table: str) -> Sequence[str]:
    """Population, basis and month rule of a table."""
    if table == "days":
        return ("all incidents", report.asked.basis.value, "none")
    meanings = {
        "on-hold": report.on_hold.meaning,
        "backlog": report.backlog.meaning,
        "routing": report.routing.meaning,
        "sla-differences": report.sla[0].meaning,
    }
    return astuple(meanings.get(table) or replace(report.resolution.meaning, population="incidents"))


def _plain(value: object) -> object:
    """A cell that no spreadsheet takes for a formula."""
    if isinstance(value, str) and value[:1] in {"=", "+", "-", "@", "\t", "\r"}:
        return f"'{value}"
    return value


def print_report(report: OperationsReport) -> None:
    """The report for people."""
    asked = report.asked
    since = f"{asked.since:%Y-%m-%d}" if asked.since else "the beginning"
    until = f"before {asked.until:%Y-%m-%d}" if asked.until else "the end"
    say(f"Operations, from {report.origin}: {since} to {until}, incidents by when they were {asked.month.value}")
    say(f"Basis of resolutions: {asked.basis.value}")
    say(f"{report.incidents} incident(s), {report.resolved} resolved, {report.cancelled} cancelled")
    for note in report.notes:
        say(f"Note: {note}.")
    for name, (columns, rows) in tables(report).items():
        if rows:
            say("")
            _print_part(name, columns, rows)
    if report.hidden:
        say(f"{report.hidden} with too few incidents are not shown; one alone never, or the totals would tell of them.")


def _print_part(name: str, columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    if name == "figures":
        say(name)
        measured = [row for row in rows if row[1] is not None]
        print_table(columns, map(_counted, measured), empty="")
        nothing = [str(row[0]) for row in rows if row[1] is None and not _PERCENTILE.search(str(row[0]))]
        if nothing:
            say(f"Nothing to measure: {', '.join(nothing)}.")
        return
    newest = name in _BY_TIME
    what = f" (the {'last' if newest else 'first'} {SHOWN} of {len(rows)})" if len(rows) > SHOWN else ""
    say(f"{name}{what}")
    print_table(columns, _rounded(rows[-SHOWN:] if newest else rows[:SHOWN]), empty="")


def _counted(figure: Sequence[object]) -> Sequence[object]:
    """A row of FIGURES; a count of incidents is a whole number."""
    name, value, unit, *rest = figure
    return name, f"{value:.0f}" if unit == "incidents" else f"{value:.3f}", unit, *rest


def _rounded(rows: Iterable[Sequence[object]]) -> Iterable[Sequence[object]]:
    for row in rows:
        yield [f"{value:.3f}" if isinstance(value, float) else value for value in row]
