"""From a hook until the note it tells of is in Redmine: the daemon against a bare loop of the same requests."""

from __future__ import annotations

import json
import multiprocessing
import queue
import statistics
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, HTTPServer
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import requests
from tests.system.commands import Daemon
from tests.system.crowd import crowd, fill
from tests.system.stage import Stage, opened, sandbox_bridge

from benchmarks.harness import Check, Report, end_with_parent, number, table
from bridge.sandbox import Sandbox
from bridge.sandbox.requestlog import Entry
from bridge.web import signatures

P50_GOAL, P99_GOAL = 1.5, 3.0
NOTES = 200
LINKS = 50
SECRET = "the secret of the benchmark"
SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Call:
    """A request as the daemon sent it; the number of the incident and of its issue are `{incident}` and `{issue}`."""

    app: str
    method: str
    path: str


@dataclass
class Field:
    """The sandbox with linked incidents, and what is written to its Redmine."""

    sandbox: Sandbox
    stage: Stage
    issues: dict[str, int]
    written: queue.SimpleQueue[tuple[str, float]] = field(default_factory=queue.SimpleQueue)

    def watch(self, phase: str, entry: Entry) -> None:
        """Notes when an issue is written."""
        ours = entry.user == "itsm-sync" and entry.path.startswith("/issues/")
        if phase == "after" and entry.method == "PUT" and ours:
            self.written.put((entry.path, time.perf_counter()))

    def seconds(self, url: str, incident: str, number: int) -> float:
        """Somebody writes a note, its hook comes; how long until the note is in Redmine."""
        self.stage.desk.work_note(incident, f"remark number {number}")
        body = json.dumps({"incident": incident, "delivery": f"note-{number}"}).encode()
        headers = {"X-Bridge-Signature": signatures.bridge_signature(body, SECRET.encode(), int(time.time()))}
        while not self.written.empty():
            self.written.get()
        began = time.perf_counter()
        assert requests.post(url, data=body, headers=headers, timeout=SECONDS).status_code == 202
        path, ended = self.written.get(timeout=SECONDS)
        assert path == f"/issues/{self.issues[incident]}.json", path
        return ended - began


