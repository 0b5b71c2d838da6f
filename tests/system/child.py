"""A bridge in a process of its own that can be killed at a chosen moment. Imported by the fork server."""

from __future__ import annotations

import multiprocessing
import os
import random
import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path

from bridge.app import App
from bridge.configuration import load
from bridge.model.effect import Effect

SECONDS = 120.0
CONTEXT = multiprocessing.get_context("forkserver")
CONTEXT.set_forkserver_preload(["tests.system.child"])


def once(config: Path, kill: Callable[[], Callable[[str, Effect], None]] | None = None) -> bool:
    """One `once` in a child; True when it lived to the end, False when it killed itself."""
    child = CONTEXT.Process(target=_once, args=(str(config), kill))
    child.start()
    child.join(SECONDS)
    if child.exitcode is None:
        child.kill()
        raise TimeoutError(f"the bridge did not end within {SECONDS} s")
    if child.exitcode == -signal.SIGKILL:
        return False
    assert child.exitcode == 0, f"the bridge ended with exit code {child.exitcode}"
    return True


def _once(config: str, kill: Callable[[], Callable[[str, Effect], None]] | None) -> None:
    boundary = kill() if kill else lambda _point, _effect: None
    with App(load(Path(config)), boundary=boundary) as app, app.database.lock():
        cycle = app.once()
        assert not cycle.failures, cycle.failures
        assert not cycle.delivered.dead


class AtBoundary:
    """Kills the process when the n-th boundary (counted from 1) of some kinds is reached."""

    def __init__(self, number: int, points: tuple[str, ...] = ("claimed", "delivered"), prefix: str = "") -> None:
        self.number = number
        self.points = points
        self.prefix = prefix

    def __call__(self) -> Callable[[str, Effect], None]:
        counting = threading.Lock()
        seen = 0

        def boundary(point: str, effect: Effect) -> None:
            nonlocal seen
            with counting:
                if point in self.points and effect.kind.startswith(self.prefix):
                    seen += 1
                    if seen == self.number:
                        os.kill(os.getpid(), signal.SIGKILL)

        return boundary


class AtRandom:
    """Kills the process after a random time, wherever it is then."""

    def __init__(self, seed: int, longest: float) -> None:
        self.after = random.Random(seed).uniform(0, longest)

    def __call__(self) -> Callable[[str, Effect], None]:
        def kill() -> None:
            time.sleep(self.after)
            os.kill(os.getpid(), signal.SIGKILL)

        threading.Thread(target=kill, daemon=True).start()
        return lambda _point, _effect: None
