"""What can happen in the story. Each verb makes a step, whose `act` does it when it is played and tells of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from bridge.sandbox.story_people import Stage, Ticket

MONDAY = date(2025, 3, 3)
"""The first day of the story."""
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")

DESK, OFFICE, DECISION, NOWHERE = "desk", "Redmine", "decision", ""
"""Where something happens: in the incident system, in Redmine, as a decision about a candidate, or nowhere."""


@dataclass(frozen=True, slots=True)
class Decision:
    """A person's decision about a candidate, which only the bridge can carry out: `approve` or `reject`.

    `name` is part of the candidate's name, `reason` why it is rejected, or what an approved one is to reach.
    """

    verb: str
    name: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Event:
    """Something that has just happened. `who` is a first name, empty for nobody; `at` is UTC."""

    at: datetime
    who: str
    where: str
    text: str
    decision: Decision | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """Something that is to happen at a moment (UTC). `act` does it and returns what is to be told."""

    at: datetime
    who: str
    where: str
    act: Callable[[Stage], str]
    decision: Decision | None = None


def moment(when: str) -> datetime:
    """The moment of `2 Tue 07:15`: week, day and time (UTC) of the story."""
    week, day, time = when.split()
    hour, minute = time.split(":")
    days = 7 * (int(week) - 1) + _DAYS.index(day)
    return datetime.combine(MONDAY + timedelta(days), datetime.min.time(), UTC).replace(
        hour=int(hour), minute=int(minute)
    )


def _step(when: str, login: str, where: str, act: Callable[[Stage], str], decision: Decision | None = None) -> Step:
    return Step(moment(when), login.title(), where, act, decision)


def opens(when: str, login: str, name: str, title: str, **fields: object) -> Step:
    """An agent opens an incident, known to the story by `name`; `fields` as the desk's API has them."""

    def act(stage: Stage) -> str:
        row = stage.desk(login, "POST", "/api/incidents", {"title": title, **fields})["incident"]
        stage.tickets[name] = Ticket(row["id"], row["number"], title)
        return f"opens {row['number']} “{title}”"

    return _step(when, login, DESK, act)


def takes(when: str, login: str, name: str) -> Step:
    """An agent takes an incident."""

    def act(stage: Stage) -> str:
        _patch(stage, login, name, assignee=login, state="in_progress")
        return f"takes {stage.tickets[name].number}"

    return _step(when, login, DESK, act)


def resolves(when: str, login: str, name: str, how: str) -> Step:
    """An agent resolves an incident."""

    def act(stage: Stage) -> str:
        _patch(stage, login, name, assignee=login, state="solved", resolution=how)
        return f"resolves {stage.tickets[name].number}: {how}"

    return _step(when, login, DESK, act)


def comments(when: str, login: str, name: str, text: str, *, public: bool = False) -> Step:
    """An agent writes an internal note on an incident, or (`public`) an answer that the caller reads."""

    def act(stage: Stage) -> str:
        body = {"text": text, "visibility": "public" if public else "internal"}
        stage.desk(login, "POST", f"/api/incidents/{stage.tickets[name].id}/notes", body)
        return f"{'answers the caller of' if public else 'notes on'} {stage.tickets[name].number}: “{text}”"

    return _step(when, login, DESK, act)


def starts(when: str, login: str, project: str, task: str) -> Step:
    """Somebody takes a task of a project: it is theirs and in progress. Tasks are named by how their subject begins."""

    def act(stage: Stage) -> str:
        row = stage.task(login, project, task)
        stage.change(login, row["id"], status="In Progress", assigned_to=login)
        return f"starts #{row['id']} “{row['subject']}”"

    return _step(when, login, OFFICE, act)


def finishes(when: str, login: str, project: str, *tasks: str, note: str = "") -> Step:
    """Somebody closes tasks, in this order."""

    def act(stage: Stage) -> str:
        rows = [stage.task(login, project, task) for task in tasks]
        for row in rows:
            stage.change(login, row["id"], status="Closed", done_ratio=100, notes=note)
        told = ", ".join(f"#{row['id']} “{row['subject']}”" for row in rows)
        return f"finishes {told}" + (f": “{note}”" if note else "")

    return _step(when, login, OFFICE, act)


def gives(when: str, login: str, project: str, task: str, to: str) -> Step:
    """Somebody gives a task to somebody else."""

    def act(stage: Stage) -> str:
        row = stage.task(login, project, task)
        stage.change(login, row["id"], assigned_to=to)
        return f"gives #{row['id']} “{row['subject']}” to {to.title()}"

    return _step(when, login, OFFICE, act)


def adds(when: str, login: str, project: str, subject: str) -> Step:
    """Somebody adds a task of their own below the root issue."""

    def act(stage: Stage) -> str:
        root = stage.issues(login, project)[0]
        task = {"project_id": root["project"]["id"], "parent_issue_id": root["id"], "subject": subject}
        number = stage.office(login, "POST", "/issues.json", {"issue": task})["issue"]["id"]
        return f"adds the task #{number} “{subject}”"

    return _step(when, login, OFFICE, act)


def remarks(when: str, login: str, project: str, text: str) -> Step:
    """Somebody writes a note on the root issue."""

    def act(stage: Stage) -> str:
        root = stage.issues(login, project)[0]
        stage.change(login, root["id"], notes=text)
        return f"writes on #{root['id']}: “{text}”"

    return _step(when, login, OFFICE, act)


def answers(when: str, login: str, project: str, incident: str, text: str) -> Step:
    """Somebody writes a private note on the issue of an incident."""

    def act(stage: Stage) -> str:
        row = stage.own_issue(login, project, incident)
        stage.change(login, row["id"], notes=text, private_notes=True)
        return f"writes a private note on #{row['id']}: “{text}”"

    return _step(when, login, OFFICE, act)


def assigns(when: str, login: str, project: str, incident: str, to: str) -> Step:
    """Somebody gives the issue of an incident to a handler and sets it in progress."""

    def act(stage: Stage) -> str:
        row = stage.own_issue(login, project, incident)
        stage.change(login, row["id"], assigned_to=to, status="In Progress")
        return f"gives #{row['id']} “{row['subject']}” to {to.title()}"

    return _step(when, login, OFFICE, act)


def closes(when: str, login: str, project: str) -> Step:
    """Somebody closes the root issue of a project: it is delivered."""

    def act(stage: Stage) -> str:
        root = stage.issues(login, project)[0]
        stage.change(login, root["id"], status="Closed")
        return f"closes the root issue #{root['id']} “{root['subject']}”: the project is delivered"

    return _step(when, login, OFFICE, act)


def decides(when: str, login: str, verb: str, name: str, reason: str = "") -> Step:
    """Somebody approves or rejects a candidate whose name contains `name`."""
    told = f"{verb}s the proposal “{name}”" + (f": {reason}" if reason else "")
    return _step(when, login, DECISION, lambda _: told, Decision(verb, name, reason))


def passes(when: str, text: str) -> Step:
    """Nobody does anything."""
    return _step(when, "", NOWHERE, lambda _: text)


def _patch(stage: Stage, login: str, name: str, **fields: str) -> None:
    stage.desk(login, "PATCH", f"/api/incidents/{stage.tickets[name].id}", fields)
