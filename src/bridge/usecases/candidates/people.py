"""Whom a waiting candidate is brought to: its owner, then up the team's chain."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from bridge.directory.directory import Directory, Person
from bridge.model.incident import Incident


def responsible_team(directory: Directory, incidents: Iterable[Incident]) -> str:
    """The key of the team that looks after most of these incidents; empty when the directory names none."""
    counts: dict[str, int] = {}
    for incident in incidents:
        team = directory.team_in_charge(incident)
        if team is not None:
            counts[team.key] = counts.get(team.key, 0) + 1
    return max(counts, key=lambda key: counts[key], default="")


def chain(directory: Directory, owner: str, team: str) -> list[Person]:
    """Who is reminded, in order, each once: the owner, lead and deputy of the team, of its parent team …

    `owner` is a person or team; without one `team` counts. Nobody who has left.
    """
    keys = [owner] if directory.person(owner) else []
    own = directory.team_of_person(owner) if owner else None
    start = owner if directory.team(owner) else own.key if own else team
    for level in directory.chain(start):
        keys += [level.lead, level.deputy]
    people = [person for key in dict.fromkeys(keys) if (person := directory.person(key)) is not None]
    return [person for person in people if person.active]


def reminders_due(waiting_since: datetime, now: datetime, every: timedelta) -> int:
    """How many reminders a candidate should have had by now."""
    return max((now - waiting_since) // every, 0)
