"""All or nothing, one writer at a time, readers with a view of their own, one daemon."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy.exc import DBAPIError, IntegrityError
from tests.contract.store.fixtures import NOON, HandClock, incident, save

from bridge.model.effect import EffectSpec
from bridge.model.errors import StoreLocked
from bridge.model.incident import IncidentRef
from bridge.store import engines
from bridge.store.database import Database
from bridge.store.engines import connect, parse

SPEC = EffectSpec("note", "rt#1", "n1", "source:rt")


def test_what_a_transaction_did_is_there_after_it(database: Database) -> None:
    with database.transaction() as unit:
        save(unit, incident())
        unit.effects.enqueue([SPEC])
    with database.reading() as unit:
        assert unit.incidents.find(IncidentRef("rt", "1")) == 1
        assert unit.effects.unfinished("rt#1") == ("note",)


def test_an_exception_undoes_everything_in_every_repository(database: Database) -> None:
    with suppress(ZeroDivisionError), database.transaction() as unit:
        save(unit, incident())
        unit.effects.enqueue([SPEC])
        unit.ledger.set_cursor("rt", "changes", "7")
        unit.own_writes.add("rt", "note", "1")
        raise ZeroDivisionError
    with database.transaction() as unit:
        assert unit.incidents.find(IncidentRef("rt", "1")) is None
        assert unit.effects.unfinished("rt#1") == ()
        assert unit.ledger.cursor("rt", "changes") is None
        assert unit.own_writes.known("rt", "note", ["1"]) == frozenset()


def test_the_store_works_on_after_a_statement_failed(database: Database) -> None:
    with pytest.raises(IntegrityError), database.transaction() as unit:
        unit.exclusions.start(77, 78, "pause", NOON, "no such incident", "v1")
    with database.transaction() as unit:
        assert save(unit, incident())


def test_a_transaction_inside_a_transaction_is_refused_instead_of_waiting_for_itself(database: Database) -> None:
    with database.transaction(), pytest.raises(RuntimeError), database.transaction():
        pass
    with database.transaction() as unit:
        assert save(unit, incident())


def test_listeners_hear_of_stored_effects_once_they_are_committed(database: Database) -> None:
    heard: list[int] = []

    def listen() -> None:
        with database.reading() as unit:
            heard.append(len(unit.effects.unfinished("rt#1")))

    database.on_enqueued(listen)
    with database.transaction() as unit:
        unit.effects.enqueue([SPEC])
        assert heard == []
    with database.transaction() as unit:
        unit.effects.enqueue([SPEC])
    with suppress(ZeroDivisionError), database.transaction() as unit:
        unit.effects.enqueue([EffectSpec("note", "rt#1", "n2", "source:rt")])
        raise ZeroDivisionError
    assert heard == [1]


def test_a_reading_view_does_not_move_while_others_write(database: Database) -> None:
    with database.reading() as view:
        assert view.ledger.cursor("rt", "changes") is None
        with database.transaction() as unit:
            unit.ledger.set_cursor("rt", "changes", "7")
        assert view.ledger.cursor("rt", "changes") is None
    with database.reading() as view:
        assert view.ledger.cursor("rt", "changes") == "7"


def test_a_reading_view_refuses_to_write(database: Database) -> None:
    with pytest.raises(DBAPIError), database.reading() as view:
        view.ledger.set_cursor("rt", "changes", "7")
    with database.reading() as view:
        assert view.ledger.cursor("rt", "changes") is None


def test_readers_do_not_wait_for_a_writer(database: Database) -> None:
    with database.transaction() as unit:
        unit.ledger.set_cursor("rt", "changes", "7")
        with ThreadPoolExecutor(1) as thread:
            seen = thread.submit(_cursor, database).result(timeout=20)
    assert seen == "0"


def _cursor(database: Database) -> str:
    with database.reading() as view:
        return view.ledger.cursor("rt", "changes") or "0"


@pytest.mark.parametrize("apart", [False, True], ids=["threads", "processes"])
def test_two_writers_wait_for_each_other(database: Database, url: str, clock: HandClock, *, apart: bool) -> None:
    """Each reads a number and writes it back plus one: none is lost. Two stores stand for two processes."""
    other = Database.open(url, clock) if apart else database

    def count(store: Database) -> None:
        for _ in range(20):
            with store.transaction() as unit:
                number = int(unit.ledger.cursor("test", "count") or "0")
                unit.ledger.set_cursor("test", "count", str(number + 1))

    with ThreadPoolExecutor(4) as threads:
        for done in [threads.submit(count, store) for store in (database, other, database, other)]:
            done.result(timeout=60)
    assert _count(database) == 80
    if apart:
        other.close()


def _count(database: Database) -> int:
    with database.reading() as unit:
        return int(unit.ledger.cursor("test", "count") or "0")


def test_a_writer_that_waits_too_long_is_told_who_is_to_blame(url: str, database: Database, clock: HandClock) -> None:
    """With a patience of half a second instead of thirty."""
    impatient = connect(parse(url), busy_seconds=0.5)
    other = Database(impatient, clock)
    told = pytest.raises(StoreLocked, match="Nothing of this transaction was stored")
    with database.transaction(), told, other.transaction():
        pass
    with other.transaction() as unit:
        assert save(unit, incident())
    other.close()


def test_the_daemons_lock_is_held_by_one_and_freed_at_the_end(database: Database, url: str, clock: HandClock) -> None:
    other = Database.open(url, clock)
    with database.lock():
        with pytest.raises(StoreLocked) as raised, other.lock():
            pass
        assert str(os.getpid()) in str(raised.value)
    with other.lock(), pytest.raises(StoreLocked), database.lock():
        pass
    other.close()


HOLDER = """
import sys, time
from bridge.clock import SystemClock
from bridge.store.database import Database
with Database.open(sys.argv[1], SystemClock()).lock():
    print("held", flush=True)
    time.sleep(300)
