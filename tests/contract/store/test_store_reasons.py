"""What rules' reasons and limits read: bounded counts, facts by id, claims, openings, resolutions at their pace."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import update
from tests.contract.store.fixtures import NOON, HandClock, at, incident, promotion, save

from bridge.model.effect import EffectSpec
from bridge.model.incident import GroupRow, State
from bridge.model.promotion import CLAIMING, Member, PromotionState, Role
from bridge.store.database import Database
from bridge.store.tables import effect
from bridge.store.unit import Unit
from bridge.usecases.taking import PART, open_ones


def group(unit: Unit, *minutes: float) -> None:
    """Incidents 1, 2, … of one group, opened so many minutes after noon."""
    save(unit, *(incident(number, opened_at=at(when)) for number, when in enumerate(minutes, 1)))
    unit.groups.join([GroupRow("r", "a", number, at(when)) for number, when in enumerate(minutes, 1)])


def test_how_many_were_opened_is_counted_no_further_than_asked(database: Database) -> None:
    with database.transaction() as unit:
        group(unit, 0, 1, 2, 3, 4)
        assert unit.groups.opened("r", "a", at(1), at(4), 9) == 3, "the end is not part of it"
        assert unit.groups.opened("r", "a", at(1), at(4), 2) == 2
        assert unit.groups.opened("r", "b", at(1), at(4), 9) == 0


def test_the_newest_until_a_moment(database: Database) -> None:
    """What claims to be opened in the future does not hide the others."""
    with database.transaction() as unit:
        group(unit, 0, 1, 9_999)
        assert [number for number, _ in unit.groups.latest("r", "a", 2, at(1))] == [2, 1]
        assert [number for number, _ in unit.groups.latest("r", "a", 2)] == [3, 2]


def test_the_open_ones_of_a_group_come_in_parts_oldest_first(database: Database) -> None:
    """Those that are over, of another group or of another rule are not among them; equal moments go by id."""
    states = (State.NEW, State.RESOLVED, State.ON_HOLD, State.IN_PROGRESS, State.CLOSED, State.NEW, State.NEW)
    with database.transaction() as unit:
        opened = [at(minute) for minute in (5, 4, 3, 3, 2, 1, 0)]
        save(unit, *(incident(n, opened_at=opened[n - 1], state=state) for n, state in enumerate(states, 1)))
        unit.groups.join([GroupRow("r", "a", n, opened[n - 1]) for n in range(1, 6)])
        unit.groups.join([GroupRow("r", "b", 6, at(1)), GroupRow("other", "a", 7, at(0))])
        first = unit.groups.still_open("r", "a", 2)
        assert [number for number, _ in first] == [3, 4]
        assert first[0][1].state is State.ON_HOLD
        rest = unit.groups.still_open("r", "a", 2, (at(3), 4))
        assert [number for number, _ in rest] == [1]
        assert unit.groups.still_open("r", "a", 9, (at(5), 1)) == []
        assert [number for number, _ in open_ones(unit, "r", "a")] == [3, 4, 1]


def test_more_open_ones_than_a_part_holds_are_all_read(database: Database) -> None:
    with database.transaction() as unit:
        save(unit, *(incident(n, opened_at=at(n // 3)) for n in range(1, 2 * PART + 3)))
        unit.groups.join([GroupRow("r", "a", n, at(n // 3)) for n in range(1, 2 * PART + 3)])
        assert [number for number, _ in open_ones(unit, "r", "a")] == list(range(1, 2 * PART + 3))


def test_facts_by_id(database: Database) -> None:
    with database.transaction() as unit:
        save(unit, incident(1, state=State.ON_HOLD, updated_at=at(5)), incident(2))
        found = unit.incidents.facts_of([1, 2, 99])
        assert found.keys() == {1, 2}
        assert (found[1].on_hold_since, found[2].on_hold_since) == (at(5), None)


def test_who_claims_incidents(database: Database) -> None:
    """The newest promotion of those in a claiming state; all at once."""
    with database.transaction() as unit:
        save(unit, *(incident(number) for number in (1, 2, 3)))
        for state in (PromotionState.REJECTED, PromotionState.ACTIVE, PromotionState.DELIVERED):
            made = unit.promotions.add(promotion(state=state))
            unit.promotions.add_member(Member(made.id, 1, Role.OPEN, NOON))
        unit.promotions.add_member(Member(1, 2, Role.OPEN, NOON))
        claimed = unit.promotions.claims([1, 2, 3, 99])
        assert {number: found.id for number, found in claimed.items()} == {1: 3}
        assert unit.promotions.claims([]) == {}
        assert claimed[1] == unit.promotions.of_incident(1)


def test_when_a_rule_opened_projects_and_how_many_of_a_group_are_open(database: Database) -> None:
    with database.transaction() as unit:
        for minutes, state in ((1, PromotionState.ACTIVE), (3, PromotionState.DELIVERED), (2, PromotionState.OPENING)):
            unit.promotions.add(promotion(state=state, opened_at=at(minutes)))
        unit.promotions.add(promotion())
        unit.promotions.add(promotion(state=PromotionState.ACTIVE, group_key="other", opened_at=at(9), rule_id="x"))
        assert unit.promotions.openings("router-cpu", 2) == [at(3), at(2)]
        assert unit.promotions.running_in_group("router-cpu", '["network"]') == 2
        assert unit.promotions.running_in_group("router-cpu", "other") == 0
    assert PromotionState.CANDIDATE in CLAIMING


def sent(unit: Unit, name: str, state: str, minutes: float | None) -> None:
    """A resolution that was released at noon, and how it ended."""
    unit.effects.enqueue([EffectSpec("incident.state", name, name, "source:rt")])
    unit.resolutions.release("rule", name, NOON)
    finished = None if minutes is None else at(minutes)
    unit.connection.execute(update(effect).where(effect.c.unique_key == name).values(state=state, finished_at=finished))


@pytest.mark.parametrize("state", ["ready", "running"])
def test_a_resolution_under_way_counts_as_sent_now(database: Database, state: str) -> None:
    with database.transaction() as unit:
        sent(unit, "a", "done", 1)
        sent(unit, "b", state, None)
        sent(unit, "c", "dead", 2)
        assert unit.resolutions.taken("rule", NOON, at(30), 9) == [at(30), at(2), at(1)]
        assert unit.resolutions.taken("rule", NOON, at(30), 2) == [at(30), at(2)]
        assert unit.resolutions.taken("rule", at(1), at(30), 9) == [at(30), at(2)], "exactly then is over"
        assert unit.resolutions.taken("other", NOON, at(30), 9) == []


def test_old_resolutions_are_forgotten_unless_they_are_under_way(database: Database, clock: HandClock) -> None:
    with database.transaction() as unit:
        sent(unit, "a", "done", 1)
        sent(unit, "b", "ready", None)
        later = clock.now() + timedelta(days=3)
        unit.effects.enqueue([EffectSpec("incident.state", "c", "c", "source:rt")])
        unit.resolutions.release("rule", "c", later)
        assert len(unit.resolutions.taken("rule", NOON - timedelta(days=9), later, 9)) == 2
