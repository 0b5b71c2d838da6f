"""What keeps fields and statuses from being kept in step, found before it bites. Writes nothing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date

from bridge.model.errors import BridgeError, Forbidden, NotFound, Problem
from bridge.model.incident import Capability, State
from bridge.model.project import Issue
from bridge.ports import IncidentSource, ProjectTracker, Store
from bridge.sync.fields import SyncTable, name_for_people
from bridge.sync.merge import Side
from bridge.usecases.fields import status_path
from bridge.usecases.policy import Policy
from bridge.yamlfile import did_you_mean

NO_TIME_YET = date(2999, 1, 1)
MOST_ISSUES = 10
"""So many issues are read to see where the workflow leads from them, each of another tracker or status."""


def sync_problems(
    store: Store | None, tracker: ProjectTracker, sources: Mapping[str, IncidentSource], policy: Policy
) -> list[Problem]:
    """Unknown statuses, values that a source cannot set, and states that existing issues cannot follow to.

    `store` is None where there is none yet: then there are no issues either.
    """
    try:
        return [
            *_statuses(tracker, policy),
            *_unwritable(sources, policy),
            *_time(tracker, sources, policy),
            *(_transitions(store, tracker, policy) if store is not None else ()),
        ]
    except BridgeError as error:
        return [Problem("sync", f"{error.where}: {error.what}", error.advice)]


def _statuses(tracker: ProjectTracker, policy: Policy) -> Iterator[Problem]:
    """Those of `redmine` are looked for with its other names."""
    known = list(tracker.status_names().values())
    there = {name.casefold() for name in known}
    named = {status for table in policy.tables.tables for status in table.statuses.statuses}
    for status in sorted(named - policy.statuses.statuses):
        if status.casefold() not in there:
            yield Problem("sync", f"there is no status “{status}” in Redmine.", did_you_mean(status, known))


def _unwritable(sources: Mapping[str, IncidentSource], policy: Policy) -> Iterator[Problem]:
    for name, source in sources.items():
        special = [table for of_source, _, table in policy.tables.special if of_source in {"", name}]
        told: set[str] = set()
        for table in (policy.tables.usual, *special):
            for field, rule in table.active.items():
                called = table.called(field)
                if not rule.direction.writes(Side.INCIDENT) or called in told:
                    continue
                if not source.field_values.can_set(called):
                    told.add(called)
                    what = f"the {name_for_people(field)} is to be written there, but the source cannot set “{called}”."
                    yield Problem(f"source {name}", what, f"Set sync.fields.{field}.direction to to_issue or none.")


def _time(tracker: ProjectTracker, sources: Mapping[str, IncidentSource], policy: Policy) -> Iterator[Problem]:
    able = any(Capability.WORK_LOG in source.capabilities for source in sources.values())
    if not policy.carried.work_log or not able:
        return
    try:
        list(tracker.spent_time.since(NO_TIME_YET))
    except (Forbidden, NotFound) as error:
        advice = f"{error.advice} Is time tracking on in the parent project? Else set `work_log.book: false`."
        yield Problem("work_log", f"time spent cannot be read: {error.what}", advice.strip(), "warning")


def _transitions(store: Store, tracker: ProjectTracker, policy: Policy) -> Iterator[Problem]:
    with store.reading() as uow:
        links = [link for link in uow.links.all() if link.ended_at is None and link.issue_id is not None]
    seen: set[tuple[str, str]] = set()
    for link in reversed(links):
        if len(seen) >= MOST_ISSUES or link.issue_id is None:
            return
        try:
            issue = tracker.read_issue(link.issue_id)
        except NotFound:
            continue
        if (issue.tracker, issue.status) in seen:
            continue
        seen.add((issue.tracker, issue.status))
        table = policy.table(link.ref.source, issue.tracker)
        states = list(_unreachable(store, table, issue))
        if states:
            names = ", ".join(f"“{table.statuses.status_of(state)}” ({state})" for state in states)
            what = f"the workflow leads from “{issue.status}” to no {names}, and no way over other statuses is known."
            advice = "Allow the step in Administration → Workflow to the bridge's role, or name a way in `sync.paths`."
            yield Problem(f"Redmine issue #{issue.id}, tracker {issue.tracker}", what, advice, "warning")


def _unreachable(store: Store, table: SyncTable, issue: Issue) -> Iterable[State]:
    for state in table.statuses.to_status:
        wanted = table.statuses.status_of(state)
        if wanted != issue.status and status_path(store, table, issue, state) is None:
            yield state
