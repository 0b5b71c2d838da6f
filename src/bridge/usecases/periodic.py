"""Work that comes round: one cycle for each period, as a small project in a standing one."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime

from bridge.model.errors import BridgeError
from bridge.model.promotion import RUNNING, WAITING, Promotion, PromotionState
from bridge.ports import UnitOfWork
from bridge.rules.matching import CompiledRule
from bridge.rules.schedule import Occurrence, latest
from bridge.rules.schema import Mode
from bridge.usecases.configured import Configured
from bridge.usecases.deliver.effects import project_effect
from bridge.usecases.gates import with_line
from bridge.usecases.opening import open_promotion

SCHEDULE = "schedule"
_SKIPPED = "the next cycle was skipped: "


def tick(uow: UnitOfWork, configured: Configured, now: datetime) -> list[Promotion]:
    """Begins what is due; returns the cycles that were made.

    The newest period counts: after a time without the bridge there is one cycle, not one for each period missed. A
    period is dealt with once, in the transaction that says so. One that began before its rule was active is history.
    """
    begun = []
    for rule in configured.rules.scheduled:
        due = _due(uow, configured, rule, now)
        if due is None:
            continue
        uow.ledger.set_cursor(SCHEDULE, rule.id, due.begins.isoformat())
        still_open = uow.promotions.of_rule(rule.id, [*RUNNING, *WAITING], 1)
        if rule.mode is Mode.SHADOW:
            uow.ledger.audit(now, f"rule {rule.id}", "would begin a cycle", f"rule {rule.id}", {"period": due.period})
        elif still_open:
            _skip(uow, configured, still_open[0], due, now)
        else:
            begun.append(_begin(uow, configured, rule, due, now))
    return begun


def _due(uow: UnitOfWork, configured: Configured, rule: CompiledRule, now: datetime) -> Occurrence | None:
    """The cycle that is to be begun now, None when there is none."""
    schedule = rule.rule.when.schedule
    if schedule is None or rule.mode is Mode.OFF:
        return None
    active = uow.ledger.activated_at(rule.id, rule.version)
    if active is None:
        active = uow.ledger.activate_rule(rule.id, rule.version, now)
    found = latest(schedule, now, configured.directory.calendar_of(rule.project.owner))
    if found is None or found.begins < active:
        return None
    seen = uow.ledger.cursor(SCHEDULE, rule.id)
    return found if seen is None or found.begins > datetime.fromisoformat(seen) else None


def _begin(uow: UnitOfWork, configured: Configured, rule: CompiledRule, due: Occurrence, now: datetime) -> Promotion:
    """A candidate; opened at once where the rule may."""
    promotion = uow.promotions.add(
        Promotion(
            id=0,
            rule_id=rule.id,
            rule_version=rule.version,
            source="",
            group_key=json.dumps([SCHEDULE, due.period]),
            label=due.period,
            name=rule.project_name(due.period),
            state=PromotionState.CANDIDATE,
            reason=f"{rule.rule.when.schedule}: {due.period}",
            created_at=now,
            owner=rule.project.owner,
            template=rule.project.template,
            waiting_since=now,
            terms=rule.terms(),
        )
    )
    uow.ledger.audit(now, f"rule {rule.id}", "candidate", f"promotion {promotion.id}", {"why": promotion.reason})
    if rule.mode is not Mode.AUTO:
        return promotion
    try:
        with uow.savepoint():
            return open_promotion(uow, configured, promotion, rule, f"rule {rule.id}", now)
    except BridgeError as error:
        # It stays a candidate that says why: neither the other rules nor the next period must wait for it.
        waiting = replace(promotion, attention=str(error))
        uow.promotions.save(waiting)
        return waiting


def _skip(uow: UnitOfWork, configured: Configured, current: Promotion, due: Occurrence, now: datetime) -> None:
    """The last cycle is still open: nothing is made, and it is said on it and to a person."""
    line = f"{_SKIPPED}{due.period}, because this one is still open."
    uow.promotions.save(replace(current, attention=with_line(current.attention, _SKIPPED, line)))
    uow.ledger.audit(now, f"rule {current.rule_id}", "skipped", f"promotion {current.id}", {"period": due.period})
    if current.state in WAITING:
        return
    name = f"skipped:{due.period}"
    origin = configured.policy.origin(f"promotion {current.id}", f"skipped {due.period}")
    text = configured.texts.render("cycle_skipped", promotion=configured.shown(current), period=due.period)
    told = f"{text}\n\n{origin}"
    uow.effects.enqueue([project_effect(current.id, "root.note", name, text=told, origin=origin, private=False)])
