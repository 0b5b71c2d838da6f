"""What the daemon tells systemd: ready, alive, a line for the operator, stopping."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
import requests

from bridge.sandbox import Sandbox
from tests.servers.common import free_port
from tests.system.commands import CONTEXT, Daemon, until
from tests.system.manager import Manager, hanging_daemon
from tests.system.stage import Stage, next_second, sandbox_bridge
from tests.system.test_story import recurrence

WATCHDOG = 4.0


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    """The sandbox with the real time."""
    with Sandbox() as found:
        yield found


@pytest.fixture
def stage(sandbox: Sandbox, tmp_path: Path) -> Stage:
    """A bridge that has looked once and polls several times a second."""
    stage = sandbox_bridge(sandbox, tmp_path)
    stage.write(poll_seconds=0.3)
    stage.once()
    next_second()
    return stage


@pytest.mark.parametrize("kind", ["file", "abstract"])
def test_ready_alive_and_stopping(stage: Stage, tmp_path: Path, kind: str) -> None:
    """READY once, then signs of life, a line about the queue, and STOPPING at the end."""
    manager = Manager.in_folder(tmp_path) if kind == "file" else Manager.abstract()
    with manager, Daemon(stage.folder / "bridge.yaml", manager.environ(WATCHDOG)) as daemon:
        daemon.until(lambda: len(manager.times("WATCHDOG")) >= 4, "signs of life")
        daemon.until(lambda: manager.values("STATUS"), "a line for the operator")
        assert manager.values("STATUS")[0] == "Running. 0 write(s) wait."
        assert manager.values("STOPPING") == []
        assert daemon.stop()[0] == 0
        until(lambda: manager.values("STOPPING") == ["1"], "that it stops is heard")
        assert manager.values("READY") == ["1"]
        assert manager.times("READY")[0] <= manager.times("WATCHDOG")[0]
        assert manager.values("STATUS")[-1].startswith("Stopping: ")
        assert max(manager.times("WATCHDOG")) <= manager.times("STOPPING")[0]


def test_without_a_watchdog_there_are_no_signs_of_life(stage: Stage, tmp_path: Path) -> None:
    """Type=notify alone: ready and the line, nothing else; and a manager that went away stops nothing."""
    with ExitStack() as listening:
        manager = listening.enter_context(Manager.in_folder(tmp_path))
        with Daemon(stage.folder / "bridge.yaml", manager.environ()) as daemon:
            daemon.until(lambda: manager.values("READY"), "it is ready")
            listening.close()
            recurrence(stage)
            daemon.until(stage.office.projects, "it works on")
            daemon.until(lambda: "the service manager cannot be told" in daemon.log, "it is logged")
            assert daemon.stop()[0] == 0
        assert manager.values("WATCHDOG") == []


def test_a_delivery_that_hangs_gives_no_sign_of_life(stage: Stage, sandbox: Sandbox, tmp_path: Path) -> None:
    """The scheduler goes on and polls, delivery does not: nothing is told until delivery goes on; nor is it ready."""
    reached, port = tmp_path / "hangs", free_port()
    stage.write(poll_seconds=0.3, hooks={"listen": f"127.0.0.1:{port}"})
    ready = f"http://127.0.0.1:{port}/readyz"
    with Manager.in_folder(tmp_path) as manager:
        arguments = (str(stage.folder / "bridge.yaml"), manager.environ(WATCHDOG), str(reached))
        child = CONTEXT.Process(target=hanging_daemon, args=arguments)
        child.start()
        try:
            until(lambda: manager.times("WATCHDOG"), "a sign of life while it works")
            recurrence(stage)
            until(reached.exists, "delivery hangs")
            until(lambda: time.monotonic() - manager.times("WATCHDOG")[-1] > 1.5 * WATCHDOG, "signs of life end")
            reasons = requests.get(ready, timeout=30).json()["reasons"]
            assert any(text.startswith("delivery has stood still for ") for text in reasons)
            assert child.is_alive()
            polls = len(sandbox.requests("itsm"))
            until(lambda: len(sandbox.requests("itsm")) > polls, "the scheduler still works")
            last = manager.times("WATCHDOG")[-1]
            reached.unlink()
            until(lambda: manager.times("WATCHDOG")[-1] > last, "a sign of life when delivery goes on")
            until(lambda: requests.get(ready, timeout=30).status_code == 200, "it is ready again")
        finally:
            child.kill()
            child.join(30)
