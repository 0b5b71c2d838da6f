"""Groups of similar summaries: the store and the memory of a replay keep the same promises."""

from __future__ import annotations

import random
from dataclasses import dataclass, replace

import pytest
from tests.contract.store.fixtures import NASTY, NOON, at, incident, save
from tests.unit.rules.corpus.generate import lines
from tests.unit.rules.incidents import rule

from bridge.model.incident import GroupRow
from bridge.rules.matching import CompiledRule, group_key
from bridge.rules.similar import MOST_COMPARED, Representative, Representatives, Shelf, SimilarGroups, assign
from bridge.store.database import Database
from bridge.store.unit import Unit

SHELF = Shelf("r", "division")


@dataclass
class Stored:
    """The store's groups, with who is in them."""

    unit: Unit

    @property
    def groups(self) -> SimilarGroups:
        return self.unit.similar

    def join(self, rule_id: str, number: int, key: str) -> None:
        self.unit.groups.join([GroupRow(rule_id, key, number, NOON)])

    def leave(self, rule_id: str, number: int) -> None:
        self.unit.groups.leave(rule_id, number)


class Remembered:
    """Those in memory."""

    def __init__(self) -> None:
        self.groups = Representatives()
        self.join = self.groups.join
        self.leave = self.groups.leave


def three(unit: Unit) -> None:
    save(unit, *(incident(number, opened_at=at(number)) for number in (1, 2, 3)))


@pytest.mark.parametrize("where", ["store", "memory"])
def test_groups_are_found_where_they_were_started_latest_use_last(database: Database, where: str) -> None:
    with database.transaction() as unit:
        groups: SimilarGroups = unit.similar if where == "store" else Representatives()
        for key in ("a", "b", "c"):
            groups.start(SHELF, key, f"text {key}")
        groups.start(Shelf("r", "other"), "d", "text d")
        groups.start(Shelf("s", "division"), "a", "text a")
        groups.use(SHELF, "a")
        assert {one.key for one in groups.recent(SHELF, 2)} == {"a", "c"}
        started = sorted(groups.recent(SHELF, 9), key=lambda one: one.started)
        assert [(one.key, one.fingerprint) for one in started] == [(key, f"text {key}") for key in "abc"]
        assert [groups.has("r", key) for key in "adx"] == [True, True, False]
        groups.clear("r")
        assert (groups.has("r", "a"), groups.has("s", "a")) == (False, True)
        assert groups.recent(SHELF, 9) == []


@pytest.mark.parametrize("where", ["store", "memory"])
def test_an_incident_is_placed_while_it_is_in_a_group_of_its_division(database: Database, where: str) -> None:
    with database.transaction() as unit:
        three(unit)
        kept = Stored(unit) if where == "store" else Remembered()
        kept.groups.start(SHELF, "a", "text a")
        assert kept.groups.placed("r", 1, "division") is None
        kept.join("r", 1, "a")
        kept.join("r", 2, "never started")
        assert kept.groups.placed("r", 1, "division") == "a"
        assert kept.groups.placed("r", 1, "other") is None
        assert kept.groups.placed("s", 1, "division") is None
        assert kept.groups.placed("r", 2, "division") is None
        kept.leave("r", 1)
        assert kept.groups.placed("r", 1, "division") is None


def test_keys_and_divisions_too_long_for_an_index_are_told_apart(database: Database) -> None:
    long, other = "打" * 5000 + "1", "打" * 5000 + "2"
    with database.transaction() as unit:
        three(unit)
        for text in (long, other, NASTY):
            unit.similar.start(Shelf("r", text), text, text)
            unit.similar.use(Shelf("r", text), text)
            assert [one.fingerprint for one in unit.similar.recent(Shelf("r", text), 9)] == [text]
        unit.groups.join([GroupRow("r", long, 1, NOON)])
        placed = unit.similar.placed("r", 1, long)
        assert placed is not None
        assert unit.similar.placed("r", 1, other) is None
        unit.groups.join([GroupRow("r", placed, 1, NOON)])
        assert unit.similar.placed("r", 1, long) == placed


def test_the_store_and_a_replay_come_to_the_same_groups(database: Database) -> None:
    """Tickets come, change their summaries and services, and leave, in a random order."""
    rng = random.Random(4)
    by = rule(group_by=["service", "fingerprint"], similar=80)
    texts = [line.text for line in lines(4, each=3)]
    numbers = range(1, 121)
    with database.transaction() as unit:
        save(unit, *(incident(number) for number in numbers))
        stored, memory = Stored(unit), Remembered()
        steps = [step(rng, texts) for _ in range(400)]
        assert [taken(by, stored, *one) for one in steps] == [taken(by, memory, *one) for one in steps]


def step(rng: random.Random, texts: list[str]) -> tuple[int, str, str]:
    return rng.randint(1, 120), rng.choice(texts), rng.choice(["a", "b", ""])


def taken(by: CompiledRule, kept: Stored | Remembered, number: int, text: str, service: str) -> str | None:
    own = group_key(by, replace(incident(number), summary=text, service=service))
    if own is None:
        kept.leave(by.id, number)
        return None
    key = assign(kept.groups, by, number, own)
    kept.join(by.id, number, key)
    return key


def test_no_more_is_read_than_is_compared(database: Database) -> None:
    with database.transaction() as unit:
        for number in range(MOST_COMPARED + 50):
            unit.similar.start(SHELF, str(number), f"text {number}")
        found = unit.similar.recent(SHELF, MOST_COMPARED)
        assert len(found) == MOST_COMPARED
        assert Representative("0", "text 0", 1) not in found
        if unit.connection.dialect.name == "sqlite":
            query = (
                "SELECT group_key FROM similar_group WHERE rule_id = 'r' AND division = 'd' ORDER BY used DESC LIMIT 9"
            )
            (plan,) = unit.connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {query}").all()
            assert "ix_similar_group_used" in plan[3]
