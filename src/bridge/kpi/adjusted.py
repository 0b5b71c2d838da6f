"""What exclusions take off an incident's resolution time. Response is never excluded, raw time never altered.

- `pause`: the adjusted clock stands from the promotion to the end of the exclusion; the time before it counts. Where
  its project was merged into another one and that was demoted, it takes off nothing, as a demoted project's own does.
- `remove`: the incident leaves the population of resolution measures. The last such exclusion of each promotion
  decides: delivery keeps the incident out, a lapsed lease, a lifted hold or a demotion brings it back with raw time.
  Where its project was merged into another one, what becomes of the incident there decides.
- An exclusion that begins at the resolution or after it changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from bridge.model.exclusion import BROUGHT_BACK, Ending, Exclusion

Interval = tuple[datetime, datetime | None]
"""From, until; None: it lasts."""
_NOTHING = timedelta(0)


@dataclass(frozen=True, slots=True)
class Excluded:
    """What the exclusions of one incident mean for its resolution measures.

    `intervals` are the stretches in which its adjusted clock stands: in order, none touching another, all beginning
    before the resolution; they may go on beyond it. `removed` is whether it is in no adjusted resolution measure.
    """

    intervals: tuple[Interval, ...] = ()
    removed: bool = False


NOTHING_EXCLUDED = Excluded()


def excluded(exclusions: Sequence[Exclusion], resolved_at: datetime | None) -> Excluded:
    """What counts of the exclusions of one incident, which was resolved then (None: it is open).

    `resolved_at` is the resolution of the basis that is reported.
    """
    if not exclusions:
        return NOTHING_EXCLUDED
    counting = [one for one in exclusions if _counts(one, resolved_at)]
    decides: dict[int, Exclusion] = {}
    for one in sorted(counting, key=lambda one: (one.started_at, one.id)):
        if one.policy == "remove":
            decides[one.promotion_id] = one
    removed = any(_ending(one, exclusions) not in BROUGHT_BACK for one in decides.values())
    paused = (one for one in counting if one.policy == "pause" and not _is_taken_back(one, exclusions))
    return Excluded(_merged((one.started_at, one.ended_at) for one in paused), removed)


def elapsed(begin: datetime, end: datetime, out: Excluded) -> timedelta | None:
    """The time between two moments that counts; None when the incident leaves the measure."""
    if out.removed:
        return None
    left_out = _NOTHING
    for start, finish in out.intervals:
        left_out += max(_NOTHING, min(end, finish or end) - max(begin, start))
    return end - begin - left_out


def _ending(one: Exclusion, exclusions: Sequence[Exclusion]) -> str:
    """Why it ended; where its project went into another one, why the last exclusion there did."""
    if one.ended_because != Ending.MERGED:
        return one.ended_because
    others = _others(one, exclusions)
    into = {other.promotion_id for other in others if other.started_at == one.ended_at}
    there = [other for other in others if other.promotion_id in into]
    if not there:
        return one.ended_because
    return _ending(max(there, key=lambda other: (other.started_at, other.id)), others)


def _is_taken_back(one: Exclusion, exclusions: Sequence[Exclusion]) -> bool:
    """Whether it went on in a project that was demoted."""
    if one.ended_because != Ending.MERGED:
        return False
    others = _others(one, exclusions)
    went_on = [other for other in others if other.started_at == one.ended_at]
    return any(other.ended_because == Ending.DEMOTED or _is_taken_back(other, others) for other in went_on)


def _others(one: Exclusion, exclusions: Sequence[Exclusion]) -> list[Exclusion]:
    return [other for other in exclusions if other.promotion_id != one.promotion_id]


def _counts(one: Exclusion, resolved_at: datetime | None) -> bool:
    if one.ended_at is not None and one.ended_at <= one.started_at:
        return False
    return resolved_at is None or one.started_at < resolved_at


def _merged(intervals: Iterable[Interval]) -> tuple[Interval, ...]:
    merged: list[Interval] = []
    for start, end in sorted(intervals, key=lambda one: one[0]):
        if not merged:
            merged.append((start, end))
            continue
        last_start, last_end = merged[-1]
        if last_end is None:
            break
        if start > last_end:
            merged.append((start, end))
        else:
            merged[-1] = (last_start, None if end is None else max(last_end, end))
    return tuple(merged)
