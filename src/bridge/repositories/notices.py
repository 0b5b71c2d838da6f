"""What waits for the next digest."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any, Protocol


class Notices(Protocol):
    """Lines of digests: each once for ever, told together when their digest is due."""

    def add(self, digest: str, unique: str, notice: Mapping[str, Any], at: datetime) -> bool:
        """Adds a line to a digest; False when there was one of this name before, in whatever digest."""

    def waiting(self, digest: str) -> list[tuple[int, Mapping[str, Any]]]:
        """The lines of a digest that were not told, oldest first, by their numbers."""

    def told(self, numbers: Collection[int], at: datetime) -> None:
        """These lines were told."""
