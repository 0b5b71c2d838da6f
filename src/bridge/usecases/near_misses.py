"""Groups that nearly have a rule's reasons. How much is read does not depend on how long the history is."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from bridge.ports import UnitOfWork
from bridge.rules.decide import decide
from bridge.rules.explain import near_miss, nearest_reason, nearness
from bridge.rules.matching import CompiledRule
from bridge.rules.moments import later
from bridge.rules.schema import Mode
from bridge.rules.when import Trigger
from bridge.usecases.configured import Configured
from bridge.usecases.view import group_view

MOST_GROUPS = 5000
"""Groups of one rule that are looked at: those with open incidents, and the ones with the newest."""
MOST_NEAR = 50


@dataclass(frozen=True, slots=True)
class NearMiss:
    """A group that is about to have a reason; `nearness` is the part of it that is there, from 0.5 to 1."""

    rule_id: str
    label: str
    what: str
    nearness: float


def near_misses(uow: UnitOfWork, configured: Configured, now: datetime, limit: int = MOST_NEAR) -> list[NearMiss]:
    """The groups that came nearest, the nearest first, of equal ones in the rules' order."""
    found = []
    for rule in configured.rules.rules:
        if rule.mode is Mode.OFF:
            continue
        for key in _lively(uow, rule, now):
            view = group_view(uow, configured, rule, key, (), now)
            if view is None:
                continue
            decision = decide(rule, view, now)
            reason, what = nearest_reason(rule, view, decision), near_miss(rule, view, decision, now)
            if reason is not None and what is not None:
                found.append(NearMiss(rule.id, view.label, what, nearness(reason)))
        found.sort(key=lambda one: -one.nearness)
        del found[limit:]
    return found


def _lively(uow: UnitOfWork, rule: CompiledRule, now: datetime) -> list[str]:
    """The groups that may be near: in others nothing is open, and nothing was opened within the rule's windows."""
    by_one = rule.needs.waits or any(one.reopened or one.reassigned for one in rule.triggers)
    waiting = [key for key, _ in uow.groups.open_since(rule.id, now)] if by_one else []
    since = later(now, -max(map(_window, rule.triggers)))
    recent = uow.groups.recent(rule.id, since, MOST_GROUPS) if since is not None else []
    return list(dict.fromkeys((*waiting, *recent)))[:MOST_GROUPS]


def _window(trigger: Trigger) -> timedelta:
    several = (trigger.recurs, trigger.affected, trigger.effort, trigger.breached, trigger.rate)
    lengths = [one.within for one in (*several, trigger.reopened, trigger.reassigned) if one is not None]
    lengths += [one.longer_than for one in (trigger.open_for, trigger.on_hold_for) if one is not None]
    return max(lengths, default=timedelta())
