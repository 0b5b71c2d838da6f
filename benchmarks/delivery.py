"""Creating issues in a real Redmine: our engine against a bare threaded keep-alive loop."""

from __future__ import annotations

import statistics
import tempfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any

import requests
from tests.servers.common import ServerUnavailable
from tests.servers.redmine import RedmineServer, running_redmine
from tests.system.crowd import DESCRIPTION, Place, creations, crowd, subject_of, updates

from benchmarks.harness import Check, Comparison, Report, Series, Stopwatch, in_child, interleaved, write_settings
from benchmarks.pages import source_options
from bridge.app import App
from bridge.cli.common import open_app
from bridge.model.effect import EffectSpec

GOAL = 0.9
SIZE = 400
UPDATES = 50
THREADS = 4
PUMA_WORKERS = 2
SOURCE = "desk"


@dataclass(frozen=True, slots=True)
class Target:
    """What either side has to know of the server."""

    url: str
    key: str = field(repr=False)
    version: str
    project: int
    tracker: int
    priority: int


@dataclass(frozen=True, slots=True)
class Delivered:
    """One run: seconds for the issues, of these the process's own on a processor, and requests for them.

    `for_updates` are the requests for the updates after them, 0 when there were none.
    """

    seconds: float
    busy: float
    requests: int
    for_updates: int = 0


def run(runs: int, size: int | None = None) -> Report:
    """The measurement; `size` instead of 400 issues is for trying it out."""
    size = size or SIZE
    report = Report(
        "delivery",
        f"{size:,} issues of the same content created in a real Redmine (SQLite, Puma with {PUMA_WORKERS} processes of "
        "5 threads, no mail, on this machine), put back to its seed before each run. Bare: "
        f"{THREADS} threads, each with a keep-alive `requests.Session`, that post and look at the status. Ours: "
        f"stored effects `task.create`, the engine with {THREADS} workers, the gateway, the answer compared with what "
        "was asked for, all of it stored. Each run in a process of its own; one issue before it warms both.",
    )
    try:
        with running_redmine(workers=PUMA_WORKERS) as server:
            _measure(report, server, runs, size)
    except ServerUnavailable as why:
        report.checks.append(Check("a real Redmine", f"this machine cannot have it: {why}", "to be there", holds=False))
    return report


def _measure(report: Report, server: RedmineServer, runs: int, size: int) -> None:
    target = Target(
        server.url,
        server.bridge_key,
        server.version,
        server.parent_project_id,
        server.trackers["Bug"],
        server.priorities["High"],
    )
    done: dict[str, list[Delivered]] = {"bare": [], "ours": []}
    contents: dict[str, Any] = {}

    def rate(name: str, function: Callable[[Target, int], Delivered]) -> float:
        server.reset()
        delivered = in_child(function, target, size)
        done[name].append(delivered)
        contents[name] = _content(server, target)
        return size / delivered.seconds

    peer, own = interleaved(runs, lambda: rate("bare", bare), lambda: rate("ours", bridge))
    report.title = f"delivery (Redmine {server.version})"
    series = Series("bare loop", tuple(peer)), Series("ours", tuple(own))
    report.comparisons.append(Comparison("Throughput", "issues per second", *series, goal=GOAL))
    created = {delivered.requests for delivered in done["ours"]}
    updated = {delivered.for_updates for delivered in done["ours"]}
    some = min(UPDATES, size)
    report.checks = [
        Check(f"our requests for {size:,} created issues", created, "one each", created == {size}),
        Check(f"our requests for {some} updated issues", updated, "two each", updated == {2 * some}),
        Check("issues of both", len(contents["bare"]), "the same content", contents["bare"] == contents["ours"]),
    ]
    busy = {name: statistics.median(one.busy for one in found) / size * 1000 for name, found in done.items()}
    report.notes.append(
        f"Own CPU time per issue, median: bare {busy['bare']:.1f} ms, ours {busy['ours']:.1f} ms. Redmine has the same "
        "cores here: what the bridge needs of them the server does not get."
    )


def _content(server: RedmineServer, target: Target) -> list[Any]:
    """What all issues say, without what differs from run to run: the origin's store, and what the updates changed."""
    found: list[Any] = []
    admin = server.as_user("admin")
    while True:
        path = f"/issues.json?project_id={target.project}&status_id=*&sort=id&limit=100&offset={len(found)}"
        rows = admin.ok("GET", path)["issues"]
        found += rows
        if len(rows) < 100:
            break
    return sorted(
        (row["subject"], row["description"].partition("[bridge")[0], row["tracker"], row["priority"], row["author"])
        for row in found
    )


def bridge(target: Target, size: int) -> Delivered:
    """One run of ours."""
    redmine = {"url": target.url, "api_key": target.key, "parent_project": "operations", "version": target.version}
    source = {**source_options("http://127.0.0.1:9"), "name": SOURCE}
    with tempfile.TemporaryDirectory() as folder:
        path = write_settings(Path(folder), [source], redmine=redmine, workers=THREADS, log={"level": "error"})
        with open_app(path) as app:
            with app.database.transaction() as uow:
                links = crowd(uow, SOURCE, size + 1, [Place(target.project)], app.clock.now())
            _deliver(app, creations(links[:1]))
            watch, before = Stopwatch(), app.tracker.requests
            _deliver(app, creations(links[1:]))
            times, created = watch.read(), app.tracker.requests - before
            with app.database.reading() as reading:
                made = reading.links.all()
            _deliver(app, updates(made[:1]))
            before = app.tracker.requests
            _deliver(app, updates(made[1 : UPDATES + 1]))
            return Delivered(*times, created, app.tracker.requests - before)


def _deliver(app: App, effects: list[EffectSpec]) -> None:
    with app.database.transaction() as uow:
        uow.effects.enqueue(effects)
    done = app.engine().run_until_idle().done
    if done != len(effects):
        raise RuntimeError(f"{done} of {len(effects)} effects were delivered: {app.engine().stats()}")


def bare(target: Target, size: int) -> Delivered:
    """One run of the bare loop: each thread takes the next number when it has done one."""
    with requests.Session() as session:
        _post(session, target, 1)
    numbers: SimpleQueue[int] = SimpleQueue()
    for number in range(2, size + 2):
        numbers.put(number)
    watch = Stopwatch()
    with ThreadPoolExecutor(THREADS) as pool:
        for thread in [pool.submit(_some, target, numbers) for _ in range(THREADS)]:
            thread.result()
    return Delivered(*watch.read(), size)


def _some(target: Target, numbers: SimpleQueue[int]) -> None:
    with requests.Session() as session, suppress(Empty):
        while True:
            _post(session, target, numbers.get_nowait())


def _post(session: requests.Session, target: Target, number: int) -> None:
    issue = {
        "project_id": target.project,
        "subject": subject_of(SOURCE, str(number)),
        "description": f"{DESCRIPTION}\n\n[bridge bench-000000 · promotion 1 · task {SOURCE}#{number}]",
        "tracker_id": target.tracker,
        "priority_id": target.priority,
    }
    answer = session.post(
        f"{target.url}/projects/{target.project}/issues.json",
        json={"issue": issue},
        headers={"X-Redmine-API-Key": target.key},
        timeout=60,
    )
    if answer.status_code != 201:
        raise RuntimeError(f"HTTP {answer.status_code}: {answer.text[:200]}")
