"""What reports on projects need to remember."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Protocol

from bridge.planning.progress import History
from bridge.planning.work import Baseline


class ProjectFigures(Protocol):
    """The plan of each project as it was made, and the work that was left on each day."""

    def begin(self, promotion_id: int, baseline: Baseline) -> None:
        """Stores the plan; one that is there already stays."""

    def baseline(self, promotion_id: int) -> Baseline | None:
        """The plan as it was made; None for a project that was opened before plans were kept."""

    def write_day(self, promotion_id: int, day: date, hours_left: Mapping[str, float]) -> None:
        """Writes down the hours left by milestone ("" the whole project); the last word on a day counts."""

    def days(self, promotion_id: int) -> History:
        """What was written down, each milestone's days in their order."""
