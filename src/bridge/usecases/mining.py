"""Looks through past incidents for what comes again and again: fields whose groups a rule may be worth.

Bounded, so that a long history costs no more than a while: the newest MOST_INCIDENTS incidents, the first MOST_FIELDS
fields that are filled in most of them, one to MOST_TOGETHER of these at a time, the USUAL thresholds and, where many
incidents come, the STRICTER ones. The same history always gives the same findings in the same order.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import combinations
from math import log

from bridge.rules.fields import FINGERPRINT, OWN_FIELD, as_part
from bridge.rules.fingerprint import fingerprint
from bridge.rules.history import History
from bridge.rules.masks import STANDARD, Masks

SHARED = ("service", "category", "subcategory", "ci", "site", "type", FINGERPRINT)
"""What is tried beside a source's own fields."""
MOST_INCIDENTS = 100_000
MOST_FIELDS = 8
MOST_TOGETHER = 3
MOST_OWN = 50
"""So many own fields are looked at to find the well-filled ones."""
FILLED = 0.6
"""A field is of use when at least this part of the incidents has it."""
SCATTERED = 0.5
"""It is not when there are more groups than this part of the incidents: then nearly each is by itself."""
FEWEST_OWN_VALUES = 5
"""An own field with fewer values is a flag, not what is broken."""
TOO_BROAD = 0.05
"""A group with more than this part of all incidents is no single problem, unless it is a small one all the same."""
SMALL = 50
LEAST_HOURS, MOST_HOURS = 1.0, 168.0
"""What an incident counts, however short it was or however long it was forgotten."""
REMARKABLE = 0.5
"""At least this part of the groups that would get a project has to stand out from chance."""
EVERYWHERE = 0.2
"""Projects that would take more than this part of all incidents are no projects but the incident system again."""
CHANCE = 0.001
"""What could come about in noise with this probability does not stand out."""


@dataclass(frozen=True, slots=True)
class Threshold:
    """So many incidents of a group within so many days."""

    at_least: int
    days: int


USUAL = (Threshold(3, 7), Threshold(5, 14), Threshold(10, 30))
STRICTER = (Threshold(20, 30), Threshold(40, 30), Threshold(80, 30), Threshold(160, 30))
"""Tried in turn where the usual ones would take too much: what is often in a small office is nothing in a large one."""


@dataclass(frozen=True, slots=True)
class Finding:
    """Fields and a threshold that are worth a look.

    `groups` are all that there are, `hot` those that reach the threshold (each would get a project), `remarkable` those
    of them that chance does not explain. `covered` are the incidents of the remarkable ones from their first reason on,
    by their number in the history, `hours` what they took. `score` is the hours for each project, less what chance
    explains, less the more groups are hot and the more incidents they take: a rule that fires everywhere tells nothing.
    """

    group_by: tuple[str, ...]
    threshold: Threshold
    score: float
    groups: int
    hot: int
    remarkable: int
    covered: frozenset[int]
    hours: float


@dataclass(frozen=True, slots=True)
class _Past:
    """Incidents in the order in which they were opened: their numbers, when (seconds), and what each counts."""

    numbers: Sequence[int]
    at: Sequence[float]
    hours: Sequence[float]
    sources: Sequence[int]


def mine(
    history: History, resolved: Sequence[datetime | None], own: Iterable[str] = (), masks: Masks = STANDARD
) -> list[Finding]:
    """What stands out, the best first; of each set of fields the best threshold only.

    `resolved` tells when each incident was resolved, `own` are the names of the sources' own fields.
    """
    newest = sorted(range(history.incidents), key=lambda one: (history.opened[one], one))[-MOST_INCIDENTS:]
    if not newest:
        return []
    rows = [history.rows_of(one)[-1] for one in newest]
    past = _Past(
        newest,
        [history.opened[one].timestamp() for one in newest],
        [_hours(history.opened[one], resolved[one]) for one in newest],
        _codes(history, "source", rows, masks),
    )
    names = [*SHARED, *(OWN_FIELD + one for one in sorted(set(own))[:MOST_OWN])]
    columns = _useful({name: _codes(history, name, rows, masks) for name in names})
    found = []
    for group_by, groups in _groupings(columns, past):
        judged = (_judge(group_by, groups, past, threshold) for threshold in USUAL)
        best = max((one for one in judged if one), key=lambda one: one.score, default=None)
        stricter = (_judge(group_by, groups, past, threshold) for threshold in STRICTER)
        best = best or next((one for one in stricter if one), None)
        found += [best] if best else []
    return sorted(found, key=lambda one: (-one.score, len(one.group_by), one.group_by))


def _hours(opened: datetime, resolved: datetime | None) -> float:
    if resolved is None:
        return LEAST_HOURS
    return min(max((resolved - opened) / timedelta(hours=1), LEAST_HOURS), MOST_HOURS)


