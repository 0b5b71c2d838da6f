"""What a rule does to the incidents of a promotion that are still open, as it stands under `incident`."""

from __future__ import annotations

from enum import StrEnum

from pydantic import BaseModel, field_validator

from bridge.rules.conditions import STRICT
from bridge.rules.later import NotYet
from bridge.yamlfile import refused


class OnOpen(StrEnum):
    """What happens to an incident that is still open when it joins a promotion."""

    LINK = "link"
    HOLD = "hold"
    RESOLVE_WITH_WORKAROUND = "resolve_with_workaround"


class OnDelivery(StrEnum):
    """What happens to a promotion's open incidents when its project is delivered."""

    NOTE = "note"
    RESOLVE = "resolve"


class IncidentPart(BaseModel):
    """What a promotion does to its incidents that are still open. Those that are over are never written to."""

    model_config = STRICT

    open: OnOpen = OnOpen.LINK
    later: OnOpen = OnOpen.LINK
    on_delivery: OnDelivery = OnDelivery.NOTE
    resolve_at_most: NotYet = None

    @field_validator("open", "later")
    @classmethod
    def _possible(cls, what: OnOpen) -> OnOpen:
        if what is OnOpen.RESOLVE_WITH_WORKAROUND:
            raise refused("resolve_with_workaround is not available in this version", "right would be link or hold")
        return what
