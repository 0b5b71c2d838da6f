"""Time spent on incidents' own issues: looked for as one list, compared with what is booked."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any

from bridge.model.effect import EffectSpec
from bridge.model.errors import Forbidden, NotFound, RemoteUnavailable
from bridge.model.files import BookedTime, TimeEntry
from bridge.model.incident import Capability
from bridge.model.link import Link
from bridge.ports import Clock, IncidentSource, ProjectTracker, Store, UnitOfWork
from bridge.usecases.carried_policy import CarriedPolicy
from bridge.usecases.configured import Configured
from bridge.usecases.deliver.effects import incident_effect

BOOK = "incident.work"
WORK_LOG, WHY, BEGUN = "work log", "why not", "begun"
DAY = timedelta(days=1)
MANY = 3
"""So many booked entries that are all gone at once mean that the list is wrong, not that people removed them."""


class WorkLogSweep:
    """Compares all time spent lately with what is booked, now and then: it changes no issue's time of change.

    Work on tasks that are no incident's own issue belongs to no incident and is not booked.
    """

    def __init__(
        self, tracker: ProjectTracker, sources: Mapping[str, IncidentSource], configured: Callable[[], Configured]
    ) -> None:
        self._tracker = tracker
        self._able = frozenset(name for name, one in sources.items() if Capability.WORK_LOG in one.capabilities)
        self._configured = configured
        self._swept_at: datetime | None = None

    def poll(self, store: Store, clock: Clock) -> int:
        """Sweeps when it is time; returns how many effects were stored. That the list is refused is told in the audit.

        Raises RemoteUnavailable when Redmine suddenly shows nothing of what is booked; nothing is taken back then.
        """
        policy, now = self._configured().policy.carried, clock.now()
        due = self._swept_at is None or now - self._swept_at >= policy.work_log_every
        if not policy.work_log or not self._able or not due:
            return 0
        with store.reading() as uow:
            followed = uow.links.any_running(sorted(self._able))
            begun = uow.ledger.cursor(WORK_LOG, BEGUN)
        if begun is None:
            # what was spent before the bridge kept work logs is history; a zone may be a day behind
            begun = (now.date() - DAY).isoformat()
            with store.transaction() as uow:
                uow.ledger.set_cursor(WORK_LOG, BEGUN, begun)
        if not followed:
            return 0
        since = max((now - policy.work_log_look_back).date(), date.fromisoformat(begun))
        try:
            entries = {entry.id: entry for entry in self._tracker.spent_time.since(since)}
        except (Forbidden, NotFound) as error:
            # one right that is missing must not count as an outage of Redmine; `check` says what to mend
            self._swept_at = now
            return self._told(store, f"time spent is not booked: {error}", now)
        self._told(store, "", now)
        with store.reading() as uow:
            gone = [one for one in uow.booked.since(since) if one.minutes and one.entry_id not in entries]
        if gone:
            # a list that was read while others removed entries may lack some: what is missing twice is gone
            entries |= {entry.id: entry for entry in self._tracker.spent_time.since(since)}
            gone = [one for one in gone if one.entry_id not in entries]
        if len(gone) >= MANY and not entries:
            what = f"Redmine shows no time spent since {since}, but {len(gone)} entries are booked: nothing is changed."
            raise RemoteUnavailable("time entries", what, "May the bridge's role still “View spent time”?")
        gone = self._in_sight(store, gone)
        with store.transaction() as uow:
            stored = uow.effects.enqueue(self._planned(uow, entries.values(), gone))
        self._swept_at = now
        return stored

    def _told(self, store: Store, what: str, now: datetime) -> int:
        """Remembers why nothing can be booked ("": it can), and audits it once; nothing is stored but that."""
        with store.reading() as uow:
            known = uow.ledger.cursor(WORK_LOG, WHY) or ""
        if known != what:
            with store.transaction() as uow:
                uow.ledger.set_cursor(WORK_LOG, WHY, what)
                if what:
                    uow.ledger.audit(now, "bridge", "reported", WORK_LOG, {"what": what})
        return 0

    def _in_sight(self, store: Store, gone: Sequence[BookedTime]) -> list[BookedTime]:
        """Those of issues that are seen: time in a project that people archived is hidden, not removed."""
        if not gone:
            return []
        with store.reading() as uow:
            issues = {one.link_id: uow.links.get(one.link_id).issue_id for one in gone}
        seen = {issue.id for issue in self._tracker.issues(sorted({issue for issue in issues.values() if issue}))}
        return [one for one in gone if issues[one.link_id] in seen]

    def _planned(self, uow: UnitOfWork, entries: Iterable[TimeEntry], gone: Iterable[BookedTime]) -> list[EffectSpec]:
        entries = list(entries)
        links = {one.issue_id: one for one in uow.links.of_issues({entry.issue_id for entry in entries})}
        known = uow.booked.many(entry.id for entry in entries)
        found = []
        for entry in entries:
            link, booked = links.get(entry.issue_id), known.get(entry.id)
            if booked is not None and booked.minutes and (link is None or booked.link_id != link.id):
                found += self._removed(uow, booked)  # once; what the log does not give back stays there
            elif link is not None and link.ref.source in self._able and _differs(entry, booked, link):
                found.append(_effect(link, entry, booked))
        for booked in gone:
            found += self._removed(uow, booked)
        return found

    def _removed(self, uow: UnitOfWork, booked: BookedTime) -> list[EffectSpec]:
        link = uow.links.get(booked.link_id)
        if link.ended_at is not None or link.ref.source not in self._able or booked.refused == 0:
            return []
        return [_effect(link, TimeEntry(booked.entry_id, link.issue_id or 0, "", 0, booked.day, "", ""), booked)]


def refused_time(uow: UnitOfWork, policy: CarriedPolicy, link: Link) -> tuple[str, ...]:
    """What a person should know about time that a link's work log does not take."""
    if not policy.work_log:
        return ()
    return tuple(refusal_told(one) for one in uow.booked.refused(link.id))


def refusal_told(booked: BookedTime) -> str:
    """That the log does not take a time entry, and why."""
    return (
        f"time entry {booked.entry_id} of {booked.day} ({booked.refused} minutes) is not in the incident's work log "
        f"as it is in Redmine: {booked.why.rstrip('.')}."
    )


def entry_of(payload: Mapping[str, Any]) -> TimeEntry:
    """The time entry that an effect is about."""
    return TimeEntry(**{**payload, "day": date.fromisoformat(payload["day"])})


def _differs(entry: TimeEntry, booked: BookedTime | None, link: Link) -> bool:
    """Whether something is to be booked; what the link's log did not take is not tried again as it is."""
    if booked is None:
        return entry.minutes > 0
    return entry.minutes != booked.minutes and (booked.link_id != link.id or entry.minutes != booked.refused)


def _effect(link: Link, entry: TimeEntry, booked: BookedTime | None) -> EffectSpec:
    revision = booked.revision + 1 if booked is not None else 0
    payload = {
        "id": entry.id,
        "issue_id": entry.issue_id,
        "user": entry.user,
        "minutes": entry.minutes,
        "day": entry.day.isoformat(),
        "activity": entry.activity,
        "comment": entry.comment,
    }
    return incident_effect(link, BOOK, f"{entry.id}:{revision}:{entry.minutes}", entry=payload)
