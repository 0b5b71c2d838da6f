"""Plans what must be written so that an incident and its own issue agree again. Pure: decides, never acts."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from bridge.model.incident import Note, State
from bridge.model.link import Refusal
from bridge.sync.mapping import StatusMapping, canonical
from bridge.sync.merge import Merged, Side, merge

STATE = "state"
PERSON = "person"
NOBODY = ""
NOTHING_REFUSED: Mapping[str, Refusal] = MappingProxyType({})


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
    """One field to be written on one side, which shows `shown` now."""

    side: Side
    field: str
    value: str
    lost: str | None = None
    shown: str = dataclasses.field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class NoteWrite:
    """One note to be copied to a side."""

    side: Side
    note: Note
    private: bool


@dataclass(frozen=True, slots=True)
class Plan:
    """What to write, what both sides agree on without any write, and what a person should know.

    `refused` are the refusals that still hold: by side and field, see `refusal_key`.
    """

    fields: tuple[FieldWrite, ...] = ()
    notes: tuple[NoteWrite, ...] = ()
    agreed: Mapping[str, str] = dataclasses.field(default_factory=dict)
    reports: tuple[str, ...] = ()
    refused: Mapping[str, Refusal] = dataclasses.field(default_factory=dict)

    @property
    def writes_nothing(self) -> bool:
        """True when both sides already agree, or when nothing may be done about it."""
        return not self.fields and not self.notes


def refusal_key(side: Side, name: str) -> str:
    """Under which a side's refusal of a field's value is remembered."""
    return f"{side}.{name}"


def refusal_report(key: str, refusal: Refusal) -> str:
    """What a person should know about a refused value."""
    side, _, name = key.partition(".")
    return (
        f"the {side} does not take “{refusal.value or 'nobody'}” as its {name} "
        f"and stays “{refusal.shown or 'nobody'}”: {refusal.why} It is tried again when one of both changes."
    )


def plan(
    agreed: Mapping[str, str],
    incident: IncidentSide,
    issue: IssueSide,
    statuses: StatusMapping,
    *,
    public_notes: bool = False,
    refused: Mapping[str, Refusal] = NOTHING_REFUSED,
) -> Plan:
    """The plan for one link.

    A value that a side refused is not planned again while that side shows what it showed then: it is reported. A status
    of the issue that stands for no state is never overwritten: the state waits, and that is reported too. Notes must
    already be without those that either side has from the bridge. A resolved incident is never reopened or given to
    somebody else, and an unmapped person is never guessed or cleared: such a field stays as it is and is reported.
    Only with `public_notes` does a public note on the issue become an answer that the caller can read: the project is
    private, and who writes there does not think of the caller.
    """
    fields: list[FieldWrite] = []
    settled: dict[str, str] = {}
    reports: list[str] = []
    held: dict[str, Refusal] = {}
    for name, outcome in {
        STATE: _state(agreed, incident, issue, statuses),
        PERSON: _person(agreed, incident, issue),
    }.items():
        if outcome.report:
            reports.append(outcome.report)
        if outcome.settled is not None and agreed.get(name) != outcome.settled:
            settled[name] = outcome.settled
        if outcome.write is not None:
            key = refusal_key(outcome.write.side, name)
            refusal = refused.get(key)
            if refusal is not None and (refusal.value, refusal.shown) == (outcome.write.value, outcome.write.shown):
                held[key] = refusal
                reports.append(refusal_report(key, refusal))
            else:
                fields.append(outcome.write)
    return Plan(tuple(fields), _notes(incident, issue, public=public_notes), settled, tuple(reports), held)


@dataclass(frozen=True, slots=True)
class _Outcome:
    """What becomes of a field: a write, or the value that counts as agreed; and what a person should know."""

    write: FieldWrite | None = None
    settled: str | None = None
    report: str = ""


def _state(agreed: Mapping[str, str], incident: IncidentSide, issue: IssueSide, statuses: StatusMapping) -> _Outcome:
    ours = canonical(incident.state)
    theirs = statuses.state_of(issue.status)
    if theirs is None:
        # Without a base a later status that is mapped would count as what both had: the incident's state is it.
        return _Outcome(
            settled=agreed.get(STATE, str(ours)),
            report=(
                f"the issue's status “{issue.status}” stands for no state of the incident, which is {incident.state}: "
                "neither follows the other until the issue has another status. "
                "To carry this one over, name it in the settings under `redmine.statuses`."
            ),
        )
    merged = merge(agreed.get(STATE, str(theirs)), str(ours), str(theirs), Side.INCIDENT)
    if merged.write is Side.INCIDENT and not incident.state.is_open and State(merged.value).is_open:
        return _Outcome(
            report=f"the issue went back to “{issue.status}” but the incident is {incident.state}: "
            "a resolved incident is not reopened by the bridge. Reopen it in the incident system if it is needed."
        )
    if merged.write is Side.ISSUE and statuses.status_of(State(merged.value)) is None:
        return _Outcome(
            report=f"no issue status is configured for the incident's state “{merged.value}”: "
            "the issue stays as it is. Name one in the settings under `redmine.write_statuses`."
        )
    return _outcome(STATE, merged, {Side.INCIDENT: str(ours), Side.ISSUE: issue.status})


def _person(agreed: Mapping[str, str], incident: IncidentSide, issue: IssueSide) -> _Outcome:
    if incident.person is None:
        return _Outcome(
            report=f"“{incident.login}” is in charge of the incident, but the directory names no Redmine account for "
            "them: the issue's assignee stays."
        )
    if issue.person is None:
        return _Outcome(
            report=f"“{issue.account}” is assigned to the issue, but the directory names no login for them in the "
            "incident system: the incident's handler stays."
        )
    merged = merge(agreed.get(PERSON, NOBODY), incident.person, issue.person, Side.INCIDENT)
    if merged.write is Side.INCIDENT and not incident.state.is_open:
        return _Outcome(
            report=f"the issue went to “{issue.account or 'nobody'}”, but the incident is {incident.state}: "
            "it stays as it is."
        )
    return _outcome(PERSON, merged, {Side.INCIDENT: incident.login, Side.ISSUE: issue.account})


def _outcome(name: str, merged: Merged, shown: Mapping[Side, str]) -> _Outcome:
    if merged.write is None:
        return _Outcome(settled=merged.value)
    return _Outcome(FieldWrite(merged.write, name, merged.value, merged.lost, shown[merged.write]))


def _notes(incident: IncidentSide, issue: IssueSide, *, public: bool) -> tuple[NoteWrite, ...]:
    to_issue = [NoteWrite(Side.ISSUE, note, note.private) for note in incident.notes]
    # A public note would reopen a resolved incident in many systems (RT's stock scrip): there it goes as a work note.
    hidden = not public or not incident.state.is_open
    to_incident = [NoteWrite(Side.INCIDENT, note, note.private or hidden) for note in issue.notes]
    return (*to_issue, *to_incident)
