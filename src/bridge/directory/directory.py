"""The directory: persons and teams by name, login and id, and who stands in when somebody cannot."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from bridge.calendar.business import BusinessCalendar, default_calendar
from bridge.model.errors import Problem
from bridge.model.incident import Incident

NOBODY_LOCKED: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who works on incidents or projects.

    `logins` maps a source's configured name to the login there. `redmine_id` is None when the directory does not say
    who this is in Redmine.
    """

    key: str
    name: str = ""
    logins: Mapping[str, str] = field(default_factory=dict)
    redmine_login: str = ""
    redmine_id: int | None = None
    mail: str = ""
    language: str = ""
    active: bool = True

    @property
    def display(self) -> str:
        """The name as people read it."""
        return self.name or self.key


@dataclass(frozen=True, slots=True)
class Team:
    """People who share work. Everything but `key` names other entries of the directory; empty: there is none.

    `names` maps a source's configured name to what the team is called there.
    """

    key: str
    name: str = ""
    members: tuple[str, ...] = ()
    lead: str = ""
    deputy: str = ""
    parent: str = ""
    site: str = ""
    calendar: str = ""
    redmine_group: int | None = None
    names: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Assignment:
    """Which team looks after a service or a category, everywhere or at one site (empty: everywhere)."""

    team: str
    service: str = ""
    category: str = ""
    site: str = ""


@dataclass(frozen=True, slots=True)
class Resolution:
    """Who was found, and every step of the search that a person should know of. `person` is None when nobody was."""

    person: Person | None
    reports: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True)
class Members:
    """The people behind some names: each once, active and with a Redmine id, and what is to be said about the rest."""

    people: tuple[Person, ...]
    reports: tuple[Problem, ...] = ()


