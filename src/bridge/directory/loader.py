"""Reads the directory file."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from bridge.calendar.business import BusinessCalendar
from bridge.directory.calendars import CalendarReader
from bridge.directory.checks import check, language_problems
from bridge.directory.directory import Assignment, Directory, Person, Team
from bridge.directory.salvage import Entry, salvage
from bridge.directory.schema import DirectoryFile, PersonEntry, TeamEntry
from bridge.model.errors import Problem
from bridge.yamlfile import Marked, load, validate


def load_directory(
    path: Path, sources: Collection[str] | None = None, languages: Collection[str] | None = None
) -> tuple[Directory | None, list[Problem]]:
    """The directory and every problem of its file; None when any of them is an error.

    `sources` are the configured sources' names, so that logins at others are found, `languages` those that there are
    texts in; None leaves that out.
    """
    marked, problems = load(path)
    if marked is None:
        return None, problems
    file, found = validate(DirectoryFile, marked)
    problems += found
    damaged: frozenset[Entry] = frozenset()
    if file is None:
        file, damaged = salvage(DirectoryFile, marked.data, version=1)
        if file is None:
            return None, problems
    problems += check(file, marked, sources, damaged)
    problems += language_problems(file, marked, languages) if languages is not None else ()
    calendars, found = _calendars(file, marked)
    problems += found
    if any(problem.severity == "error" for problem in problems):
        return None, problems
    services = [Assignment(s.team, s.service, s.category, s.site) for s in file.services]
    people = [_person(key, entry) for key, entry in file.people.items()]
    teams = [_team(key, entry) for key, entry in file.teams.items()]
    return Directory(people, teams, services, calendars), problems


def _calendars(file: DirectoryFile, marked: Marked) -> tuple[dict[str, BusinessCalendar], list[Problem]]:
    calendars, problems = {}, []
    for key, entry in file.calendars.items():
        reader = CalendarReader(key, entry, marked)
        calendar = reader.read()
        problems += reader.problems
        if calendar is not None:
            calendars[key] = calendar
    return calendars, problems


def _person(key: str, entry: PersonEntry) -> Person:
    return Person(
        key=key,
        name=entry.name,
        logins=entry.logins,
        redmine_login=entry.redmine.login or "",
        redmine_id=entry.redmine.id,
        mail=entry.mail,
        language=entry.language,
        active=entry.active,
    )


def _team(key: str, entry: TeamEntry) -> Team:
    return Team(
        key=key,
        name=entry.name,
        members=tuple(entry.members),
        lead=entry.lead,
        deputy=entry.deputy,
        parent=entry.parent,
        site=entry.site,
        calendar=entry.calendar,
        redmine_group=entry.redmine_group,
        names=entry.names,
    )
