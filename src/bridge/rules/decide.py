"""The one decision about a group. Daemon, dry runs, explanations and replays all use it, so they cannot disagree."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Protocol

from bridge.model.promotion import HANDED_OVER, RUNNING, TURNED_DOWN, WAITING, PromotionState
from bridge.rules.decision import Clause, Decision, DecisionKind, GroupMember, GroupView
from bridge.rules.durations import written
from bridge.rules.matching import CompiledRule
from bridge.rules.moments import SKEW, later, shown
from bridge.rules.on_recurrence import AfterDelivery
from bridge.rules.reasons import look
from bridge.rules.schema import Mode


def decide(rule: CompiledRule, group: GroupView, now: datetime) -> Decision:
    """What the rule decides about a group now. Every reason is looked at, whatever is decided. Never raises."""
    members = _newest_first(group.members)
    everyone = _newest_first({one.incident_id: one for one in (*group.others, *members)}.values())
    clauses = look(rule.triggers, members, everyone, group.rates, rule.calendars, now)
    decision = _decide(rule, group, everyone, clauses, now)
    if rule.mode is Mode.SHADOW and decision.kind is not DecisionKind.NOTHING:
        return Decision(
            DecisionKind.NOTHING, f"in shadow mode: {decision.why}", clauses, decision.evidence, decision.kind
        )
    return decision


def in_full(rule: CompiledRule, decision: Decision, group: GroupView, now: datetime) -> Decision:
    """The same decision with all that its reasons find in `group`, which shows more than it took to decide."""
    members = _newest_first(group.members)
    everyone = _newest_first({one.incident_id: one for one in (*group.others, *members)}.values())
    clauses = look(rule.triggers, members, everyone, group.rates, rule.calendars, now)
    ids = {incident_id for clause in clauses if clause.met for incident_id in clause.evidence}
    return replace(
        decision, clauses=clauses, evidence=tuple(one.incident_id for one in everyone if one.incident_id in ids)
    )


def _decide(
    rule: CompiledRule, group: GroupView, everyone: list[GroupMember], clauses: tuple[Clause, ...], now: datetime
) -> Decision:
    if rule.mode is Mode.OFF:
        return Decision(DecisionKind.NOTHING, "the rule is off", clauses)
    if group.promotion in RUNNING or group.promotion in WAITING:
        return _join(group.promotion, everyone, clauses)
    again = _again(rule, group, everyone, clauses, now)
    if again is not None:
        return again
    met = [clause for clause in clauses if clause.met]
    if not met or (rule.needs_all and len(met) < len(clauses)):
        which = "not every reason is" if rule.needs_all and met else "no reason is"
        return Decision(DecisionKind.NOTHING, f"{which} there{_lost(group)}", clauses)
    silence = _silence(group, everyone, now)
    if silence:
        return Decision(DecisionKind.NOTHING, silence, clauses)
    ids = {incident_id for clause in met for incident_id in clause.evidence}
    evidence = [member for member in everyone if member.incident_id in ids]
    kind, why, brake = _how_far(rule, group, evidence, now)
    return Decision(kind, why, clauses, tuple(member.incident_id for member in evidence), brake=brake)


def _how_far(
    rule: CompiledRule, group: GroupView, evidence: list[GroupMember], now: datetime
) -> tuple[DecisionKind, str, str]:
    """Whether the rule acts by itself. History never does: something must have been opened since it became active."""
    if rule.mode is not Mode.AUTO:
        return DecisionKind.CANDIDATE, "the rule proposes", ""
    if not any(_is_fresh(member, group) for member in evidence):
        return (
            DecisionKind.CANDIDATE,
            "the rule acts by itself, but all of this happened before it became active",
            "",
        )
    brake = rule.rule.limits.brake(group.usage, now)
    if brake:
        return DecisionKind.CANDIDATE, f"the rule acts by itself, but not beyond its limit {brake}", brake
    return DecisionKind.OPEN, "the rule acts by itself", ""


def _is_fresh(member: GroupMember, group: GroupView) -> bool:
    """Sources tell whole seconds, so the very second of the activation counts as after it."""
    return member.opened_at >= group.activated_at


def _again(
    rule: CompiledRule, group: GroupView, everyone: list[GroupMember], clauses: tuple[Clause, ...], now: datetime
) -> Decision | None:
    """What a recurrence after a delivery means; None when the rule's reasons decide, as for a group without a project.

    Reopening was approved with the project, so a rule that only proposes does it, too; history never acts.
    """
    asked = rule.rule.on_recurrence
    if group.promotion not in HANDED_OVER or group.delivered_at is None or asked.delivered is AfterDelivery.NEW:
        return None
    since, until = group.delivered_at, later(group.delivered_at, asked.within)
    back = [one for one in everyone if one.opened_at > since and one.opened_at - now <= SKEW]
    soon = [one for one in back if until is None or one.opened_at <= until]
    told = f"{soon[0].ref} was opened within {written(asked.within)} of the delivery" if soon else ""
    if asked.delivered is AfterDelivery.REOPEN and any(_is_fresh(one, group) for one in soon):
        ids = tuple(one.incident_id for one in back if _is_fresh(one, group))
        return Decision(DecisionKind.REOPEN, f"{told}: the project goes back to work", clauses, ids)
    if asked.delivered is AfterDelivery.IGNORE and soon and soon[0] is back[0]:
        return Decision(DecisionKind.NOTHING, f"{told}, and the rule ignores that until {_moment(until)}", clauses)
    return None


def _moment(at: datetime | None) -> str:
    return shown(at) if at else "the end of time"


def _lost(group: GroupView) -> str:
    """Who has the incidents that could have been a reason."""
    if not group.lost:
        return ""
    others = ", ".join(dict.fromkeys(one.claimant for one in group.lost))
    have = "incident belongs" if len(group.lost) == 1 else "incidents belong"
    return f"; {len(group.lost)} {have} to {others}, which claimed first"


class Joins(Protocol):
    """What has to be known of an incident to say whether it joins its group's promotion."""

    @property
    def incident_id(self) -> int: ...
    @property
    def opened_at(self) -> datetime: ...
    @property
    def is_open(self) -> bool: ...
    @property
    def joined(self) -> bool: ...


