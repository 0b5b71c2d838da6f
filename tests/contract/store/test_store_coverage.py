"""How many changes came by hook: judged a while after the poll that told them, each once."""

from __future__ import annotations

from datetime import timedelta

import pytest
from tests.contract.store.fixtures import NOON, at

from bridge.model.coverage import Coverage
from bridge.model.hint import Heard, Hint
from bridge.store.database import Database
from bridge.usecases.coverage import Meter, Trust, is_covered, silence

GRACE = timedelta(minutes=1)


def hook(database: Database, entity: str, minute: int, changed: int | None = None) -> None:
    with database.transaction() as unit:
        moment = None if changed is None else at(changed)
        unit.inbox.put([Hint("rt", entity, f"{entity} {minute}", changed_at=moment)], at(minute))


def test_a_change_is_judged_after_its_time_of_grace(database: Database) -> None:
    """A hook may come after the poll that found the same."""
    meter = Meter(database, GRACE)
    meter.polled("rt", [("1", at(1)), ("2", at(1))], at(2))
    assert meter.judge(at(2)) == {}
    hook(database, "1", 2, changed=1)
    assert meter.judge(at(3)) == {"rt": Coverage("rt", 1, 1, 0, 1, at(3), at(3))}
    assert meter.judge(at(9)) == {}, "each is judged once"
    with database.reading() as unit:
        assert unit.inbox.coverage()["rt"].share == 0.5


def test_the_same_change_told_twice_is_one_change(database: Database) -> None:
    """Polls tell a second that was not over once more."""
    meter = Meter(database, timedelta())
    for minute in (2, 3):
        meter.polled("rt", [("1", at(1))], at(minute))
    meter.polled("rt", [("1", at(4))], at(4))
    assert meter.judge(at(9))["rt"].missed == 2


def test_figures_go_on_after_a_restart_and_systems_are_apart(database: Database) -> None:
    hook(database, "1", 1, changed=1)
    for system in ("rt", "redmine"):
        meter = Meter(database, timedelta())
        meter.polled(system, [("1", at(1))], at(2))
        meter.judge(at(2))
    meter = Meter(database, timedelta())
    meter.polled("rt", [("1", at(1))], at(2))
    assert meter.judge(at(3)) == {"rt": Coverage("rt", 2, 0, 2, 0, at(3), None)}


@pytest.mark.parametrize(
    ("last", "received", "covered"),
    [(5, 0, True), (6, 0, True), (4, 9, False), (None, 5, True), (None, 4, True), (None, 3, False)],
)
def test_a_hook_covers_a_change_that_is_not_later(last: int | None, received: int, covered: bool) -> None:
    """By the system's own time; by ours, with a minute for the clocks, where the hook carries none."""
    heard = Heard(0, None if last is None else at(last), at(received))
    assert is_covered(heard, at(5)) is covered


def test_trust_comes_slowly_and_goes_at_once() -> None:
    trust, coverage = Trust(trust_after=2, silent_after=3), Coverage("rt")
    told = []
    for by_hook in (True, True, False, True, True, False, False, False, True):
        coverage = coverage.told(NOON, by_hook=by_hook)
        told.append((trust.is_trusted(coverage), trust.is_silent(coverage)))
    assert [trusted for trusted, _ in told] == [False, True, False, False, True, False, False, False, False]
    assert [silent for _, silent in told] == [False] * 7 + [True, False]
    assert (coverage.heard, coverage.missed) == (5, 4)


def test_silence_says_since_when() -> None:
    missed = Coverage("rt").told(NOON, by_hook=False)
    assert "none ever did" in silence(missed)
    assert f"{NOON:%Y-%m-%d %H:%M} UTC" in silence(missed.told(NOON, by_hook=True).told(at(1), by_hook=False))
    assert "nothing is lost" in silence(missed)
