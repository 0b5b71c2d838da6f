"""The directory file as people write it (`version: 1`)."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

Text = Annotated[str, Field(min_length=1, max_length=255)]
Id = Annotated[int, Field(ge=1)]


class Entry(BaseModel):
    """An entry in which every key is known."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class RedmineAccount(Entry):
    """Who somebody is in Redmine. A key without administrator's rights cannot look ids up: `id` is what counts."""

    login: Text | None = None
    id: Id | None = None


class PersonEntry(Entry):
    """A person; `logins` by the name of a source."""

    name: str = ""
    logins: dict[str, Text] = {}
    redmine: RedmineAccount = RedmineAccount()
    mail: str = ""
    language: str = ""
    active: bool = True


class TeamEntry(Entry):
    """A team; `names` says what it is called at a source, `redmine_group` is the group's id."""

    name: str = ""
    members: list[str] = []
    lead: str = ""
    deputy: str = ""
    parent: str = ""
    site: str = ""
    calendar: str = ""
    redmine_group: Id | None = None
    names: dict[str, Text] = {}


class ServiceEntry(Entry):
    """Which team looks after a service or a category, at one site or (without `site`) everywhere."""

    team: str
    service: str = ""
    category: str = ""
    site: str = ""


class HolidaysEntry(Entry):
    """A country (ISO 3166) and, where holidays differ within it, one of its parts."""

    country: Text
    subdivision: str = ""


class CalendarEntry(Entry):
    """A working calendar: `hours` by weekday (`mon-thu: 09:00-12:00, 13:00-17:00`), in the zone's wall-clock time.

    Days are dates (`2026-12-24`), spans of dates (`2026-12-24..2026-12-31`) or days of every year (`12-24`).
    `hours_from` has other hours of the week from a day on (`2026-07-01: {mon-fri: 09:00-17:00}`).
    Days to make up are worked with `make_up_hours`, which are Monday's unless they are given.
    """

    zone: str
    hours: dict[str, str]
    hours_from: dict[str, dict[str, str]] = {}
    holidays: HolidaysEntry | None = None
    days_off: list[str] = []
    half_days: dict[str, str] = {}
    make_up_days: list[str] = []
    make_up_hours: str = ""


class DirectoryFile(Entry):
    """The whole file."""

    version: Literal[1]
    people: dict[str, PersonEntry] = {}
    teams: dict[str, TeamEntry] = {}
    services: list[ServiceEntry] = []
    calendars: dict[str, CalendarEntry] = {}
