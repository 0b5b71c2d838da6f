"""Many people edit both sides at once: in the end both are equal or a difference is told, and nothing is twice."""

from __future__ import annotations

import os
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bridge.app import App
from bridge.configuration import load
from bridge.sandbox import Sandbox
from tests.system.crowd import crowd, fill
from tests.system.edits import People, disagreements, employ, script
from tests.system.stage import sandbox_bridge

START = datetime(2026, 3, 2, 8, tzinfo=UTC)
PAUSES = (0, 0, 1, 2, 30)
"""Seconds between a bout of edits and the bridge's look: none, so that edits and writes share a second."""


@pytest.mark.parametrize(
    ("edits", "links"),
    [
        pytest.param(200, 12, id="200"),
        pytest.param(10_000, 200, id="10000", marks=[pytest.mark.soak, pytest.mark.timeout(3000)]),
    ],
)
def test_both_sides_end_equal_or_the_difference_is_told(tmp_path: Path, edits: int, links: int) -> None:
    """No lost update, no duplicate, no echo, no private note made public; and then the bridge wants nothing more."""
    seed = int(os.environ.get("BRIDGE_SOAK_SEED", "1"))
    with Sandbox(clock_start=START) as sandbox, ExitStack() as resources:
        stage = sandbox_bridge(sandbox, tmp_path)
        stage.write(clock=f"{sandbox.redmine.url}/_control/clock", workers=1, work_log={"every": "1m"})
        places = fill(sandbox, links)
        for place in places:
            employ(sandbox, place.project)
        pairs = [(str(number), issue) for number, issue in enumerate((i for p in places for i in p.issues), 1)]
        people = People(sandbox, pairs, script(seed))
        app = resources.enter_context(App(load(tmp_path / "bridge.yaml"), boundary=people.meanwhile))
        with app.database.transaction() as uow:
            crowd(uow, stage.desk.source, links, places, sandbox.clock.now())
        look(app)
        people.busy = True
        while people.edits < edits:
            for _ in range(people.rng.randint(1, 20 * max(1, links // 12))):
                people.edit()
            sandbox.clock.advance(people.rng.choice(PAUSES))
            look(app)
        people.busy = False
        for _ in range(5):
            sandbox.clock.advance(120)
            look(app)
        assert disagreements(sandbox, app, people) == [], f"seed {seed}"
        with app.database.reading() as uow:
            told = [link.attention for link in uow.links.all() if link.attention]
        assert len(told) <= links // 3, told
        sandbox.log.clear()
        sandbox.clock.advance(120)
        look(app)
        assert [entry for entry in sandbox.requests() if entry.is_write] == []
        effects, _ = app.rehearse()
        assert effects == []


def look(app: App) -> None:
    cycle = app.once()
    assert not cycle.failures, cycle.failures
    assert not cycle.delivered.dead
