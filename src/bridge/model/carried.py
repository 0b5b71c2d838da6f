"""A note that was carried over, as far as it takes to notice that it was edited or deleted since."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class CarriedNote:
    """A note of one side (`incident` or `issue`) of a link that the other side has a copy of.

    `digest` tells its text as last seen from any other; `revision` counts the follow-ups written so far. `missed_at`
    is when it was first not found, `gone_at` when it counted as deleted.
    """

    link_id: int
    side: str
    remote_id: str
    author: str
    written_at: datetime
    digest: str
    private: bool
    revision: int = 0
    missed_at: datetime | None = None
    gone_at: datetime | None = None
