"""Ingest of a history from JSON pages: ours against a bare loop that writes the same rows."""

from __future__ import annotations

import hashlib
import sqlite3
import tempfile
import time
from collections import defaultdict
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import orjson
import requests

from benchmarks.harness import (
    Check,
    Comparison,
    Report,
    Series,
    Stopwatch,
    in_child,
    interleaved,
    number,
    peak_memory,
    table,
    write_settings,
)
from benchmarks.pages import PAGE, START, serving, source_options
from bridge.app import Cycle
from bridge.cli.common import open_app
from bridge.clock import SystemClock
from bridge.store import engines
from bridge.store.database import Database
from bridge.store.days import DAY, SUMS
from bridge.store.rows import EVENT, FACT, INCIDENT
from bridge.usecases.backfill import backfill

GOAL = 0.5
SIZE = 100_000
MEMORY_SIZES = (10_000, 100_000, 1_000_000)
STATES = {"new": "new", "in_progress": "in_progress", "pending": "on_hold", "solved": "resolved", "closed": "closed"}
_TEXTS = (
    "hold_reason", "priority", "impact", "urgency", "type", "service", "category", "subcategory", "ci", "site",
    "caller", "team", "assignee",
)  # fmt: skip
_CUSTOM = ("Correlation Key", "Due", "Percent Done", "Root Cause")
_JSON = {"fields", "holds"}


@dataclass(frozen=True, slots=True)
class Ingested:
    """One run from the first request to the last commit.

    Seconds, of these the process's own on a processor, peak memory in bytes, rows by table and their digest.
    """

    seconds: float
    busy: float
    memory: int
    rows: dict[str, int]
    digest: str


def run(runs: int, size: int | None = None) -> Report:
    """The measurement; `size` instead of 100,000 incidents is for trying it out."""
    size = size or SIZE
    done: list[Ingested] = []

    def rate(function: Any) -> float:
        done.append(in_child(function, url))
        return size / done[-1].seconds

    with serving(size) as url:
        peer, ours = interleaved(runs, lambda: rate(bare), lambda: rate(bridge))
    kinds = {(str(one.rows), one.digest) for one in done}
    report = Report(
        "ingest",
        f"{size:,} incidents in JSON pages of {PAGE:,} over loopback HTTP into SQLite (WAL, synchronous FULL, one "
        "transaction per page). Bare: requests, orjson, `executemany`; it knows no rules and does not look at what is "
        "stored. Ours: source `http` by YAML, `backfill` with the shipped rule. Each run in a process of its own.",
    )
    series = Series("bare loop", tuple(peer)), Series("ours", tuple(ours))
    report.comparisons.append(Comparison("Throughput", "incidents per second", *series, goal=GOAL))
    busy = [tuple(size / one.busy for one in done[first::2]) for first in (0, 1)]
    series = Series("bare loop", busy[0]), Series("ours", busy[1])
    report.comparisons.append(Comparison("The same on a busy machine", "incidents per second of own CPU time", *series))
    report.checks.append(
        Check("same rows from both, compared column by column", done[0].rows, "equal", len(kinds) == 1)
    )
    report.notes.append(_memory(report, [one for one in MEMORY_SIZES if one <= max(size * 10, MEMORY_SIZES[0])]))
    return report


def _memory(report: Report, sizes: list[int]) -> str:
    rows = []
    peaks = []
    for size in sizes:
        with serving(size) as url:
            done = in_child(bridge, url)
        rows.append((f"{size:,}", f"{done.memory / 2**20:.0f}", number(size / done.seconds)))
        peaks.append(done.memory)
        stored = done.rows["incident"]
        report.checks.append(Check(f"incidents stored of {size:,}", f"{stored:,}", "all", stored == size))
    growth = peaks[-1] / peaks[0]
    what = f"peak memory with {sizes[-1]:,} incidents / with {sizes[0]:,}"
    report.checks.append(Check(what, number(growth), "flat: at most 1.5", growth <= 1.5))
    head = ("incidents", "peak RSS, MiB", "incidents/s")
    return "\n".join(["Peak memory of ours, one run each:", "", *table(head, rows)])


