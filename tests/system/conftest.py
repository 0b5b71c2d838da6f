"""What stories on the sandbox share. A test module may make its own of the same name."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bridge.sandbox import Sandbox
from tests.system.stage import Stage, sandbox_bridge


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    """Both servers on a Monday morning, on a clock that stands still until it is moved."""
    with Sandbox(clock_start=datetime(2026, 11, 2, 8, 0, tzinfo=UTC)) as servers:
        yield servers


@pytest.fixture
def stage(sandbox: Sandbox, tmp_path: Path) -> Stage:
    """A bridge between them that goes by their clock."""
    made = sandbox_bridge(sandbox, tmp_path)
    made.write(clock=f"{sandbox.redmine.url}/_control/clock")
    return made
