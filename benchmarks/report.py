"""A report over a million incidents against a polars query, written by hand, that reads the same SQLite file."""

from __future__ import annotations

import random
import sqlite3
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl

from benchmarks.harness import Check, Comparison, Report, Series, Stopwatch, in_child, interleaved, peak_memory
from bridge.app.replay import uncollected
from bridge.clock import SystemClock
from bridge.kpi.operations import operations
from bridge.kpi.report_model import Asked
from bridge.store.database import Database
from bridge.store.rows import FACT
from bridge.usecases.operations.from_store import stored_material

SIZE = 1_000_000
BEGIN = int(datetime(2025, 1, 1, tzinfo=UTC).timestamp()) * 1_000_000
NOW = datetime(2027, 1, 1, tzinfo=UTC)
HOUR = 3_600_000_000
Figures = tuple[float, float, float]
"""Mean and 90th percentile of the time to resolve (hours), and the share whose first team is not the last."""


def run(runs: int, size: int | None = None) -> Report:
    """The measurement; `size` instead of 1,000,000 incidents is for trying it out."""
    size = size or SIZE
    report = Report(
        "report",
        f"An operations report over the stored facts of {size:,} incidents, all of its figures. Peer: polars reads the "
        "four columns that three of them need from the same SQLite file and computes those: mean and 90th percentile "
        "of the time to resolve, and the share whose first team is not the last. The three are compared.",
    )
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "bridge.sqlite3"
        in_child(fill, path, size)
        found: list[Figures] = []
        memory: dict[str, list[int]] = {"peer": [], "ours": []}

        def measured(name: str, function: Any) -> float:
            seconds, figures, peak = in_child(function, path)
            found.append(figures)
            memory[name].append(peak)
            return 1 / seconds

        peer, ours = interleaved(runs, lambda: measured("peer", peer_report), lambda: measured("ours", own_report))
    if any(abs(one - other) > 1e-6 for result in found for one, other in zip(result, found[0], strict=True)):
        raise RuntimeError(f"the figures differ: {found}")
    series = Series("peer", tuple(peer)), Series("ours", tuple(ours))
    report.comparisons.append(Comparison("A report over all incidents", "reports per second", *series, goal=1 / 3))
    report.checks.append(Check("three figures of both", "compared", "equal", holds=True))
    told = ", ".join(f"{name} {max(those) / 2**20:.0f} MiB" for name, those in memory.items())
    report.notes.append(f"Peak memory of the process: {told}.")
    return report


def fill(path: Path, size: int) -> None:
    """A store with the facts of so many incidents; reports read nothing else of them."""
    database = Database.open(f"sqlite:///{path}", SystemClock())
    database.upgrade()
    database.close()
    connection = sqlite3.connect(path)
    marks = ", ".join("?" * (len(FACT) + 1))
    connection.executemany(f"INSERT INTO incident_fact (incident_id, {', '.join(FACT)}) VALUES ({marks})", rows(size))
    connection.commit()
    connection.close()


def rows(size: int) -> Iterator[tuple[Any, ...]]:
    """Facts of two years, a quarter with time on hold, a third handed on, 2 % still open."""
    chance = random.Random(7)
    teams, services = [f"Team {n}" for n in range(60)], [f"Service {n}" for n in range(40)]
    for number in range(1, size + 1):
        opened = BEGIN + chance.randrange(700 * 24) * HOUR + chance.randrange(HOUR)
        took = int(chance.lognormvariate(3, 1.6) * HOUR)
        end = None if chance.random() < 0.02 else opened + took
        first = chance.choice(teams)
        last = chance.choice(teams) if chance.random() < 0.35 else first
        hold = took // 3 if end and chance.random() < 0.25 else 0
        values = {
            "opened_at": opened,
            "responded_at": opened + min(took, HOUR),
            "resolved_reported": end,
            "resolved_timeline": end,
            "hold": hold,
            "hold_reported": hold,
            "hold_timeline": hold,
            "hold_by_reason": f'{{"vendor": {hold}}}' if hold else "{}",
            "on_hold_since": None,
            "team": last,
            "service": chance.choice(services),
            "priority": chance.randrange(1, 6),
            "first_team": first,
            "reopened": int(chance.random() < 0.03),
            "reassigned": int(first != last),
            "left_at": end,
            "holds": f'[[{opened + HOUR}, {opened + HOUR + hold}, "vendor"]]' if hold else "[]",
            "source": "desk",
            "person": f"person {chance.randrange(900)}",
            "type": "incident",
            "state": "resolved" if end else "in_progress",
            "told_reopened": 0,
            "told_reassigned": 0,
            "response_breached": None,
            "resolution_breached": int(took > 72 * HOUR),
            "effort": 0.5,
        }
        yield (number, *(values[name] for name in FACT))


def own_report(path: Path) -> tuple[float, Figures, int]:
    """The whole report."""
    database = Database.open(f"sqlite:///{path}", SystemClock())
    watch = Stopwatch()
    with uncollected(), database.reading() as uow:
        asked = Asked()
        made = operations(stored_material(uow, asked, {}, NOW), asked, (), NOW)
        seconds = watch.read()[0]
    database.close()
    mean, high, share = made.resolution.mean, made.resolution.p90, made.routing.share
    return seconds, (mean or 0.0, high or 0.0, share or 0.0), peak_memory()


def peer_report(path: Path) -> tuple[float, Figures, int]:
    """Polars, written by hand for three figures."""
    watch = Stopwatch()
    connection = sqlite3.connect(path)
    data = pl.read_database("SELECT opened_at, resolved_reported, team, first_team FROM incident_fact", connection)
    connection.close()
    took = (pl.col("resolved_reported") - pl.col("opened_at")) / HOUR
    (found,) = data.select(
        mean=took.mean(),
        high=took.quantile(0.9, "linear"),
        moved=(pl.col("team") != pl.col("first_team")).mean(),
    ).rows()
    return watch.read()[0], found, peak_memory()
