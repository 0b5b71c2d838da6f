"""The operations report: what happened to incidents, raw and adjusted side by side; docs/kpi.md has every figure."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

import numpy as np

from bridge.kpi import breakdown
from bridge.kpi.columns import HOUR, NONE, Coded, Ints, Mask
from bridge.kpi.counting import Counting, Judged
from bridge.kpi.meaning import BY_SOURCE, BY_TIMELINE, ELSE_TIMELINE, AgeGroup, Meaning, Population
from bridge.kpi.population import Material, ends, inside_projects, micros, open_at, population, rows_of, taken
from bridge.kpi.report_model import (
    Age,
    Asked,
    Backlog,
    Compliance,
    Counted,
    Difference,
    Explained,
    OperationsReport,
    Routing,
    Way,
    Work,
)
from bridge.kpi.spreads import spread

WAYS = 50
"""So many ways from team to team are told, the most frequent ones."""
DIFFERENCES = 100
"""So many incidents are named of which the source and our policy say different things."""
_DAY = 24 * HOUR
_AGES = tuple(zip(AgeGroup, (1, 3, 7, 30, 90), strict=False))


def operations(material: Material, asked: Asked, judged: Sequence[Judged], made_at: datetime) -> OperationsReport:
    """The report. `judged` has the rows of the material's facts."""
    mask = population(material.facts, asked)
    counting = _counting(material, asked, mask)
    facts = counting.facts
    responded = facts.responded != NONE
    at = min(asked.until, material.at) if asked.until else material.at
    chosen = [_where(one, mask) for one in judged]
    months, parts, hidden = breakdown.parts(material, counting, chosen, mask, micros(at))
    reopened, reassigned = counting.reopened, counting.reassigned
    direct = counting.resolved & (reopened == 0) & (reassigned == 0)
    raw, adjusted = counting.raw, counting.adjusted
    return OperationsReport(
        made_at=made_at,
        origin=material.origin,
        asked=asked,
        incidents=len(facts),
        resolved=int(counting.resolved.sum()),
        cancelled=int(facts.cancelled.sum()),
        response=spread((facts.responded - facts.opened)[responded], counting.meaning(Population.TAKEN_UP)),
        resolution=spread(raw, counting.meaning(Population.RESOLVED)),
        adjusted=spread(adjusted, counting.meaning(Population.STAYED)),
        removed=int((counting.resolved & counting.taken.removed).sum()),
        excluded_hours=float(counting.taken.off[counting.kept].sum()) / HOUR,
        on_hold=breakdown.on_hold(material, counting),
        sla=tuple(_compliance(material, counting, one) for one in chosen),
        backlog=_backlog(material, at),
        reopened=_counted(counting, reopened, material.told_reopened, Population.ALL),
        reassigned=_counted(counting, reassigned, material.told_reassigned, Population.ALL),
        first_time=_counted(counting, direct.astype(np.int64), material.told_reassigned, Population.RESOLVED),
        routing=_routing(counting),
        work=_work(material, counting),
        explained=_explained(material, counting),
        months=months,
        days=material.days,
        parts=parts,
        hidden=hidden,
        notes=material.notes,
    )


def _counting(material: Material, asked: Asked, mask: Mask) -> Counting:
    facts = material.facts.where(mask)
    end = ends(facts, asked.basis)
    own_reopened, own_reassigned = (
        facts.source.among(those) for those in (material.told_reopened, material.told_reassigned)
    )
    return Counting(
        facts,
        asked,
        end,
        end != NONE,
        taken(facts, asked.basis, material.exclusions),
        np.where(own_reopened, facts.told_reopened, facts.reopened),
        np.where(own_reassigned, facts.told_reassigned, facts.reassigned),
    )


def _where(judged: Judged, mask: Mask) -> Judged:
    return Judged(
        judged.clock,
        judged.judged[mask],
        judged.met[mask],
        judged.adjusted_judged[mask],
        judged.adjusted_met[mask],
        judged.told[mask],
    )


def _compliance(material: Material, counting: Counting, one: Judged) -> Compliance:
    told = one.told >= 0
    both = told & one.judged
    differ = both & (one.met != (one.told == 0))
    rows = np.flatnonzero(differ)
    words = ("broken", "kept")
    return Compliance(
        clock=one.clock,
        judged=int(one.judged.sum()),
        met=int((one.judged & one.met).sum()),
        adjusted_judged=int(one.adjusted_judged.sum()),
        adjusted_met=int((one.adjusted_judged & one.adjusted_met).sum()),
        told=int(told.sum()),
        told_met=int((one.told == 0).sum()),
        both=int(both.sum()),
        differ=len(rows),
        differences=tuple(
            Difference(
                material.name(int(counting.facts.number[row])),
                one.clock,
                words[int(one.met[row])],
                words[int(one.told[row] == 0)],
            )
            for row in rows[:DIFFERENCES].tolist()
        ),
        meaning=counting.meaning(Population.JUDGED),
    )


