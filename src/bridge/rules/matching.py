"""Which incidents a rule covers and which of them belong together. Compiled once, then fast."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from types import MappingProxyType

from bridge.calendar.business import BusinessCalendar
from bridge.model.incident import Incident
from bridge.rules.fields import FINGERPRINT, Field, Kind, as_part, field
from bridge.rules.fingerprint import fingerprint
from bridge.rules.incident_part import IncidentPart
from bridge.rules.masks import STANDARD, Masks
from bridge.rules.naming import Namer, compile_name
from bridge.rules.needs import Needs, needs_of
from bridge.rules.project_part import ProjectPart
from bridge.rules.questions import AllOf, Covers, Not, Predicate, Tree, compile_questions, predicate, source_question
from bridge.rules.schema import Mode, Rule
from bridge.rules.when import Trigger

_to_json = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
NO_CALENDARS: Mapping[str, BusinessCalendar] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class CompiledRule:
    """A rule ready for use.

    `covers` is what it asks of an incident (`sources`, `match`, `unless`), `matches` the same as a function.
    `version` is what it says, in 12 hex digits: any change of content makes another one. `triggers` are its reasons in
    the order of the file, `needs` what they have to be told of a group, `calendars` those that they name. `masks` make
    its fingerprints.
    """

    rule: Rule
    version: str
    covers: Tree
    matches: Predicate
    group_fields: tuple[Field, ...]
    name: Namer
    triggers: tuple[Trigger, ...]
    needs: Needs
    calendars: Mapping[str, BusinessCalendar]
    masks: Masks = STANDARD

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
        """What is asked for incidents and KPIs, kept with each promotion.

        `open`, `later`, `on_delivery`, `kpi`; and where asked for `workaround`, `resolve_at_most`, `incident_issues`,
        `lease`.
        """
        asked = {"incident_issues": self.rule.limits.incident_issues, "lease": self.rule.lease}
        given = {name: str(number) for name, number in asked.items() if number is not None}
        return {**self.incident.terms(), "kpi": self.rule.kpi.value, **given}


def compile_rule(
    rule: Rule,
    windows: Covers = MappingProxyType({}),
    calendars: Mapping[str, BusinessCalendar] = NO_CALENDARS,
    masks: Masks = STANDARD,
) -> CompiledRule:
    """The rule ready for use, with the windows that it may ask about, the directory's calendars, and the masks."""
    triggers = rule.when.triggers
    covers = _covered(rule, windows)
    return CompiledRule(
        rule=rule,
        version=rule_version(rule, masks),
        covers=covers,
        matches=predicate(covers),
        group_fields=tuple(found for name in rule.group_by if (found := _group_field(name, masks))),
        name=compile_name(rule.project.name),
        triggers=triggers,
        needs=needs_of(triggers),
        calendars=calendars,
        masks=masks,
    )


def _group_field(name: str, masks: Masks) -> Field | None:
    if name != FINGERPRINT:
        return field(name)
    return Field(name, Kind.TEXT, lambda incident: fingerprint(incident.summary, masks))


def rule_version(rule: Rule, masks: Masks = STANDARD) -> str:
    """12 hex digits of what a rule says; how it is written, or defaults written out, make no difference.

    A rule that groups by fingerprints also says by which masks.
    """
    content = rule.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    if FINGERPRINT in rule.group_by:
        content["masks"] = masks.version
    text = json.dumps(content, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:12]


def group_key(rule: CompiledRule, incident: Incident) -> str | None:
    """The group an incident belongs to: its source and its values as JSON; None when one of them is missing.

    Across sources there is null for the source.
    """
    return key_of(rule, incident.source, [as_part(one.get(incident)) for one in rule.group_fields])


def key_of(rule: CompiledRule, source: str, parts: Sequence[str | None]) -> str | None:
    """The key of a group by its source and the values of its fields."""
    if None in parts:
        return None
    return _to_json([None if rule.rule.across_sources else source, *parts])


def group_label(rule: CompiledRule, incident: Incident, key: str | None = None) -> str:
    """The incident's group as people read it. Similar incidents, told by the group's key, are told by the first one."""
    parts = [as_part(one.get(incident)) for one in rule.group_fields]
    first = None if key is None else first_member(rule, key)
    if first is not None:
        parts[rule.rule.group_by.index(FINGERPRINT)] = first
    return label_of(parts)


def label_of(parts: Iterable[str | None]) -> str:
    """The values of a group's fields as people read them."""
    return " · ".join(filter(None, parts))


def first_member(rule: CompiledRule, key: str) -> str | None:
    """The fingerprint of a group's first member; None for a rule without `similar`, or where its key was shortened."""
    if rule.rule.similar is None:
        return None
    try:
        values = json.loads(key)
    except ValueError:
        return None
    return str(values[1 + rule.rule.group_by.index(FINGERPRINT)])


def _covered(rule: Rule, windows: Covers) -> Tree:
    parts: list[Tree] = [] if rule.sources is None else [source_question(rule.sources)]
    parts.append(compile_questions(rule.match, windows, ("match",)))
    if rule.unless is not None:
        parts.append(Not(compile_questions(rule.unless, windows, ("unless",))))
    return parts[0] if len(parts) == 1 else AllOf(tuple(parts))
