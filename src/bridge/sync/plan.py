"""Plans what must be written so that an incident and its own issue agree again. Pure: decides, never acts."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from bridge.model.incident import Note, State
from bridge.model.link import Refusal
from bridge.sync.mapping import StatusMapping, canonical
from bridge.sync.merge import Merged, Side, Undecided, merge

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
    values: tuple[str, str] = dataclasses.field(default=("", ""), compare=False)
    """The incident's and the issue's as they are compared."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What becomes of a field: a write, the value that counts as agreed, or neither; and what a person should know.

    `undecided` says why nobody but a person can settle it, `values` are the incident's and the issue's then.
    """

    write: FieldWrite | None = None
    settled: str | None = None
    report: str = ""
    undecided: Undecided | None = None
    values: tuple[str, str] = ("", "")


NO_FIELDS: Mapping[str, Outcome] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class NoteWrite:
    """One note to be copied to a side."""

    side: Side
    note: Note
    private: bool


@dataclass(frozen=True, slots=True)
class Plan:
    """What to write, what both sides agree on without any write, and what a person should know.

    `refused` are the refusals that still hold: by side and field, see `refusal_key`. `undecided` are fields that only
    a person can settle, `over` frozen ones on which both sides agree by now.
    """

    fields: tuple[FieldWrite, ...] = ()
    notes: tuple[NoteWrite, ...] = ()
    agreed: Mapping[str, str] = dataclasses.field(default_factory=dict)
    reports: tuple[str, ...] = ()
    refused: Mapping[str, Refusal] = dataclasses.field(default_factory=dict)
    undecided: Mapping[str, Outcome] = dataclasses.field(default_factory=dict)
    over: frozenset[str] = frozenset()


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
    fields: Mapping[str, Outcome] = NO_FIELDS,
    frozen: Collection[str] = (),
) -> Plan:
    """The plan for one link; `fields` are what becomes of those beside status and person, see sync.fields_plan.

    A `frozen` field waits for a person: it is written on neither side, and agreed only when both show the same.

    A value that a side refused is not planned again while that side shows what it showed then: it is reported. A status
    of the issue that stands for no state is never overwritten: the state waits, and that is reported too. Notes must
    already be without those that either side has from the bridge. A resolved incident is never reopened or given to
    somebody else, and an unmapped person is never guessed or cleared: such a field stays as it is and is reported.
    Only with `public_notes` does a public note on the issue become an answer that the caller can read: the project is
    private, and who writes there does not think of the caller.
    """
    outcomes = {
        STATE: _state(agreed, incident, issue, statuses),
        PERSON: _person(agreed, incident, issue),
        **fields,
    }
    over = frozenset(name for name in frozen if name in outcomes and _is_settled(outcomes[name]))
    going = {name: outcome for name, outcome in outcomes.items() if name not in frozen or name in over}
    writes: list[FieldWrite] = []
    reports: list[str] = []
    held: dict[str, Refusal] = {}
    for name, outcome in going.items():
        if outcome.report:
            reports.append(outcome.report)
        if outcome.write is not None:
            key = refusal_key(outcome.write.side, name)
            refusal = refused.get(key)
            if refusal is not None and (refusal.value, refusal.shown) == (outcome.write.value, outcome.write.shown):
                held[key] = refusal
                reports.append(refusal_report(key, refusal))
            else:
                writes.append(outcome.write)
    settled = {
        name: one.settled for name, one in going.items() if one.settled is not None and one.settled != agreed.get(name)
    }
    undecided = {name: one for name, one in going.items() if one.undecided is not None}
    notes = _notes(incident, issue, public=public_notes)
    return Plan(tuple(writes), notes, settled, tuple(reports), held, undecided, over)


def _is_settled(outcome: Outcome) -> bool:
    """Whether both sides show the same."""
    return outcome.settled is not None and not outcome.report


def _state(agreed: Mapping[str, str], incident: IncidentSide, issue: IssueSide, statuses: StatusMapping) -> Outcome:
    ours = canonical(incident.state)
    theirs = statuses.state_of(issue.status)
    if theirs is None:
        # Without a base a later status that is mapped would count as what both had: the incident's state is it.
        return Outcome(
            settled=agreed.get(STATE, str(ours)),
            report=(
                f"the issue's status “{issue.status}” stands for no state of the incident, which is {incident.state}: "
                "neither follows the other until the issue has another status. "
                "To carry this one over, name it in the settings under `redmine.statuses`."
            ),
        )
    merged = merge(agreed.get(STATE, str(theirs)), str(ours), str(theirs), Side.INCIDENT)
    if merged.write is Side.INCIDENT and not incident.state.is_open and State(merged.value).is_open:
        return Outcome(
            report=f"the issue went back to “{issue.status}” but the incident is {incident.state}: "
            "a resolved incident is not reopened by the bridge. Reopen it in the incident system if it is needed."
        )
    if merged.write is Side.ISSUE and statuses.status_of(State(merged.value)) is None:
        return Outcome(
            report=f"no issue status is configured for the incident's state “{merged.value}”: "
            "the issue stays as it is. Name one in the settings under `redmine.write_statuses`."
        )
    shown = {Side.INCIDENT: str(ours), Side.ISSUE: issue.status}
    return _outcome(STATE, merged, shown, (str(ours), str(theirs)))


def _person(agreed: Mapping[str, str], incident: IncidentSide, issue: IssueSide) -> Outcome:
    if incident.person is None:
        return Outcome(
            report=f"“{incident.login}” is in charge of the incident, but the directory names no Redmine account for "
            "them: the issue's assignee stays."
        )
    if issue.person is None:
        return Outcome(
            report=f"“{issue.account}” is assigned to the issue, but the directory names no login for them in the "
            "incident system: the incident's handler stays."
        )
    merged = merge(agreed.get(PERSON, NOBODY), incident.person, issue.person, Side.INCIDENT)
    if merged.write is Side.INCIDENT and not incident.state.is_open:
        return Outcome(
            report=f"the issue went to “{issue.account or 'nobody'}”, but the incident is {incident.state}: "
            "it stays as it is."
        )
    shown = {Side.INCIDENT: incident.login, Side.ISSUE: issue.account}
    return _outcome(PERSON, merged, shown, (incident.person, issue.person))


def _outcome(name: str, merged: Merged, shown: Mapping[Side, str], values: tuple[str, str]) -> Outcome:
    if merged.write is None:
        return Outcome(settled=merged.value)
    return Outcome(FieldWrite(merged.write, name, merged.value, merged.lost, shown[merged.write], values))


def _notes(incident: IncidentSide, issue: IssueSide, *, public: bool) -> tuple[NoteWrite, ...]:
    to_issue = [NoteWrite(Side.ISSUE, note, note.private) for note in incident.notes]
    # A public note would reopen a resolved incident in many systems (RT's stock scrip): there it goes as a work note.
    hidden = not public or not incident.state.is_open
    to_incident = [NoteWrite(Side.INCIDENT, note, note.private or hidden) for note in issue.notes]
    return (*to_issue, *to_incident)
