"""What the settings file may say about the life of promotions."""

from __future__ import annotations

from datetime import timedelta
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from bridge.rules.durations import Duration
from bridge.usecases.life.policy import LifePolicy
from bridge.yamlfile import refused

SHORTEST_LOOK = timedelta(minutes=5)


class PromotionSettings(BaseModel):
    """Who may change an owner in Redmine, what must be there before incidents are handed back, and how often to look.

    `knowledge` holds for rules that do not say it themselves.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    owner_roles: tuple[str, ...] = Field(("Manager",), max_length=20)
    knowledge: Literal["optional", "required"] = "optional"
    look_every: Duration = timedelta(hours=6)

    @field_validator("look_every")
    @classmethod
    def _not_too_often(cls, every: timedelta) -> timedelta:
        if every < SHORTEST_LOOK:
            raise refused("is too often: every look reads each running project", "at least 5m")
        return every

    def policy(self) -> LifePolicy:
        """The same in the use cases' words."""
        return LifePolicy(self.owner_roles, self.knowledge == "required", self.look_every)
