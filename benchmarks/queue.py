"""The embedded engine with effects that do nothing, against a bare loop of INSERT and UPDATE."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.harness import Check, Comparison, Report, Series, in_child, interleaved
from bridge.clock import SystemClock
from bridge.model.effect import Effect, EffectSpec
from bridge.ports import UnitOfWork
from bridge.queue.embedded import BATCH, EmbeddedEngine
from bridge.store import engines
from bridge.store.database import Database
from bridge.store.effects import EFFECT

SIZE = 20_000
PAGE = 1000
WORKERS = 4
_COLUMNS = (*EFFECT, "tracker", "instance")
_INSERT = f"INSERT INTO effect ({', '.join(_COLUMNS)}) VALUES ({', '.join('?' * len(_COLUMNS))})"
_UPDATE = "UPDATE effect SET state = 'done', attempts = 1, finished_at = ? WHERE id = ?"


def run(runs: int, size: int | None = None) -> Report:
    """The measurement; `size` instead of 20,000 effects is for trying it out."""
    size = size or SIZE
    done: list[int] = []

    def rate(function: Callable[[int], tuple[float, int]]) -> float:
        seconds, finished = in_child(function, size)
        done.append(finished)
        return size / seconds

    peer, ours = interleaved(runs, partial(rate, bare), partial(rate, bridge))
    report = Report(
        "queue",
        f"{size:,} effects that do nothing, each with a key of its own, stored {PAGE:,} at a time and delivered. Bare: "
        f"one INSERT and one UPDATE each, {BATCH} updates per commit, one thread. Ours: the embedded engine with "
        f"{WORKERS} workers: claimed and finished in group commits, an attempt stored before it begins.",
    )
    series = Series("bare loop", tuple(peer)), Series("ours", tuple(ours))
    report.comparisons.append(Comparison("Throughput", "effects per second", *series))
    report.checks.append(Check("effects done in every run", min(done), f"{size}", set(done) == {size}))
    return report


def bridge(size: int) -> tuple[float, int]:
    """Seconds, and how many are done."""
    with tempfile.TemporaryDirectory() as folder:
        database = Database.open(_address(folder), SystemClock())
        database.upgrade()
        engine = EmbeddedEngine(database, {"nothing": _nothing}, SystemClock(), workers=WORKERS)
        began = time.perf_counter()
        for start in range(0, size, PAGE):
            specs = [
                EffectSpec("nothing", f"key:{number}", f"effect:{number}", "none", {"number": number})
                for number in range(start, min(start + PAGE, size))
            ]
            with database.transaction() as uow:
                uow.effects.enqueue(specs)
        done = engine.run_until_idle().done
        seconds = time.perf_counter() - began
        engine.close()
        database.close()
        return seconds, done


def _nothing(effect: Effect) -> Callable[[UnitOfWork], None]:  # noqa: ARG001 - a handler's signature
    return lambda _uow: None


def bare(size: int) -> tuple[float, int]:
    """The same of the bare loop, on a connection that is set up by the same code."""
    with tempfile.TemporaryDirectory() as folder:
        database = Database.open(_address(folder), SystemClock())
        database.upgrade()
        database.close()
        opened = engines.connect(engines.parse(_address(folder)))
        connection: Any = opened.writer.raw_connection().driver_connection
        began = time.perf_counter()
        now = int(time.time() * 1e6)
        for start in range(0, size, PAGE):
            connection.execute("BEGIN IMMEDIATE")
            connection.executemany(_INSERT, [_row(number, now) for number in range(start, min(start + PAGE, size))])
            connection.execute("COMMIT")
        for start in range(0, size, BATCH):
            connection.execute("BEGIN IMMEDIATE")
            connection.executemany(_UPDATE, [(now, number) for number in range(start, min(start + BATCH, size))])
            connection.execute("COMMIT")
        seconds = time.perf_counter() - began
        (done,) = connection.execute("SELECT count(*) FROM effect WHERE state = 'done'").fetchone()
        opened.dispose()
        return seconds, done


def _address(folder: str) -> str:
    return f"sqlite:///{Path(folder) / 'queue.sqlite3'}"


def _row(number: int, now: int) -> tuple[Any, ...]:
    payload = f'{{"number": {number}}}'
    return (
        number, "nothing", f"key:{number}", f"effect:{number}", "none", payload, 0, False, now, None, "ready", now, "",
        "redmine", "main",
    )  # fmt: skip