def measure_notes(report: Report, runs: int, size: int) -> None:
    """Adds the measurement to a report; `size` below 2,000 is for trying it out."""
    notes = max(LINKS // 5, min(NOTES, size // 10))
    found: dict[str, list[list[float]]] = {"bare": [], "ours": []}
    with Sandbox() as sandbox, tempfile.TemporaryDirectory() as folder:
        place = prepared(sandbox, Path(folder))
        sandbox.watch(place.watch)
        hooks = {"listen": "127.0.0.1:0", "sources": {"itsm": {"secret": SECRET}}, "poll_seconds": 3600}
        with Daemon(place.stage.write(poll_seconds=3600, hooks=hooks, log={"level": "info"})) as daemon:
            url = daemon.log.rpartition("at=")[2].split()[0].replace("\x1b[0m", "").replace("\x1b[35m", "")
            daemon.until(lambda: len(sandbox.requests("redmine")) > 0, "the first poll")
            time.sleep(2)
            calls = recorded(place, f"{url}/hooks/itsm")
            # Each side has incidents of its own: the daemon would carry over what the bare loop left out.
            incidents = {"bare": list(place.issues)[::2], "ours": list(place.issues)[1::2]}
            with bare_loop(place, calls) as bare:
                for turn in range(runs):
                    for name, address in (("bare", bare), ("ours", f"{url}/hooks/itsm")):
                        first = (2 * turn + (name == "ours")) * notes + 1000
                        found[name].append(
                            [
                                place.seconds(address, incidents[name][n % len(incidents[name])], first + n)
                                for n in range(notes)
                            ]
                        )
                        time.sleep(1)
    _told(report, found, calls, notes)


def _told(report: Report, found: dict[str, list[list[float]]], calls: Sequence[Call], notes: int) -> None:
    rows, ratios = [], {}
    for share, name, goal in ((50, "p50", P50_GOAL), (99, "p99", P99_GOAL)):
        each = {side: [percentile(run, share) for run in series] for side, series in found.items()}
        middle = {side: statistics.median(values) for side, values in each.items()}
        ratios[name] = middle["ours"] / middle["bare"], goal
        rows += [
            (f"{name} {side}", *(number(value * 1000) for value in (min(values), middle[side], max(values))))
            for side, values in each.items()
        ]
    verdicts = [
        f"{name} ratio of the medians: **{ratio:.2f}**, goal at most {goal}: "
        f"{'reached' if ratio <= goal else '**missed**'}."
        for name, (ratio, goal) in ratios.items()
    ]
    sent = ", ".join(f"{call.method} {call.app} {call.path.partition('?')[0]}" for call in calls)
    text = table(("hook → note in Redmine, milliseconds", "min", "median", "max"), rows)
    report.notes.append("\n".join([*text, "", *verdicts]))
    report.notes.append(
        f"{notes} notes a run, each sent when the one before was in Redmine; the sandbox in this process, the daemon "
        f"and the bare loop in their own. The bare loop sends what the daemon sends, up to the note: {sent}."
    )
    report.checks.append(Check("requests for a note", len(calls), "at most 8", len(calls) <= 8))


def percentile(values: Sequence[float], share: int) -> float:
    """The value that so many per cent of them do not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, len(ordered) * share // 100)]


def prepared(sandbox: Sandbox, folder: Path) -> Field:
    """Linked incidents that both sides have in step."""
    stage = sandbox_bridge(sandbox, folder)
    stage.write()
    places = fill(sandbox, LINKS)
    with opened(stage) as app:
        with app.database.transaction() as uow:
            crowd(uow, stage.desk.source, LINKS, places, sandbox.clock.now())
        for _ in range(2):
            cycle = app.once()
            assert not cycle.failures, cycle.failures
        with app.database.reading() as uow:
            issues = {link.ref.external_id: link.issue_id or 0 for link in uow.links.all()}
    return Field(sandbox, stage, issues)


def recorded(place: Field, url: str) -> list[Call]:
    """What the daemon asks and writes from a hook to the note, by a note that was seen once before."""
    first, second, *_ = place.issues
    place.seconds(url, first, 1)
    time.sleep(1)
    place.sandbox.log.clear()
    place.seconds(url, second, 2)
    calls = []
    for entry in place.sandbox.requests():
        # the project's page of evidence follows the incident, too, beside the note
        if entry.user not in {"bridge", "itsm-sync"} or "/wiki/" in entry.path:
            continue
        path = entry.path.replace(f"/issues/{place.issues[second]}", "/issues/{issue}")
        path = path.replace(f"/incidents/{second}", "/incidents/{incident}")
        query = entry.query.replace(str(place.issues[second]), "{issue}")
        calls.append(Call(entry.app, entry.method, f"{path}?{query}" if query else path))
        if entry.method == "PUT":
            return calls
    raise RuntimeError("the daemon wrote no note")


@contextmanager
def bare_loop(place: Field, calls: Sequence[Call]) -> Iterator[str]:
    """The same requests in a process of its own, one after the other on kept connections; where its hooks go."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    addresses = {"itsm": place.sandbox.itsm.url, "redmine": place.sandbox.redmine.url}
    keys = {"itsm": place.sandbox.itsm.token("bridge"), "redmine": place.sandbox.redmine.key("itsm-sync")}
    process = context.Process(target=_bare, args=(addresses, keys, list(calls), place.issues, theirs), daemon=True)
    process.start()
    try:
        if not ours.poll(SECONDS):
            raise TimeoutError("the bare loop did not start")
        yield f"http://127.0.0.1:{ours.recv()}/"
    finally:
        process.kill()
        process.join()


def _bare(
    addresses: dict[str, str], keys: dict[str, str], calls: list[Call], issues: dict[str, int], pipe: Connection
) -> None:
    end_with_parent()
    todo: queue.SimpleQueue[str] = queue.SimpleQueue()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            """Takes a hook and answers at once."""
            todo.put(str(json.loads(self.rfile.read(int(self.headers["Content-Length"])))["incident"]))
            self.send_response(202)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            """Says nothing."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    pipe.send(server.server_address[1])
    session = requests.Session()
    headers = {"X-Redmine-API-Key": keys["redmine"], "Authorization": f"Bearer {keys['itsm']}"}
    while True:
        incident = todo.get()
        values = {"incident": incident, "issue": issues[incident]}
        text = ""
        for call in calls:
            body = {"issue": {"notes": text, "private_notes": True}} if call.method == "PUT" else None
            url = addresses[call.app] + call.path.format(**values)
            answer = session.request(call.method, url, json=body, headers=headers, timeout=SECONDS)
            if call.path.endswith("/notes"):
                text = answer.json()["items"][-1]["text"]
