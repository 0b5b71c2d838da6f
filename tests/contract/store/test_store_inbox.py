"""Hooks that were received: each once, until they were looked at; and how many changes came so."""

from __future__ import annotations

from tests.contract.store.fixtures import NASTY, NOON, at

from bridge.model.coverage import Coverage
from bridge.model.hint import Heard, Hint, HintEnd
from bridge.store.database import Database

FULL = Hint("rt", "17", "itsm-58", 58, ("57", "58"), at(-5))


def test_the_same_delivery_of_a_system_is_stored_once(database: Database) -> None:
    with database.transaction() as unit:
        assert unit.inbox.put([FULL, Hint("rt", "18", "itsm-58"), Hint("desk", "17", "itsm-58")], NOON) == 2
    with database.transaction() as unit:
        assert unit.inbox.put([FULL], at(5)) == 0
        waiting = unit.inbox.waiting("rt", 10) + unit.inbox.waiting("desk", 10)
    assert [(one.hint.system, one.hint.entity, one.received_at) for one in waiting] == [
        ("rt", "17", NOON),
        ("desk", "17", NOON),
    ]
    assert waiting[0].hint == FULL


def test_long_and_nasty_names_stay_apart_and_are_found_again(database: Database) -> None:
    with database.transaction() as unit:
        assert unit.inbox.put([Hint("rt", NASTY, "x" * 9000), Hint("rt", "y" * 9000, "x" * 9001)], NOON) == 2
        assert set(unit.inbox.heard("rt", [NASTY, "y" * 9000])) == {NASTY, "y" * 9000}


def test_what_was_looked_at_waits_no_more_and_goes_in_time(database: Database) -> None:
    with database.transaction() as unit:
        unit.inbox.put([FULL, Hint("rt", "18", "b"), Hint("rt", "19", "c")], NOON)
        first, second, third = unit.inbox.waiting("rt", 10)
        assert unit.inbox.waiting("rt", 1) == [first]
        unit.inbox.handled([first.id], HintEnd.TAKEN, at(1))
        unit.inbox.handled([third.id], HintEnd.UNKNOWN, at(1))
        assert unit.inbox.waiting("rt", 10) == [second]
        assert unit.inbox.depth() == 1
        assert unit.inbox.forget(NOON) == 0
        assert unit.inbox.forget(at(1)) == 3
        assert unit.inbox.depth() == 0, "the poll has brought it long ago"


def test_only_what_was_read_again_counts_as_read(database: Database) -> None:
    """An echo was not read: what else happened before it was not seen."""
    with database.transaction() as unit:
        unit.inbox.put([FULL, Hint("rt", "17", "b", 70, ("70",), at(3))], NOON)
        unit.inbox.put([Hint("rt", "18", "c")], at(4))
        first, second, _ = unit.inbox.waiting("rt", 10)
        unit.inbox.handled([first.id], HintEnd.TAKEN, at(1))
        unit.inbox.handled([second.id], HintEnd.ECHO, at(1))
        assert unit.inbox.heard("rt", ["17", "18", "99"]) == {
            "17": Heard(58, at(3), NOON),
            "18": Heard(0, None, at(4)),
        }


def test_coverage_is_kept_by_system(database: Database) -> None:
    with database.transaction() as unit:
        assert unit.inbox.coverage() == {}
        heard = Coverage("rt").told(NOON, by_hook=True)
        unit.inbox.save_coverage(heard)
        unit.inbox.save_coverage(heard.told(at(1), by_hook=False))
        unit.inbox.save_coverage(Coverage("redmine"))
        assert unit.inbox.coverage() == {
            "rt": Coverage("rt", 1, 1, 0, 1, NOON, at(1)),
            "redmine": Coverage("redmine"),
        }
