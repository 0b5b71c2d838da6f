"""Facts of a history in columns: measured as the store measures a timeline, and excluded as a replay of the rules says.

Of an event log each row is known from its own moment on; what its last row says of an incident is what is last known.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from bridge.kpi.columns import NONE, Builder, Holds
from bridge.kpi.facts import Measured, measure
from bridge.kpi.population import Material, Promoted, micros, moment
from bridge.kpi.report_model import Asked as Report
from bridge.model.exclusion import Exclusion
from bridge.model.incident import EventKind, State
from bridge.rules.history import History
from bridge.rules.ruleset import RuleSet
from bridge.usecases.backtest.acts import Assumed
from bridge.usecases.backtest.life import Life
from bridge.usecases.backtest.replay import Asked, acting, live
from bridge.usecases.configured import Configured
from bridge.usecases.operations.days import days_of

LAST = (
    "external_id", "source", "person", "type", "state", "reopen_count", "reassignment_count", "response_breached",
    "resolution_breached", "effort", "resolved_at", "acknowledged_at", "closed_at", "service",
)  # fmt: skip
FIELDS = (*LAST, "priority", "team", "hold_reason", "updated_at")
"""What facts are made of."""

_PART = 50_000
_ENDED = frozenset({State.RESOLVED, State.CLOSED})
_Event = tuple[str, str, int]


@dataclass(frozen=True, slots=True)
class Excluded:
    """What a replay of the rules excludes, by the place of an incident in the history."""

    exclusions: Mapping[str, Sequence[Exclusion]]
    promotions: Mapping[int, Promoted]
    rules: Mapping[str, str]


def material(
    history: History, excluded: Excluded, asked: Report, told: Sequence[str], origin: str, notes: Sequence[str] = ()
) -> Material:
    """What a report needs. `told` are the fields that the source fills, for counts that it makes itself."""
    reader = _Reader(history)
    builder, holds, names, last = Builder(), list[tuple[int, int, int | None, str]](), list[str](), 0
    rows: list[Sequence[Any]] = []
    for incident in range(history.incidents):
        measured, at = reader.measured(incident)
        last = max(last, at)
        holds += [(incident, begin, end, reason) for begin, end, reason in measured.holds]
        names.append(reader.last("external_id", incident))
        rows.append(reader.row(incident, measured))
        if len(rows) == _PART:
            builder.add(rows)
            rows.clear()
    builder.add(rows)
    numbers = {name: number for number, name in enumerate(names)}
    facts = builder.facts()
    at = last + 1 if names else 0  # what is told of the last moment has happened by then
    sources = tuple(facts.source.names)
    return Material(
        facts=facts,
        at=moment(at),
        origin=origin,
        exclusions={numbers[name]: those for name, those in excluded.exclusions.items() if name in numbers},
        promotions=excluded.promotions,
        rules={numbers[name]: rule for name, rule in excluded.rules.items() if name in numbers},
        holds=Holds.of(holds),
        told_reopened=sources if "reopen_count" in told else (),
        told_reassigned=sources if "reassignment_count" in told else (),
        days=days_of(facts, asked, at),
        name=lambda number: f"{sources[0]} #{names[number]}" if sources else names[number],
        notes=tuple(notes),
    )


def replayed(history: History, configured: Configured, asked: Asked) -> Excluded:
    """What the rules would have excluded, as `rules backtest` replays them: each as if it acted by itself."""
    rules = RuleSet([acting(rule) for rule in configured.rules.rules])
    life = live(history, replace(configured, rules=rules), Assumed(approve=True, takes=asked.takes))
    life.walk.go(life)
    return _of_life(life, rules, history)


def _of_life(life: Life, rules: RuleSet, history: History) -> Excluded:
    ids = history.column("external_id")
    name = {incident: str(ids[history.rows_of(incident).start]) for incident in range(history.incidents)}
    policies = {rule.id: rule.rule.kpi.value for rule in rules.rules}
    promotions = life.book.promotions.all
    kept: dict[str, list[Exclusion]] = {}
    for incident, those in life.book.exclusions.of.items():
        for one in those:
            policy = policies[promotions[one.promotion_id].rule_id]
            if policy != "none":
                kept.setdefault(name[incident], []).append(replace(one, policy=policy))
    return Excluded(
        exclusions=kept,
        promotions={one.id: Promoted(f"{one.rule_id} {one.id + 1}", one.label, one.rule_id) for one in promotions},
        rules={
            name[member.incident_id]: one.rule_id
            for one in promotions
            for member in life.book.promotions.members(one.id)
        },
    )


class _Reader:
    """Reads a history's columns incident by incident."""

    def __init__(self, history: History) -> None:
        self._history = history
        self._column = {name: history.column(name) for name in FIELDS}
        self._known = None if history.known is None else [micros(at) for at in history.known]

    def last(self, name: str, incident: int) -> Any:
        """What the last row of an incident says."""
        return self._column[name][self._history.rows_of(incident).stop - 1]

    def measured(self, incident: int) -> tuple[Measured[int, int], int]:
        """The facts of an incident, and the last moment that is known of it."""
        opened = micros(self._history.opened[incident])
        at, reported = self._moment("acknowledged_at", incident), self._moment("resolved_at", incident)
        subject = (self.last("team", incident), self.last("service", incident), self.last("priority", incident))
        events = self._log(incident) if self._known is not None else self._table(incident, opened)
        made = measure(opened, at, reported, subject, events, _no_moment, 0)
        last = micros(self.last("updated_at", incident))  # nothing that facts are made of need have changed then
        return made, max([opened, last, *(event[2] for event in events)])

    def row(self, incident: int, made: Measured[int, int]) -> Sequence[Any]:
        """A row of bridge.kpi.columns.COLUMNS."""
        last: Callable[[str], Any] = lambda name: self.last(name, incident)  # noqa: E731 - a name for a dozen uses
        return (
            *(incident, made.opened_at),
            *(NONE if at is None else at for at in (made.responded_at, made.resolved_reported, made.resolved_timeline)),
            NONE if made.left_at is None else made.left_at,
            *(made.hold, made.hold_reported, made.hold_timeline, made.priority or 0, made.reopened, made.reassigned),
            *(last("reopen_count") or 0, last("reassignment_count") or 0),
            *(-1 if last(name) is None else int(last(name)) for name in ("response_breached", "resolution_breached")),
            *(int(last("state") is State.CANCELLED), last("effort") or 0.0),
            *(made.team, made.first_team, made.service, last("person"), last("type"), last("source")),
        )

    def _moment(self, name: str, incident: int) -> int | None:
        at = self.last(name, incident)
        return None if at is None else micros(at)

    def _log(self, incident: int) -> list[_Event]:
        """The events of an event log's rows: whatever changed from one to the next."""
        assert self._known is not None, "asked for a log only"
        events: list[_Event] = []
        states, reasons, teams = (self._column[name] for name in ("state", "hold_reason", "team"))
        state, reason, team = None, "", ""
        for row in self._history.rows_of(incident):
            at, now = self._known[row], states[row]
            if now is not state:
                state = now
                events.append((EventKind.STATE.value, str(now), at))
                reason = ""
            if now is State.ON_HOLD and reasons[row] != reason:
                reason = reasons[row]
                events.append((EventKind.HOLD.value, reason, at))
            if teams[row] != team:
                team = teams[row]
                events.append((EventKind.TEAM.value, team, at))
        return events

    def _table(self, incident: int, opened: int) -> list[_Event]:
        """What the one row of an incident tells of its way."""
        state = self.last("state", incident) or State.IN_PROGRESS
        team = self.last("team", incident)
        events = [(EventKind.STATE.value, State.NEW.value, opened)]
        events += [(EventKind.TEAM.value, team, opened)] if team else []
        updated = micros(self.last("updated_at", incident))
        resolved = self._moment("resolved_at", incident)
        if state in _ENDED and resolved is not None:
            events.append((EventKind.STATE.value, State.RESOLVED.value, resolved))
        if state is State.CLOSED:
            closed = self._moment("closed_at", incident)
            events.append((EventKind.STATE.value, State.CLOSED.value, updated if closed is None else closed))
        elif state is not State.NEW and not (state is State.RESOLVED and resolved is not None):
            events.append((EventKind.STATE.value, str(state), updated))
        return events


def _no_moment(text: str) -> int:
    raise ValueError(text)  # a history tells reported resolutions in a column, not as events
