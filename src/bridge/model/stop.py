"""A source, or Redmine, with which nothing is exchanged until a person says so."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Stop:
    """Since when and why a system is stopped. `system` is a source's name or `redmine`; `code` is the message code."""

    system: str
    at: datetime
    code: str
    why: str
