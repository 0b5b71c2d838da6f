"""Clocks that run out go up the directory's chain: whoever has the incident, then each lead further up."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from bridge.directory.directory import Directory
from bridge.kpi.own_holds import without_own
from bridge.model.errors import NotPossible
from bridge.model.escalation import Escalation
from bridge.model.incident import Incident
from bridge.model.notice import Notice, NoticeKind
from bridge.ports import UnitOfWork
from bridge.rules.durations import parse_duration
from bridge.rules.sla import SlaClock
from bridge.usecases.configured import Configured
from bridge.usecases.notices import tell
from bridge.usecases.telling.clocks import ClockDue, DueTimes

SYSTEM, SINCE = "escalation", "since"
PART = 500


@dataclass(frozen=True, slots=True)
class Running:
    """A clock of an open incident that the bridge escalates."""

    number: int
    incident: Incident
    due: ClockDue


def escalate(uow: UnitOfWork, configured: Configured, due_times: DueTimes, now: datetime) -> int:
    """Takes every step that is due, and ends what was met; returns how many messages are new.

    Each step of each clock is taken once for ever, in the transaction that says so. Steps from before the bridge first
    looked are history: they count as taken, and nobody hears of them.
    """
    policy = configured.notices.escalation
    began = uow.ledger.cursor(SYSTEM, SINCE)
    if not policy.clocks:
        if began is not None:
            _end_all(uow, now)
        return 0
    if began is None:
        began = now.isoformat()
        uow.ledger.set_cursor(SYSTEM, SINCE, began)
    since, new, alive = datetime.fromisoformat(began), 0, set()
    for one in running_clocks(uow, configured, due_times):
        alive.add((one.number, one.due.clock))
        new += _step(uow, configured, one, since, now)
    for escalation in uow.escalations.running():
        if (escalation.incident_id, escalation.clock) not in alive:
            uow.escalations.save(replace(escalation, ended_at=now))
    return new


def is_due(uow: UnitOfWork, configured: Configured, due_times: DueTimes, now: datetime) -> bool:
    """Whether `escalate` would store anything; only reads, so that looking every minute keeps no writer waiting."""
    running = {(one.incident_id, one.clock): one for one in uow.escalations.running()}
    if not configured.notices.escalation.clocks:
        return bool(running)
    if uow.ledger.cursor(SYSTEM, SINCE) is None:
        return True
    alive = set()
    for one in running_clocks(uow, configured, due_times):
        alive.add((one.number, one.due.clock))
        reached = _reached(configured, one, now)
        known = running.get((one.number, one.due.clock))
        if reached and (known is None or (reached > known.level and not _is_silent(known, now))):
            return True
    return not alive.issuperset(running)


def _reached(configured: Configured, one: Running, now: datetime) -> int:
    """How many steps are over."""
    delays = configured.notices.escalation.delays(one.incident.priority)
    return sum(one.due.due_at + delay <= now for delay in delays)


def running_clocks(uow: UnitOfWork, configured: Configured, due_times: DueTimes) -> Iterator[Running]:
    """The clocks that the bridge escalates, of all open incidents.

    The resolution of an incident whose time is excluded from the KPIs is a project's matter and does not escalate.
    """
    after = 0
    while ids := uow.escalations.open_incidents(after, PART):
        after = ids[-1]
        facts, own = uow.incidents.facts_of(ids), uow.exclusions.holds(ids)
        excluded = {
            number
            for number, found in uow.exclusions.of_incidents(ids).items()
            if any(one.ended_at is None for one in found)
        }
        for number, incident in sorted(uow.incidents.many(ids).items()):
            for due in due_times.running(incident, without_own(facts[number], own.get(number, ()))):
                waits = number in excluded and due.clock == SlaClock.RESOLUTION
                if due.clock in configured.notices.escalation.clocks and not waits:
                    yield Running(number, incident, due)


def chain(directory: Directory, incident: Incident) -> list[str]:
    """Whom the steps go to: whoever has the incident (where somebody has), then the leads of its team and those above.

    A deputy stands in where a team has no active lead. Each person once.
    """
    person = directory.person_by_login(incident.source, incident.person) if incident.person else None
    team = directory.team_in_charge(incident) or (directory.team_of_person(person.key) if person else None)
    found = [person.key] if person and person.active else []
    for one in directory.chain(team.key) if team else ():
        found += [key for key in (one.lead, one.deputy) if (who := directory.person(key)) and who.active][:1]
    return list(dict.fromkeys(found))


def _step(uow: UnitOfWork, configured: Configured, one: Running, since: datetime, now: datetime) -> int:
    reached = _reached(configured, one, now)
    if not reached:
        return 0
    known = uow.escalations.of(one.number, one.due.clock)
    if known is not None and known.ended_at is not None:  # the clock was met once, and runs again
        known = Escalation(known.id, one.number, one.due.clock, known.turn + 1, 0, one.due.due_at)
    if known is not None and (_is_silent(known, now) or reached <= known.level):
        return 0
    if known is None:
        known = Escalation(0, one.number, one.due.clock, 1, 0, one.due.due_at)
    known = uow.escalations.save(known)
    up, told, new = chain(configured.directory, one.incident), list(known.told), 0
    delays = configured.notices.escalation.delays(one.incident.priority)
    for level in range(known.level, reached):
        is_history = one.due.due_at + delays[level] < since
        if level < len(up) and not is_history:
            new += tell(uow, configured, _notice(configured, one, known, level, up), now)
            told.append(up[level])
    uow.escalations.save(replace(known, level=reached, due_at=one.due.due_at, told=tuple(dict.fromkeys(told))))
    return new


def _is_silent(known: Escalation, now: datetime) -> bool:
    return known.acknowledged_at is not None or (known.snoozed_until is not None and known.snoozed_until > now)


def _notice(configured: Configured, one: Running, known: Escalation, level: int, up: list[str]) -> Notice:
    incident = one.incident
    person = configured.directory.person_by_login(incident.source, incident.person) if incident.person else None
    return Notice(
        kind=NoticeKind.SLA_ESCALATION,
        unique=f"{incident.source}:{incident.external_id}:{one.due.clock}:{known.turn}:{level}",
        name=f"{incident.ref}: {incident.summary}",
        url=incident.url,
        owner=person.key if person else up[0],
        concerned=(up[level],),
        priority=incident.priority,
        values={
            "clock": one.due.clock,
            "due": one.due.due_at.astimezone(UTC).strftime("%Y-%m-%d %H:%M"),
            "handler": person.display if person else incident.person,
            "escalation": known.id,
            "level": level + 1,
        },
    )


def _end_all(uow: UnitOfWork, now: datetime) -> None:
    for escalation in uow.escalations.running():
        uow.escalations.save(replace(escalation, ended_at=now))


def acknowledge(uow: UnitOfWork, args: Mapping[str, Any], actor: str, now: datetime) -> Mapping[str, Any]:
    """A person says that they see to it (`for` empty), or that nobody is to be told for so long.

    Raises NotFound, NotPossible for one that has ended.
    """
    found = uow.escalations.get(int(args["escalation"]))
    if found.ended_at is not None:
        raise NotPossible(f"escalation {found.id}", "has ended: the clock was met.", "Nothing needs to be done.")
    length = parse_duration(args["for"]) if args.get("for") else None
    if length is None:
        changed = replace(found, acknowledged_at=now, acknowledged_by=actor)
    else:
        changed = replace(found, snoozed_until=now + length)
    uow.escalations.save(changed)
    detail = {"clock": found.clock, "for": str(length) if length else ""}
    uow.ledger.audit(now, actor, "snooze" if length else "acknowledge", f"escalation {found.id}", detail)
    until = changed.snoozed_until.isoformat() if changed.snoozed_until else None
    return {"escalation": found.id, "snoozed_until": until, "acknowledged": length is None}
