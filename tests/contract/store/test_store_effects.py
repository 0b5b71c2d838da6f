"""Effects are stored with their decision, once, in order."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace

import pytest
from sqlalchemy import select
from tests.contract.store.fixtures import NASTY, NOON, HandClock, at

from bridge.model.effect import Effect, EffectSpec, EffectState
from bridge.store.database import Database
from bridge.store.effects import EFFECT, effect_of
from bridge.store.sql import fetch, select_text
from bridge.store.tables import effect, effect_predecessor
from bridge.store.unit import Unit

SPEC = EffectSpec("issue", "redmine#7", "open:7", "redmine", {"n": 1, "text": NASTY, "deep": {"a": [None, 2.5]}})


def stored(unit: Unit) -> list[Effect]:
    """All effects, oldest first."""
    return [effect_of(row) for row in fetch(unit.connection, select_text(EFFECT, "FROM effect ORDER BY id"))]


def test_an_effect_is_stored_as_asked_for(database: Database) -> None:
    with database.transaction() as unit:
        assert unit.effects.enqueue([replace(SPEC, promotion_id=3)]) == 1
        assert stored(unit) == [
            Effect(
                id=1,
                kind="issue",
                key="redmine#7",
                unique="open:7",
                endpoint="redmine",
                payload=SPEC.payload,
                attempt=0,
                unsure=False,
                created_at=NOON,
                promotion_id=3,
                state=EffectState.READY,
                run_at=NOON,
            )
        ]


def test_an_effect_that_is_known_stays_as_it_is(database: Database, clock: HandClock) -> None:
    with database.transaction() as unit:
        assert unit.effects.enqueue([SPEC, SPEC]) == 1
    clock.advance(minutes=1)
    with database.transaction() as unit:
        changed = replace(SPEC, payload={}, key="other")
        assert unit.effects.enqueue([changed, replace(SPEC, unique="open:8")]) == 1
        assert [(one.unique, one.key, one.created_at) for one in stored(unit)] == [
            ("open:7", "redmine#7", NOON),
            ("open:8", "redmine#7", at(1)),
        ]
        assert unit.effects.stored == 1


def test_an_effect_for_later_keeps_its_time(database: Database) -> None:
    with database.transaction() as unit:
        unit.effects.enqueue([replace(SPEC, run_at=at(5))])
        assert stored(unit)[0].run_at == at(5)


def test_the_payload_cannot_be_changed(database: Database) -> None:
    with database.transaction() as unit:
        unit.effects.enqueue([SPEC])
        with pytest.raises(TypeError):
            stored(unit)[0].payload["n"] = 2  # type: ignore[index]


def test_predecessors_are_found_in_the_store_and_before_it_in_the_same_call(database: Database) -> None:
    with database.transaction() as unit:
        unit.effects.enqueue([replace(SPEC, unique="a")])
        unit.effects.enqueue(
            [replace(SPEC, unique="b"), replace(SPEC, unique="c", after=("a", "b", "a")), replace(SPEC, unique="a")]
        )
        rows = unit.connection.execute(select(effect_predecessor).order_by(effect_predecessor.c.predecessor_id))
        assert [tuple(row) for row in rows] == [(3, 1), (3, 2)]


@pytest.mark.parametrize("after", [("nobody",), ("later",), ("x",)])
def test_what_an_effect_waits_for_must_be_there(database: Database, after: tuple[str, ...]) -> None:
    """Neither unknown, nor later, nor itself: it would wait for ever and nobody would know."""
    specs = [replace(SPEC, unique="x", after=after), replace(SPEC, unique="later")]
    with pytest.raises(ValueError, match=f"“x” comes after “{after[0]}”"), database.transaction() as unit:
        unit.effects.enqueue(specs)
    with database.reading() as unit:
        assert stored(unit) == []


def test_a_rolled_back_effect_never_was(database: Database) -> None:
    with suppress(ZeroDivisionError), database.transaction() as unit:
        unit.effects.enqueue([SPEC])
        raise ZeroDivisionError
    with database.transaction() as unit:
        assert unit.effects.enqueue([SPEC]) == 1


def test_very_long_keys_are_told_apart(database: Database) -> None:
    specs = [replace(SPEC, unique="u" * 9000 + end, key="k" * 9000 + end) for end in "ab"]
    with database.transaction() as unit:
        assert unit.effects.enqueue(specs) == 2
        assert unit.effects.enqueue(specs) == 0
        assert unit.effects.unfinished(specs[0].key) == ("issue",)
        assert unit.effects.enqueue([replace(SPEC, after=(specs[1].unique,))]) == 1


def test_work_that_rereads_everything_is_stored_unless_it_is_ready_already(database: Database) -> None:
    sync = EffectSpec("sync", "link#1", "sync:1", "redmine")
    with database.transaction() as unit:
        assert unit.effects.enqueue_if_idle(sync) is True
        assert unit.effects.enqueue_if_idle(sync) is False
        assert unit.effects.enqueue_if_idle(replace(sync, kind="other")) is True
        assert unit.effects.enqueue_if_idle(replace(sync, key="link#2", unique="sync:2")) is True
        set_state(unit, 1, "running")
        assert unit.effects.enqueue_if_idle(sync) is True, "what runs now may have read before the change"
        set_state(unit, 1, "done")
        set_state(unit, 4, "done")
        assert unit.effects.enqueue_if_idle(sync) is True
        assert len({one.unique for one in stored(unit)}) == 5


def set_state(unit: Unit, number: int, state: str) -> None:
    unit.connection.execute(effect.update().where(effect.c.id == number).values(state=state))


def test_a_promotion_knows_what_died_and_a_key_what_is_unfinished(database: Database) -> None:
    with database.transaction() as unit:
        unit.effects.enqueue([replace(SPEC, unique=str(number), promotion_id=7) for number in range(4)])
        unit.effects.enqueue([replace(SPEC, unique="other", promotion_id=8, kind="note"), SPEC])
        for number, state in ((1, "done"), (2, "running"), (3, "dead")):
            set_state(unit, number, state)
        assert [(one.id, one.state) for one in unit.effects.dead(7)] == [(3, EffectState.DEAD)]
        assert unit.effects.dead(8) == []
        assert unit.effects.unfinished("redmine#7") == ("issue", "issue", "note", "issue")
