"""The receiver over HTTP with a real store behind it: 202 means on disk, everything else says what it means."""

from __future__ import annotations

import asyncio
import json
import re
import socket
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import requests
from prometheus_client.parser import text_string_to_metric_families

from bridge.clock import SystemClock
from bridge.model.errors import ConfigurationError
from bridge.model.hint import Hint
from bridge.ports import UnitOfWork
from bridge.store.database import Database
from bridge.web import signatures
from bridge.web.formats import Sender, Way
from bridge.web.metrics import Metrics, Moment
from bridge.web.receiver import Receiver
from bridge.web.server import Server
from bridge.web.writer import Full, GroupWriter, NotStored

SECRET = b"a secret of many bytes"
MOST = 2000


@dataclass
class CountedStore:
    """A store that counts its transactions."""

    database: Database
    transactions: int = 0

    def transaction(self) -> AbstractContextManager[UnitOfWork]:
        self.transactions += 1
        return self.database.transaction()

    def reading(self) -> AbstractContextManager[UnitOfWork]:
        return self.database.reading()


@dataclass
class Site:
    """A server with senders `rt` and `redmine` (the plugin), and what is in its store."""

    url: str
    path: Path
    store: CountedStore
    writer: GroupWriter
    session: requests.Session
    reasons: list[str] = field(default_factory=list)
    woken: threading.Event = field(default_factory=threading.Event)

    def send(self, body: bytes, *, to: str = "rt", secret: bytes = SECRET, **extra: Any) -> requests.Response:
        """Posts with the generic signature of now."""
        signature = signatures.bridge_signature(body, secret, int(time.time()))
        return requests.post(
            f"{self.url}/hooks/{to}", data=body, headers={"X-Bridge-Signature": signature}, timeout=30, **extra
        )

    def rows(self, query: str) -> list[Any]:
        """Read beside the server, as another process would see it."""
        with closing(sqlite3.connect(f"file:{self.path}?mode=ro", uri=True)) as store:
            return store.execute(query).fetchall()

    def hooks(self) -> list[tuple[str, str]]:
        return self.rows("SELECT source, entity FROM inbox ORDER BY id")

    def metric(self, name: str, **labels: str) -> float:
        text = requests.get(f"{self.url}/metrics", timeout=30).text
        for family in text_string_to_metric_families(text):
            for sample in family.samples:
                if sample.name == name and sample.labels == labels:
                    return sample.value
        return 0.0


def incident(number: int) -> bytes:
    return json.dumps({"incident": number}).encode()


@contextmanager
def running(folder: Path, limit: int = 1000) -> Iterator[Site]:
    path, clock = folder / "bridge.sqlite3", SystemClock()
    database = Database.open(f"sqlite:///{path}", clock)
    database.upgrade()
    store, reasons, woken = CountedStore(database), [], threading.Event()
    writer = GroupWriter(store, clock, limit, woken.set)
    senders = {
        "rt": Sender("rt", Way.SOURCE, (SECRET,), timedelta(minutes=5), timedelta(days=7)),
        "redmine": Sender("redmine", Way.PLUGIN, (SECRET,), timedelta(minutes=5), timedelta(days=7)),
    }
    metrics = Metrics(lambda: Moment(hooks_to_commit=writer.depth(), duplicates=dict(writer.duplicates)))
    receiver = Receiver(senders, MOST, writer, metrics, clock, lambda: reasons)
    server = Server(receiver.application(), writer, ("127.0.0.1", 0))
    server.start()
    try:
        with requests.Session() as session:
            yield Site(server.url, path, store, writer, session, reasons, woken)
    finally:
        server.stop()
        database.close()


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    with running(tmp_path) as found:
        yield found


def until(holds: Callable[[], object], what: str) -> None:
    deadline = time.monotonic() + 30
    while not holds():
        assert time.monotonic() < deadline, what
        time.sleep(0.01)


def test_202_means_that_it_is_on_disk(site: Site) -> None:
    for number in range(1, 6):
        assert site.send(incident(number)).status_code == 202
        assert site.hooks()[-1] == ("rt", str(number))
    assert site.woken.is_set()
    assert site.metric("bridge_hooks_total", system="rt", outcome="accepted") == 5


