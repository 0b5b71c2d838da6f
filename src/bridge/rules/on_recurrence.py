"""What becomes of a group's incidents that come when it has had a project, as it stands under `on_recurrence`."""

from __future__ import annotations

from enum import StrEnum
from typing import Literal

from pydantic import BaseModel

from bridge.rules.conditions import STRICT
from bridge.rules.durations import Duration
from bridge.rules.when import MONTH


class AfterDelivery(StrEnum):
    """What one incident of the group means that is opened after its project was delivered."""

    REOPEN = "reopen"
    NEW = "new"
    IGNORE = "ignore"


class OnRecurrence(BaseModel):
    """What comes while the project is `open` joins it. What comes after it was `delivered`:

    `reopen`: the first such incident puts the project back to work. `ignore`: nothing is done. `new`: a new project
    once the rule's reasons are there again, which is also what happens later than `within` after the delivery.
    """

    model_config = STRICT

    open: Literal["attach"] = "attach"
    delivered: AfterDelivery = AfterDelivery.NEW
    within: Duration = MONTH
