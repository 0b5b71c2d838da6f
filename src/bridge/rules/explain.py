"""A decision as lines that a person can read. They come from the decision itself, so they cannot disagree with it."""

from __future__ import annotations

from datetime import datetime

from bridge.model.promotion import RUNNING, WAITING
from bridge.rules.decision import Clause, Decision, DecisionKind, GroupView
from bridge.rules.durations import roughly
from bridge.rules.matching import CompiledRule
from bridge.rules.schema import Mode

NEAR = 0.5
MOST_LOST = 20
_BY_TIME = frozenset({"open_for", "on_hold_for"})
_UNITS = {
    "effort": " worked hours",
    "breached": " breaches",
    "affected": " different ones",
    "reopened": " reopenings",
    "reassigned": " reassignments",
}
_WORDS = {
    DecisionKind.NOTHING: "nothing is done",
    DecisionKind.ATTACH: "joins the promotion",
    DecisionKind.CANDIDATE: "becomes a candidate",
    DecisionKind.OPEN: "a project is opened",
    DecisionKind.REOPEN: "the project is reopened",
}


def explain(rule: CompiledRule, group: GroupView, decision: Decision, now: datetime) -> list[str]:
    """The rule, the group, what is decided and why, and every reason with what was found and what is needed."""
    lines = [
        f"{rule.id} ({rule.mode}, version {rule.version}), group {group.label}",
        f"  {_WORDS[decision.kind]}: {decision.why}",
    ]
    lines += [f"  {group.likeness}"] if group.likeness else []
    if decision.shadow is not None:
        lines.append(f"  without shadow mode: {_WORDS[decision.shadow]}")
    how = "all of these are needed" if rule.needs_all else "any of these is enough"
    lines += [f"  {how}:"] if len(decision.clauses) > 1 else []
    lines += [f"    {'yes' if clause.met else 'no ':3} {clause}{_outlook(clause, now)}" for clause in decision.clauses]
    refs = {member.incident_id: str(member.ref) for member in (*group.others, *group.members)}
    if decision.evidence:
        lines.append(f"  incidents: {', '.join(refs.get(one, str(one)) for one in decision.evidence)}")
    lines += [f"  {one.ref} belongs to {one.claimant}, which claimed it first" for one in group.lost[:MOST_LOST]]
    more = len(group.lost) - MOST_LOST
    return [*lines, f"  … and {more} more"] if more > 0 else lines


def near_miss(rule: CompiledRule, group: GroupView, decision: Decision, now: datetime) -> str | None:
    """“4 of 5, window closes in 72h” for a group that came near; None when it has a promotion or is far off.

    Near means more than half of what a reason needs. Where any reason is enough the nearest one is told, where all are
    needed the farthest.
    """
    clause = nearest_reason(rule, group, decision)
    if clause is None:
        return None
    told = (
        clause.found if clause.name in _BY_TIME else f"{clause.have:g} of {clause.want:g}{_UNITS.get(clause.name, '')}"
    )
    return told + _outlook(clause, now)


def nearest_reason(rule: CompiledRule, group: GroupView, decision: Decision) -> Clause | None:
    """The reason that a near miss is told by."""
    if decision.kind is not DecisionKind.NOTHING or group.promotion in RUNNING or group.promotion in WAITING:
        return None
    missing = [clause for clause in decision.clauses if not clause.met]
    if rule.mode is Mode.OFF or not missing or (len(missing) < len(decision.clauses) and not rule.needs_all):
        return None
    choose = min if rule.needs_all else max
    clause = choose(missing, key=nearness)
    return clause if nearness(clause) > NEAR else None


def nearness(clause: Clause) -> float:
    """How much of what a reason needs is there; 1 and more: all of it."""
    return clause.have / clause.want


def _outlook(clause: Clause, now: datetime) -> str:
    """What time alone will do to a reason that is not there yet."""
    if clause.met or clause.until is None:
        return ""
    left = roughly(clause.until - now)
    return f", will be met in {left}" if clause.name in _BY_TIME else f", window closes in {left}"
