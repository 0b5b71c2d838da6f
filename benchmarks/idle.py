"""A cycle in which nothing changed: what it asks of both systems."""

from __future__ import annotations

import tempfile
import time
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

from tests.system.crowd import rows_listed, settled

from benchmarks.harness import Check, Report, number, table
from bridge.sandbox import Sandbox

SIZE = 10_000
NOW = datetime(2026, 3, 2, 8, tzinfo=UTC)


def run(runs: int, size: int | None = None) -> Report:
    """The measurement; `size` instead of 10,000 links is for trying it out."""
    size = size or SIZE
    report = Report(
        "idle",
        f"One cycle (poll both sides, decide, deliver) with {size:,} open links, as many incidents and issues in the "
        "sandbox, and nothing changed since the last cycle. The time includes that of the sandbox, which runs in the "
        "same process and filters its lists without an index.",
    )
    with (
        Sandbox(clock_start=NOW) as sandbox,
        tempfile.TemporaryDirectory() as folder,
        settled(sandbox, Path(folder), size) as app,
    ):
        seconds, most, rows, writes, failures = [], Counter[str](), 0, 0, 0
        for _ in range(runs):
            sandbox.clock.advance(60)
            sandbox.log.clear()
            began = time.perf_counter()
            cycle = app.once()
            seconds.append(time.perf_counter() - began)
            requests = sandbox.requests()
            most |= Counter(entry.app for entry in requests)
            writes += sum(entry.is_write for entry in requests)
            rows = max([rows, *(rows_listed(sandbox, entry) for entry in requests)])
            failures += len(cycle.failures)
    report.checks = [
        Check("most requests in a cycle, by side", dict(most), "at most 2 each", max(most.values()) <= 2),
        Check("most rows in an answer", rows, "1, no list of 100", rows <= 1),
        Check("writing requests", writes, "0", writes == 0),
        Check("failures", failures, "0", failures == 0),
    ]
    ordered = sorted(seconds)
    middle = ordered[len(ordered) // 2]
    row = ("one cycle", *(number(value * 1000) for value in (ordered[0], middle, ordered[-1])))
    report.notes.append("\n".join(table(("milliseconds", "min", "median", "max"), [row])))
    return report