def test_the_same_delivery_again_is_accepted_and_stored_once(site: Site) -> None:
    assert [site.send(incident(7)).status_code for _ in range(3)] == [202, 202, 202]
    assert site.hooks() == [("rt", "7")]
    assert site.metric("bridge_hook_duplicates_total", system="rt") == 2


def test_whoever_does_not_know_the_secret_stores_nothing(site: Site) -> None:
    answers = [
        site.send(incident(1), secret=b"somebody else's secret"),
        requests.post(f"{site.url}/hooks/rt", data=incident(1), timeout=30),
        requests.post(f"{site.url}/hooks/redmine/guess", data=b'{"payload": {"issue": {"id": 1}}}', timeout=30),
    ]
    assert [answer.status_code for answer in answers] == [401, 401, 401]
    assert len({answer.text for answer in answers}) == 1, "the answer does not tell what was wrong"
    assert site.send(incident(1), to="nobody").status_code == 404
    assert requests.get(f"{site.url}/hooks/rt", timeout=30).status_code == 405
    assert site.hooks() == []
    assert site.metric("bridge_hooks_total", system="rt", outcome="unauthorized") == 2


def test_the_plugins_secret_in_the_path(site: Site) -> None:
    address = f"{site.url}/hooks/redmine/{SECRET.decode().replace(' ', '%20')}"
    answer = requests.post(address, data=b'{"payload": {"issue": {"id": 5}}}', timeout=30)
    assert answer.status_code == 202
    assert site.hooks() == [("redmine", "5")]


def test_a_large_body_is_refused_before_it_is_read(site: Site) -> None:
    host, port = site.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=30) as connection:
        connection.sendall(b"POST /hooks/rt HTTP/1.1\r\nHost: x\r\nContent-Length: 999999999\r\n\r\n")
        assert b" 413 " in connection.recv(200)

    def chunks() -> Iterator[bytes]:
        for _ in range(10):
            yield b"x" * 500

    assert requests.post(f"{site.url}/hooks/rt", data=chunks(), timeout=30).status_code == 413
    assert site.send(b'{"incident": 1, "x": "' + b"y" * (MOST - 24) + b'"}').status_code == 202, "all that is allowed"


def test_depth_is_limited(site: Site) -> None:
    assert site.send(b'{"incident": 1, "x": ' + b"[" * 900 + b"]" * 900 + b"}").status_code == 400
    assert site.hooks() == []


def test_what_is_signed_and_not_understood_is_parked(site: Site) -> None:
    """An answer of 4xx would be repeated for ever by some; a person finds it with its reason."""
    assert site.send(b'{"incident": "a "quoted" title"}').status_code == 202
    assert site.hooks() == []
    ((source, error, raw),) = site.rows("SELECT source, error, raw FROM parked")
    assert source == "hooks rt"
    assert "no JSON" in error
    assert "quoted" in raw
    assert site.metric("bridge_hooks_total", system="rt", outcome="parked") == 1


def test_many_share_a_commit(site: Site) -> None:
    """While one commit is under way the others gather for the next."""
    before = site.store.transactions
    with ThreadPoolExecutor(40) as threads:
        with site.store.database.transaction():
            sent = [threads.submit(site.send, incident(0))]
            until(lambda: site.store.transactions == before + 1, "the first is at work")
            sent += [threads.submit(site.send, incident(number)) for number in range(1, 40)]
            until(lambda: site.writer.depth() == 39, "39 wait behind the first")
        assert {one.result(timeout=60).status_code for one in sent} == {202}
    assert site.store.transactions - before == 2
    assert len(site.hooks()) == 40


def test_too_many_are_sent_away_for_a_while(tmp_path: Path) -> None:
    with running(tmp_path, limit=3) as site, ThreadPoolExecutor(4) as threads:
        with site.store.database.transaction():
            before = site.store.transactions
            waiting = [threads.submit(site.send, incident(0))]
            until(lambda: site.store.transactions == before + 1, "the first is at work")
            waiting += [threads.submit(site.send, incident(number)) for number in range(1, 4)]
            until(lambda: site.writer.depth() == 3, "three wait")
            full = site.send(incident(99))
            assert (full.status_code, full.headers["Retry-After"]) == (503, "5")
            late = [one.result(timeout=60) for one in waiting]
            assert {one.status_code for one in late} == {503}, "the store was busy for longer than a sender waits"
        until(lambda: len(site.hooks()) == 4, "they are stored nevertheless")
        assert site.send(incident(99)).status_code == 202


