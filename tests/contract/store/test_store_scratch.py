"""Groups beside the store tell the same as the store's own."""

from __future__ import annotations

from dataclasses import replace

from tests.contract.store.fixtures import NASTY, at, incident, save

from bridge.model.incident import GroupRow, State
from bridge.store.database import Database
from bridge.store.scratch import PART, scratch_groups

RULE = "router-cpu"
LONG = "k" * 5000
KEYS = ('[null,"a"]', NASTY, LONG, "nul\0key")


def test_groups_beside_the_store_are_those_of_the_store(database: Database) -> None:
    """Whatever is asked, also in parts, of long keys, and after an incident has moved."""
    made = [
        incident(number, opened_at=at(number), state=State.NEW if number % 3 else State.RESOLVED)
        for number in range(1, 13)
    ]
    with database.transaction() as uow, scratch_groups(uow.incidents) as own:
        saved = save(uow, *made)
        rows = [GroupRow(RULE, KEYS[one.id % 4], one.id, one.incident.opened_at) for one in saved]
        moved = replace(rows[0], group_key=KEYS[2])
        for part in (rows, [moved], [replace(moved, rule_id="other")]):
            uow.groups.join(part)
            own.join(part)
        assert own.keys(RULE) == uow.groups.keys(RULE)
        assert len(own.keys(RULE)) == 4
        assert own.keys("nobody") == []
        for key in (*KEYS, "no such group"):
            assert own.size(RULE, key) == uow.groups.size(RULE, key)
            for limit in (1, 2, 99):
                assert own.latest(RULE, key, limit) == uow.groups.latest(RULE, key, limit)
                assert own.latest(RULE, key, limit, at(7)) == uow.groups.latest(RULE, key, limit, at(7))
                assert own.still_open(RULE, key, limit) == uow.groups.still_open(RULE, key, limit)
                after = (at(4), rows[3].incident_id)
                assert own.still_open(RULE, key, limit, after) == uow.groups.still_open(RULE, key, limit, after)
                asked = (RULE, key, at(2), at(9), limit)
                assert own.opened(*asked) == uow.groups.opened(*asked)
        assert own.placed(RULE, moved.incident_id) in own.keys(RULE)
        assert own.placed("other", rows[1].incident_id) is None


def test_open_ones_are_found_behind_many_that_are_over(database: Database) -> None:
    with database.transaction() as uow, scratch_groups(uow.incidents) as own:
        over = [incident(number, opened_at=at(number), state=State.CLOSED) for number in range(1, PART + 2)]
        saved = save(uow, *over, incident(9999, opened_at=at(9999)))
        own.join([GroupRow(RULE, "k", one.id, one.incident.opened_at) for one in saved])
        assert [one.external_id for _, one in own.still_open(RULE, "k", 5)] == ["9999"]
