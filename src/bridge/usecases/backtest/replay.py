"""Replays rules over a history, and makes figures of what they would have done."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from bridge.model.exclusion import Exclusion
from bridge.rules.durations import written
from bridge.rules.history import History
from bridge.rules.matching import CompiledRule
from bridge.rules.ruleset import RuleSet
from bridge.rules.schema import Mode
from bridge.rules.sla import SlaTargets
from bridge.usecases.backtest.acts import Act, Assumed
from bridge.usecases.backtest.alone import BEGINNING, Alone
from bridge.usecases.backtest.book import open_book
from bridge.usecases.backtest.figures import Figures, Promoted, Resolutions, RuleFigures, Skipped, all_policies
from bridge.usecases.backtest.life import Life
from bridge.usecases.backtest.members import Known
from bridge.usecases.backtest.near import Trace
from bridge.usecases.backtest.places import Places, changes_at_the_end
from bridge.usecases.backtest.walk import Walk
from bridge.usecases.brake import mails_of_opening
from bridge.usecases.configured import Configured

NONE_SKIPPED = Skipped()
AS_IT_WAS = Assumed()
"""Nothing is taken for granted: only what people did counts."""


class Counting(StrEnum):
    """`live`: projects take in what comes; `reset`: each rule alone, and a firing forgets what was."""

    LIVE = "live"
    RESET = "reset"


class AsOf(StrEnum):
    """Since when values count: `event`, when they were known; `final`, the last ones from the beginning."""

    EVENT = "event"
    FINAL = "final"


@dataclass(frozen=True, slots=True)
class Asked:
    """What a backtest is to do. `takes` is how long a project takes, None: it stays open to the end."""

    as_of: AsOf = AsOf.EVENT
    counting: Counting = Counting.LIVE
    takes: timedelta | None = None
    skipped: Skipped = NONE_SKIPPED


def backtest(history: History, configured: Configured, asked: Asked) -> Figures:
    """Replays the rules as if each had acted by itself from the beginning, whatever its mode."""
    rules = [acting(rule) for rule in configured.rules.rules]
    configured = replace(configured, rules=RuleSet(rules))
    if asked.counting is Counting.RESET:
        found = tuple(_alone(history, rule, configured) for rule in configured.rules.rules)
        assumed: tuple[str, ...] = (
            "each rule is counted alone",
            "a group that fires forgets what was, and begins anew",
        )
    else:
        found = _together(history, configured, asked)
        assumed = taken_for_granted(configured, asked.takes)
    places = Places(history, ())
    since = min(history.opened, default=None)
    return Figures(
        asked.as_of.value, asked.counting.value, history.incidents, asked.skipped, since, places.last(), found, assumed
    )


def taken_for_granted(configured: Configured, takes: timedelta | None) -> tuple[str, ...]:
    """What a replay of all rules supposes of people, in sentences; `takes` is how long each project does."""
    patience = written(configured.policy.candidates.expire_after)
    return (
        "what a rule proposes is approved at once",
        f"what its limits hold back waits for a decision, and expires after {patience}",
        f"a project is delivered after {takes.days} days" if takes else "no project ends",
    )


def acting(rule: CompiledRule) -> CompiledRule:
    """The rule as if it acted by itself."""
    return replace(rule, rule=rule.rule.model_copy(update={"mode": Mode.AUTO}))


def live(
    history: History,
    configured: Configured,
    assumed: Assumed = AS_IT_WAS,
    *,
    active_since: datetime = BEGINNING,
    ticks: Sequence[datetime] | None = None,
    acts: Sequence[Act] = (),
    thorough: bool = False,
) -> Life:
    """The rules' life with this history, see Walk and Life; it goes by when `walk.go` is called with it."""
    rules = configured.rules.rules
    known = Known(history, rules, configured.policy.sla)
    walk = Walk(Places(history, rules), known, ticks=ticks)
    numbers = {rule.id: number for number, rule in enumerate(rules)}

    def trace(rule_id: str, key: str) -> Trace | None:
        return walk.traces[numbers[rule_id]].get(key)

    book = open_book(known, trace, lambda _: active_since)
    return Life(walk, book, configured, assumed, list(acts), thorough=thorough)


