"""Which incidents a rule covers and which of them belong together. Compiled once, then fast."""

from __future__ import annotations

import fnmatch
import hashlib
import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from bridge.calendar.business import BusinessCalendar
from bridge.model.incident import Incident
from bridge.rules.conditions import Condition, Group, Node
from bridge.rules.fields import Field, Kind, as_part, field
from bridge.rules.incident_part import IncidentPart
from bridge.rules.naming import Namer, compile_name
from bridge.rules.project_part import ProjectPart
from bridge.rules.regex import compile_regex
from bridge.rules.schema import Mode, Rule
from bridge.rules.when import Trigger

Predicate = Callable[[Incident], bool]
OPEN_MEMBERS_NEEDED = 100
"""How many of a group's newest members a rule with `open_for` looks at."""


@dataclass(frozen=True, slots=True)
class CompiledRule:
    """A rule ready for use.

    `version` is what it says, in 12 hex digits: any change of content makes another one. `triggers` are its reasons in
    the order of the file. `open_for` is the shortest time after which a group is worth a look although nothing
    changed (None: no such). A decision looks at the `members_needed` newest members of a group.
    """

    rule: Rule
    version: str
    matches: Predicate
    group_fields: tuple[Field, ...]
    name: Namer
    triggers: tuple[Trigger, ...]
    open_for: timedelta | None
    members_needed: int

    @property
    def id(self) -> str:
        """The rule's id, unique among all files."""
        return self.rule.id

    @property
    def title(self) -> str:
        """What people call the rule."""
        return self.rule.title

    @property
    def mode(self) -> Mode:
        """How far the rule goes by itself."""
        return self.rule.mode

    @property
    def project(self) -> ProjectPart:
        """The project it opens."""
        return self.rule.project

    @property
    def incident(self) -> IncidentPart:
        """What it does to incidents."""
        return self.rule.incident

    @property
    def needs_all(self) -> bool:
        """Whether all triggers must be met, not any of them."""
        return self.rule.when.all_of is not None

    @property
    def quiet_for(self) -> timedelta:
        """How long a group stays silent after a rejection."""
        return self.rule.quiet_for

    def project_name(self, label: str) -> str:
        """The name of a project for the group with this label: one line, at most 200 characters."""
        return self.name(self.id, self.title, label)

    def due(self, start: date, calendar: BusinessCalendar) -> date | None:
        """When a project that begins on `start` is due, None when the rule does not say."""
        return self.project.due.after(start, calendar) if self.project.due else None

    def terms(self) -> Mapping[str, str]:
        """What is asked for incidents and KPIs, kept with each promotion: `open`, `later`, `on_delivery`, `kpi`."""
        part = self.incident
        return {
            "open": part.open.value,
            "later": part.later.value,
            "on_delivery": part.on_delivery.value,
            "kpi": self.rule.kpi.value,
        }


def compile_rule(rule: Rule) -> CompiledRule:
    """The rule ready for use."""
    triggers = rule.when.triggers
    open_for = min((one.open_for.longer_than for one in triggers if one.open_for), default=None)
    counts = [one.recurs.at_least for one in triggers if one.recurs]
    return CompiledRule(
        rule=rule,
        version=rule_version(rule),
        matches=_covered(rule),
        group_fields=tuple(found for name in rule.group_by if (found := field(name))),
        name=compile_name(rule.project.name),
        triggers=triggers,
        open_for=open_for,
        members_needed=max([*counts, OPEN_MEMBERS_NEEDED if open_for else 1]),
    )


def rule_version(rule: Rule) -> str:
    """12 hex digits of what a rule says; how it is written, or defaults written out, make no difference."""
    content = rule.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    text = json.dumps(content, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:12]


def group_key(rule: CompiledRule, incident: Incident) -> str | None:
    """The group an incident belongs to: its source and its values as JSON; None when one of them is missing."""
    parts = [as_part(one.get(incident)) for one in rule.group_fields]
    if None in parts:
        return None
    return json.dumps([incident.source, *parts], ensure_ascii=False, separators=(",", ":"))


