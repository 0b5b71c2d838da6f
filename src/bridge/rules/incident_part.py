"""What a rule does to the incidents of a promotion that are still open, as it stands under `incident`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, Field, PlainSerializer, WithJsonSchema

from bridge.rules.conditions import STRICT
from bridge.yamlfile import refused

_PACE = re.compile(r"([0-9]{1,6})\s+per\s+(minute|hour|day)\Z")
_LENGTHS = {"minute": timedelta(minutes=1), "hour": timedelta(hours=1), "day": timedelta(days=1)}


class OnOpen(StrEnum):
    """What happens to an incident that is still open when it joins a promotion."""

    LINK = "link"
    HOLD = "hold"
    RESOLVE_WITH_WORKAROUND = "resolve_with_workaround"


class OnDelivery(StrEnum):
    """What happens to a promotion's open incidents when its project is delivered."""

    NOTE = "note"
    RESOLVE = "resolve"


@dataclass(frozen=True, slots=True)
class Pace:
    """So many in any stretch of `per`, a minute, an hour or a day."""

    number: int
    per: timedelta

    def __str__(self) -> str:
        return f"{self.number} per {next(word for word, length in _LENGTHS.items() if length == self.per)}"


def parse_pace(text: object) -> Pace:
    """`20 per hour`, `5 per minute` or `100 per day`.

    Raises PydanticCustomError that says what would be right.
    """
    if isinstance(text, Pace):
        return text
    match = _PACE.match(text.strip()) if isinstance(text, str) else None
    if match is None or not int(match[1]):
        raise refused("must be so many per minute, hour or day", "right would be 20 per hour")
    return Pace(int(match[1]), _LENGTHS[match[2]])


PaceText = Annotated[
    Pace,
    BeforeValidator(parse_pace),
    PlainSerializer(str, return_type=str),
    WithJsonSchema({"type": "string", "pattern": r"^[0-9]+\s+per\s+(minute|hour|day)$", "examples": ["20 per hour"]}),
]
"""A pace in a model."""


class IncidentPart(BaseModel):
    """What a promotion does to its incidents that are still open. Those that are over are never written to.

    `workaround` is the text that `resolve_with_workaround` resolves with; without one the section “Workaround” of the
    project's wiki, and while there is none either an incident is linked only. `resolve_at_most` is the pace of all
    resolutions of the rule together: users answer, and somebody must read that.
    """

    model_config = STRICT

    open: OnOpen = OnOpen.LINK
    later: OnOpen = OnOpen.LINK
    on_delivery: OnDelivery = OnDelivery.NOTE
    resolve_at_most: PaceText | None = None
    workaround: str = Field("", max_length=10_000)

    def terms(self) -> Mapping[str, str]:
        """The same as texts, to be kept with a promotion; what is not asked for is left out."""
        more = {"resolve_at_most": str(self.resolve_at_most or ""), "workaround": self.workaround.strip()}
        return {
            "open": self.open.value,
            "later": self.later.value,
            "on_delivery": self.on_delivery.value,
            **{name: text for name, text in more.items() if text},
        }