def bridge(url: str) -> Ingested:
    """One run of ours."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        source = {**source_options(url), "name": "desk"}
        with open_app(write_settings(folder, [source])) as app:
            app.activate(Cycle())
            watch = Stopwatch()
            backfill(app.sources["desk"], app.database, app.clock, lambda: app.configured, START, None)
            times = watch.read()
            memory = peak_memory()
        return _ingested(times, memory, folder / "bridge.sqlite3")


def bare(url: str) -> Ingested:
    """One run of the bare loop, on a connection that is set up by the same code."""
    with tempfile.TemporaryDirectory() as name:
        address = f"sqlite:///{Path(name) / 'bridge.sqlite3'}"
        database = Database.open(address, SystemClock())
        database.upgrade()
        database.close()
        opened = engines.connect(engines.parse(address))
        connection: Any = opened.writer.raw_connection().driver_connection
        watch = Stopwatch()
        _loop(url, connection)
        times = watch.read()
        memory = peak_memory()
        opened.dispose()
        return _ingested(times, memory, Path(name) / "bridge.sqlite3")


def _loop(url: str, connection: sqlite3.Connection) -> None:
    save, append, save_facts = (
        _insert("incident", ("id", *INCIDENT)),
        _insert("timeline", ("incident_id", *EVENT)),
        _insert("incident_fact", ("incident_id", *FACT)),
    )
    add_days = _insert("fact_day", ("day", "source", *SUMS)) + " ON CONFLICT (day, source) DO UPDATE SET "
    add_days += ", ".join(f"{name} = fact_day.{name} + excluded.{name}" for name in SUMS)
    observed = int(time.time() * 1e6)
    after, last = 0, 0
    with requests.Session() as session:
        while True:
            answer = session.get(f"{url}/api/incidents", params={"after_id": after, "limit": PAGE})
            answer.raise_for_status()
            items = orjson.loads(answer.content)["items"]
            rows: list[Any] = []
            events: list[Any] = []
            facts: list[Any] = []
            for last, item in enumerate(items, last + 1):  # noqa: B020 - numbers go on from page to page
                _add(last, item, observed, rows, events, facts)
            if items:
                after = items[-1]["id"]
                connection.execute("BEGIN IMMEDIATE")
                connection.executemany(save, rows)
                connection.executemany(append, events)
                connection.executemany(save_facts, facts)
                connection.executemany(add_days, _day_sums(facts))
                connection.execute("COMMIT")
            if len(items) < PAGE:
                return


def _insert(table_name: str, columns: tuple[str, ...]) -> str:
    return f"INSERT INTO {table_name} ({', '.join(columns)}) VALUES ({', '.join('?' * len(columns))})"


def _add(
    number: int, item: dict[str, Any], observed: int, rows: list[Any], events: list[Any], facts: list[Any]
) -> None:
    opened, updated, taken, ended, closed = (
        _micros(item[name]) for name in ("created_at", "updated_at", "acknowledged_at", "resolved_at", "closed_at")
    )
    state, team, person, priority = STATES[item["state"]], item["team"], item["assignee"] or "", item["priority"]
    hold = item["hold_reason"] or ""
    custom = {name: item["custom"].get(name, "") for name in _CUSTOM}
    fields = {"number": item["number"], "resolution": item["resolution"], **custom}
    rows.append(
        (
            number, "desk", str(item["id"]), item["title"], state, opened, updated, item["url"], item["description"],
            hold, priority, item["impact"], item["urgency"], item["type"], item["service"], item["category"],
            item["subcategory"], item["ci"], item["site"], item["caller"], team, person, taken, ended, closed,
            item["reopened_count"], item["reassignment_count"], 0.0, None, None,
            orjson.dumps(item["tags"]).decode(), item["parent"], "",
            orjson.dumps(fields, option=orjson.OPT_SORT_KEYS).decode(), "[]", state not in {"resolved", "closed"},
        )
    )  # fmt: skip
    path = [("state", "new", opened)]
    if taken is not None:
        path.append(("state", "in_progress", taken))
    if ended is not None:
        path.append(("state", "resolved", ended))
    if closed is not None:
        path.append(("state", "closed", closed))
    if hold:
        path += [("state", "on_hold", updated), ("hold", hold, updated)]
    path += [("priority", str(priority), opened), ("team", team, opened)]
    if person:
        path.append(("person", person, opened))
    if ended is not None:
        path.append(("reported_resolution", datetime.fromisoformat(item["resolved_at"]).isoformat(), ended))
    events += [(number, kind, value, at, observed, "") for kind, value, at in path]
    on_hold = updated if hold else None
    holds = orjson.dumps([[updated, None, hold]]).decode() if hold else "[]"
    facts.append(
        (
            number, opened, taken, ended, ended, 0, 0, 0, "{}", on_hold, team, item["service"], priority, team, 0, 0,
            ended, holds, "desk", person, item["type"], state, item["reopened_count"], item["reassignment_count"],
            None, None, 0.0,
        )
    )  # fmt: skip


def _day_sums(facts: list[Any]) -> list[Any]:
    """What the facts of a page add to the sums of their days."""
    days: dict[int, list[int]] = defaultdict(lambda: [0] * len(SUMS))
    for fact in facts:
        opened, ended = fact[1], fact[3]
        days[opened // DAY][0] += 1
        if ended is not None:
            took, sums = ended - opened, days[ended // DAY]
            for place, more in enumerate((1, 1, took, 1, took), 1):
                sums[place] += more
    return [(day, "desk", *sums) for day, sums in sorted(days.items())]


def _micros(text: str | None) -> Any:
    return None if text is None else int(datetime.fromisoformat(text).timestamp()) * 1_000_000


def _ingested(times: tuple[float, float], memory: int, path: Path) -> Ingested:
    """Counts what was written and makes a digest of all columns but the moment of observing; JSON counts by value."""
    digest = hashlib.sha256()
    with closing(sqlite3.connect(path)) as connection:
        counts = {
            name: connection.execute(f"SELECT count(*) FROM {name}").fetchone()[0]
            for name in ("incident", "timeline", "incident_fact", "fact_day")
        }
        columns, facts = (
            ", ".join(f"json({name})" if name in _JSON else name for name in names) for names in (INCIDENT, FACT)
        )
        for query in (
            f"SELECT id, {columns} FROM incident ORDER BY id",
            "SELECT incident_id, kind, value, occurred_at, remote_id FROM timeline ORDER BY 1, 4, 2, 3",
            f"SELECT incident_id, {facts} FROM incident_fact ORDER BY 1",
            f"SELECT day, source, {', '.join(SUMS)} FROM fact_day ORDER BY 1, 2",
        ):
            for row in connection.execute(query):
                digest.update(repr(row).encode())
    return Ingested(*times, memory, counts, digest.hexdigest())
