"""What is carried beside fields and notes."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta

from bridge.sync.files import FileLimits


@dataclass(frozen=True, slots=True)
class CarriedPolicy:
    """Settings on files, time entries and relations in the use cases' words."""

    files: FileLimits = field(default_factory=FileLimits)
    work_log: bool = True
    work_log_every: timedelta = timedelta(minutes=10)
    work_log_look_back: timedelta = timedelta(days=60)
    relations: bool = True
