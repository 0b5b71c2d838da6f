"""From incidents to promotions: joins groups, decides by the rules, and stores what was decided with its effects."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from bridge.model.errors import BridgeError
from bridge.model.incident import GroupRow, Incident, SavedIncident
from bridge.model.promotion import RUNNING, WAITING, Promotion, PromotionState
from bridge.ports import UnitOfWork
from bridge.rules.decide import decide, in_full
from bridge.rules.decision import Decision, DecisionKind, GroupView
from bridge.rules.matching import CompiledRule, group_key
from bridge.rules.needs import COUNTED
from bridge.rules.similar import assign
from bridge.usecases.attach import attach
from bridge.usecases.brake import mails_of_opening
from bridge.usecases.configured import Configured
from bridge.usecases.life.verify import did_not_help
from bridge.usecases.opening import open_promotion
from bridge.usecases.reopen import reopen
from bridge.usecases.taking import add_evidence, add_open_ones
from bridge.usecases.view import group_view

_MADE = frozenset({DecisionKind.CANDIDATE, DecisionKind.OPEN})


@dataclass(frozen=True, slots=True)
class Touched:
    """A group that something happened to, and the incidents it happened to."""

    rule: CompiledRule
    key: str
    incident_ids: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Finding:
    """What a rule decided about a group. `cut`: there is more to its reasons than its evidence shows."""

    rule: CompiledRule
    group_key: str
    label: str
    decision: Decision
    cut: bool = False


def join_groups(uow: UnitOfWork, configured: Configured, saved: Sequence[SavedIncident]) -> list[Touched]:
    """Puts changed incidents into their rules' groups; returns the groups touched, in the rules' order."""
    touched: dict[tuple[str, str], list[int]] = {}
    rows: list[GroupRow] = []
    for one in saved:
        now_in = _groups_of(configured, one.incident)
        before_in = _groups_of(configured, one.before) if one.before else {}
        for rule_id in before_in.keys() - now_in.keys():
            uow.groups.leave(rule_id, one.id)
        for rule_id, (rule, own) in now_in.items():
            key = assign(uow.similar, rule, one.id, own)
            rows.append(GroupRow(rule_id, key, one.id, one.incident.opened_at))
            touched.setdefault((rule_id, key), []).append(one.id)
    uow.groups.join(rows)
    return [
        Touched(rule, key, tuple(ids))
        for rule in configured.rules.rules
        for (rule_id, key), ids in sorted(touched.items())
        if rule_id == rule.id
    ]


def _groups_of(configured: Configured, incident: Incident) -> dict[str, tuple[CompiledRule, str]]:
    """The rules that cover an incident, by id, with the group it would be in by itself."""
    keys = [(rule, group_key(rule, incident)) for rule in configured.rules.matching(incident)]
    return {rule.id: (rule, key) for rule, key in keys if key is not None}


def consider(uow: UnitOfWork, configured: Configured, groups: Iterable[Touched], now: datetime) -> list[Finding]:
    """Decides about groups and stores candidates, promotions and their effects; returns what is not “nothing”."""
    findings = []
    for touched in groups:
        finding = look(uow, configured, touched, now)
        if finding is None:
            continue
        try:
            with uow.savepoint():
                _act(uow, configured, finding, now)
        except BridgeError as error:
            _keep(uow, finding, error, now)
        if finding.decision.kind is not DecisionKind.NOTHING or finding.decision.shadow is not None:
            findings.append(finding)
    return findings


def look(uow: UnitOfWork, configured: Configured, touched: Touched, now: datetime) -> Finding | None:
    """What a rule decides about a group now; None when no incident of it counts. Writes nothing.

    What is to become a promotion is read in full, up to `COUNTED` incidents.
    """
    seen = see(uow, configured, touched, now)
    if seen is None:
        return None
    rule, label, decision = touched.rule, seen[0].label, seen[1]
    if decision.kind not in _MADE:
        return Finding(rule, touched.key, label, decision)
    whole = group_view(uow, configured, rule, touched.key, touched.incident_ids, now, COUNTED) or seen[0]
    decision = in_full(rule, decision, whole, now)
    full = len(whole.members) + len(whole.lost) >= COUNTED and bool(whole.members)
    cut = full and whole.members[-1].incident_id in decision.evidence
    return Finding(rule, touched.key, label, decision, cut=cut)


def see(uow: UnitOfWork, configured: Configured, touched: Touched, now: datetime) -> tuple[GroupView, Decision] | None:
    """The same with what the decision was made from."""
    rule = touched.rule
    view = group_view(uow, configured, rule, touched.key, touched.incident_ids, now)
    if view is None:
        return None
    decision = decide(rule, view, now)
    if DecisionKind.OPEN in {decision.kind, decision.shadow} and rule.rule.limits.mails is not None:
        # Only now, because the whole plan has to be made for it.
        mails = mails_of_opening(uow, configured, rule, touched.key, now)
        decision = decide(rule, replace(view, usage=replace(view.usage, mails=mails)), now)
    return view, decision


def _keep(uow: UnitOfWork, finding: Finding, error: BridgeError, now: datetime) -> None:
    """What could not be acted on becomes a candidate that says why: the source's other incidents must not wait."""
    uow.ledger.audit(
        now, "bridge", "could not act", f"rule {finding.rule.id}", {"group": finding.label, "error": str(error)}
    )
    promotion = uow.promotions.of_group(finding.rule.id, finding.group_key)
    if promotion is None or promotion.state not in RUNNING | WAITING:
        promotion = add_candidate(uow, finding, now)
    if str(error) not in promotion.attention:
        attention = "\n".join(filter(None, [promotion.attention, str(error)]))
        uow.promotions.save(replace(promotion, attention=attention))


