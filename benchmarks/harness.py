"""How everything here is measured and shown: interleaved runs, medians, ratios, and the machine they were made on."""

from __future__ import annotations

import multiprocessing
import os
import platform
import sqlite3
import statistics
import subprocess
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

import yaml

from bridge.model.errors import BridgeError

ROOT = Path(__file__).parents[1]
RUNS = 5

P = ParamSpec("P")
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Series:
    """One figure, measured several times."""

    name: str
    values: tuple[float, ...]

    @property
    def median(self) -> float:
        """The middle one."""
        return statistics.median(self.values)


@dataclass(frozen=True, slots=True)
class Comparison:
    """Throughput of a peer and of ours, taken in turns.

    `goal` is the least ratio ours / peer; None: the ratio is for information.
    """

    what: str
    unit: str
    peer: Series
    ours: Series
    goal: float | None = None

    @property
    def ratio(self) -> float:
        """Ours / peer, of the medians."""
        return self.ours.median / self.peer.median

    @property
    def pairs(self) -> tuple[float, ...]:
        """The same of each pair of runs that followed each other."""
        return tuple(ours / peer for peer, ours in zip(self.peer.values, self.ours.values, strict=True))

    def lines(self) -> list[str]:
        """A table, and whether the goal is reached."""
        rows = [(series.name, *_spread(series.values)) for series in (self.peer, self.ours)]
        ratio = ("ours / peer, pair by pair", *_spread(self.pairs))
        text = table(("", "min", "median", "max"), [*rows, ratio])
        verdict = f"Ratio of the medians: **{self.ratio:.2f}**{self._goal()}"
        return [f"{self.what}, {self.unit}:", "", *text, "", verdict]

    def _goal(self) -> str:
        if self.goal is None:
            return " (for information)."
        return f", goal at least {self.goal:.2f}: {'reached' if self.ratio >= self.goal else '**missed**'}."


@dataclass(slots=True)
class Check:
    """A count that has to hold, whatever the machine's speed."""

    what: str
    found: object
    wanted: str
    holds: bool

    def line(self) -> str:
        """One line of a list."""
        return f"- {self.what}: {self.found} (wanted: {self.wanted}){'' if self.holds else ' **does not hold**'}"


@dataclass(slots=True)
class Report:
    """What one measurement found."""

    title: str
    setting: str
    comparisons: list[Comparison] = field(default_factory=list)
    checks: list[Check] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def holds(self) -> bool:
        """Whether every count is as it has to be; ratios depend on the machine and do not decide."""
        return all(check.holds for check in self.checks)

    def text(self) -> str:
        """Markdown."""
        lines = [f"## {self.title}", "", self.setting]
        for comparison in self.comparisons:
            lines += ["", *comparison.lines()]
        if self.checks:
            lines += ["", *(check.line() for check in self.checks)]
        for note in self.notes:
            lines += ["", note]
        return "\n".join(lines) + "\n"


def interleaved(runs: int, peer: Callable[[], float], ours: Callable[[], float]) -> tuple[list[float], list[float]]:
    """The values of both, taken in turns, so that a slow moment of the machine meets both."""
    peers, own = [], []
    for _ in range(runs):
        peers.append(peer())
        own.append(ours())
    return peers, own


def in_child(function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """The result of a call in a fresh process, so that no run inherits another one's heap."""
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=context, initializer=end_with_parent) as pool:
        return pool.submit(_call, function, args, kwargs).result()


def end_with_parent() -> None:
    """Has this process end when the one that started it does, also by kill -9."""

    def watch() -> None:
        parent = multiprocessing.parent_process()
        if parent is not None:
            parent.join()
            os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def _call(function: Callable[..., T], args: Any, kwargs: Any) -> T:
    try:
        return function(*args, **kwargs)
    except BridgeError as error:
        raise RuntimeError(str(error)) from None  # ours do not find their way between processes


def table(head: Sequence[str], rows: Sequence[Sequence[object]]) -> list[str]:
    """A Markdown table; the first column is text, the others are numbers."""
    rule = ["---", *("---:" for _ in head[1:])]
    return [f"| {' | '.join(map(str, row))} |" for row in (head, rule, *rows)]


def number(value: float) -> str:
    """A figure with three digits that mean something."""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def _spread(values: Sequence[float]) -> tuple[str, str, str]:
    return number(min(values)), number(statistics.median(values)), number(max(values))


def machine() -> list[str]:
    """When, what and where."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return [
        f"- {datetime.now(UTC):%Y-%m-%d %H:%M} UTC, commit {_commit()}",
        f"- {os.cpu_count()} cores ({_processor()}), {memory:.0f} GiB, load before the run {_load()}",
        f"- Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}, Linux {platform.release()}",
    ]


def _commit() -> str:
    changed = _git("status", "--porcelain", "--untracked-files=no")
    return _git("rev-parse", "--short", "HEAD") + (" with local changes" if changed else "")


def _git(*args: str) -> str:
    done = subprocess.run(["git", *args], cwd=ROOT, capture_output=True, text=True, check=False)
    return done.stdout.strip() or "unknown"


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def _load() -> str:
    return ", ".join(f"{value:.2f}" for value in os.getloadavg())


class Stopwatch:
    """Runs from its making on."""

    def __init__(self) -> None:
        self._began = time.perf_counter(), time.process_time()

    def read(self) -> tuple[float, float]:
        """Seconds gone by, and seconds of the process's own on a processor."""
        return time.perf_counter() - self._began[0], time.process_time() - self._began[1]


def peak_memory() -> int:
    """The most memory that this process has had resident, in bytes."""
    for line in Path("/proc/self/status").read_text(encoding="utf-8").splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    raise RuntimeError("no VmHWM in /proc/self/status: this runs on Linux only")


def write_settings(folder: Path, sources: list[dict[str, Any]], **more: Any) -> Path:
    """Writes a complete bridge.yaml with the shipped rule and a store in the folder; returns its path."""
    config = ROOT / "config"
    people = {"jane": {"name": "Jane Doe"}, "ben": {"name": "Ben Roth"}}
    teams = {"network-team": {"name": "Network", "members": ["ben"], "lead": "jane"}}
    (folder / "directory.yaml").write_text(yaml.safe_dump({"version": 1, "people": people, "teams": teams}))
    bridge = {
        "version": 1,
        "instance": "bench",
        "store": {"url": f"sqlite:///{folder / 'bridge.sqlite3'}"},
        "redmine": {"url": "http://127.0.0.1:9", "api_key": "none", "parent_project": "operations", "version": "5.0"},
        "sources": sources,
        "rules": [str(config / "rules" / "*.yaml")],
        "directory": "directory.yaml",
        "templates": str(config / "templates"),
        **more,
    }
    path = folder / "bridge.yaml"
    path.write_text(yaml.safe_dump(bridge), encoding="utf-8")
    return path
