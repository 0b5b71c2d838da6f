"""Hooks: how many are accepted durably, and how soon what they tell of is in Redmine."""

from __future__ import annotations

import asyncio
import json
import multiprocessing
import sqlite3
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from multiprocessing.connection import Connection
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from benchmarks.harness import Check, Comparison, Report, Series, end_with_parent, in_child, interleaved
from benchmarks.hook_notes import measure_notes
from bridge.clock import SystemClock
from bridge.log import configure_logging
from bridge.store.database import Database
from bridge.web import signatures
from bridge.web.formats import Sender, Way
from bridge.web.metrics import Metrics, Moment
from bridge.web.receiver import Receiver
from bridge.web.server import Server
from bridge.web.writer import GroupWriter

GOAL = 0.6
SIZE = 20_000
CONNECTIONS = 64
WARM_UP = 500
SECRET = b"the secret of the benchmark"
ANSWER_SECONDS = 60.0
_PRAGMAS = ("journal_mode = WAL", "synchronous = FULL", "busy_timeout = 30000")


def run(runs: int, size: int | None = None) -> Report:
    """The measurement; `size` instead of 20,000 hooks is for trying it out."""
    size = size or SIZE
    report = Report(
        "hooks",
        f"{size:,} hooks of 1,500 bytes over {CONNECTIONS} connections into SQLite, 202 once the commit is on disk. "
        "Peer: the same server (uvicorn and Starlette) with a writer thread that inserts the bodies by a unique key, "
        "many in a commit, and nothing else. Ours: signature, depth, parsing, the inbox, metrics. Server and client "
        "each in a process of its own, on the same cores.",
    )
    stored: dict[str, int] = {}

    def rate(name: str, serve: Callable[[str, Connection], None]) -> float:
        with tempfile.TemporaryDirectory() as folder:
            with served(serve, folder) as port:
                in_child(load, port, WARM_UP, "warm")
                seconds = in_child(load, port, size, "hook")
            stored[name] = _stored(Path(folder))
            return size / seconds

    peer, ours = interleaved(runs, lambda: rate("peer", plain_server), lambda: rate("ours", our_server))
    series = Series("server without our logic", tuple(peer)), Series("ours", tuple(ours))
    report.comparisons.append(Comparison("Accepted durably", "hooks per second", *series, goal=GOAL))
    wanted = size + WARM_UP
    report.checks.append(Check("hooks on disk", stored, f"{wanted:,} each", set(stored.values()) == {wanted}))
    measure_notes(report, runs, size)
    return report


def _stored(folder: Path) -> int:
    with closing(sqlite3.connect(folder / "bridge.sqlite3")) as store:
        return int(store.execute("SELECT count(*) FROM inbox").fetchone()[0])


@contextmanager
def served(serve: Callable[[str, Connection], None], folder: str) -> Iterator[int]:
    """A server in a process of its own; its port."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_serve, args=(serve, folder, theirs))
    process.start()
    try:
        if not ours.poll(ANSWER_SECONDS):
            raise TimeoutError("the server did not start")
        yield ours.recv()
        ours.send("stop")
        process.join(ANSWER_SECONDS)
    finally:
        process.kill()
        process.join()


def _serve(serve: Callable[[str, Connection], None], folder: str, pipe: Connection) -> None:
    end_with_parent()
    configure_logging("error", "console")
    serve(folder, pipe)


def our_server(folder: str, pipe: Connection) -> None:
    """The receiver as the daemon has it."""
    clock = SystemClock()
    database = Database.open(f"sqlite:///{folder}/bridge.sqlite3", clock)
    database.upgrade()
    writer = GroupWriter(database, clock, 10_000, lambda: None)
    sender = Sender("rt", Way.SOURCE, (SECRET,), timedelta(hours=1), timedelta(days=7))
    receiver = Receiver({"rt": sender}, 1_048_576, writer, Metrics(Moment), clock, list)
    _until_told(Server(receiver.application(), writer, ("127.0.0.1", 0)), pipe)
    database.close()


def plain_server(folder: str, pipe: Connection) -> None:
    """The same without anything of ours but the server's start and stop."""
    writer = PlainWriter(Path(folder))

    async def hook(request: Request) -> Response:
        await writer.put(request.headers["x-delivery"], await request.body())
        return Response(b'{"message":"stored"}', 202, media_type="application/json")

    application = Starlette(routes=[Route("/hooks/{name}", hook, methods=["POST"])])
    _until_told(Server(application, writer, ("127.0.0.1", 0)), pipe)  # type: ignore[arg-type]  # a writer, too