def _codes(history: History, name: str, rows: Sequence[int], masks: Masks) -> list[int]:
    """A number for each distinct value that counts as one in groups, -1 where there is none."""
    column = history.column("summary" if name == FINGERPRINT else name)
    numbers: dict[str, int] = {}
    by_code: dict[int, int] = {}
    codes = []
    for row in rows:
        code = column.codes[row]
        if code not in by_code:
            value = column.values[code]
            part = as_part(fingerprint(value or "", masks) if name == FINGERPRINT else value)
            by_code[code] = -1 if part is None else numbers.setdefault(part, len(numbers))
        codes.append(by_code[code])
    return codes


def _useful(columns: Mapping[str, list[int]]) -> dict[str, list[int]]:
    """The columns that are filled in most incidents and tell more than a few of them apart."""
    useful = {}
    for name, codes in columns.items():
        filled, values = sum(code >= 0 for code in codes), max(codes) + 1
        least = FEWEST_OWN_VALUES if name.startswith(OWN_FIELD) else 2
        if filled >= FILLED * len(codes) and least <= values <= SCATTERED * filled:
            useful[name] = codes
            if len(useful) == MOST_FIELDS:
                break
    return useful


Groups = Mapping[tuple[int, ...], Sequence[int]]
"""The positions of each group's incidents, oldest first."""


def _groupings(columns: Mapping[str, list[int]], past: _Past) -> Iterator[tuple[tuple[str, ...], Groups]]:
    """Sets of fields with their groups, but those that scatter, and those that a smaller set says as well."""
    sizes: dict[frozenset[str], tuple[int, int]] = {}
    scattered: list[frozenset[str]] = []
    for together in range(1, MOST_TOGETHER + 1):
        for names in combinations(columns, together):
            wanted = frozenset(names)
            if any(one <= wanted for one in scattered):
                continue
            groups: dict[tuple[int, ...], list[int]] = {}
            for place, key in enumerate(zip(past.sources, *(columns[name] for name in names), strict=True)):
                if -1 not in key[1:]:
                    groups.setdefault(key, []).append(place)
            size = (len(groups), sum(map(len, groups.values())))
            if size[0] > SCATTERED * size[1]:
                scattered.append(wanted)
                continue
            same = any(sizes[smaller] == size for smaller in sizes if smaller < wanted)
            sizes[wanted] = size
            if not same:
                yield names, groups


def _judge(group_by: tuple[str, ...], groups: Groups, past: _Past, threshold: Threshold) -> Finding | None:
    """What a rule for these groups would be worth, None: nothing."""
    usual = sum(map(len, groups.values())) / len(groups)
    hot = remarkable = swallowed = 0
    hours = gain = 0.0
    covered: list[int] = []
    for members in groups.values():
        begin = _begin([past.at[one] for one in members], threshold) if len(members) >= threshold.at_least else None
        if begin is None:
            continue
        hot += 1
        swallowed += len(members) - begin
        beyond = _beyond_chance(members, past, threshold, usual, len(groups))
        if beyond > 0 and len(members) <= max(SMALL, TOO_BROAD * len(past.at)):
            remarkable += 1
            took = sum(past.hours[one] for one in members[begin:])
            hours += took
            gain += took * beyond
            covered += [past.numbers[one] for one in members[begin:]]
    share = swallowed / len(past.at)
    if not remarkable or remarkable < REMARKABLE * hot or share > EVERYWHERE:
        return None
    score = gain / hot * (1 - hot / len(groups)) * (1 - share)
    return Finding(group_by, threshold, score, len(groups), hot, remarkable, frozenset(covered), hours)


def _begin(at: Sequence[float], threshold: Threshold) -> int | None:
    """Where the first window begins that has enough incidents."""
    within, more = threshold.days * 86400.0, threshold.at_least - 1
    return next((one for one in range(len(at) - more) if at[one + more] - at[one] <= within), None)


def _beyond_chance(members: Sequence[int], past: _Past, threshold: Threshold, usual: float, groups: int) -> float:
    """Which part of a group chance does not explain, 0: it may be all chance.

    It stands out by its size among the groups of these fields, or by coming in a heap while all others did not.
    """
    count = len(members)
    if _unlikely(count, usual, groups):
        return (count - usual) / count
    within = threshold.days * 86400.0
    at = [past.at[one] for one in members]
    most, since = max((bisect_right(at, begin + within) - place, -begin) for place, begin in enumerate(at))
    inside = bisect_right(past.at, within - since) - bisect_left(past.at, -since)
    expected = count * inside / len(past.at)
    windows = max(1.0, (past.at[-1] - past.at[0]) / within)
    return (most - expected) / count if _unlikely(most, expected, groups * windows) else 0.0


def _unlikely(found: int, expected: float, tries: float) -> bool:
    """Whether so many are too many for chance (Chernoff's bound of a Poisson tail) in so many tries."""
    if found <= expected:
        return False
    return found - expected - found * log(found / expected) + log(tries) < log(CHANCE)
