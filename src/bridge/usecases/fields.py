"""Fields beside status and person in a reconciliation: looked at, planned, and frozen where a person has to settle."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from bridge.model.conflict import ClockOffset, Conflict, Resolution, Why
from bridge.model.incident import Incident, State
from bridge.model.link import Link
from bridge.model.project import Issue
from bridge.ports import IncidentSource, ProjectTracker, Store, UnitOfWork
from bridge.sync.clock_offset import UNMEASURED
from bridge.sync.fields import CATEGORY, CUSTOM, DONE, DUE, PRIORITY, SUBJECT, SyncPolicy, SyncTable, name_for_people
from bridge.sync.fields_plan import contested, outcomes, rows
from bridge.sync.merge import Moments, Side, Undecided
from bridge.sync.paths import path
from bridge.sync.plan import FieldWrite, Outcome, Plan
from bridge.usecases.configured import Configured
from bridge.usecases.deliver.effects import TRACKER_SYSTEM

HOUR = timedelta(hours=1)
_STATUS = "status_id"
_JOURNALLED = {
    PRIORITY: "priority_id",
    SUBJECT: "subject",
    DUE: "due_date",
    DONE: "done_ratio",
    CATEGORY: "category_id",
}


@dataclass(frozen=True, slots=True)
class FieldView:
    """What one link's fields need: their table, what becomes of them, and the conflicts that wait, by field."""

    table: SyncTable
    outcomes: Mapping[str, Outcome]
    frozen: Mapping[str, Conflict]
    clocks: Mapping[str, ClockOffset]
    """Offsets that were needed, to be stored, by system."""
    steps: frozenset[tuple[str, str]]
    """Steps between statuses that people took since the last look."""


def look(
    store: Store,
    source: IncidentSource,
    tracker: ProjectTracker,
    configured: Configured,
    link: Link,
    incident: Incident,
    issue: Issue,
) -> FieldView:
    """Compares both sides; asks the source when a field changed only where both did and the newest value wins."""
    table = configured.policy.table(link.ref.source, issue.tracker)
    found = rows(table, incident, issue)
    with store.reading() as uow:
        frozen = uow.conflicts.open_of(link.id)
    clocks: dict[str, ClockOffset] = {}
    moments: dict[str, Moments] = {}
    if names := contested(found, link.agreed, frozen):
        clocks = {link.ref.source: UNMEASURED, TRACKER_SYSTEM: UNMEASURED}
        with store.reading() as uow:
            stored = {system: uow.sync_memory.clock(system) for system in clocks}
        live = {link.ref.source: source.field_values.clock(), TRACKER_SYSTEM: tracker.clock()}
        for system in clocks:
            known = stored[system]
            clocks[system] = live[system] or (known[0] if known else UNMEASURED)
        moments = {name: _moments(table, source, name, incident, issue, clocks) for name in names}
    decided = outcomes(table, found, link.agreed, moments, is_open=incident.state.is_open, is_parent=issue.is_parent)
    return FieldView(table, decided, frozen, clocks, frozenset(_steps(tracker, link, issue)))


def braked(store: Store, policy: SyncPolicy, link: Link, decided: Plan, now: datetime) -> Plan:
    """The plan without the writes that something keeps undoing: such a field waits for a person."""
    if not decided.fields:
        return decided
    with store.reading() as uow:
        earlier = uow.effects.since(f"link:{link.id}", now - HOUR)
        settled = uow.conflicts.resolved_since(link.id, now - HOUR)
    counts: Counter[tuple[Side, str, str]] = Counter()
    for effect in earlier:
        side = Side.ISSUE if effect.kind.startswith("issue.") else Side.INCIDENT
        for name in effect.payload.get("shown", {}):
            if name not in settled or effect.created_at > settled[name]:
                counts[(side, name, str(effect.payload.get(name)))] += 1
    fought = {w.field: w for w in decided.fields if counts[(w.side, w.field, w.value)] >= policy.same_writes_an_hour}
    if not fought:
        return decided
    undecided = {name: _fought(write, policy) for name, write in fought.items()}
    kept = tuple(write for write in decided.fields if write.field not in fought)
    return replace(decided, fields=kept, undecided={**decided.undecided, **undecided})


