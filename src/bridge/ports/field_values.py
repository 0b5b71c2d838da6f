"""Single values of incidents that the bridge may set, beside state and person."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from bridge.model.conflict import ClockOffset
from bridge.model.incident import Incident


class FieldValues(Protocol):
    """Sets single values of a source's incidents.

    Names are `priority` (1 … 5), `summary`, `category`, and those of an incident's `fields`.
    """

    def can_set(self, name: str) -> bool:
        """Whether a value of this name can be set at all."""

    def set(self, external_id: str, name: str, value: str | datetime) -> Incident:
        """Sets a value ("" clears it) and reads back. Raises NotApplied when the system ignored it, NotPossible.

        A moment stands for its day where the system keeps days.
        """

    def changed_at(self, external_id: str, name: str) -> datetime | None:
        """When a value changed last by the source's clock; None when the source does not tell."""

    def clock(self) -> ClockOffset | None:
        """The source's clock against ours, as its answers dated themselves; None when they do not."""
