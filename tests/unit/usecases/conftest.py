"""What tests of use cases share."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import timedelta

import pytest
from tests.unit.convergence.test_convergence import Sync


@pytest.fixture
def in_step() -> Iterator[Sync]:
    """Two incidents with their own issues, both sides in memory."""
    made = Sync()
    made.begin(timedelta(), timedelta())
    made.engine.run_until_idle(5)
    yield made
    made.engine.close()
    made.database.close()
    shutil.rmtree(made.folder)
