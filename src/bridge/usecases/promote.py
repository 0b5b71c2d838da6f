"""From incidents to promotions: joins groups, decides by the rules, and stores what was decided with its effects."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from bridge.model.errors import BridgeError
from bridge.model.incident import GroupRow, Incident, SavedIncident
from bridge.model.promotion import RUNNING, WAITING, Member, Promotion, PromotionState, Role
from bridge.ports import UnitOfWork
from bridge.rules.decide import decide
from bridge.rules.decision import Decision, DecisionKind, GroupView
from bridge.rules.matching import CompiledRule, group_key
from bridge.rules.similar import assign
from bridge.usecases.attach import attach
from bridge.usecases.brake import MOST_OPEN_INCIDENTS, mails_of_opening
from bridge.usecases.claims import claims
from bridge.usecases.configured import Configured
from bridge.usecases.opening import open_promotion
from bridge.usecases.reopen import reopen
from bridge.usecases.view import group_view


@dataclass(frozen=True, slots=True)
class Touched:
    """A group that something happened to, and the incidents it happened to."""

    rule: CompiledRule
    key: str
    incident_ids: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Finding:
    """What a rule decided about a group."""

    rule: CompiledRule
    group_key: str
    label: str
    decision: Decision


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
    """What a rule decides about a group now; None when no incident of it counts. Writes nothing."""
    seen = see(uow, configured, touched, now)
    return None if seen is None else Finding(touched.rule, touched.key, seen[0].label, seen[1])


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
    rule = finding.rule
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
            reason="\n".join(finding.decision.reasons_met()),
            created_at=now,
            owner=rule.project.owner,
            template=rule.project.template,
            waiting_since=now,
            from_history=from_history,
            terms=rule.terms(),
            attention=f"limit {finding.decision.brake}" if finding.decision.brake else "",
        )
    )
    add_evidence(uow, promotion, finding.decision.evidence, now)
    open_ones = uow.groups.latest(rule.id, finding.group_key, MOST_OPEN_INCIDENTS)
    add_evidence(uow, promotion, [i for i, incident in open_ones if incident.state.is_open], now)
    if not from_history:
        uow.ledger.audit(now, f"rule {rule.id}", "candidate", f"promotion {promotion.id}", {"why": promotion.reason})
    return promotion


def add_evidence(uow: UnitOfWork, promotion: Promotion, incident_ids: Iterable[int], now: datetime) -> None:
    """Adds incidents to a promotion unless another one has them: the first rule that claims an incident wins."""
    ids = list(dict.fromkeys(incident_ids))
    taken = claims(uow, ids, promotion.rule_id)
    for incident_id in ids:
        if incident_id not in taken:
            uow.promotions.add_member(Member(promotion.id, incident_id, Role.EVIDENCE, now))


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
