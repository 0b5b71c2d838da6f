"""A source that is taken out of the settings for a while loses none of its links."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from tests.unit.convergence.test_convergence import Sync

from bridge.app.handlers import handlers
from bridge.model.effect import EffectSpec
from bridge.model.files import RemoteFile
from bridge.model.link import Link
from bridge.model.project import IssueChange
from bridge.queue.embedded import EmbeddedEngine
from bridge.sync.files import FileCopy
from bridge.sync.merge import Side
from bridge.usecases.broadcast import TELL
from bridge.usecases.deliver.effects import field_effect, incident_effect
from bridge.usecases.files import _effect as file_effect


def deliver(sync: Sync, *sources: str) -> None:
    """With only these sources configured."""
    found = dict.fromkeys(sources, sync.desk)
    able = handlers(sync.database, found, sync.office, {}, lambda: sync.configured, sync.clock)
    engine = EmbeddedEngine(sync.database, able, sync.clock, workers=1)
    engine.run_until_idle(5)
    engine.close()


def test_its_links_wait_say_so_and_go_on(in_step: Sync) -> None:
    """What was written meanwhile follows, though nothing else changes."""
    in_step.office.edit(2, 12, IssueChange(note="cards are ordered"))
    in_step.poll()
    deliver(in_step)
    with in_step.database.reading() as uow:
        link = uow.links.all()[0]
    assert link.ended_at is None
    assert "desk is not configured" in link.attention
    in_step.clock.advance(2 * 86_400)
    deliver(in_step, "desk")
    assert any("cards are ordered" in note.text for note in in_step.desk.written["1"])
    with in_step.database.reading() as uow:
        assert uow.links.all()[0].attention == ""


def note(link: Link) -> EffectSpec:
    return incident_effect(link, "incident.note", "9", text="a note\n\n[9]", origin="[9]", private=True)


def to_all(link: Link) -> EffectSpec:
    return incident_effect(link, TELL, "9", text="to all\n\n[9]", origin="[9]", private=True)


def field(link: Link) -> EffectSpec:
    return field_effect(link, "9", "priority", "4", "3", "Bug")


def file(link: Link) -> EffectSpec:
    return file_effect(link, FileCopy(Side.INCIDENT, RemoteFile("7", "log.txt", "text/plain", 3, "anna", None)))


@pytest.mark.parametrize("made", [note, to_all, field, file])
def test_what_was_planned_before_waits(in_step: Sync, made: Callable[[Link], EffectSpec]) -> None:
    """It is neither dead nor dropped; its link says so, and it goes on when the source is back."""
    with in_step.database.transaction() as uow:
        link = uow.links.all()[0]
        uow.effects.enqueue([made(link)])
    deliver(in_step)
    assert in_step.engine.dead() == []
    with in_step.database.reading() as uow:
        assert "desk is not configured" in uow.links.get(link.id).attention
        assert made(link).kind in uow.effects.unfinished(f"link:{link.id}")
    in_step.clock.advance(700)
    deliver(in_step, "desk")
    with in_step.database.reading() as uow:
        assert made(link).kind not in uow.effects.unfinished(f"link:{link.id}")


def test_it_goes_on_by_itself(in_step: Sync) -> None:
    with in_step.database.transaction() as uow:
        uow.effects.enqueue([note(uow.links.all()[0])])
    deliver(in_step)
    in_step.clock.advance(700)
    deliver(in_step, "desk")
    assert [one.text for one in in_step.desk.written["1"]] == ["a note\n\n[9]"]
