"""From a hook until the note it tells of is in Redmine: the daemon against a bare loop of the same requests.

With a real Redmine, where the ratio has its goal, and with the sandbox, which answers at once: what is left is ours.
"""

from __future__ import annotations

import json
import multiprocessing
import queue
import statistics
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import requests
from tests.servers.common import ServerUnavailable
from tests.servers.redmine import RedmineServer, running_redmine
from tests.system.commands import Daemon
from tests.system.crowd import PER_PROJECT, Place, crowd, fill
from tests.system.stage import Stage, opened, real_office, sandbox_bridge

from benchmarks.front import Front
from benchmarks.harness import Check, Report, end_with_parent, number, table
from bridge.sandbox import Sandbox
from bridge.sandbox.requestlog import Entry
from bridge.web import signatures

P50_GOAL, P99_GOAL = 1.5, 3.0
NOTES = 200
LINKS = PER_PROJECT
PUMA_WORKERS = 2
SECRET = "the secret of the benchmark"
SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Call:
    """A request as the daemon sent it; the number of the incident and of its issue are `{incident}` and `{issue}`."""

    app: str
    method: str
    path: str


Written = queue.SimpleQueue[tuple[str, float]]
"""The paths of issues that were written in Redmine, and when."""


@dataclass
class Field:
    """Linked incidents of the sandbox, and what is written to their issues in a Redmine."""

    sandbox: Sandbox
    stage: Stage
    issues: dict[str, int]
    written: Written

    @property
    def addresses(self) -> dict[str, str]:
        """Where the two systems answer."""
        return {"itsm": self.sandbox.itsm.url, "redmine": self.stage.office.url}

    @property
    def keys(self) -> dict[str, str]:
        """The bridge's keys of the two systems."""
        return {"itsm": self.sandbox.itsm.token("bridge"), "redmine": self.stage.office.bridge_key}

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
    with sandbox_field() as place:
        calls = _recorded(place)
    report.checks.append(Check("requests for a note", len(calls), "at most 8", len(calls) <= 8))
    sent = ", ".join(f"{call.method} {call.app} {call.path.partition('?')[0]}" for call in calls)
    report.notes.append(
        f"Hook → note: {notes} notes a run, each sent when the one before was in Redmine; the incident system is the "
        "sandbox's, in this process, the daemon and the bare loop have their own. The bare loop sends what the daemon "
        f"sends; the time ends when the note is written: {sent}."
    )
    try:
        with running_redmine(workers=PUMA_WORKERS) as server, real_field(server) as place:
            _told(report, f"a real Redmine {server.version}", _measured(place, calls, runs, notes), goals=True)
    except ServerUnavailable as why:
        report.checks.append(Check("a real Redmine", f"this machine cannot have it: {why}", "to be there", holds=False))
    with sandbox_field() as place:
        _told(report, "the sandbox", _measured(place, calls, runs, notes), goals=False)


def _measured(place: Field, calls: Sequence[Call], runs: int, notes: int) -> dict[str, list[list[float]]]:
    """Seconds of each note, run by run."""
    found: dict[str, list[list[float]]] = {"bare": [], "ours": []}
    # Each side has incidents of its own: the daemon would carry over what the bare loop left out.
    incidents = {"bare": list(place.issues)[::2], "ours": list(place.issues)[1::2]}
    with _daemon(place) as ours, bare_loop(place, calls) as bare:
        place.seconds(ours, incidents["ours"][0], 1)
        place.seconds(bare, incidents["bare"][0], 2)
        for turn in range(runs):
            for name, address in (("bare", bare), ("ours", ours)):
                first, mine = (2 * turn + (name == "ours")) * notes + 1000, incidents[name]
                time.sleep(1)
                found[name].append([place.seconds(address, mine[n % len(mine)], first + n) for n in range(notes)])
    return found


@contextmanager
def _daemon(place: Field) -> Iterator[str]:
    """The daemon, after its first poll; where its hooks go."""
    hooks = {"listen": "127.0.0.1:0", "sources": {"itsm": {"secret": SECRET}}, "poll_seconds": 3600}
    with Daemon(place.stage.write(poll_seconds=3600, hooks=hooks, log={"level": "info"})) as daemon:
        url = daemon.log.rpartition("at=")[2].split()[0].replace("\x1b[0m", "").replace("\x1b[35m", "")
        daemon.until(lambda: len(place.sandbox.requests("itsm")) > 0, "the first poll")
        time.sleep(2)
        yield f"{url}/hooks/itsm"