def test_one_that_cannot_be_stored_spoils_no_other(tmp_path: Path) -> None:
    """A number that no column holds fails alone, and its sender is told."""
    database = Database.open(f"sqlite:///{tmp_path / 'bridge.sqlite3'}", SystemClock())
    database.upgrade()
    writer = GroupWriter(database, SystemClock(), 10, lambda: None)

    async def send() -> list[Any]:
        hints = [Hint("rt", str(number), str(number), mark) for number, mark in enumerate((1, 2**70, 3))]
        futures = [writer.put(hint) for hint in hints]
        writer.start()
        return await asyncio.wait_for(asyncio.gather(*futures, return_exceptions=True), 30)

    first, second, third = asyncio.run(send())
    assert (first, third) == (None, None)
    assert isinstance(second, NotStored)
    with database.reading() as uow:
        assert [one.hint.entity for one in uow.inbox.waiting("rt", 9)] == ["0", "2"]
    writer.stop(30)
    assert not writer.is_alive
    database.close()


def test_what_was_accepted_before_the_end_is_stored(tmp_path: Path) -> None:
    database = Database.open(f"sqlite:///{tmp_path / 'bridge.sqlite3'}", SystemClock())
    database.upgrade()
    writer = GroupWriter(database, SystemClock(), 2, lambda: None)

    async def put() -> None:
        for number in range(2):
            writer.put(Hint("rt", str(number), str(number)))
        with pytest.raises(Full):
            writer.put(Hint("rt", "2", "2"))
        writer.start()
        writer.stop(30)

    asyncio.run(put())
    with database.reading() as uow:
        assert uow.inbox.depth() == 2
    database.close()


def test_health_and_readiness(site: Site) -> None:
    assert requests.get(f"{site.url}/healthz", timeout=30).json() == {"alive": True}
    assert requests.get(f"{site.url}/readyz", timeout=30).status_code == 200
    site.reasons.append("nothing is delivered")
    answer = requests.get(f"{site.url}/readyz", timeout=30)
    assert (answer.status_code, answer.json()["reasons"]) == (503, ["nothing is delivered"])
    assert requests.get(f"{site.url}/healthz", timeout=30).status_code == 200


def test_metrics_keep_to_the_conventions() -> None:
    """Snake case with our prefix, HELP and TYPE, base units; only counters end with _total."""
    moment = Moment(
        effects={"ready": 3},
        oldest_effect_seconds=1.5,
        promotions={"active": 2},
        heard={"rt": 9},
        missed={"rt": 1},
        silent={"rt": False},
        intervals={"rt": 300.0},
        duplicates={"rt": 1},
    )
    metrics = Metrics(lambda: moment)
    metrics.hook("rt", "accepted")
    metrics.hints("rt", "taken", 2)
    metrics.poll("rt", 0.2, 1_800_000_000.0, failed=False)
    metrics.poll("rt", 0.2, 1_900_000_000.0, failed=True)
    text = metrics.text().decode()
    families = {family.name: family for family in text_string_to_metric_families(text)}
    for family in families.values():
        assert re.fullmatch(r"bridge_[a-z]+(_[a-z]+)*", family.name)
        assert family.documentation.endswith(".")
        assert family.type in {"counter", "gauge", "histogram"}
        if family.type == "counter":
            assert all(sample.name.endswith("_total") for sample in family.samples)
        assert not re.search(r"(_ms|_minutes|_milliseconds|_created)$", family.name)
    values = {(s.name, *sorted(s.labels.values())): s.value for family in families.values() for s in family.samples}
    assert values["bridge_changes_total", "hook", "rt"] == 9
    assert values["bridge_changes_total", "poll", "rt"] == 1
    assert values["bridge_polls_total", "failed", "rt"] == 1
    assert values["bridge_poll_last_success_timestamp_seconds", "rt"] == 1_800_000_000
    assert values["bridge_poll_interval_seconds", "rt"] == 300
    assert values["bridge_effects", "ready"] == 3
    assert values["bridge_hooks_silent", "rt"] == 0


def test_an_address_that_is_taken_is_told(site: Site) -> None:
    host, port = site.url.removeprefix("http://").split(":")
    with pytest.raises(ConfigurationError, match="cannot listen on"):
        Server(None, site.writer, (host, int(port)))  # type: ignore[arg-type]  # it does not come so far
