"""A rule may put open incidents on hold; a person who lifts the hold wins."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bridge.sandbox import Sandbox
from tests.system.stage import RULE, Stage, sandbox_bridge
from tests.system.test_story import promoted


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    """A bridge on the sandbox whose rule holds open incidents."""
    with Sandbox(clock_start=datetime(2026, 11, 2, 8, 0, tzinfo=UTC)) as sandbox:
        made = sandbox_bridge(sandbox, tmp_path)
        made.write(rule=RULE.replace("open: link", "open: hold"), clock=f"{sandbox.redmine.url}/_control/clock")
        yield made


def test_open_incidents_are_held_until_a_person_lifts_it(stage: Stage) -> None:
    """The issue follows the hold, nothing lifts it but the person, and then nothing puts it back."""
    project, resolved, waiting = promoted(stage)
    first, second, _ = waiting
    assert [stage.desk.state(i) for i in waiting] == ["pending"] * 3
    assert [stage.desk.state(i) for i in resolved] == ["solved"] * 2
    for _ in range(2):
        stage.pause()
        stage.once()
    assert [stage.desk.state(i) for i in waiting] == ["pending"] * 3
    assert stage.office.own_issue(project, f"itsm #{first}")["status"]["name"] == "Feedback"

    stage.desk.take(first, as_="alice")
    for _ in range(2):
        stage.pause()
        stage.once()
    assert stage.desk.state(first) == "in_progress"
    assert stage.desk.state(second) == "pending"
    assert stage.office.own_issue(project, f"itsm #{first}")["status"]["name"] == "In Progress"
