"""Plans what must be written so that an incident and its own issue agree again. Pure: decides, never acts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from bridge.model.incident import Note, State
from bridge.sync.mapping import StatusMapping, canonical
from bridge.sync.merge import Merged, Side, merge

STATE = "state"
PERSON = "person"
NOBODY = ""


@dataclass(frozen=True, slots=True)
class IncidentSide:
    """The incident as read now. `person` is the directory's key, NOBODY, or None when the login is unmapped."""

    state: State
    person: str | None
    login: str
    notes: tuple[Note, ...] = ()


@dataclass(frozen=True, slots=True)
class IssueSide:
    """The issue as read now. `person` is the directory's key, NOBODY, or None when the account is unmapped."""

    status: str
    person: str | None
    account: str
    notes: tuple[Note, ...] = ()


@dataclass(frozen=True, slots=True)
class FieldWrite:
    """One field to be written on one side."""

    side: Side
    field: str
    value: str
    lost: str | None = None


@dataclass(frozen=True, slots=True)
class NoteWrite:
    """One note to be copied to a side."""

    side: Side
    note: Note
    private: bool


@dataclass(frozen=True, slots=True)
class Plan:
    """What to write, what both sides agree on without any write, and what a person should know."""

    fields: tuple[FieldWrite, ...] = ()
    notes: tuple[NoteWrite, ...] = ()
    agreed: Mapping[str, str] = field(default_factory=dict)
    reports: tuple[str, ...] = ()

    @property
    def writes_nothing(self) -> bool:
        """True when both sides already agree, or when nothing may be done about it."""
        return not self.fields and not self.notes


def plan(
    agreed: Mapping[str, str],
    incident: IncidentSide,
    issue: IssueSide,
    statuses: StatusMapping,
    *,
    public_notes: bool = False,
) -> Plan:
    """The plan for one link.

    Notes must already be without those that either side has from the bridge. A resolved incident is never reopened
    or given to somebody else, and an unmapped person is never guessed or cleared: such a field stays as it is and is
    reported. Only with `public_notes` does a public note on the issue become an answer that the caller can read: the
    project is private, and who writes there does not think of the caller.
    """
    fields: list[FieldWrite] = []
    settled: dict[str, str] = {}
    reports: list[str] = []
    for outcome in (_state(agreed, incident, issue, statuses), _person(agreed, incident, issue)):
        if isinstance(outcome, str):
            reports.append(outcome)
        elif isinstance(outcome, FieldWrite):
            fields.append(outcome)
        elif outcome is not None:
            settled[outcome[0]] = outcome[1]
    return Plan(tuple(fields), _notes(incident, issue, public=public_notes), settled, tuple(reports))


Outcome = FieldWrite | tuple[str, str] | str | None


def _state(agreed: Mapping[str, str], incident: IncidentSide, issue: IssueSide, statuses: StatusMapping) -> Outcome:
    ours = canonical(incident.state)
    theirs = statuses.state_of(issue.status)
    if theirs is None:
        if ours == agreed.get(STATE, ours):
            return None
        theirs = State(agreed[STATE])
    merged = merge(agreed.get(STATE, str(theirs)), str(ours), str(theirs), Side.INCIDENT)
    if merged.write is Side.INCIDENT and not incident.state.is_open and State(merged.value).is_open:
        return (
            f"the issue went back to “{issue.status}” but the incident is {incident.state}: "
            "a resolved incident is not reopened by the bridge. Reopen it in the incident system if it is needed."
        )
    if merged.write is Side.ISSUE and statuses.status_of(State(merged.value)) is None:
        return f"no issue status is configured for the incident's state “{merged.value}”: the issue stays as it is."
    return _outcome(STATE, merged, agreed)


def _person(agreed: Mapping[str, str], incident: IncidentSide, issue: IssueSide) -> Outcome:
    if incident.person is None:
        return (
            f"“{incident.login}” is in charge of the incident, but the directory names no Redmine account for them: "
            "the issue's assignee stays."
        )
    if issue.person is None:
        return (
            f"“{issue.account}” is assigned to the issue, but the directory names no login for them in the incident "
            "system: the incident's handler stays."
        )
    merged = merge(agreed.get(PERSON, NOBODY), incident.person, issue.person, Side.INCIDENT)
    if merged.write is Side.INCIDENT and not incident.state.is_open:
        return (
            f"the issue went to “{issue.account or 'nobody'}”, but the incident is {incident.state}: it stays as it is."
        )
    return _outcome(PERSON, merged, agreed)


def _outcome(name: str, merged: Merged, agreed: Mapping[str, str]) -> Outcome:
    if merged.write is not None:
        return FieldWrite(merged.write, name, merged.value, merged.lost)
    return (name, merged.value) if agreed.get(name) != merged.value else None


def _notes(incident: IncidentSide, issue: IssueSide, *, public: bool) -> tuple[NoteWrite, ...]:
    to_issue = [NoteWrite(Side.ISSUE, note, note.private) for note in incident.notes]
    # A public note would reopen a resolved incident in many systems (RT's stock scrip): there it goes as a work note.
    hidden = not public or not incident.state.is_open
    to_incident = [NoteWrite(Side.INCIDENT, note, note.private or hidden) for note in issue.notes]
    return (*to_issue, *to_incident)
