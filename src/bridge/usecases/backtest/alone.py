"""`--counting reset`: each rule counted alone. A group that fires forgets what was up to then, and begins anew."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from bridge.rules.decide import decide
from bridge.rules.decision import DecisionKind, GroupMember, GroupView, RateCount
from bridge.rules.matching import CompiledRule
from bridge.rules.recurrence import rate_span
from bridge.rules.when import Recurs
from bridge.usecases.backtest.members import Known
from bridge.usecases.backtest.near import Near, Trace, near
from bridge.usecases.backtest.walk import INSTANT, Walk

_FIRED = frozenset({DecisionKind.CANDIDATE, DecisionKind.OPEN})
BEGINNING = datetime.min.replace(tzinfo=UTC)
"""Rules are replayed as if they had been active ever since."""


@dataclass(frozen=True, slots=True)
class Firing:
    """A rule's reasons were there: when, in which group, and because of which incidents, newest first."""

    at: datetime
    trace: Trace
    evidence: tuple[int, ...]
    why: tuple[str, ...]


@dataclass(slots=True)
class Alone:
    """Counts the firings of one rule."""

    rule: CompiledRule
    known: Known
    walk: Walk
    firings: list[Firing] = field(default_factory=list)
    _near: Near | None = None

    def __post_init__(self) -> None:
        self._near = near(self.rule, lambda _: True)

    def count(self) -> None:
        """Goes through the history."""
        places = self.walk.places
        plain = places.history.known is None and not places.ends and self.rule.rule.similar is None
        if plain and len(self.rule.triggers) == 1 and self.rule.triggers[0].recurs is not None:
            self._count_openings(self.rule.triggers[0].recurs)
        else:
            self.walk.go(self)

    def _count_openings(self, asked: Recurs) -> None:
        """The same where all that happens is that incidents are opened: then nothing but their windows is looked at."""
        places, opened, version = self.walk.places, self.walk.places.history.opened, self.known.version
        traces = [Trace(name.key, name.label) for name in places.groups[0]]
        self.walk.traces[0].update((trace.key, trace) for trace in traces)
        at_least, within = asked.at_least, asked.within
        entries = [trace.entries for trace in traces]
        for row, group in sorted(places.placed[0], key=lambda placed: opened[placed[0]]):
            those, at = entries[group], opened[row]
            those.append((at, row))
            if len(those) >= at_least and at - those[-at_least][0] <= within:
                version.update((incident, incident) for _, incident in those[-self.rule.needs.members :])
                self.happened(0, traces[group], (row,), at)

    def next_act(self) -> datetime | None:
        """Nobody does anything."""
        return None

    def act(self, now: datetime) -> None:
        """Nobody does anything."""

    def came_back(self, incident: int, now: datetime) -> None:
        """No project follows it."""

    def decided(self, now: datetime) -> None:
        """See the protocol: nothing takes longer here."""

    def due(self, trace: Trace, now: datetime) -> None:
        """Nothing is promoted."""

    def is_free(self, incident: int) -> bool:  # noqa: ARG002 - the protocol
        """Always: nothing is promoted."""
        return True

    def happened(self, rule: int, trace: Trace, incidents: Sequence[int], now: datetime) -> None:
        """See the protocol."""
        assert self._near is not None
        if not self._near(trace, now):
            return
        view = self._view(trace, incidents, now)
        decision = decide(self.rule, view, now)
        if decision.kind in _FIRED:
            self.firings.append(Firing(now, trace, decision.evidence, tuple(decision.reasons_met())))
            trace.entries.clear()
            trace.late.clear()
            trace.most.clear()
            return
        self.walk.wait(rule, trace, decision, now)

    def _view(self, trace: Trace, incidents: Sequence[int], now: datetime) -> GroupView:
        newest = trace.entries[: -self.rule.needs.members - 1 : -1]
        ids = {incident for _, incident in newest}
        members = tuple(self.known.member(self.rule, incident) for _, incident in newest)
        others = tuple(
            self.known.member(self.rule, one) for one in incidents if one not in ids and self._counts(trace, one)
        )
        return GroupView(
            key=trace.key,
            label=trace.label,
            members=members,
            activated_at=BEGINNING,
            others=others,
            rates=rates(self.rule, trace, members, now),
        )

    def _counts(self, trace: Trace, incident: int) -> bool:
        """Whether an incident has not been forgotten."""
        return trace.has(self.known.history.opened[incident], incident)


def rates(rule: CompiledRule, trace: Trace, members: Sequence[GroupMember], now: datetime) -> tuple[RateCount, ...]:
    """What the rule's `rate` reasons have to be told of a group."""
    counts = []
    for asked in rule.needs.rates:
        span = rate_span(asked, members, now)
        recent = trace.opened(span.since, span.until + INSTANT) if span else 0
        before = trace.opened(span.before, span.since) if span else 0
        counts.append(RateCount(recent, before))
    return tuple(counts)