"""


def test_a_process_that_is_killed_leaves_no_lock(database: Database, url: str) -> None:
    holder = subprocess.Popen([sys.executable, "-c", HOLDER, url], stdout=subprocess.PIPE, text=True)
    try:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(StoreLocked) as raised, database.lock():
            pass
        assert str(holder.pid) in str(raised.value)
    finally:
        holder.kill()
        holder.communicate(timeout=20)
    deadline = time.monotonic() + 20
    while True:  # PostgreSQL notices the end of a connection a moment later
        try:
            with database.lock():
                break
        except StoreLocked:
            assert time.monotonic() < deadline
            time.sleep(0.05)


def test_writing_goes_on_while_the_daemons_lock_is_held(database: Database) -> None:
    """The lock is about delivering; a command row is left in spite of it."""
    with database.lock(), database.transaction() as unit:
        assert unit.commands.add("approve", {"promotion": 7}, timedelta(minutes=1)) == 1


def test_sqlite_is_set_up_to_survive_a_power_cut(tmp_path: object) -> None:
    made = connect(parse(f"sqlite:///{tmp_path}/bridge.sqlite3"))
    with made.writer.connect() as connection:
        found = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar_one()
            for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
        }
    assert found == {
        "journal_mode": "wal",
        "synchronous": 2,
        "foreign_keys": 1,
        "busy_timeout": engines.BUSY_SECONDS * 1000,
    }
    made.dispose()


def test_moments_are_stored_to_the_microsecond(database: Database) -> None:
    moment = datetime(2026, 3, 29, 1, 59, 59, 999_999, tzinfo=UTC)
    with database.transaction() as unit:
        save(unit, incident(opened_at=moment, updated_at=moment))
        assert unit.incidents.get(1).opened_at == moment


def test_a_naive_moment_is_refused(database: Database) -> None:
    with pytest.raises(TypeError), database.transaction() as unit:
        save(unit, incident(opened_at=datetime(2026, 3, 29)))  # noqa: DTZ001 - what is refused


def test_threads_may_share_a_store(database: Database) -> None:
    start = threading.Barrier(6)

    def work(number: int) -> None:
        start.wait(timeout=20)
        for step in range(10):
            with database.transaction() as unit:
                save(unit, incident(number * 100 + step))
            with database.reading() as unit:
                assert unit.incidents.find(IncidentRef("rt", str(number * 100 + step)))

    with ThreadPoolExecutor(6) as threads:
        for done in [threads.submit(work, number) for number in range(1, 7)]:
            done.result(timeout=60)
    with database.reading() as unit:
        assert len(unit.incidents.scan(0, 1000)) == 60
