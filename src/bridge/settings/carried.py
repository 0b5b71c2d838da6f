"""What the settings file may say about files, time entries and relations."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from bridge.rules.durations import Duration
from bridge.sync.files import PROGRAMS, FileLimits
from bridge.usecases.carried_policy import CarriedPolicy

STRICT = ConfigDict(extra="forbid", frozen=True)
Pattern = Annotated[str, Field(min_length=1), AfterValidator(str.casefold)]


class AttachmentSettings(BaseModel):
    """Which files are copied. `max_size` in bytes; `refuse` are patterns of names such as *.exe, in any case.

    `private`: files of private notes go to the issue too, where everybody who sees it can open them.
    """

    model_config = STRICT

    to_incident: bool = True
    to_project: bool = False
    private: bool = False
    max_size: int = Field(10 * 1024 * 1024, ge=1, le=256 * 1024 * 1024)
    refuse: tuple[Pattern, ...] = PROGRAMS

    def limits(self) -> FileLimits:
        """The same as planning takes it."""
        return FileLimits(self.to_incident, self.to_project, self.private, self.max_size, self.refuse)


class WorkLogSettings(BaseModel):
    """Whether time spent on an issue is booked on its incident, how often it is looked for, and how far back."""

    model_config = STRICT

    book: bool = True
    every: Duration = timedelta(minutes=10)
    look_back: Duration = timedelta(days=60)


class RelationSettings(BaseModel):
    """Whether incidents of one promotion refer to each other, and their issues."""

    model_config = STRICT

    show: bool = True


def carried_policy(
    attachments: AttachmentSettings, work_log: WorkLogSettings, relations: RelationSettings
) -> CarriedPolicy:
    """The same in the use cases' words."""
    return CarriedPolicy(
        files=attachments.limits(),
        work_log=work_log.book,
        work_log_every=work_log.every,
        work_log_look_back=work_log.look_back,
        relations=relations.show,
    )
