"""Plays rule tests: the rules live through each case as in a replay, and what they did is compared with the case."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property

from bridge.model.incident import Incident
from bridge.model.promotion import HANDED_OVER, RUNNING, WAITING
from bridge.rules import cases
from bridge.rules.answers import Answer, answers
from bridge.rules.cases import Deed, Expected, Outcome
from bridge.rules.decision import Clause, Decision, DecisionKind
from bridge.rules.fields import OWN_FIELD, as_part
from bridge.rules.history import NOTHING, History, table
from bridge.rules.matching import CompiledRule
from bridge.rules.stories import Story
from bridge.usecases.backtest.acts import Act, Assumed, What
from bridge.usecases.backtest.life import Life
from bridge.usecases.backtest.near import Trace
from bridge.usecases.backtest.replay import live
from bridge.usecases.configured import Configured
from bridge.usecases.promote import Touched, see

_TICK = timedelta(microseconds=1)
_DID = {
    DecisionKind.CANDIDATE: Outcome.CANDIDATE,
    DecisionKind.OPEN: Outcome.OPENED,
    DecisionKind.ATTACH: Outcome.ATTACH,
    DecisionKind.REOPEN: Outcome.REOPENED,
}
_DEEDS = {
    Deed.APPROVE: (What.APPROVE, WAITING),
    Deed.REJECT: (What.REJECT, WAITING),
    Deed.DELIVER: (What.DELIVER, RUNNING),
    Deed.RESUME: (What.RESUME, HANDED_OVER),
}
"""What people do, and in which states of a promotion they can."""


@dataclass(frozen=True, slots=True)
class Difference:
    """An expectation that was not met, with its place in the file."""

    where: str
    what: str


@dataclass(frozen=True, slots=True)
class Decided:
    """What the rule decided about a group, and when."""

    at: datetime
    decision: Decision


@dataclass(frozen=True, slots=True)
class Played:
    """A case and what came of it.

    `answers` are all conditions of its rule, asked about every incident at every time; `looks` all reasons whenever
    they were looked at, in the order of the rule.
    """

    story: Story
    differences: tuple[Difference, ...]
    answers: tuple[Answer, ...] = ()
    looks: tuple[tuple[Clause, ...], ...] = ()

    @property
    def passed(self) -> bool:
        """Whether everything was as expected."""
        return not self.differences


def play(story: Story, configured: Configured) -> Played:
    """Plays one case among all rules, each as active as it is and in force from the beginning."""
    history = history_of(story)
    life = live(history, configured, Assumed())
    rule = configured.rules.get(story.case.rule)
    assert rule is not None, "the case was read with these rules"
    watched = _Watched(story, life, rule)
    life.walk.go(watched)
    asked = tuple(answers(rule, one) for versions in story.incidents for _, one in versions)
    return Played(story, tuple(watched.differences), asked, tuple(watched.looks))


def history_of(story: Story) -> History:
    """The incidents of a case as a history.

    The first incident is told once more after everything: time goes on until then.
    """
    told = [list(versions) for versions in story.incidents]
    moments = [at for versions in told for at, _ in versions]
    moments += [at for at, _, _ in story.acts] + [at for at, _, _ in story.expected]
    told[0].append((max(moments) + 3 * _TICK, told[0][-1][1]))
    rows = [one for versions in told for _, one in versions]
    first, begin = [], 0
    for versions in told:
        first.append(begin)
        begin += len(versions)
    columns: dict[str, list[object]] = {name: [getattr(one, name) for one in rows] for name in (*NOTHING, "opened_at")}
    own = dict.fromkeys(name for one in rows for name in one.fields)
    columns |= {f"{OWN_FIELD}{name}": [one.fields.get(name, "") for one in rows] for name in own}
    opened = [versions[0][1].opened_at for versions in told]
    return table(opened, columns, first=first, known=[at for versions in told for at, _ in versions])


@dataclass(slots=True)
class _Watched:
    """The rules' life while somebody looks on, acts and asks."""

    story: Story
    life: Life
    rule: CompiledRule
    differences: list[Difference] = field(default_factory=list)
    looks: list[tuple[Clause, ...]] = field(default_factory=list)
    _done: dict[str, list[Decided]] = field(default_factory=dict)
    _acted: int = 0
    _asked: int = 0

    def next_act(self) -> datetime | None:
        """When somebody acts, or an answer is due: after all that is known at that moment."""
        acts, expected = self.story.acts, self.story.expected
        due = [acts[self._acted][0]] if self._acted < len(acts) else []
        due += [expected[self._asked][0] + _TICK] if self._asked < len(expected) else []
        return min(due, default=None)

    def act(self, now: datetime) -> None:
        """See bridge.usecases.backtest.walk.Counting."""
        while self._acted < len(self.story.acts) and self.story.acts[self._acted][0] <= now:
            at, number, act = self.story.acts[self._acted]
            self._acted += 1
            why_not = self._carry_out(act, at)
            if why_not:
                what = f"{act.do} has no effect then: {why_not}"
                self.differences.append(Difference(self.story.where_entry("people", number), what))
        while self._asked < len(self.story.expected) and self.story.expected[self._asked][0] < now:
            at, number, expected = self.story.expected[self._asked]
            self._asked += 1
            where = self.story.where_entry("expect", number)
            self.differences += [Difference(where, what) for what in self._compared(expected, at)]

    def happened(self, rule: int, trace: Trace, incidents: Sequence[int], now: datetime) -> None:
        """See the protocol: what the rule decides is noted before it is done."""
        if self.life.walk.places.rules[rule] is self.rule:
            decision = self._decision(trace.key, tuple(incidents), now)
            if decision is not None:
                self.looks.append(decision.clauses)
                if decision.kind in _DID:
                    self._done.setdefault(trace.key, []).append(Decided(now, decision))
        self.life.happened(rule, trace, incidents, now)

    def came_back(self, incident: int, now: datetime) -> None:
        """See the protocol."""
        self.life.came_back(incident, now)

    def decided(self, now: datetime) -> None:
        """See the protocol."""
        self.life.decided(now)

    def due(self, trace: Trace, now: datetime) -> None:
        """See the protocol."""
        self.life.due(trace, now)

    def is_free(self, incident: int) -> bool:
        """See the protocol."""
        return self.life.is_free(incident)

    def _decision(self, key: str, incidents: tuple[int, ...], now: datetime) -> Decision | None:
        seen = see(self.life.book.as_uow(), self.life.configured, Touched(self.rule, key, incidents), now)
        return None if seen is None else seen[1]

    def _carry_out(self, act: cases.Act, at: datetime) -> str:
        """Does what somebody does; why that is not possible, empty when it is."""
        trace = self._group(act.of, at)
        promotion = None if trace is None else self.life.book.promotions.of_group(self.rule.id, trace.key)
        what, possible = _DEEDS[act.do]
        if trace is None or promotion is None:
            return f"the incident's group has no promotion of the rule “{self.rule.id}”"
        if promotion.state not in possible:
            return f"the promotion is {promotion.state}"
        self.life.add(Act(at, what, self.rule.id, trace.key))
        self.life.act(at)
        return ""

    def _group(self, of: str | None, at: datetime) -> Trace | None:
        number = self.story.about(of, at)
        rules = self.life.walk.places.rules
        there = () if number is None else self.life.walk.groups_of(number)
        return next((trace for rule, trace in there if rules[rule] is self.rule), None)

    def _compared(self, expected: Expected, at: datetime) -> Iterator[str]:
        """What is not as expected."""
        trace = self._group(expected.of, at)
        done = self._done.pop(trace.key, []) if trace else []
        number = self.story.about(expected.of, at)
        decision = done[-1].decision if done else None
        if decision is None and trace is not None and number is not None:
            decision = self._decision(trace.key, (number,), at)
            self.looks.append(decision.clauses if decision else ())
        outcome = _DID[done[-1].decision.kind] if done else Outcome.NOTHING
        incident = None if number is None else self.story.known_at(number, at)
        assert incident is not None, "a case asks about incidents that are there"
        told = _Told(self.rule, incident, decision, in_group=trace is not None)
        if outcome is not expected.outcome:
            when = f" at {done[-1].at:%Y-%m-%d %H:%M} UTC" if done else ""
            yield f"expected {expected.outcome}, but it was {outcome}{when}: {told.in_short()}"
        for name, texts in expected.why.items():
            yield from told.missing(name, texts, met=expected.outcome is not Outcome.NOTHING)


