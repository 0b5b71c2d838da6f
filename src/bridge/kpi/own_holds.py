"""Holds that the bridge set are never ordinary on-hold time: part of an exclusion, or working time."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from bridge.kpi.adjusted import Interval
from bridge.kpi.facts import IncidentFacts

Hold = tuple[datetime, datetime | None, str]
"""From, until (None: it lasts), and why."""
SLACK = timedelta(minutes=1)
"""By so much may the source's clock, and the end of our write, be apart."""
_NOTHING = timedelta(0)


def ordinary_holds(holds: Sequence[Hold], own: Sequence[Interval]) -> list[Hold]:
    """The intervals on hold that the bridge did not begin; `own` are its holds as the ledger has them.

    A hold belongs to whoever began it, until the incident is off hold: also where somebody gave it another reason.
    """
    kept: list[Hold] = []
    for run in _runs(holds):
        begin, end = run[0][0], run[-1][1]
        if not any(begin - SLACK <= start <= (end or start) + SLACK for start, _ in own):
            kept += run
    return kept


def without_own(facts: IncidentFacts, own: Sequence[Interval]) -> IncidentFacts:
    """The facts of an incident as if the bridge had never put it on hold. Its moments stay as they are."""
    if not own:
        return facts
    holds = ordinary_holds(facts.holds, own)
    by_reason: dict[str, timedelta] = {}
    for begin, end, reason in holds:
        if end is not None:
            by_reason[reason] = by_reason.get(reason, _NOTHING) + (end - begin)
    lasting = [run[0][0] for run in _runs(holds) if run[-1][1] is None]
    return facts._replace(
        hold=sum(by_reason.values(), _NOTHING),
        hold_reported=_before(holds, facts.resolved_reported),
        hold_timeline=_before(holds, facts.resolved_timeline),
        hold_by_reason=by_reason,
        on_hold_since=lasting[0] if lasting else None,
        holds=tuple(holds),
    )


def _runs(holds: Iterable[Hold]) -> list[list[Hold]]:
    """Holds that follow each other without a gap belong together: only the reason changed."""
    runs: list[list[Hold]] = []
    for one in sorted(holds, key=lambda one: one[0]):
        if runs and runs[-1][-1][1] == one[0]:
            runs[-1].append(one)
        else:
            runs.append([one])
    return runs


def _before(holds: Iterable[Hold], resolved: datetime | None) -> timedelta:
    if resolved is None:
        return _NOTHING
    return sum((min(end or resolved, resolved) - begin for begin, end, _ in holds if begin < resolved), _NOTHING)
