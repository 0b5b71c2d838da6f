"""The one decision about a group. Daemon, dry runs, explanations and replays all use it, so they cannot disagree."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from bridge.model.promotion import RUNNING, WAITING, PromotionState
from bridge.rules.decision import Clause, Decision, DecisionKind, GroupMember, GroupView
from bridge.rules.matching import CompiledRule
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


def _decide(
    rule: CompiledRule, group: GroupView, everyone: list[GroupMember], clauses: tuple[Clause, ...], now: datetime
) -> Decision:
    if rule.mode is Mode.OFF:
        return Decision(DecisionKind.NOTHING, "the rule is off", clauses)
    if group.promotion in RUNNING or group.promotion in WAITING:
        return _join(group.promotion, everyone, clauses)
    met = [clause for clause in clauses if clause.met]
    if not met or (rule.needs_all and len(met) < len(clauses)):
        which = "not every reason is" if rule.needs_all and met else "no reason is"
        return Decision(DecisionKind.NOTHING, f"{which} there", clauses)
    silence = _silence(group, now)
    if silence:
        return Decision(DecisionKind.NOTHING, silence, clauses)
    ids = {incident_id for clause in met for incident_id in clause.evidence}
    evidence = [member for member in everyone if member.incident_id in ids]
    kind, why = _how_far(rule, group, evidence)
    return Decision(kind, why, clauses, tuple(member.incident_id for member in evidence))


def _how_far(rule: CompiledRule, group: GroupView, evidence: list[GroupMember]) -> tuple[DecisionKind, str]:
    """Whether the rule acts by itself. History never does: something must have been opened since it became active."""
    if rule.mode is not Mode.AUTO:
        return DecisionKind.CANDIDATE, "the rule proposes"
    # Sources tell whole seconds, so the very second of the activation counts as after it.
    if any(member.opened_at >= group.activated_at for member in evidence):
        return DecisionKind.OPEN, "the rule acts by itself"
    return DecisionKind.CANDIDATE, "the rule acts by itself, but all of this happened before it became active"


def _join(state: PromotionState | None, everyone: list[GroupMember], clauses: tuple[Clause, ...]) -> Decision:
    """Who joins a promotion that is there: whoever is open, or was opened after its first incident."""
    joined = [member.opened_at for member in everyone if member.joined]
    since = min(joined) if joined else None
    late = [
        member.incident_id
        for member in everyone
        if not member.joined and (member.is_open or since is None or member.opened_at >= since)
    ]
    kind = "project" if state in RUNNING else "candidate"
    if not late:
        return Decision(DecisionKind.NOTHING, f"the group has a {kind} ({state}) and nothing to add to it", clauses)
    return Decision(
        DecisionKind.ATTACH, f"the group has a {kind} ({state}): what is new joins it", clauses, tuple(late)
    )


def _silence(group: GroupView, now: datetime) -> str:
    if group.quiet_until is not None and now < group.quiet_until:
        return f"was rejected, and the group stays silent until {group.quiet_until:%Y-%m-%d %H:%M} UTC"
    if group.promotion is PromotionState.REJECTED and group.quiet_until is None:
        return "was rejected, and nothing says that the group may be proposed again"
    return ""


def _newest_first(members: Iterable[GroupMember]) -> list[GroupMember]:
    return sorted(members, key=lambda member: (member.opened_at, member.incident_id), reverse=True)
