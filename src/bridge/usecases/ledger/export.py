"""What an auditor gets: the ledger, the incidents' moments, the figures, and how the one follows from the others."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

from bridge.kpi.facts import IncidentFacts
from bridge.kpi.ledger import Row, stamp
from bridge.kpi.measures import Resolution, ResolutionTimes, resolution_times
from bridge.ports import UnitOfWork

PART = 1000
SCHEMA = "bridge/ledger-export/1"
INCIDENTS = ("id", "incident", "opened_at", "resolved_reported", "resolved_timeline", "team", "service", "priority")
LEDGER = tuple(field.name for field in fields(Row))
HEADS = ("seq", "hash", "published_at")
_FORMULAS = ("=", "+", "-", "@", "\t", "\r")
_BASES: Mapping[str, Callable[[IncidentFacts], datetime | None]] = {
    "reported": lambda facts: facts.resolved_reported,
    "timeline": lambda facts: facts.resolved_timeline,
}


@dataclass(frozen=True, slots=True)
class Exported:
    """A file of the export: its name, and its text in parts."""

    name: str
    parts: Iterator[str]


def export(uow: UnitOfWork, now: datetime, description: str) -> Iterator[Exported]:
    """Every file of the export, one after the other, read while it is written. `description` is the page for people."""
    for table, columns, rows in (("ledger", LEDGER, ledger_rows), ("heads", HEADS, head_rows)):
        yield Exported(f"{table}.csv", _csv(columns, rows(uow)))
        yield Exported(f"{table}.json", _json(rows(uow)))
    yield Exported("incidents.csv", _csv(INCIDENTS, map(_harmless, incident_rows(uow))))
    yield Exported("incidents.json", _json(incident_rows(uow)))
    yield Exported("figures.json", iter([json.dumps(figures(uow, now), indent=2, ensure_ascii=False) + "\n"]))
    yield Exported("README.md", iter([description]))


def ledger_rows(uow: UnitOfWork) -> Iterator[dict[str, Any]]:
    """The ledger, every field of each row, moments in their canonical form."""
    for row in all_rows(uow):
        yield {name: _plain(getattr(row, name)) for name in LEDGER}


def all_rows(uow: UnitOfWork) -> Iterator[Row]:
    """The ledger from its beginning, read in parts."""
    last = 0
    while rows := uow.kpi_ledger.rows(last, PART):
        yield from rows
        last = rows[-1].seq


def head_rows(uow: UnitOfWork) -> Iterator[dict[str, Any]]:
    """The published heads, oldest first."""
    for head in uow.kpi_ledger.heads():
        yield {name: _plain(getattr(head, name)) for name in HEADS}


def incident_rows(uow: UnitOfWork) -> Iterator[dict[str, Any]]:
    """Every incident with the moments that the figures are made from; no person among them."""
    last = 0
    while rows := uow.incidents.scan(last, PART):
        facts = uow.incidents.facts_of([number for number, _ in rows])
        for number, incident in rows:
            told = facts[number]
            yield {
                "id": number,
                "incident": str(incident.ref),
                "opened_at": stamp(told.opened_at),
                "resolved_reported": _plain(told.resolved_reported),
                "resolved_timeline": _plain(told.resolved_timeline),
                "team": told.team,
                "service": told.service,
                "priority": told.priority,
            }
        last = rows[-1][0]


def _harmless(row: dict[str, Any]) -> dict[str, Any]:
    """The row with an apostrophe before a name that a spreadsheet would run as a formula (OWASP, CSV injection)."""
    names = {name: f"'{row[name]}" for name in ("incident", "team", "service") if row[name].startswith(_FORMULAS)}
    return row | names


def figures(uow: UnitOfWork, now: datetime) -> dict[str, Any]:
    """Mean time to resolve by both bases, raw and adjusted, of all incidents that were resolved."""
    return {
        "schema": SCHEMA,
        "exported_at": stamp(now),
        "resolution": {basis: _figures(uow, moment) for basis, moment in _BASES.items()},
    }


def _figures(uow: UnitOfWork, moment: Callable[[IncidentFacts], datetime | None]) -> dict[str, Any]:
    times: ResolutionTimes = resolution_times(_resolutions(uow, moment))
    return {field.name: getattr(times, field.name) for field in fields(times)}


def _resolutions(uow: UnitOfWork, moment: Callable[[IncidentFacts], datetime | None]) -> Iterator[Resolution]:
    last = 0
    while rows := uow.incidents.facts(last, PART):
        excluded = uow.exclusions.of_incidents([number for number, _ in rows])
        for number, facts in rows:
            resolved = moment(facts)
            if resolved is not None:
                yield Resolution(facts.opened_at, resolved, excluded.get(number, ()))
        last = rows[-1][0]


def _csv(columns: tuple[str, ...], rows: Iterator[dict[str, Any]]) -> Iterator[str]:
    buffer = io.StringIO()
    writer = csv.DictWriter(buffer, columns, lineterminator="\n")
    writer.writeheader()
    for row in rows:
        writer.writerow(row)
        yield buffer.getvalue()
        buffer.seek(0)
        buffer.truncate()
    yield buffer.getvalue()


def _json(rows: Iterator[dict[str, Any]]) -> Iterator[str]:
    yield "["
    separator = "\n"
    for row in rows:
        yield separator + json.dumps(row, ensure_ascii=False)
        separator = ",\n"
    yield "\n]\n"


def _plain(value: Any) -> Any:
    return stamp(value) if isinstance(value, datetime) else value
