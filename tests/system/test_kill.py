"""Exactly once under kill -9: wherever the bridge dies, the end is that of an undisturbed run."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from bridge.sandbox import Sandbox
from tests.system import child
from tests.system.scene import START, Scene

SLICES = 8
PATIENT = 10.0
"""How long a bridge waits for an answer here, seconds: nothing but kills disturbs it."""


@dataclass
class Deaths:
    """The scene with a bridge in a process of its own, and what it leaves when nobody kills it."""

    scene: Scene
    undisturbed: dict[str, Any]
    seconds: float

    def play(self, kill: Any) -> int:
        """From the scene to the end; returns how often the bridge died on the way."""
        deaths = play(self.scene, kill)
        assert self.scene.sandbox.dump() == self.undisturbed, f"{kill}"
        return deaths


def play(scene: Scene, kill: Any) -> int:
    scene.rewind()
    if child.once(scene.config, kill):
        return 0
    assert child.once(scene.config)
    return 1


@pytest.fixture(scope="module")
def deaths(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deaths]:
    """Five tickets have arrived, and the bridge is about to look."""
    with Sandbox(clock_start=START) as sandbox:
        scene = Scene.set_up(sandbox, tmp_path_factory.mktemp("scene"), patience=PATIENT)
        began = time.monotonic()
        assert play(scene, None) == 0
        yield Deaths(scene, sandbox.dump(), time.monotonic() - began)


@pytest.mark.parametrize("part", range(SLICES))
def test_killed_after_every_write(deaths: Deaths, part: int) -> None:
    """After each remote write, but before our own commit: what was written is found and not written again."""
    number = part + 1
    while deaths.play(child.AtBoundary(number, ("delivered",))):
        number += SLICES
    assert number > SLICES, "the story has more boundaries than slices"


@pytest.mark.parametrize("first", [1, pytest.param(2, marks=pytest.mark.soak), pytest.param(3, marks=pytest.mark.soak)])
def test_killed_before_a_write(deaths: Deaths, first: int) -> None:
    """Taken up, not sent: every third write here, all of them in the soak test."""
    number = first
    while deaths.play(child.AtBoundary(number, ("claimed",))):
        number += 3
    assert number > 3


@pytest.mark.soak
@pytest.mark.timeout(3000)
def test_killed_at_random_moments(deaths: Deaths) -> None:
    """Any moment: in the middle of a poll, a commit, a request."""
    wanted = int(os.environ.get("BRIDGE_SOAK_KILLS", "500"))
    seed = int(os.environ.get("BRIDGE_SOAK_SEED", "1"))
    died = runs = 0
    while died < wanted:
        died += deaths.play(child.AtRandom(seed * 1_000_000 + runs, deaths.seconds))
        runs += 1
        assert runs < 3 * wanted + 20, "the kills come too late"
    print(f"killed at random: seed {seed}, {died} deaths in {runs} runs, every end equal to the undisturbed one")
