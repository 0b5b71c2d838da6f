"""A report by month, team, service, priority, rule or person, and the time on hold by reason."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from bridge.kpi.columns import HOUR, NONE, Ints, Mask
from bridge.kpi.counting import Counting, Judged
from bridge.kpi.meaning import Population
from bridge.kpi.population import Material, counted_at, open_at, places_of, rows_of
from bridge.kpi.report_model import SMALLEST_SHOWN, By, OnHold, Part, Reason
from bridge.kpi.spreads import counts, listed, means, percentiles, spread

_EPOCH_YEAR = 1970
_DAY = 24 * HOUR


def on_hold(material: Material, counting: Counting) -> OnHold:
    """Time on hold; what is still on hold counts when it has ended."""
    facts = counting.facts
    before = facts.hold_reported if counting.end is facts.reported else facts.hold_timeline
    net = (counting.end - facts.opened - before)[counting.resolved]
    holds = material.holds
    there = (holds.end != NONE) & (places_of(facts.number, holds.number) >= 0)
    size, reason = len(holds.reason.names), holds.reason.codes[there]
    hours = np.bincount(reason, weights=(holds.end - holds.start)[there].astype(np.float64), minlength=size) / HOUR
    pairs = np.unique(holds.number[there] * max(size, 1) + reason)
    incidents = counts(pairs % max(size, 1), size)
    reasons = [
        Reason(name, int(number), float(length))
        for name, number, length in zip(holds.reason.names, incidents, hours, strict=True)
        if number
    ]
    return OnHold(
        incidents=int((facts.hold > 0).sum()),
        hours=float(facts.hold.sum()) / HOUR,
        reasons=tuple(sorted(reasons, key=lambda one: (-one.hours, one.reason))),
        net=spread(net, counting.meaning(Population.RESOLVED_NET)),
        meaning=counting.meaning(Population.HELD),
    )


def parts(
    material: Material, counting: Counting, judged: Sequence[Judged], mask: Mask, at: int
) -> tuple[tuple[Part, ...], tuple[Part, ...], int]:
    """The parts by month, those that were asked for, and how many persons are not shown among these."""
    months, names, first = _months(counting)
    resolution = next((one for one in judged if one.clock == "resolution"), None)
    by_month = _parts(counting, months, names, resolution, lambda size: _open_at_ends(material, first, size, at))
    by = counting.asked.by
    if by is None:
        return tuple(by_month), (), 0
    everyone, names = _groups(material, by)

    def open_now(size: int) -> list[int]:
        there = open_at(material.facts, at) & (everyone >= 0)
        return listed(counts(everyone[there], size))

    found = _parts(counting, everyone[mask], names, resolution, open_now)
    if by is By.PERSON:
        shown = _shown(found)
        return tuple(by_month), tuple(sorted(shown, key=lambda one: one.name)), len(found) - len(shown)
    order: Callable[[Part], object] = (lambda one: one.name) if by is By.PRIORITY else (lambda one: -one.incidents)
    return tuple(by_month), tuple(sorted(found, key=order)), 0  # type: ignore[arg-type]  # one or the other, not mixed


def _shown(persons: Sequence[Part]) -> list[Part]:
    """Who has enough incidents. Never all but one: the report's totals without the others would be that one's.

    That goes for who has incidents, and for who has resolved any: the times are theirs.
    """
    hidden = [one for one in persons if one.incidents < SMALLEST_SHOWN]
    shown = sorted((one for one in persons if one.incidents >= SMALLEST_SHOWN), key=lambda one: one.incidents)
    while shown and (
        len(hidden) == 1
        or sum(one.incidents > 0 for one in hidden) == 1
        or sum(one.resolved > 0 for one in hidden) == 1
    ):
        hidden.append(shown.pop(0))
    return shown


def _months(counting: Counting) -> tuple[Ints, list[str], int]:
    """The month of each incident (-1: none), their names, and the first one as months after 1970."""
    at = counted_at(counting.facts, counting.asked)
    has = at != NONE
    if not has.any():
        return np.full(len(at), -1), [], 0
    month = np.where(has, at, 0).astype("datetime64[us]").astype("datetime64[M]").astype(np.int64)
    first, last = int(month[has].min()), int(month[has].max())
    names = [f"{_EPOCH_YEAR + n // 12}-{n % 12 + 1:02}" for n in range(first, last + 1)]
    return np.where(has, month - first, -1), names, first


def _open_at_ends(material: Material, first: int, size: int, at: int) -> list[int]:
    """The backlog at the end of each month, of the last one as it is."""
    facts = material.facts
    edges: NDArray[np.datetime64] = np.arange(first + 1, first + size + 1).astype("datetime64[M]")
    ends = [min(int(one), at) for one in edges.astype("datetime64[us]").astype(np.int64)]
    if (before := material.open_before) is not None:  # facts of a span lack what came before and went within it
        return [int(open_at(facts, at).sum()) if end == at else before(end // _DAY) for end in ends]
    opened, left = np.sort(facts.opened), np.sort(facts.left[facts.left != NONE])
    came, went = (np.searchsorted(one, ends, side="left") for one in (opened, left))
    return listed(came - went)


def _groups(material: Material, by: By) -> tuple[Ints, list[str]]:
    """The group of every incident of the material, and the groups' names; -1: in none."""
    facts = material.facts
    if by is By.PRIORITY:
        return facts.priority, ["none", *map(str, range(1, int(facts.priority.max(initial=0)) + 1))]
    if by is By.RULE:
        names = sorted(set(material.rules.values()))
        codes = np.full(len(facts), -1, dtype=np.int64)
        for number, row in rows_of(facts, material.rules.keys()).items():
            codes[row] = names.index(material.rules[number])
        return codes, names
    coded = {By.TEAM: facts.team, By.SERVICE: facts.service, By.PERSON: facts.person}[by]
    return coded.codes, [name or "(none)" for name in coded.names]