def _act(uow: UnitOfWork, configured: Configured, finding: Finding, now: datetime) -> None:
    kind = finding.decision.kind
    if kind is DecisionKind.NOTHING:
        return
    promotion = uow.promotions.of_group(finding.rule.id, finding.group_key)
    if kind is DecisionKind.REOPEN and promotion is not None:
        reopen(uow, configured, promotion, finding.decision.evidence, now)
    elif promotion is not None and promotion.state in RUNNING:
        attach(uow, configured, promotion, finding.decision.evidence, now)
    elif promotion is not None and promotion.state in WAITING:
        add_evidence(uow, promotion, finding.decision.evidence, now)
    else:
        promotion = add_candidate(uow, finding, now)
        if kind is DecisionKind.OPEN:
            open_promotion(uow, configured, promotion, finding.rule, f"rule {finding.rule.id}", now)


def add_candidate(uow: UnitOfWork, finding: Finding, now: datetime, *, from_history: bool = False) -> Promotion:
    """Stores a finding as a candidate with its evidence and every open incident of its group.

    `from_history`: a new rule found it in the past; whoever finds several tells of them together.
    """
    rule, decision = finding.rule, finding.decision
    cut = _cut(uow, finding)
    before = did_not_help(uow.promotions.of_group(rule.id, finding.group_key))
    promotion = uow.promotions.add(
        Promotion(
            id=0,
            rule_id=rule.id,
            rule_version=rule.version,
            source="",
            group_key=finding.group_key,
            label=finding.label,
            name=rule.project_name(finding.label),
            state=PromotionState.CANDIDATE,
            reason="\n".join([*decision.reasons_met(), *before, *cut]),
            created_at=now,
            owner=rule.project.owner,
            template=rule.project.template,
            waiting_since=now,
            from_history=from_history,
            terms=rule.terms(),
            attention="\n".join([*([f"limit {decision.brake}"] if decision.brake else []), *cut]),
        )
    )
    add_evidence(uow, promotion, decision.evidence, now)
    add_open_ones(uow, promotion, now)
    if not from_history:
        uow.ledger.audit(now, f"rule {rule.id}", "candidate", f"promotion {promotion.id}", {"why": promotion.reason})
    return promotion


def _cut(uow: UnitOfWork, finding: Finding) -> list[str]:
    """What is to be said where the evidence is not all there is."""
    size = uow.groups.size(finding.rule.id, finding.group_key) if finding.cut else 0
    if size <= COUNTED:
        return []
    return [f"no more than the newest {COUNTED} of the group's {size} incidents were looked at, and the open ones"]


def sweep(uow: UnitOfWork, configured: Configured, now: datetime) -> list[Finding]:
    """Decides about groups whose time has come although nothing changed (`open_for`)."""
    findings: list[Finding] = []
    for rule in configured.rules.rules:
        wait = rule.needs.wait(configured.policy.sla)
        if wait is None:
            continue
        due: dict[str, list[int]] = {}
        for key, incident_id in uow.groups.open_since(rule.id, now - wait):
            due.setdefault(key, []).append(incident_id)
        findings += consider(uow, configured, [Touched(rule, key, tuple(ids)) for key, ids in due.items()], now)
    return findings
