"""Which incidents belong together, on both sides. Relations are added once and never removed."""

from __future__ import annotations

from bridge.model.effect import EffectSpec
from bridge.model.incident import Incident, State
from bridge.model.link import Link
from bridge.model.project import Issue
from bridge.ports import IncidentSource, UnitOfWork
from bridge.usecases.carried_policy import CarriedPolicy
from bridge.usecases.deliver.effects import incident_effect, issue_effect

ON_ISSUE = "issue.relate"
ON_INCIDENT = "incident.relate"
RELATES = "relates"
DUPLICATES = "duplicates"
MEANINGFUL = frozenset({RELATES, DUPLICATES})
"""Relations of issues that mean something to incidents; order and blocking are planning's."""


def planned_relations(
    uow: UnitOfWork, source: IncidentSource, policy: CarriedPolicy, link: Link, incident: Incident, issue: Issue
) -> list[EffectSpec]:
    """Effects that relate a link's issue and incident to others.

    A merged incident duplicates the one it was merged into; a parent or problem record that has an issue is related
    to. What people relate in the project is shown at the source too. What they remove stays removed: each is planned
    once.
    """
    if not policy.relations or link.issue_id is None:
        return []
    above = _above(uow, link, incident)
    there = {end for one in issue.relations for end in (one.first, one.second)}
    found = [
        issue_effect(link, ON_ISSUE, f"{other.issue_id}:{kind}", other=other.issue_id, relation=kind)
        for other, kind in above
        if other.issue_id is not None and other.issue_id not in there
    ]
    if source.extras.relations is None or not incident.state.is_open:
        return found
    known = {link.ref.external_id, incident.parent, incident.problem}
    shown = [one.ref for one in _by_people(uow, link, issue)]
    refs = dict.fromkeys(ref.external_id for ref in shown if ref.source == link.ref.source)
    return [*found, *(incident_effect(link, ON_INCIDENT, one, other=one) for one in refs if one not in known)]


def refer_to_first(policy: CarriedPolicy, source: IncidentSource, link: Link, uow: UnitOfWork) -> None:
    """Lets a newly linked incident refer to the first one of its promotion.

    As many relations as incidents, not their square; in the project their issues meet at its root.
    """
    if not policy.relations or source.extras.relations is None:
        return
    first = uow.links.first_of(link.promotion_id)
    if first is not None and first.id < link.id and first.ref.source == link.ref.source:
        other = first.ref.external_id
        uow.effects.enqueue([incident_effect(link, ON_INCIDENT, other, other=other)])


def _above(uow: UnitOfWork, link: Link, incident: Incident) -> list[tuple[Link, str]]:
    """The links of what the incident itself names as its parent or problem, and how its issue is related to theirs."""
    named = {one for one in (incident.parent, incident.problem) if one} - {link.ref.external_id}
    found = []
    for other in uow.links.of_refs(link.ref.source, sorted(named)) if named else ():
        merged = incident.state is State.CANCELLED and other.ref.external_id == incident.parent
        found.append((other, DUPLICATES if merged else RELATES))
    return found


def _by_people(uow: UnitOfWork, link: Link, issue: Issue) -> list[Link]:
    """Links whose issues people related to this one's."""
    ends = {end for one in issue.relations if one.kind in MEANINGFUL for end in (one.first, one.second)}
    return [one for one in uow.links.of_issues(ends - {issue.id}) if one.id != link.id] if ends else []
