"""What the settings file may say about reports: what work costs, how pictures are drawn, and what is written when."""

from __future__ import annotations

from pathlib import Path
from typing import Literal
from zoneinfo import ZoneInfo

from apscheduler.triggers.cron import CronTrigger
from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from bridge.usecases.reports.policy import ReportPolicy, What
from bridge.yamlfile import refused

STRICT = ConfigDict(extra="forbid", frozen=True)


class ScheduledReport(BaseModel):
    """A report that is written at some times (`at`, as in a crontab) to wiki pages, or into `reports.folder`."""

    model_config = STRICT

    what: What
    at: str
    to: Literal["wiki", "folder"] = "wiki"

    @field_validator("at")
    @classmethod
    def _crontab(cls, at: str) -> str:
        if any(sign.isdigit() for sign in "".join(at.split()[4:5])):
            what = f"“{at[:60]}” has a number as its day of the week, which crontabs do not all count alike"
            raise refused(what, "write its name: mon, mon-fri or sat,sun")
        try:
            CronTrigger.from_crontab(at, "UTC")
        except ValueError as error:
            what = f"“{at[:60]}” is no time of a crontab: {error}"
            raise refused(what, "right would be 0 6 * * mon (minute, hour, day, month, day of the week)") from None
        return at


class ReportSettings(BaseModel):
    """`cost_per_hour` of work: without it costs are not shown. `font` is drawn with first, `zone` is that of `at`."""

    model_config = STRICT

    cost_per_hour: float | None = Field(None, ge=0)
    currency: str = Field("", max_length=20)
    font: str = Field("", max_length=100)
    folder: Path | None = None
    zone: str = "UTC"
    schedule: dict[str, ScheduledReport] = Field(default_factory=dict)

    @field_validator("zone")
    @classmethod
    def _known_zone(cls, zone: str) -> str:
        try:
            ZoneInfo(zone)
        except (KeyError, ValueError, OSError):
            raise refused(f"“{zone[:60]}” is no time zone", "right would be Europe/Berlin or UTC") from None
        return zone

    @model_validator(mode="after")
    def _somewhere(self) -> ReportSettings:
        lacking = [name for name, one in self.schedule.items() if one.to == "folder"]
        if lacking and self.folder is None:
            raise refused(f"“{lacking[0]}” is to be written to a folder and there is none", "set reports.folder")
        return self

    def policy(self) -> ReportPolicy:
        """The same in the use cases' words."""
        return ReportPolicy(self.cost_per_hour, self.currency, self.folder)
