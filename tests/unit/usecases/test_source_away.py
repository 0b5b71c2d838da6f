"""A source that is taken out of the settings for a while loses none of its links."""

from __future__ import annotations

from tests.unit.convergence.test_convergence import Sync

from bridge.app.handlers import handlers
from bridge.model.project import IssueChange
from bridge.queue.embedded import EmbeddedEngine


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
