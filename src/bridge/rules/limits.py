"""How much a rule may do by itself, as it stands under `limits`, and the brake that it pulls."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, Field, WithJsonSchema

from bridge.rules.conditions import STRICT
from bridge.rules.decision import Usage
from bridge.rules.moments import later, shown
from bridge.yamlfile import refused

DAY = timedelta(days=1)


def _lifted(value: object) -> object:
    if value is None:
        raise refused("is empty", "write a number, or none for no limit")
    return None if value == "none" else value


def _written(lowest: int) -> WithJsonSchema:
    return WithJsonSchema({"anyOf": [{"type": "integer", "minimum": lowest, "maximum": 10_000}, {"const": "none"}]})


# As they are written: a number, or `none` for no limit, which is None.
_AtLeastOne = Annotated[
    Annotated[int, Field(ge=1, le=10_000, strict=True)] | None, BeforeValidator(_lifted), _written(1)
]
_AnyNumber = Annotated[
    Annotated[int, Field(ge=0, le=10_000, strict=True)] | None, BeforeValidator(_lifted), _written(0)
]


class Limits(BaseModel):
    """What a rule may do by itself at most. A limit that is not written has its default; `none` lifts it.

    `projects_per_day`: projects of the rule opened in any 24 hours, whoever approved them. `open_per_group`: open
    projects of one group at a time. `mails`: mails that opening a project may send, one for each issue that is assigned
    to somebody. Beyond any of them the finding becomes a candidate for a person. `incident_issues`: incidents with an
    issue of their own; further ones are rows on the evidence page, told and resolved like the others.
    """

    model_config = STRICT

    projects_per_day: _AtLeastOne = 3
    open_per_group: _AtLeastOne = 1
    incident_issues: _AnyNumber = 20
    mails: _AnyNumber = 30

    def brake(self, usage: Usage, now: datetime) -> str:
        """Which limit keeps the rule from opening one more project by itself, and until when; empty: none."""
        opened = [at for at in usage.opened if now - at < DAY]
        if self.projects_per_day is not None and len(opened) >= self.projects_per_day:
            free = later(opened[self.projects_per_day - 1], DAY)
            until = f"free again {shown(free)}" if free else "not free again"
            return f"projects_per_day: {self.projects_per_day}, and {len(opened)} were opened in 24 hours; {until}"
        if self.open_per_group is not None and usage.open_in_group >= self.open_per_group:
            there = f"{usage.open_in_group} of this group {'is' if usage.open_in_group == 1 else 'are'} open"
            return f"open_per_group: {self.open_per_group}, and {there}; free again when one is delivered"
        if self.mails is not None and usage.mails > self.mails:
            return f"mails: {self.mails}, and opening it would send {usage.mails}; it waits for somebody's approval"
        return ""
