"""What the settings decide about reports, as the use cases need it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path


class What(StrEnum):
    """A report: on all projects, on each project, or on incidents."""

    PORTFOLIO = "portfolio"
    PROJECTS = "projects"
    OPERATIONS = "operations"


@dataclass(frozen=True, slots=True)
class ReportPolicy:
    """`cost_per_hour` None: costs are not shown. `folder` is where scheduled files go."""

    cost_per_hour: float | None = None
    currency: str = ""
    folder: Path | None = None