def _told(report: Report, where: str, found: dict[str, list[list[float]]], *, goals: bool) -> None:
    rows, verdicts = [], []
    for share, goal in ((50, P50_GOAL), (99, P99_GOAL)):
        each = {side: [percentile(run, share) for run in series] for side, series in found.items()}
        middle = {side: statistics.median(values) for side, values in each.items()}
        ratio = middle["ours"] / middle["bare"]
        reached = f", goal at most {goal}: {'reached' if ratio <= goal else '**missed**'}" if goals else ""
        verdicts.append(f"p{share} ratio of the medians: **{ratio:.2f}**{reached}.")
        rows += [
            (f"p{share} {side}", *(number(value * 1000) for value in (min(values), middle[side], max(values))))
            for side, values in each.items()
        ]
    text = table((f"hook → note in {where}, milliseconds", "min", "median", "max"), rows)
    report.notes.append("\n".join([*text, "", *verdicts]))


def percentile(values: Sequence[float], share: int) -> float:
    """The value that so many per cent of them do not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, len(ordered) * share // 100)]


@contextmanager
def sandbox_field() -> Iterator[Field]:
    """The sandbox's Redmine."""
    written = Written()

    def watch(phase: str, entry: Entry) -> None:
        ours = entry.user == "itsm-sync" and entry.path.startswith("/issues/")
        if phase == "after" and entry.method == "PUT" and ours:
            written.put((entry.path, time.perf_counter()))

    with Sandbox() as sandbox, tempfile.TemporaryDirectory() as folder:
        stage = sandbox_bridge(sandbox, Path(folder))
        sandbox.watch(watch)
        yield Field(sandbox, stage, _linked(sandbox, stage, fill(sandbox, LINKS)), written)


@contextmanager
def real_field(server: RedmineServer) -> Iterator[Field]:
    """A real Redmine, behind something that tells when an issue was written."""
    written = Written()

    def told(method: str, path: str) -> None:
        if method == "PUT" and path.startswith("/issues/"):
            written.put((path, time.perf_counter()))

    with ExitStack() as resources:
        sandbox = resources.enter_context(Sandbox())
        folder = resources.enter_context(tempfile.TemporaryDirectory())
        front = resources.enter_context(Front(server.url, told))
        stage = sandbox_bridge(sandbox, Path(folder))
        stage.office = replace(real_office(server), url=front.url)
        fill(sandbox, LINKS)
        account = server.as_user("admin")
        numbers = []
        for each in range(LINKS + 1):
            issue = {"project_id": server.parent_project_id, "subject": f"Issue {each}", "status_id": 1}
            numbers.append(int(account.ok("POST", "/issues.json", {"issue": issue})["issue"]["id"]))
        place = Place(server.parent_project_id, numbers[0], tuple(numbers[1:]))
        yield Field(sandbox, stage, _linked(sandbox, stage, [place]), written)


def _linked(sandbox: Sandbox, stage: Stage, places: Sequence[Place]) -> dict[str, int]:
    """Links incidents and issues and has both sides in step; the issues by incident."""
    stage.write()
    with opened(stage) as app:
        with app.database.transaction() as uow:
            crowd(uow, stage.desk.source, LINKS, places, sandbox.clock.now())
        for _ in range(2):
            cycle = app.once()
            assert not cycle.failures, cycle.failures
        with app.database.reading() as uow:
            return {link.ref.external_id: link.issue_id or 0 for link in uow.links.all()}


def _recorded(place: Field) -> list[Call]:
    """What the daemon asks and writes from a hook to the note, by a note that was seen once before."""
    first, second, *_ = place.issues
    with _daemon(place) as url:
        place.seconds(url, first, 1)
        time.sleep(1)
        place.sandbox.log.clear()
        place.seconds(url, second, 2)
        time.sleep(1)
    calls: list[Call] = []
    for entry in place.sandbox.requests():
        # the project's page of evidence follows the incident, too, beside the note
        if entry.user not in {"bridge", "itsm-sync"} or "/wiki/" in entry.path:
            continue
        path = entry.path.replace(f"/issues/{place.issues[second]}", "/issues/{issue}")
        path = path.replace(f"/incidents/{second}", "/incidents/{incident}")
        query = entry.query.replace(str(place.issues[second]), "{issue}")
        written = any(call.method == "PUT" for call in calls)
        calls.append(Call(entry.app, entry.method, f"{path}?{query}" if query else path))
        if written:
            return calls
    raise RuntimeError("the daemon wrote no note, or did not read it back")


@contextmanager
def bare_loop(place: Field, calls: Sequence[Call]) -> Iterator[str]:
    """The same requests in a process of its own, one after the other on kept connections; where its hooks go."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    asked = (place.addresses, place.keys, list(calls), place.issues, theirs)
    process = context.Process(target=_bare, args=asked, daemon=True)
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
