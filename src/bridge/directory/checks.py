"""What a model cannot see: references, cycles, duplicates, teams that nobody leads."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from bridge.directory.salvage import Entry
from bridge.directory.schema import DirectoryFile, PersonEntry, TeamEntry
from bridge.model.errors import Problem
from bridge.yamlfile import Marked, Path, did_you_mean


def check(
    file: DirectoryFile, marked: Marked, sources: Collection[str] | None, damaged: frozenset[Entry] = frozenset()
) -> list[Problem]:
    """Everything that is wrong or unwise in what could be read of a directory.

    `sources` are the configured sources' names; None when they are not known. Entries in `damaged` lost values that
    did not fit: nothing is said about what they lack.
    """
    return [
        *_keys(file, marked),
        *_references(file, marked),
        *_duplicates(file, marked),
        *_parents(file, marked),
        *_leads(file, marked, damaged),
        *_unusable(file, marked, damaged),
        *_services(file, marked),
        *(_sources(file, marked, sources) if sources is not None else ()),
    ]


def language_problems(file: DirectoryFile, marked: Marked, languages: Collection[str]) -> Iterator[Problem]:
    """Languages of people that there are no texts in; one with a region counts as the language itself."""
    for key, person in file.people.items():
        wanted = person.language
        if wanted and not {wanted, wanted.partition("-")[0]} & set(languages):
            advice = did_you_mean(wanted, languages, "there are")
            yield marked.problem(("people", key, "language"), f"there are no texts in “{wanted}”", advice)


def _keys(file: DirectoryFile, marked: Marked) -> Iterator[Problem]:
    for key in file.teams:
        if key in file.people:
            yield marked.problem(
                ("teams", key), f"“{key}” is a person, too", "give the team a key of its own", key=True
            )
    for section in ("people", "teams", "calendars"):
        for key in getattr(file, section):
            if not key.strip():
                yield marked.problem((section, key), "an empty key", "write a short name", key=True)


def _references(file: DirectoryFile, marked: Marked) -> Iterator[Problem]:
    people, teams = _written(marked, "people"), _written(marked, "teams")
    for key, team in file.teams.items():
        at: Path = ("teams", key)
        for field, known, what in (
            ("lead", people, "person"),
            ("deputy", people, "person"),
            ("parent", teams, "team"),
            ("calendar", _written(marked, "calendars"), "calendar"),
        ):
            yield from _unknown(marked, (*at, field), getattr(team, field), known, what)
        for index, member in enumerate(team.members):
            yield from _unknown(marked, (*at, "members", index), member, people, "person")
    for index, service in enumerate(file.services):
        yield from _unknown(marked, ("services", index, "team"), service.team, teams, "team")


def _written(marked: Marked, section: str) -> frozenset[str]:
    """The keys that stand in the file, those of broken entries too."""
    entries = marked.data.get(section)
    return frozenset(entries) if isinstance(entries, dict) else frozenset()


def _unknown(marked: Marked, path: Path, name: str, known: Collection[str], what: str) -> Iterator[Problem]:
    if name and name not in known:
        kind = f"{what}s are" if what != "person" else "people are"
        yield marked.problem(path, f"there is no {what} “{name}”", did_you_mean(name, known, kind))


def _duplicates(file: DirectoryFile, marked: Marked) -> Iterator[Problem]:
    found: list[tuple[tuple[str, ...], str, Path]] = []
    for key, person in file.people.items():
        found += [
            (("login", s, login.casefold()), f"login “{login}” at {s}", ("people", key, "logins", s))
            for s, login in person.logins.items()
        ]
        at: Path = ("people", key, "redmine")
        if person.redmine.id is not None:
            found.append((("id", str(person.redmine.id)), f"Redmine id {person.redmine.id}", (*at, "id")))
        if person.redmine.login:
            login = person.redmine.login
            found.append((("redmine", login.casefold()), f"Redmine login “{login}”", (*at, "login")))
    for key, team in file.teams.items():
        found += [
            (("team", s, name.casefold()), f"team name “{name}” at {s}", ("teams", key, "names", s))
            for s, name in team.names.items()
        ]
        if team.redmine_group is not None:
            group = team.redmine_group
            found.append((("group", str(group)), f"Redmine group {group}", ("teams", key, "redmine_group")))
    first: dict[tuple[str, ...], Path] = {}
    for identity, what, path in found:
        other = first.setdefault(identity, path)
        if other is not path:
            yield marked.problem(path, f"{what} belongs to {other[1]} already", f"see {marked.where(other)}")


def _parents(file: DirectoryFile, marked: Marked) -> Iterator[Problem]:
    reported: set[str] = set()
    for start in file.teams:
        seen: list[str] = []
        key = start
        while key in file.teams and key not in seen:
            seen.append(key)
            key = file.teams[key].parent
        if key in seen and key == start and start not in reported:
            reported.update(seen)
            circle = " → ".join([*seen, start])
            yield marked.problem(("teams", start, "parent"), f"teams are each other's parents: {circle}", "cut it")


def _leads(file: DirectoryFile, marked: Marked, damaged: frozenset[Entry]) -> Iterator[Problem]:
    for key, team in file.teams.items():
        if team.lead or ("teams", key) in damaged:
            continue
        above = [name for name in _above(file, key) if file.teams[name].lead or file.teams[name].deputy]
        what, severity = f"team {key} has no lead, and no team above it has one", "error"
        if team.deputy or above:
            asked = "the deputy" if team.deputy else f"the lead or deputy of {above[0]}"
            what, severity = f"team {key} has no lead; {asked} is asked", "warning"
        yield marked.problem(("teams", key), what, "name a lead", severity=severity, key=True)


def _unusable(file: DirectoryFile, marked: Marked, damaged: frozenset[Entry]) -> Iterator[Problem]:
    """Leads and deputies who cannot be given work."""
    for key, team in file.teams.items():
        for field in ("lead", "deputy"):
            name = getattr(team, field)
            person = file.people.get(name)
            why = _cannot_act(person) if person is not None and ("people", name) not in damaged else ""
            if why:
                path = ("teams", key, field)
                yield marked.problem(path, f"{name} {why}", "name somebody else", severity="warning")


def _cannot_act(person: PersonEntry) -> str:
    if not person.active:
        return "is not active and cannot be asked"
    return "has no Redmine id and cannot be given work" if person.redmine.id is None else ""


def _above(file: DirectoryFile, key: str) -> Iterator[str]:
    """The teams above a team, each once."""
    seen = {key}
    team: TeamEntry | None = file.teams[key]
    while team is not None and team.parent in file.teams and team.parent not in seen:
        seen.add(team.parent)
        yield team.parent
        team = file.teams[team.parent]


def _services(file: DirectoryFile, marked: Marked) -> Iterator[Problem]:
    first: dict[tuple[str, str, str], int] = {}
    for index, entry in enumerate(file.services):
        if bool(entry.service) == bool(entry.category):
            yield marked.problem(
                ("services", index), "needs either a service or a category", "write service: … or category: …"
            )
            continue
        key = (entry.service.casefold(), entry.category.casefold(), entry.site.casefold())
        other = first.setdefault(key, index)
        if other != index:
            where = marked.where(("services", other))
            yield marked.problem(("services", index), "this service and site are listed twice", f"see {where}")


def _sources(file: DirectoryFile, marked: Marked, sources: Collection[str]) -> Iterator[Problem]:
    for section, field in (("people", "logins"), ("teams", "names")):
        for key, entry in getattr(file, section).items():
            for source in getattr(entry, field):
                if source not in sources:
                    advice = did_you_mean(source, sources, "sources are")
                    path = (section, key, field, source)
                    yield marked.problem(path, f"there is no source “{source}”", advice, key=True)
