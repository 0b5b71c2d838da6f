"""Cursors, activations, parked items, the audit trail, own writes, commands."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select
from tests.contract.store.fixtures import NASTY, NOON, HandClock, at

from bridge.model.errors import NotFound
from bridge.model.incident import Poison
from bridge.store.commands import CommandState
from bridge.store.database import Database
from bridge.store.tables import audit, parked


def test_cursors_are_kept_by_system_and_feed(database: Database) -> None:
    with database.transaction() as unit:
        assert unit.ledger.cursor("rt", "changes") is None
        unit.ledger.set_cursor("rt", "changes", NASTY)
        unit.ledger.set_cursor("rt", "history", "1")
        unit.ledger.set_cursor("redmine", "changes", "2")
        unit.ledger.set_cursor("rt", "history", "3")
        found = [unit.ledger.cursor(*key) for key in (("rt", "changes"), ("rt", "history"), ("redmine", "changes"))]
        assert found == [NASTY, "3", "2"]


def test_a_store_has_one_name_for_ever(database: Database) -> None:
    with database.transaction() as unit:
        name = unit.ledger.instance()
    assert len(name) == 6
    int(name, 16)
    with database.reading() as unit:
        assert unit.ledger.instance() == name


def test_one_version_of_a_rule_is_active(database: Database) -> None:
    with database.transaction() as unit:
        assert unit.ledger.activated_at("r", "v1") is None
        assert unit.ledger.activate_rule("r", "v1", NOON) == NOON
        assert unit.ledger.activate_rule("r", "v1", at(9)) == NOON
        assert unit.ledger.activate_rule("r", "v2", at(9)) == at(9)
        assert unit.ledger.activated_at("r", "v1") is None
        assert unit.ledger.activate_rule("r", "v1", at(10)) == at(10)


def test_a_parked_item_is_one_row_per_error_that_counts(database: Database) -> None:
    with database.transaction() as unit:
        unit.ledger.park("rt", [Poison("1", NASTY, '{"a": 1}'), Poison("2", "other")], NOON)
        unit.ledger.park("rt", [Poison("1", NASTY, "newer\0"), Poison("1", "x" * 9000)], at(5))
        columns = parked.c.external_id, parked.c.raw, parked.c.first_at, parked.c.last_at, parked.c.times
        rows = unit.connection.execute(select(*columns).order_by(parked.c.id)).all()
    assert [tuple(row) for row in rows] == [
        ("1", "newer", NOON, at(5), 2),
        ("2", "", NOON, NOON, 1),
        ("1", "", at(5), at(5), 1),
    ]


def test_the_audit_trail_keeps_every_line(database: Database) -> None:
    with database.transaction() as unit:
        for _ in range(2):
            unit.ledger.audit(NOON, "jane", "approve", "promotion 7", {"b": [1, None], "a": NASTY})
        rows = unit.connection.execute(select(audit.c.id, audit.c.at, audit.c.actor, audit.c.detail)).all()
    assert [tuple(row) for row in rows] == [(number, NOON, "jane", {"a": NASTY, "b": [1, None]}) for number in (1, 2)]


def test_own_writes_are_known_by_system_and_entity(database: Database) -> None:
    with database.transaction() as unit:
        unit.own_writes.add("redmine", "journal", "5")
        unit.own_writes.add("redmine", "journal", "5")
        unit.own_writes.add("redmine", "note", "6")
        assert unit.own_writes.known("redmine", "journal", ["4", "5", "6"]) == {"5"}
        assert unit.own_writes.known("rt", "journal", ["5"]) == frozenset()
        assert unit.own_writes.known("redmine", "journal", []) == frozenset()


MINUTE = timedelta(minutes=1)


def test_a_command_is_left_taken_and_answered(database: Database, clock: HandClock) -> None:
    with database.transaction() as cli:
        assert cli.commands.take() is None
        first = cli.commands.add("approve", {"promotion": 7, "note": NASTY}, MINUTE)
        second = cli.commands.add("retry", {}, MINUTE)
    clock.advance(seconds=1)
    with database.transaction() as daemon:
        taken = daemon.commands.take()
        assert taken is not None
        assert (taken.id, taken.name, taken.args, taken.state) == (
            first,
            "approve",
            {"promotion": 7, "note": NASTY},
            CommandState.RUNNING,
        )
        assert (taken.created_at, taken.started_at, taken.finished_at) == (NOON, at(1 / 60), None)
        assert not taken.state.is_finished
        daemon.commands.finish(first, {"opened": ["itsm-1"]})
        other = daemon.commands.take()
        assert other is not None
        daemon.commands.finish(other.id, "no", failed=True)
        assert daemon.commands.take() is None
    with database.reading() as cli:
        done, failed = cli.commands.get(first), cli.commands.get(second)
    assert (done.state, done.result, done.finished_at) == (CommandState.DONE, {"opened": ["itsm-1"]}, at(1 / 60))
    assert (failed.state, failed.result) == (CommandState.FAILED, "no")
    assert done.state.is_finished
    assert failed.state.is_finished


def test_a_command_nobody_has_taken_can_be_withdrawn(database: Database) -> None:
    with database.transaction() as unit:
        first, second = unit.commands.add("a", {}, MINUTE), unit.commands.add("b", {}, MINUTE)
        unit.commands.take()
        assert unit.commands.withdraw(first) is False
        assert unit.commands.withdraw(second) is True
        assert unit.commands.take() is None
        with pytest.raises(NotFound):
            unit.commands.get(second)


def test_commands_of_a_daemon_that_died_are_lost_and_say_so(database: Database) -> None:
    with database.transaction() as unit:
        running, waiting = unit.commands.add("a", {}, MINUTE), unit.commands.add("b", {}, MINUTE)
        unit.commands.take()
        assert unit.commands.lose_running() == 1
        assert unit.commands.get(running).state is CommandState.LOST
        assert unit.commands.get(running).state.is_finished
        assert unit.commands.get(waiting).state is CommandState.WAITING


def test_a_command_that_nobody_waits_for_any_more_is_never_taken(database: Database, clock: HandClock) -> None:
    """A command line was killed: an approval does not happen when a daemon is started the next morning."""
    with database.transaction() as unit:
        old = unit.commands.add("approve", {"promotion": 7}, MINUTE)
    clock.advance(minutes=1)
    with database.transaction() as unit:
        young = unit.commands.add("retry", {}, MINUTE)
        taken = unit.commands.take()
        assert taken is not None
        assert taken.id == young
        expired = unit.commands.get(old)
        assert (expired.state, expired.finished_at, expired.state.is_finished) == (CommandState.EXPIRED, at(1), True)


def test_what_a_command_was_asked_is_not_kept_once_it_is_finished(database: Database, clock: HandClock) -> None:
    """It may be the name that it was to erase."""
    with database.transaction() as unit:
        done, lost, late = (unit.commands.add("forget", {"person": "Jane"}, MINUTE) for _ in range(3))
        for _ in (done, lost):
            unit.commands.take()
        unit.commands.finish(done, {"erased": 1})
        unit.commands.lose_running()
        clock.advance(minutes=1)
        unit.commands.take()
        states = [CommandState.DONE, CommandState.LOST, CommandState.EXPIRED]
        found = [unit.commands.get(number) for number in (done, lost, late)]
        assert [(one.state, one.args) for one in found] == [(state, {}) for state in states]


def test_some_commands_are_taken_apart_from_the_others(database: Database) -> None:
    """A long one does not keep short ones waiting; it tells how far it is."""
    with database.transaction() as unit:
        long, short = unit.commands.add("backfill", {}, MINUTE), unit.commands.add("approve", {}, MINUTE)
        first = unit.commands.take(but={"backfill"})
        assert first is not None
        assert first.id == short
        assert unit.commands.take(but={"backfill"}) is None
        second = unit.commands.take(only={"backfill"})
        assert second is not None
        assert second.id == long
        unit.commands.tell(long, {"incidents": 7})
        assert unit.commands.get(long).progress == {"incidents": 7}
