"""What becomes of the fields beside status and person. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from bridge.model.incident import Incident
from bridge.model.project import Issue
from bridge.sync.fields import FieldRule, SyncTable, name_for_people
from bridge.sync.merge import Direction, Merged, Moments, Owner, Side, Undecided, both_moved, merge_owned
from bridge.sync.plan import FieldWrite, Outcome


@dataclass(frozen=True, slots=True)
class Row:
    """A field of the table with its values on both sides; `incident` is None where it has none to compare."""

    rule: FieldRule
    incident: str | None
    issue: str


def rows(table: SyncTable, incident: Incident, issue: Issue) -> dict[str, Row]:
    """The fields that are kept in step, with what both sides show."""
    return {
        name: Row(rule, table.on_incident(name, incident), table.on_issue(name, issue, incident.ref))
        for name, rule in table.active.items()
    }


def contested(found: Mapping[str, Row], agreed: Mapping[str, str], frozen: Collection[str]) -> list[str]:
    """Fields that both sides changed and whose newest value wins: when each changed must be asked for."""
    return [
        name
        for name, row in found.items()
        if row.rule.owner is Owner.NEWEST
        and name not in frozen
        and row.incident is not None
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
        if row.incident is not None
    }


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
    incident, rule = row.incident or "", row.rule
    if is_parent and name in table.derived:
        rule = FieldRule(_to_incident(rule.direction), Owner.PROJECT, rule.incident)
    merged = merge_owned(agreed, incident, row.issue, rule.owner, rule.direction, moments)
    if isinstance(merged, Undecided):
        return Outcome(undecided=merged, values=(incident, row.issue))
    if merged.write is not None:
        return _written(table, name, row, merged, is_open=is_open)
    if not merged.apart:
        return Outcome(settled=merged.value)
    wanted = rule is not row.rule and row.rule.direction.writes(Side.ISSUE) and incident != (agreed or "")
    return Outcome(report=_derived(name, incident) if wanted else "")


def _written(table: SyncTable, name: str, row: Row, merged: Merged, *, is_open: bool) -> Outcome:
    incident = row.incident or ""
    if merged.write is Side.INCIDENT and not is_open:
        return Outcome(report=f"the issue's {name_for_people(name)} became “{row.issue}”, but the incident is over.")
    if merged.write is Side.INCIDENT and table.for_incident(name, merged.value) is None:
        return Outcome(report=_no_word(name, merged.value))
    assert merged.write is not None
    shown = row.issue if merged.write is Side.ISSUE else incident
    return Outcome(FieldWrite(merged.write, name, merged.value, merged.lost, shown, (incident, row.issue)))


def _to_incident(direction: Direction) -> Direction:
    return Direction.TO_INCIDENT if direction.writes(Side.INCIDENT) else Direction.NONE


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