def _backlog(material: Material, at: datetime) -> Backlog:
    facts, now = material.facts, micros(at)
    ages = np.sort((now - facts.opened)[open_at(facts, now)])
    edges = np.searchsorted(ages, [days * _DAY for _, days in _AGES], side="right").tolist()
    counts = np.diff([0, *edges, len(ages)]).tolist()
    running = [
        number
        for number, those in material.exclusions.items()
        if any(one.started_at <= at and (one.ended_at is None or one.ended_at > at) for one in those)
    ]
    rows = list(rows_of(facts, running).values())
    return Backlog(
        at=at,
        open=len(ages),
        excluded=int(open_at(facts, now)[rows].sum()) if rows else 0,
        ages=tuple(Age(label, int(count)) for label, count in zip(AgeGroup, counts, strict=True)),
        median_age=float(np.median(ages)) / HOUR if len(ages) else None,
        oldest_age=float(ages[-1]) / HOUR if len(ages) else None,
        meaning=Meaning(Population.OPEN, "timeline", "none"),
    )


def _counted(counting: Counting, times: Ints, told: Collection[str], population: Population) -> Counted:
    sources = frozenset(counting.facts.source.names)
    own, others = sorted(sources & set(told)), sources - set(told)
    by = BY_SOURCE if own and not others else f"{', '.join(own)}{ELSE_TIMELINE}" if own else BY_TIMELINE
    of = len(counting.facts) if population is Population.ALL else int(counting.resolved.sum())
    return Counted(int((times > 0).sum()), int(times.sum()), of, by, counting.meaning(population))


def _routing(counting: Counting) -> Routing:
    facts = counting.facts
    names: list[str] = list(dict.fromkeys([*facts.team.names, *facts.first_team.names]))
    index = {name: code for code, name in enumerate(names)}
    last, first = (_recoded(one, index) for one in (facts.team, facts.first_team))
    none = index.get("", -1)
    first = np.where(first == none, last, first)
    has = last != none
    moved = has & (first != last)
    pairs, number = np.unique(first[moved] * len(names) + last[moved], return_counts=True)
    ways = [
        Way(names[pair // len(names)], names[pair % len(names)], times)
        for pair, times in zip(pairs.tolist(), number.tolist(), strict=True)
    ]
    ways.sort(key=lambda way: (-way.incidents, way.first, way.last))
    return Routing(int(has.sum()), int(moved.sum()), tuple(ways[:WAYS]), counting.meaning(Population.ROUTED))


def _recoded(coded: Coded, index: dict[str, int]) -> Ints:
    if not coded.names:
        return coded.codes
    return np.array([index[name] for name in coded.names], dtype=np.int64)[coded.codes]


def _work(material: Material, counting: Counting) -> Work:
    facts = counting.facts
    inside = inside_projects(facts, counting.asked.basis, material.exclusions)
    planned = sum(inside.values()) / HOUR
    effort = float(facts.effort.sum())
    still_open = [row for row in rows_of(facts, material.exclusions.keys()).values() if not counting.resolved[row]]
    planned_effort = float(facts.effort[[*inside, *still_open]].sum()) if inside or still_open else 0.0
    total = float(counting.raw.sum(dtype=np.float64)) / HOUR
    meaning = counting.meaning(Population.WORKED)
    return Work(planned, total - planned, planned_effort, effort - planned_effort, meaning)


def _explained(material: Material, counting: Counting) -> tuple[Explained, ...]:
    raw = counting.end - counting.facts.opened
    kept, lengths = int(counting.kept.sum()), counting.raw
    mean = float(lengths.sum(dtype=np.float64)) / len(lengths) if len(lengths) else 0.0
    rows: dict[int, list[int]] = {}
    for row, promotion in counting.taken.of.items():
        rows.setdefault(promotion, []).append(row)
    found = []
    for promotion, those in rows.items():
        gone = counting.taken.removed[those]
        off = counting.taken.off[those][~gone]
        part = float(off.sum()) + float((raw[those][gone] - mean).sum())
        named = material.promotions.get(promotion)
        found.append(
            Explained(
                promotion=named.name if named else str(promotion),
                label=named.label if named else "",
                rule=named.rule if named else "",
                incidents=len(those),
                removed=int(gone.sum()),
                paused_hours=float(off.sum()) / HOUR,
                difference=part / kept / HOUR if kept else 0.0,
            )
        )
    return tuple(sorted(found, key=lambda one: (-one.difference, one.promotion)))
