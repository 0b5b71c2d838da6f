"""Which incidents a report is about, what their clocks show by its basis, and what exclusions take off."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

import numpy as np

from bridge.kpi.adjusted import Excluded, excluded
from bridge.kpi.columns import NO_HOLDS, NONE, Facts, Holds, Ints, Mask, Taken
from bridge.kpi.report_model import Asked, Basis, Day, Month
from bridge.model.exclusion import Exclusion

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Promoted:
    """A promotion as reports name it."""

    name: str
    label: str
    rule: str


@dataclass(frozen=True, slots=True)
class Material:
    """What a report is made of.

    `exclusions` and `rules` (the rule of the promotion that an incident belongs to) are by the incident's number,
    `promotions` by the promotion's. `holds` are the intervals on hold. `told_reopened` and `told_reassigned` are the
    sources that count themselves how often that happened; for others the timeline counts. `at` is the moment before
    which everything is known. `name` tells an incident's name by its number. `origin`, `notes` and `days` see
    OperationsReport.
    `open_before` tells what was open when a UTC day (days after 1970) began, where `facts` are not all there are.
    """

    facts: Facts
    at: datetime
    origin: str
    exclusions: Mapping[int, Sequence[Exclusion]] = field(default_factory=dict)
    promotions: Mapping[int, Promoted] = field(default_factory=dict)
    rules: Mapping[int, str] = field(default_factory=dict)
    holds: Holds = NO_HOLDS
    told_reopened: Collection[str] = ()
    told_reassigned: Collection[str] = ()
    name: Callable[[int], str] = str
    open_before: Callable[[int], int] | None = None
    days: tuple[Day, ...] = ()
    notes: tuple[str, ...] = ()


def micros(moment: datetime) -> int:
    """Microseconds since 1970 UTC."""
    return (moment - EPOCH) // MICROSECOND


def moment(value: int) -> datetime:
    """The moment of `micros`."""
    return EPOCH + timedelta(microseconds=value)


def ends(facts: Facts, basis: Basis) -> Ints:
    """The resolutions of a basis."""
    return facts.reported if basis is Basis.REPORTED else facts.timeline


def counted_at(facts: Facts, asked: Asked) -> Ints:
    """The moment by which an incident belongs to a month; NONE: to no month."""
    return facts.opened if asked.month is Month.OPENED else ends(facts, asked.basis)


def population(facts: Facts, asked: Asked) -> Mask:
    """The incidents that the report is about. Without a span they are all there are."""
    mask = np.ones(len(facts), dtype=bool)
    if asked.since is None and asked.until is None:
        return mask
    at = counted_at(facts, asked)
    mask &= at != NONE
    if asked.since is not None:
        mask &= at >= micros(asked.since)
    if asked.until is not None:
        mask &= at < micros(asked.until)
    return mask


def open_at(facts: Facts, at: int) -> Mask:
    """What was open at a moment: opened before it, and not left for good."""
    mask: Mask = (facts.opened < at) & ((facts.left == NONE) | (facts.left >= at))
    return mask


def rows_of(facts: Facts, numbers: Collection[int]) -> dict[int, int]:
    """The rows of some incidents, by number; those that are not there are left out."""
    wanted = np.fromiter(numbers, dtype=np.int64, count=len(numbers))
    rows = places_of(facts.number, wanted)
    return {number: row for number, row in zip(wanted.tolist(), rows.tolist(), strict=True) if row >= 0}


def places_of(numbers: Ints, wanted: Ints) -> Ints:
    """Where each wanted number stands, -1: nowhere."""
    if not len(numbers):
        return np.full(len(wanted), -1)
    order = np.argsort(numbers, kind="stable")
    place = np.minimum(np.searchsorted(numbers, wanted, sorter=order), len(numbers) - 1)
    found: Ints = order[place]
    return np.where(numbers[found] == wanted, found, -1)


def taken(facts: Facts, basis: Basis, exclusions: Mapping[int, Sequence[Exclusion]]) -> Taken:
    """What the exclusions take off the resolutions of a basis."""
    end = ends(facts, basis)
    off = np.zeros(len(facts), dtype=np.int64)
    removed = np.zeros(len(facts), dtype=bool)
    of: dict[int, int] = {}
    for number, row in rows_of(facts, exclusions.keys()).items():
        resolved = int(end[row])
        if resolved == NONE:
            continue
        those = exclusions[number]
        out = excluded(those, moment(resolved))
        if not out.removed and not out.intervals:
            continue
        removed[row] = out.removed
        off[row] = 0 if out.removed else covered(out, int(facts.opened[row]), resolved)
        of[row] = min(those, key=lambda one: (one.started_at, one.id)).promotion_id
    return Taken(off, removed, of)


def covered(out: Excluded, begin: int, end: int) -> int:
    """How much of the time between two moments is within the intervals."""
    total = 0
    for start, finish in out.intervals:
        until = end if finish is None else min(end, micros(finish))
        total += max(0, until - max(begin, micros(start)))
    return total


def inside_projects(facts: Facts, basis: Basis, exclusions: Mapping[int, Sequence[Exclusion]]) -> dict[int, int]:
    """How much of the time to the resolution ran inside exclusions, of whatever policy, by row."""
    end = ends(facts, basis)
    found = {}
    for number, row in rows_of(facts, exclusions.keys()).items():
        if end[row] != NONE:
            paused = [replace(one, policy="pause") for one in exclusions[number]]
            resolved = int(end[row])
            out = excluded(paused, moment(resolved))
            if out.intervals:
                found[row] = covered(out, int(facts.opened[row]), resolved)
    return found
