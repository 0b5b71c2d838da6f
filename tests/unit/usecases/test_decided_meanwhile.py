"""What a person decides while both sides of a link are being read is not undone by what was read."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta

import pytest
from tests.unit.convergence.test_convergence import NOON, Sync

from bridge.model.effect import Effect
from bridge.model.incident import State
from bridge.model.link import Link
from bridge.ports import UnitOfWork
from bridge.usecases.reconcile import KIND, reconcile_effect
from bridge.usecases.unlink import DEMOTED, ended


@pytest.fixture
def sync() -> Iterator[Sync]:
    """Two linked incidents in memory, in step."""
    made = Sync()
    made.begin(timedelta(), timedelta())
    made.engine.run_until_idle(5)
    yield made
    made.engine.close()
    made.database.close()
    shutil.rmtree(made.folder)


def first(sync: Sync) -> Link:
    with sync.database.reading() as uow:
        return uow.links.all()[0]


def reconcile(sync: Sync, meanwhile: Callable[[UnitOfWork, Link], None]) -> None:
    """Both sides are read, `meanwhile` is stored, then what was planned."""
    link = first(sync)
    spec = reconcile_effect(link, "test")
    effect = Effect(1000, spec.kind, spec.key, spec.unique, spec.endpoint, spec.payload, 1, False, NOON)
    save = sync.handlers[KIND](effect)
    with sync.database.transaction() as uow:
        meanwhile(uow, link)
    with sync.database.transaction() as uow:
        save(uow)


def test_a_link_that_a_person_ended_stays_ended(sync: Sync) -> None:
    """And nothing that was planned for it is written."""
    sync.desk.change("1", state=State.IN_PROGRESS)
    reconcile(sync, lambda uow, link: ended(link, DEMOTED, NOON)(uow))
    assert first(sync).ended_because == DEMOTED
    writes = sync.office.line.writes
    sync.engine.run_until_idle(5)
    assert sync.office.line.writes == writes


def test_a_value_that_a_person_settled_counts(sync: Sync) -> None:
    """The agreed value that `conflicts resolve` sets is what the next plan goes by."""
    settled = {**first(sync).agreed, "subject": "as the project says"}
    reconcile(sync, lambda uow, link: uow.links.save(replace(link, agreed=settled)))
    assert first(sync).agreed["subject"] == "as the project says"
    with sync.database.reading() as uow:
        assert KIND in uow.effects.unfinished(f"link:{first(sync).id}")
