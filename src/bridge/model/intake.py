"""A candidate's issue in the project where candidates are decided."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Intake:
    """Which issue stands for a candidate.

    `agreed` holds the values of the form as both sides had them when they were last compared. `journal` is the last
    entry of the issue's history that was looked at. `gone` is true when the issue cannot be found any more.
    """

    promotion_id: int
    issue_id: int
    agreed: Mapping[str, str] = field(default_factory=dict)
    journal: int = 0
    gone: bool = False