def _until_told(server: Server, pipe: Connection) -> None:
    server.start()
    pipe.send(int(server.url.rpartition(":")[2]))
    pipe.recv()
    server.stop()


@dataclass
class PlainWriter:
    """Inserts bodies, many in a commit, by the driver."""

    folder: Path
    queue: SimpleQueue[Any] = field(default_factory=SimpleQueue)

    def start(self) -> None:
        """Starts the thread."""
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def stop(self, seconds: float) -> None:
        """Ends it."""
        self.queue.put(None)
        self._thread.join(seconds)

    def put(self, delivery: str, body: bytes) -> asyncio.Future[None]:
        """Done when it is on disk."""
        future = asyncio.get_running_loop().create_future()
        self.queue.put((delivery, body, future))
        return future

    def _run(self) -> None:
        with closing(sqlite3.connect(self.folder / "bridge.sqlite3", isolation_level=None)) as store:
            for pragma in _PRAGMAS:
                store.execute(f"PRAGMA {pragma}")
            store.execute("CREATE TABLE inbox (id INTEGER PRIMARY KEY, delivery TEXT UNIQUE NOT NULL, body BLOB)")
            while (first := self.queue.get()) is not None:
                batch = [first]
                while len(batch) < 512:
                    try:
                        batch.append(self.queue.get_nowait())
                    except Empty:
                        break
                store.execute("BEGIN IMMEDIATE")
                rows = [(delivery, body) for delivery, body, _ in batch]
                store.executemany("INSERT INTO inbox (delivery, body) VALUES (?, ?) ON CONFLICT DO NOTHING", rows)
                store.execute("COMMIT")
                first[2].get_loop().call_soon_threadsafe(_resolve, [future for _, _, future in batch])


def _resolve(futures: Sequence[asyncio.Future[None]]) -> None:
    for future in futures:
        future.set_result(None)


def load(port: int, count: int, name: str) -> float:
    """Seconds until every one of `count` hooks was answered with 202."""
    requests = [_request(f"{name}-{number}", number) for number in range(count)]
    return asyncio.run(_load(port, requests))


def _request(delivery: str, number: int) -> bytes:
    data = {"incident": number % 1000 + 1, "delivery": delivery, "changed_at": "2026-11-20T18:39:07Z", "padding": ""}
    data["padding"] = "x" * (1500 - len(json.dumps(data)))
    body = json.dumps(data).encode()
    signature = signatures.bridge_signature(body, SECRET, int(time.time()))
    head = (
        f"POST /hooks/rt HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nX-Delivery: {delivery}\r\n"
        f"X-Bridge-Signature: {signature}\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


class _Client(asyncio.Protocol):
    """Sends one request after another, each when the one before was answered."""

    def __init__(self, requests: Iterator[bytes], done: Callable[[], None]) -> None:
        self._requests = requests
        self._done = done
        self._answer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport: Any = transport
        self._next()

    def data_received(self, data: bytes) -> None:
        self._answer += data
        head, ended, body = self._answer.partition(b"\r\n\r\n")
        if not ended or len(body) < int(head.lower().partition(b"content-length:")[2].split(b"\r\n")[0]):
            return
        if not head.startswith(b"HTTP/1.1 202"):
            raise RuntimeError(self._answer[:200].decode(errors="replace"))
        self._answer = b""
        self._next()

    def _next(self) -> None:
        request = next(self._requests, None)
        if request is None:
            self._transport.close()
            self._done()
        else:
            self._transport.write(request)


async def _load(port: int, requests: Sequence[bytes]) -> float:
    loop, todo, ended = asyncio.get_running_loop(), iter(requests), asyncio.Semaphore(0)
    failed: list[Any] = []
    loop.set_exception_handler(lambda _, context: failed.append(context.get("exception") or context["message"]))
    began = time.perf_counter()
    for _ in range(CONNECTIONS):
        await loop.create_connection(lambda: _Client(todo, ended.release), "127.0.0.1", port)
    for _ in range(CONNECTIONS):
        await asyncio.wait_for(ended.acquire(), ANSWER_SECONDS * 10)
    if failed:
        raise RuntimeError(str(failed[0]))
    return time.perf_counter() - began
