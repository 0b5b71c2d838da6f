"""What becomes of the fields beside status and person. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from bridge.model.incident import Incident
from bridge.model.project import Issue
from bridge.sync.fields import PRIORITY, FieldRule, SyncTable, name_for_people
from bridge.sync.merge import Direction, Merged, Moments, Owner, Side, Undecided, both_moved, merge_owned
from bridge.sync.plan import FieldWrite, Outcome


@dataclass(frozen=True, slots=True)
class Row:
    """A field of the table with its values on both sides, None where one has none to compare.

    `told` says why, `hidden` that the side does not show such a field at all.
    """

    rule: FieldRule
    incident: str | None
    issue: str | None
    told: str = ""
    hidden: bool = False


def rows(table: SyncTable, incident: Incident, issue: Issue) -> dict[str, Row]:
    """The fields that are kept in step, with what both sides show."""
    return {name: _row(table, name, rule, incident, issue) for name, rule in table.active.items()}


def contested(found: Mapping[str, Row], agreed: Mapping[str, str], frozen: Collection[str]) -> list[str]:
    """Fields that both sides changed and whose newest value wins: when each changed must be asked for."""
    return [
        name
        for name, row in found.items()
        if row.rule.owner is Owner.NEWEST
        and name not in frozen
        and row.incident is not None
        and row.issue is not None
        and both_moved(agreed.get(name), row.incident, row.issue)
    ]


def outcomes(
    table: SyncTable,
    found: Mapping[str, Row],
    agreed: Mapping[str, str],
    moments: Mapping[str, Moments],
    *,
    is_open: bool,
    is_parent: bool,
) -> dict[str, Outcome]:
    """What becomes of each field. `is_open` is the incident, `is_parent` the issue: there Redmine derives some."""
    return {
        name: _outcome(table, name, row, agreed.get(name), moments.get(name), is_open=is_open, is_parent=is_parent)
        for name, row in found.items()
    }


def _row(table: SyncTable, name: str, rule: FieldRule, incident: Incident, issue: Issue) -> Row:
    ours, theirs = table.on_incident(name, incident), table.on_issue(name, issue, incident.ref)
    if theirs is None:
        where = "Is it ticked for the project and the tracker, and may the bridge's role see it?"
        return Row(rule, ours, theirs, _hidden(Side.ISSUE, name, where), hidden=True)
    if ours is not None:
        return Row(rule, ours, theirs)
    if name == PRIORITY:
        return Row(rule, ours, theirs, _no_priority(incident.priority) if incident.priority else "")
    value = incident.fields.get(table.called(name))
    if value is None:
        where = "Is that its name there, and may the bridge's account see it?"
        return Row(rule, ours, theirs, _hidden(Side.INCIDENT, name, where), hidden=True)
    return Row(rule, ours, theirs, _unreadable(name, value))


def _outcome(
    table: SyncTable,
    name: str,
    row: Row,
    agreed: str | None,
    moments: Moments | None,
    *,
    is_open: bool,
    is_parent: bool,
) -> Outcome:
    incident, rule = row.incident, row.rule
    if incident is None or row.issue is None:
        # What a side does not show is not empty there: taken for empty it would be emptied on the other.
        nothing = row.hidden and not (incident or row.issue or agreed)
        return Outcome(report="" if nothing else row.told)
    if is_parent and name in table.derived:
        rule = FieldRule(_to_incident(rule.direction), Owner.PROJECT, rule.incident)
    merged = merge_owned(agreed, incident, row.issue, rule.owner, rule.direction, moments)
    if isinstance(merged, Undecided):
        return Outcome(undecided=merged, values=(incident, row.issue))
    if merged.write is not None:
        return _written(table, name, (incident, row.issue), merged, is_open=is_open)
    if not merged.apart:
        return Outcome(settled=merged.value)
    wanted = rule is not row.rule and row.rule.direction.writes(Side.ISSUE) and incident != (agreed or "")
    return Outcome(report=_derived(name, incident) if wanted else "")


def _written(table: SyncTable, name: str, values: tuple[str, str], merged: Merged, *, is_open: bool) -> Outcome:
    incident, issue = values
    if merged.write is Side.INCIDENT and not is_open:
        return Outcome(report=f"the issue's {name_for_people(name)} became “{issue}”, but the incident is over.")
    if merged.write is Side.INCIDENT and table.for_incident(name, merged.value) is None:
        return Outcome(report=_no_word(name, merged.value))
    assert merged.write is not None
    shown = issue if merged.write is Side.ISSUE else incident
    return Outcome(FieldWrite(merged.write, name, merged.value, merged.lost, shown, values))


def _to_incident(direction: Direction) -> Direction:
    return Direction.TO_INCIDENT if direction.writes(Side.INCIDENT) else Direction.NONE


def _hidden(side: Side, name: str, advice: str) -> str:
    return f"the {side} shows no field “{name_for_people(name)}”: the {side.other} keeps what it has. {advice}"


def _unreadable(name: str, value: str) -> str:
    return f"the incident's {name_for_people(name)} “{value}” cannot be read as one: the issue stays as it is."


def _no_priority(level: int) -> str:
    return (
        f"the incident's priority {level} stands for none of the issue's, which stays as it is. "
        "Name it in `redmine.priorities`."
    )


def _derived(name: str, value: str) -> str:
    return (
        f"the incident's {name_for_people(name)} became “{value}”, but the issue has subtasks, from which Redmine "
        "derives it: the issue stays as it is. Where Redmine is set up otherwise, say so in `sync.derived_on_parents`."
    )


def _no_word(name: str, value: str) -> str:
    return (
        f"the issue's {name_for_people(name)} “{value}” stands for nothing on the incident, which stays as it is. "
        "Name it in `redmine.priorities`."
    )
