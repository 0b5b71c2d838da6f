"""Exactly once under kill -9: wherever the bridge dies, the end is that of an undisturbed run."""

from __future__ import annotations

import copy
import os
import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from bridge.sandbox import Sandbox
from tests.system import child
from tests.system.stage import Stage, sandbox_bridge
from tests.system.test_story import recurrence

START = datetime(2026, 11, 2, 8, 0, tzinfo=UTC)
SLICES = 8


@dataclass
class Scene:
    """The moment before the bridge finds the recurrence, to be played again and again."""

    sandbox: Sandbox
    stage: Stage
    config: Path
    redmine: Any
    itsm: Any
    undisturbed: dict[str, Any]
    seconds: float = 0.0
    """How long an undisturbed run takes."""

    def play(self, kill: Any) -> int:
        """From the scene to the end; returns how often the bridge died on the way."""
        self.rewind()
        deaths = 0
        if not child.once(self.config, kill):
            deaths = 1
            assert child.once(self.config)
        return deaths

    def rewind(self) -> None:
        """Both servers and the store as they were."""
        self.sandbox.redmine.app.state = copy.deepcopy(self.redmine)
        self.sandbox.itsm.app.state = copy.deepcopy(self.itsm)
        store = self.stage.folder / "bridge.sqlite3"
        for path in self.stage.folder.glob("bridge.sqlite3*"):
            path.unlink()
        shutil.copy(self.stage.folder / "before.sqlite3", store)


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    """Five tickets have arrived, and the bridge is about to look."""
    with Sandbox(clock_start=START) as sandbox:
        stage = sandbox_bridge(sandbox, tmp_path_factory.mktemp("scene"))
        config = stage.write(clock=f"{sandbox.redmine.url}/_control/clock")
        assert child.once(config)
        sandbox.clock.advance(3600)
        recurrence(stage)
        shutil.copy(stage.folder / "bridge.sqlite3", stage.folder / "before.sqlite3")
        made = Scene(
            sandbox,
            stage,
            config,
            copy.deepcopy(sandbox.redmine.app.state),
            copy.deepcopy(sandbox.itsm.app.state),
            {},
        )
        began = time.monotonic()
        assert made.play(None) == 0
        made.seconds = time.monotonic() - began
        made.undisturbed = sandbox.dump()
        yield made


@pytest.mark.parametrize("part", range(SLICES))
def test_killed_at_every_boundary(scene: Scene, part: int) -> None:
    """Before each remote write, and after it but before our own commit."""
    number = part + 1
    while scene.play(child.AtBoundary(number)):
        assert scene.sandbox.dump() == scene.undisturbed, f"killed at boundary {number}"
        number += SLICES
    assert number > SLICES, "the story has more boundaries than slices"


@pytest.mark.soak
@pytest.mark.timeout(3000)
def test_killed_at_random_moments(scene: Scene) -> None:
    """Any moment: in the middle of a poll, a commit, a request."""
    wanted = int(os.environ.get("BRIDGE_SOAK_KILLS", "500"))
    seed = int(os.environ.get("BRIDGE_SOAK_SEED", "1"))
    died = runs = 0
    while died < wanted:
        died += scene.play(child.AtRandom(seed * 1_000_000 + runs, scene.seconds))
        runs += 1
        assert scene.sandbox.dump() == scene.undisturbed, f"seed {seed}, run {runs}"
        assert runs < 3 * wanted + 20, "the kills come too late"
    print(f"killed at random: seed {seed}, {died} deaths in {runs} runs, every end equal to the undisturbed one")