def status_path(store: Store, table: SyncTable, issue: Issue, state: State) -> tuple[str, ...] | None:
    """The statuses that lead the issue to a state, one after the other; None when no way is known."""
    wanted = table.statuses.status_of(state) or ""
    seen: Mapping[str, frozenset[str]] = {}
    if issue.allowed is not None and wanted not in issue.allowed:
        with store.reading() as uow:
            seen = uow.sync_memory.steps(issue.tracker)
    return path(
        issue.status,
        wanted,
        issue.allowed,
        table.statuses.chains,
        seen,
        lambda status: table.statuses.may_pass(status, wanted),
    )


def save(uow: UnitOfWork, link: Link, view: FieldView, decided: Plan, issue: Issue, now: datetime) -> list[str]:
    """Stores new conflicts, ends those on which both sides agree by now; returns what a person should know of them."""
    lines = []
    for name in sorted(decided.over & view.frozen.keys()):
        over = replace(view.frozen[name], resolved_at=now, resolved_by="bridge", resolution=Resolution.AGREED)
        uow.conflicts.save(over)
    for name, conflict in view.frozen.items():
        if name not in decided.over:
            lines.append(_line(conflict))
    for name, outcome in decided.undecided.items():
        if name not in view.frozen and outcome.undecided is not None:
            incident, project = outcome.values
            told = f"{outcome.undecided.told}."
            found = Conflict(0, link.id, name, incident, project, outcome.undecided.why, told, now)
            lines.append(_line(uow.conflicts.add(found)))
    if view.steps:
        uow.sync_memory.learn_steps(issue.tracker, view.steps, now)
    for system, offset in view.clocks.items():
        if offset is not UNMEASURED:
            uow.sync_memory.save_clock(system, offset, now)
    return lines


def _line(conflict: Conflict) -> str:
    name, number = name_for_people(conflict.field), conflict.id
    return (
        f"conflict {number}: {name} is “{conflict.incident_value or 'nothing'}” on the incident and "
        f"“{conflict.project_value or 'nothing'}” on the issue: {conflict.told} It stays as it is on both sides, the "
        f"rest goes on. Settle it with `conflicts resolve {number} --take incident` or `--take project`."
    )


def _fought(write: FieldWrite, policy: SyncPolicy) -> Outcome:
    other = "issue" if write.side is Side.ISSUE else "incident"
    told = (
        f"within an hour the bridge wrote “{write.value}” on the {other} {policy.same_writes_an_hour} times, and each "
        "time something set it back; find out what else writes this field there, and let one of both leave it alone"
    )
    return Outcome(undecided=Undecided(Why.FOUGHT_OVER, told), values=write.values)


def _moments(
    table: SyncTable,
    source: IncidentSource,
    name: str,
    incident: Incident,
    issue: Issue,
    clocks: Mapping[str, ClockOffset],
) -> Moments:
    at = source.field_values.changed_at(incident.external_id, table.called(name))
    journalled = _JOURNALLED.get(name) or f"cf_{issue.custom_ids.get(name.removeprefix(CUSTOM), 0)}"
    written = [journal.created_at for journal in issue.journals if journalled in journal.changes]
    return Moments(
        incident=at or incident.updated_at,
        issue=max(written) if written else issue.created_at or issue.updated_at,
        exact=at is not None,
        incident_clock=clocks[incident.source],
        issue_clock=clocks[TRACKER_SYSTEM],
    )


def _steps(tracker: ProjectTracker, link: Link, issue: Issue) -> Iterator[tuple[str, str]]:
    fresh = [j.changes[_STATUS] for j in issue.journals if _STATUS in j.changes and j.id > int(link.issue_note or 0)]
    names = tracker.status_names() if fresh else {}
    for before, after in fresh:
        if before in names and after in names:
            yield names[before], names[after]
