"""When the service manager is told what, and the line for the operator."""

from __future__ import annotations

import os
from datetime import UTC, datetime

import pytest
from structlog.testing import capture_logs

from bridge.app.service_manager import ServiceManager, Vigil
from bridge.daemon import status
from bridge.queue.contract import EndpointStats, Stats


class Listening(ServiceManager):
    """A manager that keeps what it is told."""

    def __init__(self, usec: str = "") -> None:
        super().__init__({"NOTIFY_SOCKET": "@nobody-listens-here", "WATCHDOG_USEC": usec})
        self.told: list[dict[str, str]] = []

    def tell(self, **state: str) -> None:
        """Keeps it."""
        self.told.append(state)


@pytest.mark.parametrize(
    ("environ", "seconds"),
    [
        ({}, None),
        ({"WATCHDOG_USEC": "2000000"}, None),
        ({"NOTIFY_SOCKET": "@x"}, None),
        ({"NOTIFY_SOCKET": "@x", "WATCHDOG_USEC": "2500000"}, 2.5),
        ({"NOTIFY_SOCKET": "@x", "WATCHDOG_USEC": "2500000", "WATCHDOG_PID": str(os.getpid())}, 2.5),
        ({"NOTIFY_SOCKET": "@x", "WATCHDOG_USEC": "2500000", "WATCHDOG_PID": "1"}, None),
        ({"NOTIFY_SOCKET": "@x", "WATCHDOG_USEC": "0"}, None),
        ({"NOTIFY_SOCKET": "@x", "WATCHDOG_USEC": "soon"}, None),
    ],
)
def test_who_wants_signs_of_life(environ: dict[str, str], seconds: float | None) -> None:
    """As sd_watchdog_enabled(3) says: a time, and meant for this process if a process is named."""
    manager = ServiceManager(environ)
    assert manager.watchdog_seconds == seconds
    assert manager.listens == ("NOTIFY_SOCKET" in environ)


def test_nobody_listening_is_logged_once_and_nothing_else() -> None:
    """A socket that is not there does not raise, and does not fill the log."""
    with capture_logs() as logs:
        manager = ServiceManager({"NOTIFY_SOCKET": "@nobody-listens-here"})
        manager.tell(READY="1")
        manager.tell(WATCHDOG="1")
        ServiceManager({}).tell(READY="1")
    assert [entry["event"] for entry in logs] == ["the service manager cannot be told"]


def test_ready_once_and_signs_of_life_only_with_progress() -> None:
    """Nothing before delivery's first round; one that stands still is logged once and gives none."""
    idle: list[float | None] = [None]
    manager = Listening("10000000")
    vigil = Vigil(manager, lambda: idle[-1])
    vigil.look()
    assert manager.told == []
    idle.append(0.5)
    vigil.look()
    vigil.look()
    alive = {"WATCHDOG": "1"}
    assert manager.told == [{"READY": "1"}, alive, alive]
    with capture_logs() as logs:
        for seconds in (5.1, 9.0):
            idle.append(seconds)
            vigil.look()
    assert manager.told == [{"READY": "1"}, alive, alive]
    assert len(logs) == 1
    idle.append(0.0)
    vigil.look()
    assert manager.told[-1] == alive
    assert len(manager.told) == 4
    assert vigil.seconds <= 10 / 4


def test_what_stands_still_is_named() -> None:
    """Delivery and the scheduler each for itself; without a watchdog after a minute."""
    now, idle = [100.0], [0.0]
    vigil = Vigil(ServiceManager({}), lambda: idle[-1], lambda: now[-1])
    now.append(159.0)
    idle.append(59.0)
    assert vigil.stuck() == []
    now.append(165.0)
    idle.append(70.0)
    assert vigil.stuck() == ["delivery has stood still for 70 s", "the scheduler has stood still for 65 s"]
    vigil.look()
    assert vigil.stuck() == ["delivery has stood still for 70 s"]
    idle.append(0.1)
    assert vigil.stuck() == []


def test_the_line_for_the_operator() -> None:
    """What waits, what rests and why (in one line), what needs a person and where to look."""
    since = datetime(2026, 11, 2, tzinfo=UTC)
    resting = EndpointStats("redmine", 4, 29.6, "RB-1101 redmine: does not answer.\n" + "x" * 500)
    fine = EndpointStats("rt", 0, 0.0, "an old error")
    assert status(Stats(1, 0, 900, 0, 0, since, (fine,))) == "Running. 1 write(s) wait."
    line = status(Stats(3, 1, 900, 2, 2, since, (resting, fine)))
    assert line.startswith("Running. 4 write(s) wait; redmine rests for 30 s: RB-1101 redmine: does not answer.")
    assert line.endswith("; 2 need(s) a person: itsm-bridge queue dead.")
    assert len(line) < 400
    assert "old error" not in line
