"""People are told of a project from its opening to its overdue task, by a service that is down for a while."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from bridge.sandbox import Sandbox
from tests.system.stage import Stage, sandbox_bridge
from tests.system.test_periodic import go_to, write_stage
from tests.unit.notify.servers import Service, serving

NOTIFY = """\
notify:
  channels:
    room: {{kind: webhook, url: "{url}", secret_key: a-secret-of-this-test, mentions: {{jane: J}}}}
  routes:
    - {{events: [all], channels: [room], quiet_hours: false}}
  reminders: {{on: true}}
"""


class Room:
    """A service of one's own that can be down."""

    def __init__(self) -> None:
        self.down = False

    def answer(self, _query: dict[str, str], _body: dict[str, Any], _headers: dict[str, str]) -> Any:
        """Takes everything while it is up."""
        return (503 if self.down else 200), {}, {}


def told(service: Service) -> list[tuple[str, list[str]]]:
    """What the room was told since it was last asked, and who was called."""
    found = [(body["subject"], body["people"]) for body in service.bodies]
    service.bodies.clear()
    return found


@pytest.fixture
def staged(tmp_path: Path) -> Iterator[tuple[Stage, Sandbox, Room, Service]]:
    room = Room()
    with Sandbox(clock_start=datetime(2026, 11, 20, 8, 0, tzinfo=UTC)) as sandbox, serving(room.answer) as service:
        stage = sandbox_bridge(sandbox, tmp_path)
        write_stage(stage, f"{sandbox.redmine.url}/_control/clock")
        path = tmp_path / "bridge.yaml"
        path.write_text(path.read_text() + NOTIFY.format(url=service.url))
        yield stage, sandbox, room, service


def test_a_project_is_told_of_when_it_opens_and_when_its_task_is_late(staged):
    stage, sandbox, room, service = staged
    go_to(stage, 2026, 11, 23)
    assert told(service) == []
    go_to(stage, 2026, 12, 1)
    assert told(service) == [("A project was opened: Restore test 2026-12", ["J"])]
    seen = len(sandbox.requests())
    room.down = True
    go_to(stage, 2026, 12, 4)
    assert told(service) == []
    assert sum("include=relations" in str(one) for one in sandbox.requests()[seen:]) == 1, "one list for a project"
    room.down = False
    go_to(stage, 2026, 12, 5)
    late = sorted((subject.partition(":")[0], people) for subject, people in told(service))
    assert late == [("A task is overdue", ["J"]), ("A task without an update", ["J"])]
    go_to(stage, 2026, 12, 7)
    assert told(service) == []
