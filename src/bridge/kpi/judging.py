"""How incidents kept their targets, in columns: by our policies, raw and adjusted, beside the source's own verdict."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np

from bridge.calendar.business import FIRST_MOMENT, LAST_MOMENT, BusinessCalendar
from bridge.calendar.vector import VectorCalendar
from bridge.kpi.adjusted import excluded
from bridge.kpi.columns import NONE, Coded, Facts, Holds, Ints, Mask
from bridge.kpi.counting import Judged
from bridge.kpi.population import Material, ends, micros, moment, places_of, rows_of
from bridge.kpi.report_model import Basis
from bridge.kpi.sla import Calendars, Clock, Pause, Policy, Start, Stop, elapsed

_MICROSECOND = timedelta(microseconds=1)
_HORIZON = micros(FIRST_MOMENT), micros(LAST_MOMENT)


def judge(
    material: Material, policies: Sequence[Policy], calendars: Calendars, basis: Basis, now: datetime
) -> tuple[Judged, Judged]:
    """Both clocks of every incident. The first policy that matches an incident is its own; cancelled ones have none."""
    facts = material.facts
    told = (facts.told_response, facts.told_resolution)
    made = []
    for clock, verdicts in zip(Clock, told, strict=True):
        none = np.zeros(len(facts), dtype=bool)
        made.append(Judged(clock.value, none.copy(), none.copy(), none.copy(), none.copy(), verdicts))
    free: Mask = facts.cancelled == 0
    if not policies:
        return made[0], made[1]
    for policy in policies:
        mask = free & _matching(facts, policy)
        free &= ~mask
        for calendar, rows in _by_calendar(facts, policy, calendars, np.flatnonzero(mask)):
            for one, clock in zip(made, Clock, strict=True):
                _Judging(material, policy, clock, calendar, rows, basis, micros(now)).write(one)
    return made[0], made[1]


def _matching(facts: Facts, policy: Policy) -> Mask:
    match = policy.match
    mask: Mask = np.ones(len(facts), dtype=bool)
    for wanted, column in (
        (match.sources, facts.source),
        (match.teams, facts.team),
        (match.services, facts.service),
        (match.types, facts.type),
    ):
        if wanted:
            mask &= column.among(wanted)
    if match.priorities:
        mask &= np.isin(facts.priority, sorted(match.priorities))
    return mask


def _by_calendar(facts: Facts, policy: Policy, calendars: Calendars, rows: Ints) -> list[tuple[BusinessCalendar, Ints]]:
    """The rows by the calendar that counts for them."""
    teams = len(facts.team.names)
    pairs = facts.source.codes[rows] * teams + facts.team.codes[rows]
    found: dict[int, tuple[BusinessCalendar, list[Ints]]] = {}
    for pair in np.unique(pairs).tolist():
        calendar = calendars(policy, facts.source.names[pair // teams], facts.team.names[pair % teams])
        found.setdefault(id(calendar), (calendar, []))[1].append(rows[pairs == pair])
    return [(calendar, np.concatenate(those)) for calendar, those in found.values()]


@dataclass(frozen=True, slots=True)
class _Judging:
    """One clock of the incidents of one policy and calendar; `rows` are theirs."""

    material: Material
    policy: Policy
    clock: Clock
    calendar: BusinessCalendar
    rows: Ints
    basis: Basis
    now: int

    def write(self, into: Judged) -> None:
        """Judges them."""
        targets, starts, stops = self._targets(), self._starts(), self._stops()
        asked = (targets != NONE) & (starts != NONE)
        rows, targets, starts, stops = self.rows[asked], targets[asked], starts[asked], stops[asked]
        if not len(rows):
            return
        running = stops == NONE
        # An impossible date counts as the nearest that calendars know: one incident is wrong, not the report.
        starts = np.clip(starts, *_HORIZON)
        until = np.maximum(np.clip(np.where(running, self.now, stops), *_HORIZON), starts)
        vector = VectorCalendar(self.calendar)
        ran = vector.elapsed(starts, until) - self._paused(vector, rows, starts, until)
        self._note(into.judged, into.met, rows, ran <= targets, running)
        adjusted, removed = self._adjusted(rows, ran, starts, until, running)
        self._note(into.adjusted_judged, into.adjusted_met, rows, adjusted <= targets, running)
        into.adjusted_judged[rows[removed]] = False

    def _note(self, judged: Mask, met: Mask, rows: Ints, kept: Mask, running: Mask) -> None:
        """A clock that runs is judged when it is broken."""
        judged[rows] = ~running | ~kept
        met[rows] = kept

    def _targets(self) -> Ints:
        priorities = self.material.facts.priority[self.rows]
        by_priority = [self.policy.target(self.clock, number) for number in range(int(priorities.max(initial=0)) + 1)]
        table = [NONE if one is None else one // _MICROSECOND for one in by_priority]
        return np.array(table, dtype=np.int64)[priorities]

    def _starts(self) -> Ints:
        facts = self.material.facts
        late = self.clock is Clock.RESOLUTION and self.policy.start is Start.RESPONDED
        return (facts.responded if late else facts.opened)[self.rows]

    def _stops(self) -> Ints:
        facts = self.material.facts
        if self.clock is Clock.RESPONSE:
            # Who leaves without anybody's having taken it up was answered by that at the latest.
            return np.where(facts.responded == NONE, facts.left, facts.responded)[self.rows]
        return (facts.left if self.policy.stop is Stop.LEFT else ends(facts, self.basis))[self.rows]

    def _paused(self, vector: VectorCalendar, rows: Ints, starts: Ints, until: Ints) -> Ints:
        """How much of each clock stood still because of holds, which never overlap."""
        holds = self._pauses()
        place = places_of(self.material.facts.number[rows], holds.number)
        here = place >= 0
        place = place[here]
        low = np.maximum(holds.start[here], starts[place])
        high = np.minimum(np.where(holds.end[here] == NONE, until[place], holds.end[here]), until[place])
        some = low < high
        off = np.zeros(len(rows), dtype=np.int64)
        np.add.at(off, place[some], vector.elapsed(low[some], high[some]))
        return off

    def _pauses(self) -> Holds:
        """The holds that stop these clocks."""
        holds = self.material.holds
        if self.policy.pauses is None:
            return holds
        stops = np.array([self.policy.pauses_for(name) for name in holds.reason.names], dtype=bool)
        mask = stops[holds.reason.codes] if len(stops) else np.zeros(0, dtype=bool)
        reason = Coded(holds.reason.names, holds.reason.codes[mask])
        return Holds(holds.number[mask], holds.start[mask], holds.end[mask], reason)

    def _adjusted(self, rows: Ints, ran: Ints, starts: Ints, until: Ints, running: Mask) -> tuple[Ints, Mask]:
        """What ran without exclusions too, and who left the measure. Response is never excluded."""
        adjusted, removed = ran.copy(), np.zeros(len(rows), dtype=bool)
        if self.clock is Clock.RESPONSE:
            return adjusted, removed
        facts = self.material.facts
        place = {row: number for number, row in enumerate(rows.tolist())}
        holds = self._pauses()
        for number, row in rows_of(facts, self.material.exclusions.keys()).items():
            if row not in place:
                continue
            here = place[row]
            end = None if running[here] else moment(int(until[here]))
            out = excluded(self.material.exclusions[number], end)
            removed[here] = out.removed
            if out.intervals:
                pauses = [*out.intervals, *_intervals(holds, number)]
                left = elapsed(self.calendar, moment(int(starts[here])), moment(int(until[here])), pauses)
                adjusted[here] = left // _MICROSECOND
        return adjusted, removed


def _intervals(holds: Holds, number: int) -> list[Pause]:
    """One incident's."""
    first, last = np.searchsorted(holds.number, (number, number + 1)).tolist()
    return [
        (moment(int(begin)), None if end == NONE else moment(int(end)))
        for begin, end in zip(holds.start[first:last], holds.end[first:last], strict=True)
    ]
