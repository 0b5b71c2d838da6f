"""Exactly once under kill -9 when a promotion is undone or joined with another: the end is that of a calm run."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from bridge.app import App
from bridge.configuration import load
from bridge.sandbox import Sandbox
from tests.system import child
from tests.system.scene import Scene
from tests.system.stage import sandbox_bridge
from tests.system.test_kill import Deaths, play
from tests.system.test_story import SUMMARY, promoted

WRITES = ["incident.tell", "task.create", "project.close"]
"""Killed after the first of each of these here, after every write in the soak test."""
ASKED: dict[str, dict[str, Any]] = {"demote": {"promotion": 1}, "merge": {"promotion": 2, "into": 1}}


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    """Two small projects are open, with nothing left to be written."""
    with Sandbox(clock_start=datetime(2026, 11, 2, 8, 0, tzinfo=UTC)) as sandbox:
        stage = sandbox_bridge(sandbox, tmp_path_factory.mktemp("life"))
        stage.write_small(clock=f"{sandbox.redmine.url}/_control/clock")
        scene = Scene(sandbox, stage)
        _, scene.resolved, scene.waiting = promoted(stage)
        for _ in range(5):
            stage.desk.open(SUMMARY, key="core-2")
        scene.rounds(step=60)
        assert len(scene.promotions()) == 2
        scene.save()
        yield scene


@pytest.fixture
def scene(opened: Scene) -> Iterator[Scene]:
    """The same moment for each test, whatever it saves."""
    opened.rewind()
    path = opened.stage.folder / "saved.sqlite3"
    moment, store = opened._saved, path.read_bytes()
    yield opened
    opened._saved = moment
    path.write_bytes(store)


def decided(scene: Scene, name: str) -> Deaths:
    """The moment at which a person has decided and nothing is written yet."""
    with App(load(scene.config)) as app, app.database.lock():
        app.perform(name, {"actor": "erin", "reason": "one power supply", **ASKED[name]})
    scene.save()
    assert play(scene, None) == 0
    return Deaths(scene, scene.sandbox.dump(), 0.0)


@pytest.mark.parametrize("name", ASKED)
def test_killed_after_a_write(scene: Scene, name: str) -> None:
    """Sent, but not stored when the bridge dies: it is found and not sent again, and all else follows."""
    deaths = decided(scene, name)
    died = [kind for kind in WRITES if deaths.play(child.AtBoundary(1, ("delivered",), prefix=kind))]
    assert died == [kind for kind in WRITES if name == "merge" or kind != "task.create"]


@pytest.mark.soak
@pytest.mark.parametrize("name", ASKED)
def test_killed_after_every_write(scene: Scene, name: str) -> None:
    """The same wherever it dies."""
    deaths = decided(scene, name)
    number = 1
    while deaths.play(child.AtBoundary(number, ("delivered",))):
        number += 1
    assert number > len(WRITES)
