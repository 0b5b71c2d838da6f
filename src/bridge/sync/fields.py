"""The fields that are kept in step beside status and person: how each side shows them, and their rows of the table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, tzinfo

from bridge.model.incident import Incident, IncidentRef
from bridge.model.project import Issue
from bridge.sync.mapping import StatusMapping
from bridge.sync.merge import Direction, Owner

PRIORITY, DUE, SUBJECT, DONE, CATEGORY = "priority", "due", "subject", "done_ratio", "category"
CUSTOM = "custom."
LONGEST_SUBJECT = 255
OWN = {PRIORITY: "priority", SUBJECT: "summary", CATEGORY: "category"}
"""Fields whose value on the incident is one of its own; the others stand among its `fields`."""
DERIVED = frozenset({PRIORITY, DUE, DONE})
"""What Redmine derives on a parent from its subtasks, unless its settings say otherwise."""
_LAST_MINUTE = time(23, 59)


@dataclass(frozen=True, slots=True)
class FieldRule:
    """A row of the table. `incident` is the name of the value among the incident's `fields`, "" for one of its own."""

    direction: Direction
    owner: Owner
    incident: str = ""


CAREFUL: Mapping[str, FieldRule] = {
    PRIORITY: FieldRule(Direction.TO_ISSUE, Owner.PROJECT),
    SUBJECT: FieldRule(Direction.TO_ISSUE, Owner.PROJECT),
    DUE: FieldRule(Direction.NONE, Owner.PROJECT, "Due"),
    DONE: FieldRule(Direction.NONE, Owner.PROJECT, "Percent Done"),
    CATEGORY: FieldRule(Direction.NONE, Owner.PROJECT),
}
"""The rows where the settings say nothing: the issue follows the incident until somebody changes the issue."""


@dataclass(frozen=True, slots=True)
class SyncTable:
    """What is kept in step for the incidents of one source and the issues of one tracker.

    `priorities` names the issue's priority for an incident's 1 … 5, `levels` the one that is written back for a name.
    A due date ends with the day in `zone`. `derived` are fields that are read-only on an issue with subtasks.
    """

    statuses: StatusMapping
    fields: Mapping[str, FieldRule] = field(default_factory=lambda: CAREFUL)
    priorities: Mapping[int, str] = field(default_factory=dict)
    levels: Mapping[str, int] = field(default_factory=dict)
    zone: tzinfo = UTC
    derived: frozenset[str] = DERIVED

    @property
    def active(self) -> dict[str, FieldRule]:
        """The rows that write anything."""
        return {name: rule for name, rule in self.fields.items() if rule.direction is not Direction.NONE}

    @property
    def custom_fields(self) -> list[str]:
        """The names of the issue's custom fields that are compared."""
        return [name.removeprefix(CUSTOM) for name in self.active if name.startswith(CUSTOM)]

    def ambiguous_priorities(self) -> dict[str, list[int]]:
        """Names of priorities that stand for several levels while none is named to be written back."""
        found: dict[str, list[int]] = {}
        for level, name in sorted(self.priorities.items()):
            found.setdefault(name, []).append(level)
        return {name: levels for name, levels in found.items() if len(levels) > 1 and name not in self.levels}

    def on_incident(self, name: str, incident: Incident) -> str | None:
        """A field's value on the incident as the merge compares it; None when it has none that can be compared."""
        match name:
            case "priority":
                return self.priorities.get(incident.priority or 0)
            case "subject":
                return _clipped(incident.summary, incident.ref)
            case "category":
                return incident.category
        value = incident.fields.get(self.called(name), "").strip()
        if name == DUE:
            return _day(value, self.zone)
        if self.called(name) not in incident.fields:
            return None
        return _percent(value) if name == DONE else value

    def on_issue(self, name: str, issue: Issue, ref: IncidentRef) -> str | None:
        """A field's value on the incident's own issue as the merge compares it; None where the issue has no such field.

        Redmine leaves out custom fields that the bridge may not see, or that are not ticked for tracker and project.
        """
        match name:
            case "priority":
                return issue.priority
            case "subject":
                return "" if issue.subject == _head(ref).rstrip() else issue.subject.removeprefix(_head(ref))
            case "category":
                return issue.category
            case "due":
                return issue.due.isoformat() if issue.due else ""
            case "done_ratio":
                return str(issue.done_ratio) if issue.done_ratio else ""
        value = issue.custom.get(name.removeprefix(CUSTOM))
        return None if value is None else value.strip()

    def for_incident(self, name: str, value: str) -> tuple[str, str | datetime] | None:
        """(name, value) that the source is to set; None when the value means nothing there.

        A due date is the last minute of its day.
        """
        if name == PRIORITY:
            level = self.level_of(value)
            return None if level is None else (self.called(name), str(level))
        if name == DUE and value:
            return self.called(name), datetime.combine(datetime.fromisoformat(value), _LAST_MINUTE, self.zone)
        return self.called(name), value

    def called(self, name: str) -> str:
        """What the incident's value of a field is called."""
        return OWN.get(name) or self.fields[name].incident or name.removeprefix(CUSTOM)

    def level_of(self, priority: str) -> int | None:
        """The incident's priority that is written for an issue's, None when none is configured."""
        named = next((level for level, name in sorted(self.priorities.items()) if name == priority), None)
        return self.levels.get(priority, named)


@dataclass(frozen=True, slots=True)
class SyncPolicy:
    """The tables by source and tracker: the first of `special` that fits, else the `usual` one; "" fits any.

    A value that would be written on the same side more than `same_writes_an_hour` times is fought over.
    """

    usual: SyncTable
    special: tuple[tuple[str, str, SyncTable], ...] = ()
    same_writes_an_hour: int = 6

    def table(self, source: str, issue_tracker: str) -> SyncTable:
        """The table for an incident's source and its issue's tracker (by name)."""
        for of_source, of_tracker, table in self.special:
            if of_source in {"", source} and of_tracker.casefold() in {"", issue_tracker.casefold()}:
                return table
        return self.usual

    @property
    def tables(self) -> tuple[SyncTable, ...]:
        """All of them."""
        return (self.usual, *(table for _, _, table in self.special))


def subject_for(ref: IncidentRef, value: str) -> str:
    """The subject of an incident's own issue."""
    return f"{_head(ref)}{value}"


def known_field(name: str) -> bool:
    """Whether this is the name of a field of the table."""
    return name in CAREFUL or (name.startswith(CUSTOM) and len(name) > len(CUSTOM))


def name_for_people(name: str) -> str:
    """A field's name in a sentence."""
    return name.removeprefix(CUSTOM).replace("_", " ") if name != DUE else "due date"


def _head(ref: IncidentRef) -> str:
    return f"{ref}: "


def _clipped(text: str, ref: IncidentRef) -> str:
    """A summary as it fits into the issue's subject behind the incident's reference; cut as Redmine's gateway does."""
    head = _head(ref)
    line = " ".join((head + text).replace("\0", "").split())
    line = line if len(line) <= LONGEST_SUBJECT else line[: LONGEST_SUBJECT - 1].rstrip() + "…"
    return line.removeprefix(head).removeprefix(head.rstrip())


def _day(value: str, zone: tzinfo) -> str | None:
    if not value:
        return ""
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        return None
    return (moment.astimezone(zone) if moment.tzinfo else moment).date().isoformat()


def _percent(value: str) -> str | None:
    try:
        number = round(float(value.removesuffix("%") or 0))
    except ValueError:
        return None
    if not 0 <= number <= 100:
        return None
    return str(number) if number else ""
