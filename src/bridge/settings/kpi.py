"""What the settings file may say about clocks, targets and reports."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from bridge.rules.durations import Duration
from bridge.rules.sla import SlaTargets

STRICT = ConfigDict(extra="forbid", frozen=True)
Level = Annotated[int, Field(ge=1, le=5)]


class SlaSettings(BaseModel):
    """How long incidents may take.

    `response` and `resolution` are targets by priority 1 … 5 for rules with `breached` where the source gives no
    verdict: elapsed time. `policies` are files of full policies for reports, names or patterns.
    """

    model_config = STRICT

    response: dict[Level, Duration] = Field(default_factory=dict)
    resolution: dict[Level, Duration] = Field(default_factory=dict)
    policies: tuple[str, ...] = ()

    def targets(self) -> SlaTargets:
        """The same as rules take it."""
        return SlaTargets(self.response, self.resolution)


class KpiSettings(BaseModel):
    """What reports may show: `by_person` allows figures of single persons."""

    model_config = STRICT

    by_person: bool = False
