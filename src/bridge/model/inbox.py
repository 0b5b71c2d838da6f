"""Where hooks are kept, as the use cases see it; part of a unit of work like bridge.repositories."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from bridge.model.coverage import Coverage
from bridge.model.hint import Heard, Hint, HintEnd, WaitingHint


class Inbox(Protocol):
    """Hooks that were received, each once, and how many changes came so."""

    def put(self, hints: Sequence[Hint], received_at: datetime) -> int:
        """Stores those whose delivery is not stored yet; how many that were."""

    def waiting(self, system: str, limit: int) -> list[WaitingHint]:
        """Those of a system that were not looked at yet, oldest first."""

    def depth(self) -> int:
        """How many were not looked at yet."""

    def handled(self, ids: Collection[int], end: HintEnd, at: datetime) -> None:
        """They were looked at, with this end."""

    def heard(self, system: str, entities: Collection[str]) -> Mapping[str, Heard]:
        """What hooks told of some entities; those of which none came are left out."""

    def forget(self, before: datetime) -> int:
        """Removes those received before a moment; how many that were."""

    def coverage(self) -> Mapping[str, Coverage]:
        """How many changes came by hook, by system; systems without a change are left out."""

    def save_coverage(self, coverage: Coverage) -> None:
        """Stores the present figures of a system."""