class Directory:
    """Everything the bridge knows about people. Does not change after it was made; looks nothing up elsewhere.

    Logins and names of teams, services, categories and sites are compared without regard to case, keys exactly.
    """

    def __init__(
        self,
        people: Iterable[Person] = (),
        teams: Iterable[Team] = (),
        services: Iterable[Assignment] = (),
        calendars: Mapping[str, BusinessCalendar] | None = None,
    ) -> None:
        self.people: Mapping[str, Person] = {person.key: person for person in people}
        self.teams: Mapping[str, Team] = {team.key: team for team in teams}
        self.calendars: Mapping[str, BusinessCalendar] = dict(calendars or {})
        self._default_calendar = default_calendar()
        self._by_login = {
            (source, login.casefold()): person
            for person in self.people.values()
            for source, login in person.logins.items()
        }
        self._by_redmine = {p.redmine_id: p for p in self.people.values() if p.redmine_id is not None}
        self._by_team_name = {
            (source, name.casefold()): team for team in self.teams.values() for source, name in team.names.items()
        }
        self._services = {
            (entry.service.casefold(), entry.category.casefold(), entry.site.casefold()): entry.team
            for entry in services
        }
        self._home = self._homes()

    def person(self, key: str) -> Person | None:
        """The person with this key."""
        return self.people.get(key)

    def team(self, key: str) -> Team | None:
        """The team with this key."""
        return self.teams.get(key)

    def knows(self, name: str) -> bool:
        """True when `name` is a person's or a team's key."""
        return name in self.people or name in self.teams

    def person_by_login(self, source: str, login: str) -> Person | None:
        """The person who has this login at a source."""
        return self._by_login.get((source, login.casefold()))

    def person_by_redmine(self, user_id: int) -> Person | None:
        """The person who has this id in Redmine."""
        return self._by_redmine.get(user_id)

    def redmine_id(self, key: str) -> int | None:
        """A person's id in Redmine; None when the person or the id is not known."""
        person = self.people.get(key)
        return person.redmine_id if person else None

    def login_of(self, key: str, source: str) -> str:
        """A person's login at a source; empty when the person or the login is not known."""
        person = self.people.get(key)
        return person.logins.get(source, "") if person else ""

    def team_of(
        self, *, service: str = "", category: str = "", site: str = "", source: str = "", source_team: str = ""
    ) -> Team | None:
        """The team that looks after what an incident says.

        The team it is with at the source counts first; else who looks after the service at the site, the service
        anywhere, the category at the site, the category anywhere. None when nothing of this is in the directory.
        """
        if source_team:
            named = self._by_team_name.get((source, source_team.casefold()))
            if named is not None:
                return named
        here = site.casefold()
        asked = [(service.casefold(), "", here), (service.casefold(), "", "")] if service else []
        asked += [("", category.casefold(), here), ("", category.casefold(), "")] if category else []
        for key in asked:
            if key in self._services:
                return self.teams.get(self._services[key])
        return None

    def team_in_charge(self, incident: Incident) -> Team | None:
        """The team that an incident belongs to, see `team_of`."""
        return self.team_of(
            service=incident.service,
            category=incident.category,
            site=incident.site,
            source=incident.source,
            source_team=incident.team,
        )

    def team_of_person(self, key: str) -> Team | None:
        """A person's own team: the first in the directory that lists them as member, lead or deputy."""
        return self._home.get(key)

    def chain(self, team: str) -> tuple[Team, ...]:
        """The team, its parent, the parent's parent … up to the top; empty when there is no such team."""
        return tuple(self._upwards(team))

    def calendar(self, name: str = "") -> BusinessCalendar:
        """The calendar of that name; Monday to Friday, 9 to 17 UTC, for an empty or unknown name."""
        return self.calendars.get(name, self._default_calendar)

    def calendar_of(self, name: str) -> BusinessCalendar:
        """The calendar of a team or of a person's team, from the nearest team up the chain that names one."""
        home = self.teams.get(name) or self._home.get(name)
        chain = self.chain(home.key) if home else ()
        return self.calendar(next((team.calendar for team in chain if team.calendar), ""))

    def stand_in(self, name: str, locked: frozenset[int] = NOBODY_LOCKED) -> Resolution:
        """The person to ask for a person or a team: themselves, else lead, deputy, the parent team's lead …

        `locked` are Redmine ids of accounts that cannot be used. Every person passed over is reported. Nobody is
        guessed: without anybody in the chain who has a usable account, `person` is None.
        """
        if not self.knows(name):
            return Resolution(None, (_unknown(name),))
        reports: list[Problem] = []
        tried: set[str] = set()
        for key, why in self._candidates(name):
            person = self.people.get(key)
            if person is None or key in tried:
                continue
            tried.add(key)
            hindrance = _hindrance(person, locked)
            if not hindrance:
                if reports:
                    reports.append(_report(name, f"{person.display} ({why}) stands in for {name}."))
                return Resolution(person, tuple(reports))
            reports.append(_report(f"{name}: {key}" if key != name else name, f"{person.display} {hindrance}"))
        where = f"team {name}" if name in self.teams else name
        return Resolution(None, (*reports, _report(name, f"there is nobody to ask for {where} up to the top team.")))

    def members_of(self, names: Iterable[str], locked: frozenset[int] = NOBODY_LOCKED) -> Members:
        """The people whom persons and teams stand for: a team's lead, deputy and members, not its sub-teams.

        Inactive or locked people and people without a Redmine id are left out and reported.
        """
        people: dict[str, Person] = {}
        reports: dict[str, Problem] = {}
        for name in names:
            if not self.knows(name):
                reports[name] = _unknown(name)
            for key in self._belonging(name):
                person = self.people.get(key)
                if person is None:
                    continue
                hindrance = _hindrance(person, locked)
                if hindrance:
                    reports[key] = _report(key, f"{person.display} {hindrance}")
                else:
                    people[key] = person
        return Members(tuple(people.values()), tuple(reports.values()))

    def _belonging(self, name: str) -> list[str]:
        if name in self.people:
            return [name]
        team = self.teams.get(name)
        return [team.lead, team.deputy, *team.members] if team else []

    def _candidates(self, name: str) -> Iterator[tuple[str, str]]:
        """Who may be asked, in order, and as what."""
        home: Team | None = self.teams.get(name)
        if name in self.people:
            yield name, "named"
            home = self._home.get(name)
        for team in self._upwards(home.key) if home else ():
            yield team.lead, f"lead of {team.key}"
            yield team.deputy, f"deputy of {team.key}"

    def _upwards(self, key: str) -> Iterator[Team]:
        seen: set[str] = set()
        team = self.teams.get(key)
        while team is not None and team.key not in seen:
            seen.add(team.key)
            yield team
            team = self.teams.get(team.parent)

    def _homes(self) -> dict[str, Team]:
        homes: dict[str, Team] = {}
        for team in self.teams.values():
            for key in team.members:
                homes.setdefault(key, team)
        for team in self.teams.values():
            for key in (team.lead, team.deputy):
                homes.setdefault(key, team)
        return homes


def _hindrance(person: Person, locked: frozenset[int]) -> str:
    """Why a person cannot be given work, empty when nothing speaks against it."""
    if not person.active:
        return "is no longer active in the directory."
    if person.redmine_id is None:
        return "has no Redmine id in the directory."
    if person.redmine_id in locked:
        return f"has Redmine account {person.redmine_id}, which is locked or cannot be used."
    return ""


def _report(where: str, what: str) -> Problem:
    return Problem(f"directory: {where}", what, severity="warning")


def _unknown(name: str) -> Problem:
    return Problem(f"directory: {name}", f"there is no person or team “{name}”.", "add it to the directory")
