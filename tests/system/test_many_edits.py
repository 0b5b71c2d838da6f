"""Many people edit both sides at once: in the end both are equal or a difference is told, and nothing is twice."""

from __future__ import annotations

import os
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bridge.app import App
from bridge.configuration import load
from bridge.sandbox import Sandbox
from tests.servers.redmine import RedmineServer
from tests.servers.rt import RtServer
from tests.system.crowd import crowd, fill
from tests.system.edits import SYNC, People, disagreements, script
from tests.system.sides import RealSides, SandboxSides
from tests.system.stage import Stage, opened, real_bridge, sandbox_bridge

START = datetime(2026, 3, 2, 8, tzinfo=UTC)
PAUSES = (0, 0, 1, 2, 30)
"""Seconds between a bout of edits and the bridge's look: none, so that edits and writes share a second."""
LINKS = 8
SETTLED = 12.5
"""Seconds after which a poll has seen all that Redmine shows late, by the default of `redmine.overlap`."""
FIELDS = {name: {"direction": "both", "owner": owner} for name, owner in SYNC.items()}


@pytest.mark.parametrize(
    ("edits", "links"),
    [
        pytest.param(200, 12, id="200"),
        pytest.param(10_000, 200, id="10000", marks=[pytest.mark.soak, pytest.mark.timeout(3000)]),
    ],
)
def test_both_sides_end_equal_or_the_difference_is_told(tmp_path: Path, edits: int, links: int) -> None:
    """No lost update, no duplicate, no echo, no private note made public; and then the bridge wants nothing more."""
    seed = seed_given()
    with Sandbox(clock_start=START) as sandbox, ExitStack() as resources:
        stage, sides = sandbox_bridge(sandbox, tmp_path), SandboxSides(sandbox)
        stage.write(
            clock=f"{sandbox.redmine.url}/_control/clock", workers=1, work_log={"every": "1m"}, sync={"fields": FIELDS}
        )
        places = fill(sandbox, links)
        for place in places:
            sides.employ(place.project)
        pairs = [(str(number), issue) for number, issue in enumerate((i for p in places for i in p.issues), 1)]
        people = People(sides, pairs, script(seed))
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
        all_is_well(app, people, seed)
        sandbox.log.clear()
        sandbox.clock.advance(120)
        look(app)
        assert [entry for entry in sandbox.requests() if entry.is_write] == []
        effects, _ = app.rehearse()
        assert effects == []


@pytest.mark.parametrize("edits", [pytest.param(200, id="200"), pytest.param(1000, id="1000", marks=pytest.mark.soak)])
def test_so_they_do_on_a_real_rt_and_a_real_redmine(
    fresh_redmine: RedmineServer, fresh_rt: RtServer, tmp_path: Path, edits: int
) -> None:
    """The same, where people and the bridge write at the very same moments, each in a thread of its own."""
    seed = seed_given()
    stage, sides = real_bridge(fresh_redmine, fresh_rt, tmp_path), RealSides(fresh_redmine, fresh_rt)
    people = People(sides, linked(stage, LINKS), script(seed))
    people.busy = True
    with ThreadPoolExecutor(4) as crew:
        while people.edits < edits:
            bout = [people.planned() for _ in range(people.rng.randint(20, 50))]
            sent = [crew.submit(edit) for edit in bout]
            with ExitStack() as resources:
                look(resources.enter_context(App(load(tmp_path / "bridge.yaml"), boundary=people.meanwhile)))
            for one in sent:
                one.result()
    people.busy = False
    stage.once()
    time.sleep(SETTLED)
    stage.once()
    stage.once()
    with opened(stage) as app:
        all_is_well(app, people, seed)
        before = sides.written()
        stage.pause()
        look(app)
        assert sides.written() == before
        effects, _ = app.rehearse()
        assert effects == []


def seed_given() -> int:
    """The script's seed: another one where somebody wants to look further."""
    return int(os.environ.get("BRIDGE_SOAK_SEED", "1"))


def linked(stage: Stage, count: int) -> list[tuple[str, int]]:
    """A project for that many open incidents: (incident, its own issue) by the number of the link."""
    # on a real clock all that the script does is done within an hour
    stage.write_small(sync={"fields": FIELDS, "same_writes_an_hour": 1000})
    stage.once()
    stage.pause()
    for _ in range(count):
        stage.desk.open("Router core-1 CPU above 95 %", key="core-1")
    stage.once()
    with opened(stage) as app, app.database.reading() as uow:
        links = sorted(uow.links.all(), key=lambda link: link.id)
    assert len(links) == count
    return [(link.ref.external_id, link.issue_id or 0) for link in links]


def all_is_well(app: App, people: People, seed: int) -> None:
    """Both sides are equal, or the difference is told; and what is told is the exception."""
    assert disagreements(app, people) == [], f"seed {seed}"
    with app.database.reading() as uow:
        told = [link.attention for link in uow.links.all() if link.attention]
    assert len(told) <= len(people.links) * 3 // 4, told
    assert app.engine().dead() == []


def look(app: App) -> None:
    cycle = app.once()
    assert not cycle.failures, cycle.failures
    assert not cycle.delivered.dead