def group_label(rule: CompiledRule, incident: Incident) -> str:
    """The incident's group as people read it."""
    return " · ".join(filter(None, (as_part(one.get(incident)) for one in rule.group_fields)))


def _covered(rule: Rule) -> Predicate:
    match = compile_node(rule.match)
    parts = [match]
    if rule.sources is not None:
        sources = frozenset(rule.sources)
        parts.insert(0, lambda incident: incident.source in sources)
    if rule.unless is not None:
        unless = compile_node(rule.unless)
        parts.append(lambda incident: not unless(incident))
    return _all(parts)


def compile_node(node: Node) -> Predicate:
    """A condition, or several taken together, as a function of an incident."""
    if isinstance(node, Condition):
        return _condition(node)
    return _group(node)


def _group(group: Group) -> Predicate:
    parts = [compile_node(one) for one in group.all_of or ()]
    if group.any_of:
        choices = tuple(compile_node(one) for one in group.any_of)
        parts.append(lambda incident: any(choice(incident) for choice in choices))
    if group.none_of:
        inner = compile_node(group.none_of)
        parts.append(lambda incident: not inner(incident))
    return _all(parts)


def _all(parts: list[Predicate]) -> Predicate:
    if len(parts) == 1:
        return parts[0]
    if len(parts) == 2:
        first, second = parts
        return lambda incident: first(incident) and second(incident)
    several = tuple(parts)
    return lambda incident: all(part(incident) for part in several)


def _condition(condition: Condition) -> Predicate:
    found = field(condition.field)
    assert found is not None, "the model lets only known fields pass"
    get = found.get
    parts: list[Predicate] = []
    if condition.exists is not None:
        wanted = condition.exists
        parts.append(lambda incident: (get(incident) not in {None, "", ()}) is wanted)
    if condition.equals is not None:
        parts.append(_one_of(get, [condition.equals]))
    if condition.one_of is not None:
        parts.append(_one_of(get, condition.one_of))
    parts += [_on_text(get, matcher) for matcher in _patterns(condition)]
    if condition.has is not None:
        tags = frozenset(condition.has)
        parts.append(lambda incident: not tags.isdisjoint(get(incident)))
    if condition.at_least is not None or condition.at_most is not None:
        parts.append(_within(_ordered(found), condition.at_least, condition.at_most))
    if condition.age is not None:
        parts.append(_within(_age(get), condition.age.at_least, condition.age.at_most))
    return _all(parts)


def _one_of(get: Callable[[Incident], Any], values: Iterable[Any]) -> Predicate:
    allowed = frozenset(values)
    return lambda incident: get(incident) in allowed


def _patterns(condition: Condition) -> list[Callable[[str], bool]]:
    matchers = []
    if condition.glob is not None:
        whole = re.compile(fnmatch.translate(condition.glob)).match
        matchers.append(lambda text: whole(text) is not None)
    if condition.regex is not None:
        matchers.append(compile_regex(condition.regex).matcher())
    return matchers


def _on_text(get: Callable[[Incident], Any], matcher: Callable[[str], bool]) -> Predicate:
    def matches(incident: Incident) -> bool:
        text = get(incident)
        return bool(text) and matcher(text)

    return matches


def _ordered(found: Field) -> Callable[[Incident], Any]:
    return _number_of(found.get) if found.kind is Kind.OWN else found.get


def _number_of(get: Callable[[Incident], Any]) -> Callable[[Incident], float | None]:
    def number(incident: Incident) -> float | None:
        try:
            return float(get(incident))
        except (TypeError, ValueError):
            return None

    return number


def _age(get: Callable[[Incident], datetime | None]) -> Callable[[Incident], timedelta | None]:
    def age(incident: Incident) -> timedelta | None:
        moment = get(incident)
        return None if moment is None else incident.updated_at - moment

    return age


def _within(get: Callable[[Incident], Any], low: Any, high: Any) -> Predicate:
    def within(incident: Incident) -> bool:
        value = get(incident)
        return value is not None and (low is None or value >= low) and (high is None or value <= high)

    return within
