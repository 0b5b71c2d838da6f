"""Resource conflicts in our projects: tasks as last read, calendars, and the hours that incidents take."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

from bridge.directory.directory import Directory, Team
from bridge.model.notice import Notice, NoticeKind
from bridge.planning.experience import business_days
from bridge.planning.resource_conflicts import Load, Proposal, ResourceConflict, conflicts
from bridge.ports import UnitOfWork
from bridge.usecases.configured import Configured
from bridge.usecases.project_tasks import Owned, open_tasks
from bridge.usecases.telling.policy import lead_of

MEASURED = timedelta(days=28)
"""Incidents resolved in this time before now tell how many hours a day they take."""


class Hours:
    """How many hours people have for projects: their calendar's, without what incidents take of their team's.

    A named resource that is nobody in the directory has the default calendar's hours, all of them.
    """

    def __init__(self, uow: UnitOfWork, directory: Directory, now: datetime) -> None:
        self._directory = directory
        self._share: dict[str, float] = {}
        worked = uow.workload.incident_hours(now - MEASURED, now)
        by_team: dict[str, float] = {}
        for (source, name), hours in worked.items():
            team = directory.team_of(source=source, source_team=name)
            if team is not None:
                by_team[team.key] = by_team.get(team.key, 0.0) + hours
        for key, hours in by_team.items():
            self._share[key] = _share(directory, directory.teams[key], hours, now)

    def on(self, who: str, day: date) -> float:
        """The hours for projects on a day."""
        return self._directory.calendar_of(who).hours_on(day) * (1 - self._taken(who))

    def taken(self, who: str, start: date, end: date) -> float:
        """The hours that incidents take between two days, both included."""
        calendar, days = self._directory.calendar_of(who), (end - start).days + 1
        return sum(calendar.hours_on(start + timedelta(days=number)) for number in range(days)) * self._taken(who)

    def _taken(self, who: str) -> float:
        team = self._directory.team_of_person(who)
        return self._share.get(team.key, 0.0) if team else 0.0


def _share(directory: Directory, team: Team, hours: float, now: datetime) -> float:
    """The part of a team's working hours that incidents took, at most all of them."""
    people = {key for key in (team.lead, team.deputy, *team.members) if _is_active(directory, key)}
    first = (now - MEASURED).date()
    there = sum(
        directory.calendar_of(key).hours_on(first + timedelta(days=number))
        for key in people
        for number in range(MEASURED.days)
    )
    return min(1.0, hours / there) if there else 0.0


def _is_active(directory: Directory, key: str) -> bool:
    person = directory.person(key)
    return person is not None and person.active


def found_conflicts(uow: UnitOfWork, configured: Configured, now: datetime) -> list[ResourceConflict]:
    """The resource conflicts within the horizon of the settings, the greatest lack of hours first."""
    directory = configured.directory
    today = now.date()
    until = directory.calendar().add_business_days(today, configured.notices.reminders.horizon_days)
    loads = [load for one in open_tasks(uow) if (load := _load(directory, one, today)) is not None]
    hours = Hours(uow, directory, now)
    colleagues = {load.who: _colleagues(directory, load.who) for load in loads}
    return conflicts(loads, hours.on, today, until, colleagues, hours.taken)


def _load(directory: Directory, one: Owned, today: date) -> Load | None:
    """What a task asks of whoever has it; None without a due date, an estimate or anybody."""
    task = one.task
    if task.due is None or task.estimate is None or task.assignee_id is None:
        return None
    person = directory.person_by_redmine(task.assignee_id)
    left = task.estimate * (1 - task.done_ratio / 100)
    who = person.key if person else task.assignee_name
    start = task.start or today
    slack = business_days(today, task.due, directory.calendar_of(who))
    mine = one.promotion
    return Load(task.issue_id, task.subject, mine.name, who, start, task.due, left, slack, mine.owner)


def _colleagues(directory: Directory, who: str) -> list[str]:
    team = directory.team_of_person(who)
    names = dict.fromkeys([*team.members, team.deputy, team.lead]) if team else {}
    return [key for key in names if key != who and _is_active(directory, key)]


def told(configured: Configured, found: ResourceConflict) -> Notice:
    """The notice of a conflict: to whom has too much, and to their lead.

    For a thing, and for who has left, it goes to the owners of the projects.
    """
    directory = configured.directory
    person = directory.person(found.who)
    asked = [found.who] if _is_active(directory, found.who) else sorted({task.owner for task in found.tasks} - {""})
    # Not the span: with an overdue task in it its end is another one every day.
    tasks = "+".join(f"{task.issue_id}@{task.due}" for task in sorted(found.tasks, key=lambda one: one.issue_id))
    return Notice(
        kind=NoticeKind.RESOURCE_CONFLICT,
        unique=f"{found.who}:{tasks}",
        name=person.display if person else found.who,
        owner=asked[0] if asked else "",
        concerned=tuple(dict.fromkeys([*asked, *lead_of(directory, found.who, 0)])),
        values=as_plain(configured, found),
    )


def as_plain(configured: Configured, found: ResourceConflict) -> dict[str, Any]:
    """The finding as JSON can hold it."""
    return {
        "who": found.who,
        "start": found.start.isoformat(),
        "end": found.end.isoformat(),
        "hours": round(found.hours, 1),
        "capacity": round(found.capacity, 1),
        "tasks": [
            {
                "issue": task.issue_id,
                "subject": task.subject,
                "project": task.project,
                "due": task.due.isoformat(),
                "hours": round(task.hours, 1),
            }
            for task in found.tasks
        ],
        "proposals": [_plain(configured, one) for one in found.proposals],
    }


def _plain(configured: Configured, one: Proposal) -> dict[str, Any]:
    person = configured.directory.person(one.who)
    return {
        "kind": one.kind,
        "issue": one.issue_id,
        "hours": round(one.hours, 1),
        "day": one.day.isoformat() if one.day else "",
        "who": person.display if person else one.who,
    }
