"""What people do while both sides of a link are being read, or before the write, is not undone by what was read."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from tests.unit.convergence.test_convergence import NOON, PEOPLE, Sync

from bridge.model.effect import Effect
from bridge.model.incident import State
from bridge.model.link import Link
from bridge.model.project import IssueChange
from bridge.ports import UnitOfWork
from bridge.usecases.reconcile import KIND, reconcile_effect
from bridge.usecases.unlink import DEMOTED, ended


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


def test_a_link_that_a_person_ended_stays_ended(in_step: Sync) -> None:
    """And nothing that was planned for it is written."""
    in_step.desk.change("1", state=State.IN_PROGRESS)
    reconcile(in_step, lambda uow, link: ended(link, DEMOTED, NOON)(uow))
    assert first(in_step).ended_because == DEMOTED
    writes = in_step.office.line.writes
    in_step.engine.run_until_idle(5)
    assert in_step.office.line.writes == writes


def test_a_value_that_a_person_settled_counts(in_step: Sync) -> None:
    """The agreed value that `conflicts resolve` sets is what the next plan goes by."""
    settled = {**first(in_step).agreed, "subject": "as the project says"}
    reconcile(in_step, lambda uow, link: uow.links.save(replace(link, agreed=settled)))
    assert first(in_step).agreed["subject"] == "as the project says"
    with in_step.database.reading() as uow:
        assert KIND in uow.effects.unfinished(f"link:{first(in_step).id}")


@pytest.mark.parametrize("seconds", [1, 5])
def test_what_somebody_changed_between_plan_and_write_is_not_lost(in_step: Sync, seconds: float) -> None:
    """Seen before the write, or in the history that the write made: the value that loses is kept in a note."""
    in_step.desk.change("1", person="anna")
    reconcile(in_step, lambda _uow, _link: None)
    in_step.clock.advance(seconds)
    in_step.office.edit(2, 12, IssueChange(assignee_id=PEOPLE["mia"], status="Feedback"))
    in_step.engine.run_until_idle(5)
    issue = in_step.office.held[2]
    assert issue.assignee_id == PEOPLE["ben"]
    kept = [one for one in issue.journals if "mia" in one.notes]
    assert [one.private for one in kept] == [True]
