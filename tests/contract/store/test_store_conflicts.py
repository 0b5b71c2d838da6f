"""Conflicts, steps between statuses and offsets of clocks, on both engines."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy.exc import IntegrityError
from tests.contract.store.fixtures import NOON, at, incident, promotion, save

from bridge.model.conflict import ClockOffset, Conflict, Resolution, Why
from bridge.model.errors import NotFound
from bridge.model.link import Link
from bridge.store.database import Database

SECOND = timedelta(seconds=1)


def linked(database: Database) -> int:
    """The number of a new link."""
    with database.transaction() as unit:
        (saved,) = save(unit, incident())
        made = unit.promotions.add(promotion())
        return unit.links.add(Link(0, saved.id, incident().ref, made.id, "rt#1", {}, NOON, NOON, 5)).id


def found(link: int, name: str = "due") -> Conflict:
    return Conflict(0, link, name, "2026-12-31", "2027-01-15", Why.MANUAL, "both sides changed it", NOON)


def test_a_field_has_one_conflict_at_a_time(database: Database) -> None:
    """Once it is resolved there may be another."""
    link = linked(database)
    with database.transaction() as unit:
        first = unit.conflicts.add(found(link))
        other = unit.conflicts.add(found(link, "custom.Root Cause"))
        with pytest.raises(IntegrityError), unit.savepoint():
            unit.conflicts.add(found(link))
        assert unit.conflicts.open_of(link) == {"due": first, "custom.Root Cause": other}
        resolved = replace(first, resolved_at=at(5), resolved_by="jane", resolution=Resolution.PROJECT, value="x")
        unit.conflicts.save(resolved)
    with database.transaction() as unit:
        assert unit.conflicts.get(first.id) == resolved
        assert unit.conflicts.all() == [other]
        assert unit.conflicts.all(resolved=True) == [resolved, other]
        assert unit.conflicts.resolved_since(link, NOON) == {"due": at(5)}
        assert unit.conflicts.resolved_since(link, at(6)) == {}
        assert unit.conflicts.add(found(link)).id > other.id


def test_a_conflict_ends_with_its_link(database: Database) -> None:
    link = linked(database)
    with database.transaction() as unit:
        conflict = unit.conflicts.add(found(link))
        unit.links.save(replace(unit.links.get(link), ended_at=at(3), ended_because="the incident is gone"))
        assert unit.conflicts.all() == []
        assert unit.conflicts.all(resolved=True) == [conflict]


def test_a_conflict_that_is_not_there(database: Database) -> None:
    with database.reading() as unit, pytest.raises(NotFound, match="conflicts list"):
        unit.conflicts.get(99)


def test_steps_are_learned_once_and_by_tracker(database: Database) -> None:
    with database.transaction() as unit:
        for minute in (1, 2):
            unit.sync_memory.learn_steps("Bug", {("New", "Done"), ("New", "Open")}, at(minute))
        unit.sync_memory.learn_steps("Task", {("New", "Closed")}, at(1))
        assert unit.sync_memory.steps("Bug") == {"New": frozenset({"Done", "Open"})}
        assert unit.sync_memory.steps("Support") == {}


def test_the_offset_of_a_clock_is_stored_with_its_error(database: Database) -> None:
    for offset in (ClockOffset(-SECOND, SECOND), ClockOffset(3 * SECOND, 4 * SECOND)):
        with database.transaction() as unit:
            unit.sync_memory.save_clock("rt", offset, NOON)
        with database.reading() as unit:
            assert unit.sync_memory.clock("rt") == (offset, NOON)
            assert unit.sync_memory.clock("redmine") is None
