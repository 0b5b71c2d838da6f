"""Incidents of a history as they were known at some time."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from bridge.model.incident import Incident, IncidentRef, State
from bridge.rules.decision import GroupMember
from bridge.rules.fields import FINGERPRINT, Field
from bridge.rules.history import History
from bridge.rules.matching import CompiledRule
from bridge.rules.questions import questions
from bridge.rules.sla import SlaTargets

_ALWAYS = ("source", "external_id", "state", "updated_at")
_ENDS = ("resolved_at", "closed_at")
_BREACHES = ("priority", "acknowledged_at", "response_breached", "resolution_breached", *_ENDS)
_RESPONSES = frozenset({State.IN_PROGRESS, State.ON_HOLD, State.RESOLVED, State.CLOSED})


def columns_of(fields: Iterable[Field]) -> list[str]:
    """The columns that fields are made of."""
    return list(dict.fromkeys("summary" if one.name == FINGERPRINT else one.name for one in fields))


def fields_seen(rules: Iterable[CompiledRule]) -> list[str]:
    """The fields that decisions of these rules look at in a group's incidents."""
    names = [*_ALWAYS]
    for rule in rules:
        names += [*columns_of(rule.group_fields), *columns_of(rule.needs.fields)]
        names += _BREACHES if rule.needs.breaches else ()
        for trigger in rule.triggers:
            names += ["reopen_count"] if trigger.reopened else []
            names += ["reassignment_count"] if trigger.reassigned else []
            names += ["effort"] if trigger.effort else []
    return list(dict.fromkeys(names))


def fields_asked(rules: Iterable[CompiledRule]) -> list[str]:
    """The fields that a replay of these rules reads."""
    rules = tuple(rules)
    asked = [one for rule in rules for one in questions(rule.covers)]
    names = [one.field.name for one in asked] + [one.reference.name for one in asked if one.reference]
    return list(dict.fromkeys([*fields_seen(rules), *names]))


@dataclass(slots=True)
class Known:
    """The incidents of a history as the replay has come to know them: `version` is the last one seen of each."""

    history: History
    rules: Sequence[CompiledRule]
    targets: SlaTargets
    version: dict[int, int] = field(default_factory=dict)
    _fields: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._fields = fields_seen(self.rules)

    def row(self, incident: int) -> tuple[int, bool]:
        """The row that shows an incident now, and whether it may show the end."""
        version = self.version[incident]
        rows = self.history.rows
        return (version, self.history.ends is None) if version < rows else (version - rows, True)

    def state(self, incident: int) -> State:
        """Where an incident stands."""
        row, over = self.row(incident)
        state: State = self.history.column("state", over=over)[row]
        return state

    def is_open(self, incident: int) -> bool:
        """Whether somebody still waits for its resolution."""
        return self.state(incident).is_open

    def incident(self, incident: int) -> Incident:
        """The incident, with the fields that decisions look at."""
        row, over = self.row(incident)
        return self.history.shown(row, self._fields, over=over)

    def member(self, rule: CompiledRule, incident: int) -> GroupMember:
        """The incident as a member of a group that has no promotion."""
        if rule.needs.fields or rule.needs.facts or rule.needs.breaches or _counts(rule):
            return GroupMember.of(
                incident,
                self.incident(incident),
                fields=rule.needs.fields,
                targets=self.targets,
                held_since=self.held_since(incident),
                responded_at=self.responded_at(incident) if rule.needs.breaches else None,
            )
        row, over = self.row(incident)
        column = self.history.column
        ref = IncidentRef(column("source")[row], column("external_id")[row])
        state = column("state", over=over)[row]
        return GroupMember(incident, ref, self.history.opened[incident], state, column("updated_at", over=over)[row])

    def held_since(self, incident: int) -> datetime | None:
        """Since when it is on hold without a break; None when it is not, or nobody told."""
        row, over = self.row(incident)
        states = self.history.column("state", over=over)
        since = None
        for earlier in range(row, self.history.rows_of(incident).start - 1, -1):
            if states[earlier] is not State.ON_HOLD:
                break
            since = self.history.since(earlier)
        return since

    def responded_at(self, incident: int) -> datetime | None:
        """When somebody took it up; None: not yet."""
        row, over = self.row(incident)
        states = self.history.column("state", over=over)
        begin = self.history.rows_of(incident).start
        if self.history.known is None:
            return None
        return next((self.history.since(one) for one in range(begin, row + 1) if states[one] in _RESPONSES), None)


def _counts(rule: CompiledRule) -> bool:
    return any(one.reopened or one.reassigned or one.effort for one in rule.triggers)
