"""What time does to candidates: they are brought up, come back, are reminded of, and expire."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from bridge.directory.directory import Person
from bridge.model.promotion import WAITING, Promotion, PromotionState, move
from bridge.ports import UnitOfWork
from bridge.rules.decision import DecisionKind
from bridge.rules.durations import written
from bridge.usecases.candidates.effects import announce, tell
from bridge.usecases.candidates.people import chain, reminders_due, responsible_team
from bridge.usecases.candidates.policy import Outcome
from bridge.usecases.configured import Configured
from bridge.usecases.promote import Finding


@dataclass(frozen=True, slots=True)
class Reminder:
    """The latest reminder that a waiting candidate should have had: the how manieth, and to whom."""

    number: int
    person: Person


def waiting_since(promotion: Promotion) -> datetime:
    """Since when a candidate has waited for a decision."""
    return promotion.waiting_since or promotion.created_at


def tick(uow: UnitOfWork, configured: Configured, now: datetime) -> None:
    """Does everything whose time has come, each thing once."""
    for promotion in uow.promotions.in_states(WAITING):
        if promotion.state is PromotionState.DEFERRED:
            if promotion.deferred_until is not None and promotion.deferred_until <= now:
                _come_back(uow, configured, promotion, now)
        elif now - waiting_since(promotion) >= configured.policy.candidates.expire_after:
            _expire(uow, configured, promotion, now)
        elif not promotion.from_history:
            announce(uow, configured, promotion)
            _remind(uow, configured, promotion, now)


def no_longer_history(uow: UnitOfWork, findings: Iterable[Finding]) -> None:
    """A candidate that a new incident joined is news, and brought up like any other."""
    for finding in findings:
        if finding.decision.kind is not DecisionKind.ATTACH:
            continue
        promotion = uow.promotions.of_group(finding.rule.id, finding.group_key)
        if promotion is not None and promotion.from_history and promotion.state in WAITING:
            joined = uow.incidents.many(finding.decision.evidence)
            if any(incident.opened_at > promotion.created_at for incident in joined.values()):
                uow.promotions.save(replace(promotion, from_history=False))


def _come_back(uow: UnitOfWork, configured: Configured, promotion: Promotion, now: datetime) -> None:
    back = replace(move(promotion, PromotionState.CANDIDATE), waiting_since=now, deferred_until=None)
    uow.promotions.save(back)
    uow.ledger.audit(now, "bridge", "back", f"promotion {promotion.id}", {"deferred": str(promotion.deferred_until)})
    announce(uow, configured, back)
    status = configured.policy.candidates.status_for(Outcome.WAIT)
    tell(uow, back, f"back {now:%Y-%m-%d}", "candidate_back", status=status)


def _expire(uow: UnitOfWork, configured: Configured, promotion: Promotion, now: datetime) -> None:
    """Its incidents are free from now on: another candidate, or another rule, may take them."""
    policy = configured.policy.candidates
    note = f"nobody decided within {written(policy.expire_after)}"
    uow.promotions.save(replace(move(promotion, PromotionState.EXPIRED), decided_at=now, decision_note=note))
    uow.ledger.audit(now, "bridge", "expired", f"promotion {promotion.id}", {"why": note})
    name = f"expired {waiting_since(promotion):%Y-%m-%d %H:%M}"
    tell(uow, promotion, name, "candidate_expired", status=policy.status_for(Outcome.EXPIRE), why=note)


def _remind(uow: UnitOfWork, configured: Configured, promotion: Promotion, now: datetime) -> None:
    reminder = reminder_of(uow, configured, promotion, now)
    if reminder is None:
        return
    since = waiting_since(promotion)
    tell(
        uow,
        promotion,
        f"reminder {reminder.number} {since:%Y-%m-%d %H:%M}",
        "candidate_reminder",
        person=reminder.person.display,
        login=reminder.person.redmine_login,
        since=f"{since:%Y-%m-%d}",
        until=f"{since + configured.policy.candidates.expire_after:%Y-%m-%d}",
    )


def reminder_of(uow: UnitOfWork, configured: Configured, promotion: Promotion, now: datetime) -> Reminder | None:
    """Whom a waiting candidate has been brought to by now: its owner first, then up the team's chain, to its end."""
    due = reminders_due(waiting_since(promotion), now, configured.policy.candidates.remind_after)
    if not due:
        return None
    directory = configured.directory
    team = ""
    if not promotion.owner:
        incidents = uow.incidents.many(member.incident_id for member in uow.promotions.members(promotion.id))
        team = responsible_team(directory, incidents.values())
    people = chain(directory, promotion.owner, team)
    number = min(due, len(people))
    return Reminder(number, people[number - 1]) if number else None
