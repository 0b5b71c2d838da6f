"""Why rules do with an incident what they do: every rule, every condition and every reason. Reads, never writes."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from bridge.model.errors import NotFound, WrongArgument
from bridge.model.incident import Incident, IncidentRef
from bridge.ports import UnitOfWork
from bridge.rules.answers import Answer, answers
from bridge.rules.decide import decide
from bridge.rules.decision import Decision, GroupView
from bridge.rules.explain import explain
from bridge.rules.fields import as_part
from bridge.rules.matching import CompiledRule, group_key, group_label
from bridge.rules.similar import whereabouts
from bridge.usecases.configured import Configured
from bridge.usecases.promote import Touched, see
from bridge.usecases.view import group_view
from bridge.yamlfile import did_you_mean


@dataclass(frozen=True, slots=True)
class Explained:
    """One rule and one incident.

    `lacking` are fields that the rule groups by and the incident does not have: without them it is in no group, and
    `view` and `decision` are None. Where the rule covers the incident they are what the daemon decides from, and what
    it decides; else they are those of the group that it would join, without it.
    """

    rule: CompiledRule
    covered: bool
    conditions: Answer
    lacking: tuple[str, ...]
    view: GroupView | None = None
    decision: Decision | None = None


def find_incident(uow: UnitOfWork, sources: Collection[str], text: str) -> tuple[int, Incident]:
    """The incident of `rt#17`; `sources` are the configured ones.

    Raises WrongArgument for another form or source, NotFound when the store does not have it.
    """
    source, sign, external_id = (part.strip() for part in text.partition("#"))
    if not (source and sign and external_id):
        example = f"For example {min(sources, default='rt')}#17."
        raise WrongArgument(f"incident “{text[:60]}”", "must be a source and its id there.", example)
    ref = IncidentRef(source, external_id)
    found = uow.incidents.find(ref)
    if found is None and source not in sources:
        what = f"there is no source “{source[:60]}”."
        raise WrongArgument(f"incident “{text[:60]}”", what, did_you_mean(source, sources, "sources are"))
    if found is None:
        advice = "Has it changed since the bridge began to look, and does the source's query cover it? See `backfill`."
        raise NotFound(str(ref), "the store has no such incident.", advice)
    return found, uow.incidents.get(found)


def explain_incident(
    uow: UnitOfWork, configured: Configured, incident_id: int, incident: Incident, now: datetime
) -> list[Explained]:
    """Every rule in the order in which they look at incidents."""
    return [_explained(uow, configured, rule, incident_id, incident, now) for rule in configured.rules.rules]


def _explained(
    uow: UnitOfWork, configured: Configured, rule: CompiledRule, incident_id: int, incident: Incident, now: datetime
) -> Explained:
    conditions = answers(rule, incident)
    own = group_key(rule, incident)
    if own is None:
        lacking = tuple(one.name for one in rule.group_fields if as_part(one.get(incident)) is None)
        return Explained(rule, conditions.met, conditions, lacking)
    key = whereabouts(uow.similar, rule, incident_id, own)
    if conditions.met:
        seen = see(uow, configured, Touched(rule, key, (incident_id,)), now)
    else:
        view = group_view(uow, configured, rule, key, (), now)
        seen = None if view is None else (view, decide(rule, view, now))
    if seen is None:
        view = GroupView(key, group_label(rule, incident, key), (), now)
        seen = view, decide(rule, view, now)
    return Explained(rule, conditions.met, conditions, (), *seen)


def lines_of(one: Explained, now: datetime) -> list[str]:
    """The same below each other."""
    head = (
        f"{one.rule.id} ({one.rule.mode}, version {one.rule.version}) {'covers' if one.covered else 'passes over'} it"
    )
    lines = [head, *one.conditions.lines(1)]
    if one.view is None or one.decision is None:
        names = ", ".join(one.lacking)
        return [*lines, f"  it is in no group of this rule: it has no {names}, by which the rule groups"]
    told = explain(one.rule, one.view, one.decision, now)[1:]
    if one.covered:
        return [*lines, f"  group {one.view.label}", *told]
    # what is decided about the others is not about this incident
    return [*lines, f"  group {one.view.label}, which it would join; now, without it:", *told[1:]]