@dataclass
class _Told:
    """Everything that can be said about an outcome, by what it is about."""

    rule: CompiledRule
    incident: Incident
    decision: Decision | None
    in_group: bool

    def in_short(self) -> str:
        """Why, in one line."""
        conditions = answers(self.rule, self.incident)
        if not conditions.met:
            missed = [line.strip() for line in _conditions(self.rule, self.incident) if line.startswith("no ")]
            return f"the rule does not cover {self.incident.ref}: {'; '.join(missed)}"
        if not self.in_group or self.decision is None:
            return f"{self.incident.ref} is in no group: it has no {', '.join(self._lacking())}"
        return "; ".join([self.decision.why, *self._reasons(None)])

    def missing(self, name: str, texts: Sequence[str], *, met: bool) -> Iterator[str]:
        """What was expected of a reason and is not told of it; with `met` the reason must be there."""
        lines = self.lines.get(name, [])
        clauses = [one for one in (self.decision.clauses if self.decision else ()) if one.name == name]
        if met and clauses and not any(one.met for one in clauses):
            yield f"{name} is expected to be a reason, but it is not there: {'; '.join(lines)}"
        for text in texts:
            if not any(text in line for line in lines):
                yield f"{name} does not say “{text}”: {'; '.join(lines) or 'nothing is told of it'}"

    @cached_property
    def lines(self) -> Mapping[str, list[str]]:
        """What is told, by what `why` may name."""
        found = {"decision": [self.decision.why] if self.decision else [], "group_by": self._lacking()}
        for answer in answers(self.rule, self.incident).conditions():
            found.setdefault(str(answer.path[0]), []).append(_line(answer))
        for clause in self.decision.clauses if self.decision else ():
            found[clause.name] = self._reasons(clause.name)
        return found

    def _lacking(self) -> list[str]:
        return [one.name for one in self.rule.group_fields if as_part(one.get(self.incident)) is None]

    def _reasons(self, name: str | None) -> list[str]:
        clauses = self.decision.clauses if self.decision else ()
        return [f"{'yes' if one.met else 'no'}: {one}" for one in clauses if name in {None, one.name}]


def _conditions(rule: CompiledRule, incident: Incident) -> Iterator[str]:
    yield from (_line(answer) for answer in answers(rule, incident).conditions())


def _line(answer: Answer) -> str:
    return f"{'yes' if answer.met else 'no'} {answer.asked}; it is {answer.found}"