def _parts(
    counting: Counting,
    groups: Ints,
    names: Sequence[str],
    judged: Judged | None,
    still_open: Callable[[int], list[int]],
) -> list[Part]:
    facts, size = counting.facts, len(names)
    if not size:
        return []
    there = groups >= 0
    responded, resolved, kept = (one & there for one in (facts.responded != NONE, counting.resolved, counting.kept))
    raw = counting.end - facts.opened
    number, gone = counts(groups[there], size), counts(groups[resolved & ~kept], size)
    response = means(groups[responded], (facts.responded - facts.opened)[responded], size)
    resolution = means(groups[resolved], raw[resolved], size)
    adjusted = means(groups[kept], (raw - counting.taken.off)[kept], size)
    high = percentiles(groups[resolved], raw[resolved], size, 90)
    own, told = _shares(judged, groups, there, size)
    back, moved = (counts(groups[there & (one > 0)], size) for one in (counting.reopened, counting.reassigned))
    done, waiting = counts(groups[resolved], size), still_open(size)
    return [
        Part(
            name=name,
            incidents=int(number[n]),
            resolved=int(done[n]),
            removed=int(gone[n]),
            response=response[n],
            resolution=resolution[n],
            adjusted=adjusted[n],
            p90=high[n],
            sla=own[n],
            told_sla=told[n],
            reopened=int(back[n]),
            reassigned=int(moved[n]),
            open=waiting[n],
        )
        for n, name in enumerate(names)
        if number[n] or waiting[n]
    ]


def _shares(
    judged: Judged | None, groups: Ints, there: Mask, size: int
) -> tuple[list[float | None], list[float | None]]:
    """Who kept the resolution clock in each group: by our policy, and as the source says."""
    if judged is None:
        return [None] * size, [None] * size
    own = _share(groups, there & judged.judged, judged.met, size)
    return own, _share(groups, there & (judged.told >= 0), judged.told == 0, size)


def _share(groups: Ints, asked: Mask, good: Mask, size: int) -> list[float | None]:
    of, kept = counts(groups[asked], size), counts(groups[asked & good], size)
    return [int(k) / int(n) if n else None for k, n in zip(kept, of, strict=True)]