def joining(everyone: Sequence[Joins]) -> tuple[int, ...]:
    """Who of a group joins its promotion: whoever is open, or was opened after the first of them that has joined."""
    joined = [member.opened_at for member in everyone if member.joined]
    since = min(joined) if joined else None
    return tuple(
        member.incident_id
        for member in everyone
        if not member.joined and (member.is_open or since is None or member.opened_at >= since)
    )


def _join(state: PromotionState | None, everyone: list[GroupMember], clauses: tuple[Clause, ...]) -> Decision:
    """What joins a promotion that is there."""
    late = joining(everyone)
    kind = "project" if state in RUNNING else "candidate"
    if not late:
        return Decision(DecisionKind.NOTHING, f"the group has a {kind} ({state}) and nothing to add to it", clauses)
    return Decision(DecisionKind.ATTACH, f"the group has a {kind} ({state}): what is new joins it", clauses, late)


def _silence(group: GroupView, everyone: list[GroupMember], now: datetime) -> str:
    """Why nothing is proposed although the reasons are there; a rejection does not hold against twice the pace."""
    if group.promotion is PromotionState.EXPIRED and group.decided_at is not None:
        news = any(member.opened_at > group.decided_at for member in everyone)
        return "" if news else "expired, and no incident has been opened since"
    if group.quiet_until is not None and now < group.quiet_until:
        if group.pace is not None and group.pace.recent >= 2 * max(group.pace.before, 1):
            return ""
        return f"was {group.promotion}, and the group stays silent until {group.quiet_until:%Y-%m-%d %H:%M} UTC"
    if group.promotion in TURNED_DOWN and group.quiet_until is None:
        return f"was {group.promotion}, and nothing says that the group may be proposed again"
    return ""


def _newest_first(members: Iterable[GroupMember]) -> list[GroupMember]:
    return sorted(members, key=lambda member: (member.opened_at, member.incident_id), reverse=True)
