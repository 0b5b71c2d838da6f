"""Notes that were carried over, and systems that are stopped."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, cast

import pytest
from tests.contract.store.fixtures import NOON, at, incident, promotion, save

from bridge.model.carried import CarriedNote
from bridge.model.effect import Effect
from bridge.model.errors import Stopped
from bridge.model.incident import IncidentRef
from bridge.model.link import Link
from bridge.model.stop import Stop
from bridge.store.database import Database
from bridge.store.unit import Unit
from bridge.usecases.deliver.effects import nothing
from bridge.usecases.deliver.guard import Guard


def linked(unit: Unit, number: int) -> Link:
    (saved,) = save(unit, incident(number))
    parent = unit.promotions.add(promotion(group_key=str(number)))
    ref = IncidentRef("rt", str(number))
    return unit.links.add(
        Link(0, saved.id, ref, parent.id, f"rt#{number}", {}, created_at=NOON, notes_since=NOON, issue_id=number)
    )


def carried(link: Link, number: str, side: str = "issue") -> CarriedNote:
    return CarriedNote(link.id, side, number, "bob 李雷", NOON, "d", private=True)


def test_carried_notes_stay_as_they_are_until_something_becomes_of_them(database: Database) -> None:
    with database.transaction() as unit:
        one, other = linked(unit, 1), linked(unit, 2)
        unit.carried_notes.add([carried(one, "7"), carried(one, "7", "incident"), carried(other, "7")])
        unit.carried_notes.add([replace(carried(one, "7"), digest="other")])
        assert unit.carried_notes.of_link(one.id) == [carried(one, "7"), carried(one, "7", "incident")]
        edited = replace(carried(one, "7"), digest="e", revision=1, missed_at=at(1))
        unit.carried_notes.save(edited)
        unit.carried_notes.save(replace(carried(other, "7"), gone_at=at(2)))
    with database.reading() as unit:
        assert unit.carried_notes.of_link(one.id) == [edited, carried(one, "7", "incident")]
        assert unit.carried_notes.of_link(other.id) == []
        assert unit.carried_notes.links_with([one.id, other.id, 99]) == {one.id}
        assert unit.carried_notes.links_with([]) == frozenset()


def test_running_links_come_by_id_some_at_a_time(database: Database) -> None:
    with database.transaction() as unit:
        links = [linked(unit, number) for number in (1, 2, 3)]
        unit.links.save(replace(links[1], ended_at=NOON))
        assert [one.id for one in unit.links.running_after(0, 9)] == [links[0].id, links[2].id]
        assert [one.id for one in unit.links.running_after(0, 1)] == [links[0].id]
        assert unit.links.running_after(links[2].id, 9) == []


def test_a_stop_stays_as_it_is_until_it_is_lifted(database: Database) -> None:
    first = Stop("rt", NOON, "RB-1223", "two bridges")
    with database.transaction() as unit:
        assert unit.stops.add(first)
        assert not unit.stops.add(Stop("rt", at(5), "RB-1224", "later"))
        assert unit.stops.of("itsm", "rt") == first
        assert unit.stops.of("itsm") is None
    with database.transaction() as unit:
        assert unit.stops.lift("rt") == first
        assert unit.stops.lift("rt") is None
        assert unit.stops.all() == []


@pytest.mark.parametrize(
    ("stopped", "waiting"),
    [("rt", {"source:rt", "sync:rt"}), ("redmine", {"sync:rt", "sync:itsm", "redmine"}), ("other", set())],
)
def test_what_is_written_to_a_stopped_system_waits_and_messages_go_on(
    database: Database, stopped: str, waiting: set[str]
) -> None:
    """Reading both sides needs both; a channel of messages is neither."""
    with database.transaction() as unit:
        unit.stops.add(Stop(stopped, NOON, "RB-1224", "it shows nothing."))
    nobody = cast("Any", None)  # neither tracker nor clock is asked
    deliver = Guard(database, nobody, nobody).around({"any": lambda _effect: nothing})["any"]
    seen = set()
    for endpoint in ("source:rt", "source:itsm", "sync:rt", "sync:itsm", "redmine", "channel:mail", "channel:rt"):
        try:
            deliver(Effect(1, "any", "k", "u", endpoint, {}, 1, unsure=False, created_at=NOON))
        except Stopped:
            seen.add(endpoint)
    assert seen == waiting
