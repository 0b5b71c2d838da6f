"""Leads through a history in the order in which things became known, and shows what happens to groups."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from heapq import heappop, heappush
from typing import Protocol

from bridge.rules.decision import Decision
from bridge.rules.matching import group_label
from bridge.rules.moments import later
from bridge.rules.similar import Representatives, assign
from bridge.usecases.backtest.members import Known
from bridge.usecases.backtest.near import Trace
from bridge.usecases.backtest.places import Place, Places

INSTANT = timedelta(microseconds=1)
"""What has lasted longer than a length of time is seen so much later."""
Wake = tuple[datetime, int, str, int]
"""When to look again, the rule, its group, and the incident because of which (NOBODY: none)."""
NOBODY = -1
PROMOTION = -2
"""In place of an incident: the group's promotion is to be looked at."""
_WAITING = frozenset({"open_for", "on_hold_for"})
_OFTEN = (("reopened", "reopen_count"), ("reassigned", "reassignment_count"))


class Counting(Protocol):
    """What is made of what happens."""

    def happened(self, rule: int, trace: Trace, incidents: Sequence[int], now: datetime) -> None:
        """Something happened to these incidents of a group, or time alone made them worth a look."""

    def came_back(self, incident: int, now: datetime) -> None:
        """An incident that was over is open again."""

    def decided(self, now: datetime) -> None:
        """All that was due now is decided: what takes a moment longer is done."""

    def due(self, trace: Trace, now: datetime) -> None:
        """A moment has come that a group's promotion was to be looked at, see `look_at_promotion`."""

    def is_free(self, incident: int) -> bool:
        """Whether no promotion has the incident."""

    def next_act(self) -> datetime | None:
        """When people do something next, None: nothing more."""

    def act(self, now: datetime) -> None:
        """What people did up to now counts from now on."""


