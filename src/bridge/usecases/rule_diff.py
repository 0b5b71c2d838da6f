"""What other rules would make of what the store knows: open incidents, findings, candidates, exclusions.

Writes nothing. Groups of rules that are in force are the store's; those of others are made as their activation would
make them, beside the store. Incidents are read in parts.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import datetime

from bridge.model.promotion import RUNNING, WAITING, Promotion
from bridge.ports import UnitOfWork
from bridge.rules.compared import RulesCompared, compare
from bridge.rules.decision import DecisionKind
from bridge.rules.ruleset import RuleSet
from bridge.rules.schema import Mode
from bridge.usecases.configured import Configured
from bridge.usecases.rule_side import Scratch, Side, Where, side_of

SCAN = 1000
MOST_LISTED = 1000
"""So many incidents, and so many groups, are listed one by one; the others are counted."""
NOTHING = "nothing"
_NO_GROUP = (NOTHING, "", "")
_ACTS = frozenset({DecisionKind.CANDIDATE, DecisionKind.OPEN, DecisionKind.REOPEN})


@dataclass(frozen=True, slots=True)
class MovedIncident:
    """An open incident for which the rules that cover it, their order, or its groups are not the same."""

    ref: str
    summary: str
    before: Where
    after: Where


@dataclass(frozen=True, slots=True)
class FindingChange:
    """A group about which not the same is decided now. `why` is the newer reason, or that of rules that are gone."""

    rule_id: str
    label: str
    before: str
    after: str
    why: str


@dataclass(frozen=True, slots=True)
class Standing:
    """How a candidate stands with a set of rules: whether its reasons are there, and if not, what is missing.

    `incidents` is how many its group has.
    """

    justified: bool
    what: str
    incidents: int


@dataclass(frozen=True, slots=True)
class CandidateChange:
    """A waiting promotion of a rule that is not the same."""

    promotion: Promotion
    before: Standing
    after: Standing


@dataclass(frozen=True, slots=True)
class KeptTerms:
    """A running promotion of a rule that is not the same. `kept` is its KPI policy, which no rule changes any more.

    `before` and `after` are what the rules say for new ones; `grows` whether its group has incidents with the newer
    rules, so that later ones join it.
    """

    promotion: Promotion
    kept: str
    before: str
    after: str
    grows: bool


@dataclass(slots=True)
class RuleDiff:
    """Everything that is different. The lists stop at `MOST_LISTED`; the numbers beside them count all."""

    compared: RulesCompared
    incidents: list[MovedIncident] = field(default_factory=list)
    moved: int = 0
    findings: list[FindingChange] = field(default_factory=list)
    found: int = 0
    candidates: list[CandidateChange] = field(default_factory=list)
    policies: list[tuple[str, str, str]] = field(default_factory=list)
    running: list[KeptTerms] = field(default_factory=list)


def rule_diff(
    uow: UnitOfWork, configured: Configured, old: RuleSet, new: RuleSet, now: datetime, scratch: Scratch
) -> RuleDiff:
    """Compares two sets of rules over what the store knows now. `configured` says everything beside the rules."""
    told = RuleDiff(compare(old, new))
    if not told.compared.differs:
        return told
    touched = told.compared.touched
    with ExitStack() as stack:
        own = [stack.enter_context(scratch(uow.incidents)) for _ in (old, new)]
        before, after = side_of(uow, configured, old, touched, own[0]), side_of(uow, configured, new, touched, own[1])
        _scan(told, uow, before, after)
        ids = [one.rule_id for one in told.compared.rules if one.rule_id in touched]
        for change in _findings(ids, before, after, now):
            told.found += 1
            if len(told.findings) < MOST_LISTED:
                told.findings.append(change)
        _promotions(told, uow, before, after, now)
    policies = [(one, _kpi(old, one), _kpi(new, one)) for one in ids]
    told.policies = [one for one in policies if one[1] != one[2]]
    return told


def _scan(told: RuleDiff, uow: UnitOfWork, old: Side, new: Side) -> None:
    """Groups all incidents for both sides, and compares the open ones."""
    last = 0
    while rows := uow.incidents.scan(last, SCAN):
        old.take(rows)
        new.take(rows)
        last = rows[-1][0]
        for number, incident in rows:
            if not incident.state.is_open:
                continue
            before, after = old.where(number, incident), new.where(number, incident)
            if before != after:
                told.moved += 1
                if len(told.incidents) < MOST_LISTED:
                    told.incidents.append(MovedIncident(str(incident.ref), incident.summary, before, after))


def _findings(ids: Sequence[str], old: Side, new: Side, now: datetime) -> Iterator[FindingChange]:
    for rule_id in ids:
        keys = [(side, frozenset(side.keys(rule_id))) for side in (old, new)]
        for key in sorted(keys[0][1] | keys[1][1]):
            outcomes = [_outcome(side, rule_id, key, now) if key in its else _NO_GROUP for side, its in keys]
            (before, was, first), (after, label, why) = outcomes
            if before != after:
                yield FindingChange(rule_id, label or was, before, after, why or first)


def _outcome(side: Side, rule_id: str, key: str, now: datetime) -> tuple[str, str, str]:
    """What would come of a group now, its label, and why."""
    rule = side.rules.get(rule_id)
    seen = side.look(rule, key, now) if rule else None
    if seen is None:
        return _NO_GROUP
    view, decision = seen
    kind = decision.shadow or decision.kind
    if kind not in _ACTS:
        return NOTHING, view.label, decision.why
    why = "; ".join((decision.why, *decision.reasons_met()))
    return (f"{kind} (in shadow: only recorded)" if decision.shadow else kind.value), view.label, why


def _promotions(told: RuleDiff, uow: UnitOfWork, old: Side, new: Side, now: datetime) -> None:
    touched = told.compared.touched
    for promotion in uow.promotions.in_states(WAITING | RUNNING):
        if promotion.rule_id not in touched:
            continue
        if promotion.state in WAITING:
            told.candidates.append(
                CandidateChange(promotion, _standing(old, promotion, now), _standing(new, promotion, now))
            )
            continue
        before, after = _kpi(old.rules, promotion.rule_id), _kpi(new.rules, promotion.rule_id)
        rule = new.rules.get(promotion.rule_id)
        grows = rule is not None and rule.mode in {Mode.PROPOSE, Mode.AUTO} and _size(new, promotion) > 0
        told.running.append(KeptTerms(promotion, promotion.terms.get("kpi", "none"), before, after, grows))


def _standing(side: Side, promotion: Promotion, now: datetime) -> Standing:
    rule = side.rules.get(promotion.rule_id)
    if rule is None:
        return Standing(justified=False, what="there is no such rule", incidents=0)
    if rule.rule.when.schedule is not None:
        return Standing(justified=True, what="it comes round by the calendar", incidents=0)
    size = _size(side, promotion)
    if rule.mode is Mode.OFF:
        return Standing(justified=False, what="the rule is off", incidents=size)
    seen = side.look(rule, promotion.group_key, now) if size else None
    if seen is None:
        return Standing(justified=False, what="its group is gone", incidents=size)
    met = seen[1].reasons_met()
    if not met or (rule.needs_all and len(met) < len(seen[1].clauses)):
        lacking = "; ".join(str(clause) for clause in seen[1].clauses if not clause.met)
        return Standing(justified=False, what=lacking, incidents=size)
    return Standing(justified=True, what="; ".join(met), incidents=size)


def _size(side: Side, promotion: Promotion) -> int:
    return side.size(promotion.rule_id, promotion.group_key)


def _kpi(rules: RuleSet, rule_id: str) -> str:
    """What a rule says for new promotions, "" where there is no such rule."""
    rule = rules.get(rule_id)
    return rule.rule.kpi.value if rule else ""
