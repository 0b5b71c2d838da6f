"""The daemon's lock: that it is lost is noticed, for another process may have it by then."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from sqlalchemy import create_engine
from tests.contract.store.fixtures import HandClock

from bridge.daemon import Watch
from bridge.store.database import Database
from bridge.store.engines import DAEMON_KEY, parse
from bridge.store.locks import LockLost

END_HOLDER = (
    "SELECT pg_terminate_backend(l.pid) FROM pg_locks l"
    f" WHERE l.locktype = 'advisory' AND l.objid = {DAEMON_KEY & 0xFFFF_FFFF} AND l.pid <> pg_backend_pid()"
)


def take_away(url: str) -> None:
    """An administrator ends the session, or a person tidies up the folder."""
    address = parse(url)
    if address.get_backend_name() == "sqlite":
        Path(f"{address.database}.lock").unlink()
        return
    engine = create_engine(address)
    with engine.begin() as connection:
        assert connection.exec_driver_sql(END_HOLDER).scalars().all() == [True]
    engine.dispose()


def test_a_lock_that_is_held_is_told_as_held(database: Database) -> None:
    """As often as one asks."""
    with database.lock() as held:
        held.require()
        held.require()


def test_a_lock_that_is_lost_ends_the_daemon(database: Database, url: str) -> None:
    """It is noticed, says what happened and what is not lost, and sets the signal to stop."""
    stop = threading.Event()
    with database.lock() as held:
        watch = Watch(held, stop)
        watch.look()
        assert not stop.is_set()
        take_away(url)
        with pytest.raises(LockLost, match=r"RB-1405 store .*what was not delivered is stored"):
            held.require()
        watch.look()
        assert stop.is_set()
        assert watch.lost is not None


def test_a_second_process_gets_a_lock_that_was_lost(database: Database, url: str, clock: HandClock) -> None:
    """That is why the first must stop."""
    with database.lock():
        take_away(url)
        second = Database.open(url, clock)
        with second.lock() as held:
            held.require()
        second.close()