def count_alone(history: History, rule: CompiledRule, targets: SlaTargets) -> Alone:
    """The firings of one rule, with `--counting reset`."""
    known = Known(history, [rule], targets)
    walk = Walk(Places(history, [rule], ends=ends_matter(rule)), known, together=False)
    counted = Alone(rule, known, walk)
    counted.count()
    return counted


def _alone(history: History, rule: CompiledRule, configured: Configured) -> RuleFigures:
    counted = count_alone(history, rule, configured.policy.sla)
    known, walk = counted.known, counted.walk
    book = open_book(known, lambda _, __: None, lambda _: BEGINNING)
    first = counted.firings[0].at if counted.firings else None
    mails = mails_of_opening(book.as_uow(), configured, rule, "", first) if first else 0
    opened = history.opened
    promotions = tuple(
        Promoted(
            key=one.trace.key,
            group=one.trace.label,
            state="fired",
            found_at=one.at,
            opened_at=one.at,
            delivered_at=None,
            lead=one.at - min(opened[incident] for incident in one.evidence),
            evidence=len(one.evidence),
            incidents=len(one.evidence),
            mails=mails,
            why=one.why,
        )
        for one in counted.firings
    )
    excluded: dict[int, list[Exclusion]] = {}
    for number, firing in enumerate(counted.firings):
        for incident in firing.evidence:
            excluded.setdefault(incident, []).append(
                Exclusion(incident, number, "pause", firing.at, None, "", rule.version)
            )
    return _figures(rule, walk, 0, promotions, Resolutions.of(history), excluded)


def ends_matter(rule: CompiledRule) -> bool:
    """Whether a rule counted alone has to be shown when incidents are over."""
    return changes_at_the_end(rule) or not all(one.recurs or one.affected or one.rate for one in rule.triggers)


def _together(history: History, configured: Configured, asked: Asked) -> tuple[RuleFigures, ...]:
    life = live(history, configured, Assumed(approve=True, takes=asked.takes))
    life.walk.go(life)
    resolutions = Resolutions.of(history)
    return tuple(
        _figures(
            rule,
            life.walk,
            number,
            tuple(_promoted(life, one.id) for one in life.book.promotions.all if one.rule_id == rule.id),
            resolutions,
            life.book.excluded_by(rule.id),
        )
        for number, rule in enumerate(configured.rules.rules)
    )


def _promoted(life: Life, number: int) -> Promoted:
    promotion, finding = life.book.promotions.get(number), life.found[number]
    opened = life.walk.places.history.opened
    first = min((opened[one] for one in finding.decision.evidence), default=promotion.created_at)
    return Promoted(
        key=promotion.group_key,
        group=promotion.label,
        state=promotion.state.value,
        found_at=promotion.created_at,
        opened_at=promotion.opened_at,
        delivered_at=promotion.delivered_at,
        lead=promotion.created_at - first,
        evidence=len(finding.decision.evidence),
        incidents=len(life.book.promotions.members(number)),
        mails=life.mails.get(number, 0),
        why=tuple(finding.decision.reasons_met()),
        brake=finding.decision.brake,
    )


def _figures(
    rule: CompiledRule,
    walk: Walk,
    number: int,
    promotions: Sequence[Promoted],
    resolutions: Resolutions,
    excluded: Mapping[int, Sequence[Exclusion]],
) -> RuleFigures:
    return RuleFigures(
        id=rule.id,
        title=rule.title,
        kpi=rule.rule.kpi.value,
        matched=walk.places.matched(number),
        groups=len(walk.traces[number]),
        hot_groups=len({one.key for one in promotions}),
        firings=len(promotions),
        covered=sum(one.incidents for one in promotions),
        mails=sum(one.mails for one in promotions),
        promotions=tuple(promotions),
        times=all_policies(resolutions, excluded),
    )
