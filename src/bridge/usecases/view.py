"""What a rule sees of a group, read from the store. How much is read does not depend on how long the history is."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from bridge.model.incident import Incident
from bridge.model.promotion import RUNNING, TURNED_DOWN, WAITING, Promotion
from bridge.ports import UnitOfWork
from bridge.rules.decision import PACE, GroupMember, GroupView, Lost, RateCount, Usage
from bridge.rules.matching import CompiledRule, group_label
from bridge.rules.moments import SKEW
from bridge.rules.needs import COUNTED
from bridge.rules.recurrence import enough_before, rate_span
from bridge.rules.similar import likeness
from bridge.rules.when import Rate
from bridge.usecases.claims import claims
from bridge.usecases.configured import Configured

MOST_BEFORE = 10_000
"""So many incidents of a baseline are counted. With more it is not told apart from one that is too busy to exceed."""
_TICK = timedelta(microseconds=1)

Numbered = tuple[int, Incident]


def group_view(
    uow: UnitOfWork,
    configured: Configured,
    rule: CompiledRule,
    key: str,
    changed: Sequence[int],
    now: datetime,
    most: int = 0,
) -> GroupView | None:
    """The group as it is now; None when no incident of it counts. `changed` are incidents to look at in any case.

    `most` of the newest members are looked at where that is more than it takes to decide.
    """
    promotion = uow.promotions.of_group(rule.id, key)
    newest, members, lost = _newest(uow, configured, rule, key, promotion, max(most, rule.needs.members), now)
    seen = {incident_id for incident_id, _ in newest}
    more = uow.incidents.many(one for one in changed if one not in seen)
    others = _countable(sorted(more.items(), key=lambda one: one[1].opened_at, reverse=True), promotion)
    if not newest and not others:
        return None
    further, lost_too = _members(uow, configured, rule, others, promotion)
    shown = dict((*newest, *others))
    subject = next((shown[one] for one in changed if one in shown), (newest or others)[0][1])
    return GroupView(
        key=key,
        label=group_label(rule, (newest or others)[0][1], key),
        members=members,
        activated_at=uow.ledger.activated_at(rule.id, rule.version) or now,
        promotion=promotion.state if promotion else None,
        quiet_until=_quiet_until(rule, promotion),
        others=further,
        delivered_at=promotion.delivered_at if promotion else None,
        rates=tuple(_count(uow, rule, key, one, members, promotion, now) for one in rule.needs.rates),
        usage=_usage(uow, rule, key),
        lost=(*lost, *lost_too),
        likeness=likeness(rule, key, subject),
        decided_at=promotion.decided_at if promotion else None,
        pace=_pace(uow, rule, key, promotion, now),
    )


def _newest(
    uow: UnitOfWork,
    configured: Configured,
    rule: CompiledRule,
    key: str,
    promotion: Promotion | None,
    limit: int,
    now: datetime,
) -> tuple[list[Numbered], tuple[GroupMember, ...], tuple[Lost, ...]]:
    """The newest incidents that count, as members, and those of them that another promotion has.

    Where it has so many that too few are left for a reason, older ones are looked at, `COUNTED` at most.
    """
    decided = promotion is not None and promotion.state in RUNNING | WAITING
    while True:
        newest = _countable(uow.groups.latest(rule.id, key, limit, now + SKEW), promotion)
        members, lost = _members(uow, configured, rule, newest, promotion)
        enough = decided or not lost or len(members) >= rule.needs.free
        if enough or len(newest) < limit or limit >= COUNTED or now - newest[-1][1].opened_at > 2 * rule.needs.lately:
            return newest, members, lost
        limit = min(4 * limit, COUNTED)


def _quiet_until(rule: CompiledRule, promotion: Promotion | None) -> datetime | None:
    if promotion is None or promotion.state not in TURNED_DOWN or promotion.decided_at is None:
        return None
    return promotion.decided_at + rule.quiet_for


def _pace(
    uow: UnitOfWork, rule: CompiledRule, key: str, promotion: Promotion | None, now: datetime
) -> RateCount | None:
    if promotion is None or promotion.state not in TURNED_DOWN or promotion.decided_at is None:
        return None
    at = promotion.decided_at + _TICK
    before = uow.groups.opened(rule.id, key, at - PACE, at, MOST_BEFORE)
    recent = uow.groups.opened(rule.id, key, max(at, now - PACE), now + SKEW, 2 * before + 2)
    return RateCount(recent, before)


def _members(
    uow: UnitOfWork,
    configured: Configured,
    rule: CompiledRule,
    incidents: list[Numbered],
    promotion: Promotion | None,
) -> tuple[tuple[GroupMember, ...], tuple[Lost, ...]]:
    """The incidents that no other promotion has claimed, and the others."""
    claimed = claims(uow, [one for one, _ in incidents], rule.id)
    facts = uow.incidents.facts_of([one for one, _ in incidents]) if rule.needs.facts else {}
    members, lost = [], []
    for incident_id, incident in incidents:
        by = claimed.get(incident_id)
        if by is not None and (promotion is None or by.id != promotion.id):
            lost.append(Lost(incident.ref, by.id if by.tracker else None, by.rule_id))
            continue
        known = facts.get(incident_id)
        members.append(
            GroupMember.of(
                incident_id,
                incident,
                joined=by is not None,
                fields=rule.needs.fields,
                targets=configured.policy.sla,
                held_since=known.on_hold_since if known else None,
                responded_at=known.responded_at if known else None,
            )
        )
    return tuple(members), tuple(lost)


def _countable(members: list[Numbered], promotion: Promotion | None) -> list[Numbered]:
    """The members that count: what a delivered project covered is not counted again."""
    if promotion is None or promotion.delivered_at is None:
        return members
    return [(i, incident) for i, incident in members if incident.opened_at > promotion.delivered_at]


def _count(
    uow: UnitOfWork,
    rule: CompiledRule,
    key: str,
    asked: Rate,
    members: tuple[GroupMember, ...],
    promotion: Promotion | None,
    now: datetime,
) -> RateCount:
    """Exact for what decides: counting stops where more would change nothing.

    That is with `COUNTED` incidents in the window, and with a baseline that the window does not exceed.
    """
    span = rate_span(asked, members, now)
    if span is None:
        return RateCount(0, 0)
    since = span.since
    if promotion is not None and promotion.delivered_at is not None:
        since = max(since, promotion.delivered_at + _TICK)
    recent = uow.groups.opened(rule.id, key, since, span.until + _TICK, COUNTED)
    enough = enough_before(asked, recent)
    before = uow.groups.opened(rule.id, key, span.before, span.since, min(enough, MOST_BEFORE))
    return RateCount(recent, enough if before >= MOST_BEFORE else before)


def _usage(uow: UnitOfWork, rule: CompiledRule, key: str) -> Usage:
    limits = rule.rule.limits
    opened = uow.promotions.openings(rule.id, limits.projects_per_day) if limits.projects_per_day else []
    running = uow.promotions.running_in_group(rule.id, key) if limits.open_per_group else 0
    return Usage(tuple(opened), running)