@dataclass(slots=True)
class Walk:
    """One replay, to the last moment that the history tells of, or to the last tick.

    `together`: what became known at the same moment is taken in
    before anything is decided; otherwise one after another. `ticks` are the moments at which time alone is noticed,
    again and again; None: at once.
    """

    places: Places
    known: Known
    together: bool = True
    ticks: Sequence[datetime] | None = None
    traces: list[dict[str, Trace]] = field(default_factory=list)
    _where: Mapping[int, Sequence[Place]] = field(default_factory=dict)
    _similar: Representatives = field(default_factory=Representatives)
    _standing: dict[int, list[tuple[int, Trace]]] = field(default_factory=dict)
    _wakes: list[Wake] = field(default_factory=list)
    _waits: list[timedelta | None] = field(default_factory=list)
    _often: list[list[tuple[str, str]]] = field(default_factory=list)
    _last: datetime | None = None

    def __post_init__(self) -> None:
        rules = self.places.rules
        self.traces = [{} for _ in rules]
        self._waits = [rule.needs.wait(self.known.targets) for rule in rules]
        for rule in rules:
            asked = {name for one in rule.triggers for name, _ in _OFTEN if getattr(one, name)}
            self._often.append([(name, column) for name, column in _OFTEN if name in asked])

    def go(self, counting: Counting) -> None:
        """From the first version to the last."""
        order, at = self.places.order(), self.places.at
        self._where = self.places.where
        last = self._last = self.ticks[-1] if self.ticks else self.places.last()
        place, versions = 0, len(order)
        while True:
            version = at[order[place]] if place < versions else None
            wake = self._wakes[0][0] if self._wakes else None
            act = counting.next_act()
            if act is not None and (version is None or act <= version) and (wake is None or act <= wake):
                counting.act(act)
            elif version is not None and (wake is None or version <= wake):
                begin = place
                place += 1
                while self.together and place < versions and at[order[place]] == version:
                    place += 1
                self._page(order[begin:place], version, counting)
            elif wake is not None and last is not None and wake <= last:
                self._woken(wake, counting)
            else:
                return

    def look_again(self, rule: int, trace: Trace, at: datetime) -> None:
        """Has a group looked at when the time has come."""
        self._wake(rule, trace.key, self._tick(at), NOBODY)

    def look_at_promotion(self, rule: int, trace: Trace, at: datetime | None) -> None:
        """Has a group's promotion looked at when the time has come, unless that is after the end."""
        if at is not None and self._last is not None and at <= self._last:
            self._wake(rule, trace.key, self._tick(at), PROMOTION)

    def _wake(self, rule: int, key: str, at: datetime | None, incident: int) -> None:
        if at is not None:
            heappush(self._wakes, (at, rule, key, incident))

    def _tick(self, at: datetime) -> datetime | None:
        """When it is noticed that a moment has come, None: never."""
        if self.ticks is None:
            return at
        place = bisect_left(self.ticks, at)
        return self.ticks[place] if place < len(self.ticks) else None

    def wait(self, rule: int, trace: Trace, decision: Decision, now: datetime) -> None:
        """Has a group for which nothing was decided looked at again when time alone may have changed that."""
        if not trace.late:
            return
        compiled = self.places.rules[rule]
        due = [one.until for one in decision.clauses if one.name in _WAITING and one.until and not one.met]
        if compiled.needs.breaches:
            members = [self.known.member(compiled, one) for one in trace.late]
            due += [at for one in members for at in (one.response_breach, one.resolution_breach) if at]
        due = [at for at in due if at >= now]
        if due:
            self.look_again(rule, trace, min(due) + INSTANT)

    def groups_of(self, incident: int) -> Iterable[tuple[int, Trace]]:
        """Where an incident is now: rules and their groups."""
        return self._standing.get(incident, ())

    def _page(self, versions: Sequence[int], now: datetime, counting: Counting) -> None:
        """Versions that became known at the same moment: all are taken in before anything is decided."""
        touched: dict[tuple[int, str], list[int]] = {}
        for version in versions:
            incident = self.places.incident_of(version)
            back = incident in self.known.version and not self.known.is_open(incident)
            self.known.version[incident] = version
            if back and self.known.is_open(incident):
                counting.came_back(incident, now)
            for rule, trace in self._moved(version, incident, now):
                touched.setdefault((rule, trace.key), []).append(incident)
        for rule, key in sorted(touched) if len(touched) > 1 else touched:
            counting.happened(rule, self.traces[rule][key], touched[rule, key], now)
        counting.decided(now)

    def _moved(self, version: int, incident: int, now: datetime) -> list[tuple[int, Trace]]:
        """Puts an incident where its version belongs; returns the groups it is in then."""
        before = self._standing.get(incident, [])
        after = [self._place(rule, group, incident) for rule, group in self._where.get(version, ())]
        opened = self.places.history.opened[incident]
        for place in before:
            if place not in after:
                place[1].leave(opened, incident)
        for place in after:
            if place not in before:
                self._join(*place, incident, opened, now)
            self._note(*place, incident, opened, now)
        self._forget(incident, before, after)
        self._standing[incident] = after
        return after

    def _place(self, rule: int, group: int, incident: int) -> tuple[int, Trace]:
        """The group of an incident; with `similar` the order of events decides, otherwise its values do."""
        compiled, name = self.places.rules[rule], self.places.groups[rule][group]
        key, label = name.key, name.label
        if compiled.rule.similar is not None:
            key = assign(self._similar, compiled, incident, key)
            self._similar.join(compiled.id, incident, key)
            label = group_label(compiled, self.known.incident(incident), key)
        trace = self.traces[rule].get(key)
        if trace is None:
            trace = self.traces[rule][key] = Trace(key, label)
        return rule, trace

    def _forget(self, incident: int, before: Sequence[tuple[int, Trace]], after: Sequence[tuple[int, Trace]]) -> None:
        for rule in {rule for rule, _ in before} - {rule for rule, _ in after}:
            if self.places.rules[rule].rule.similar is not None:
                self._similar.leave(self.places.rules[rule].id, incident)

    def _join(self, rule: int, trace: Trace, incident: int, opened: datetime, now: datetime) -> None:
        trace.join(opened, incident)
        wait = self._waits[rule]
        due = later(opened, wait + INSTANT) if wait is not None else None
        if due is not None:
            self._wake(rule, trace.key, max(due, now), incident)

    def _note(self, rule: int, trace: Trace, incident: int, opened: datetime, now: datetime) -> None:
        """What the cheap look has to know of the incident."""
        wait = self._waits[rule]
        if wait is not None:
            if now - opened > wait and self.known.is_open(incident):
                trace.late.add(incident)
            else:
                trace.late.discard(incident)
        for name, column in self._often[rule]:
            row, over = self.known.row(incident)
            count = self.places.history.column(column, over=over)[row]
            trace.most[name] = max(trace.most.get(name, 0), count)

    def _woken(self, now: datetime, counting: Counting) -> None:
        """Time alone has made groups worth a look: those whose incidents were opened first come first."""
        found: list[tuple[int, datetime, int, str]] = []
        due: dict[tuple[int, str], None] = {}
        while self._wakes and self._wakes[0][0] == now:
            _, rule, key, incident = heappop(self._wakes)
            if incident == PROMOTION:
                due[rule, key] = None
            elif incident != NOBODY:
                found += self._late(now, rule, key, incident, counting)
            elif any(map(counting.is_free, self.traces[rule][key].late)):
                found.append((rule, now, incident, key))
        for rule, key in dict.fromkeys((rule, key) for rule, _, _, key in sorted(found)):
            trace = self.traces[rule][key]
            counting.happened(rule, trace, sorted(trace.late), now)
        counting.decided(now)
        for rule, key in due:
            counting.due(self.traces[rule][key], now)

    def _late(
        self, now: datetime, rule: int, key: str, incident: int, counting: Counting
    ) -> Iterator[tuple[int, datetime, int, str]]:
        """An incident that has been open for long may have its group looked at, with ticks at each of them."""
        if self._waits_there(rule, key, incident):
            self.traces[rule][key].late.add(incident)
            if self._tick(now) == now and counting.is_free(incident):
                yield rule, self.places.history.opened[incident], incident, key
            if self.ticks is not None:
                self._wake(rule, key, self._tick(now + INSTANT), incident)

    def _waits_there(self, rule: int, key: str, incident: int) -> bool:
        there = (rule, self.traces[rule][key]) in self._standing.get(incident, ())
        return there and self.known.is_open(incident)
