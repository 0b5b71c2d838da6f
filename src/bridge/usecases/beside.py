"""What a reconciliation plans beside fields and notes."""

from __future__ import annotations

from dataclasses import dataclass

from bridge.model.effect import EffectSpec
from bridge.model.incident import Incident
from bridge.model.link import Link
from bridge.model.project import Issue
from bridge.ports import IncidentSource, Store
from bridge.usecases.configured import Configured
from bridge.usecases.files import planned_files
from bridge.usecases.relations import planned_relations
from bridge.usecases.work_log import refused_time


@dataclass(frozen=True, slots=True)
class Beside:
    """Effects to be stored with the plan, and what a person should know."""

    effects: tuple[EffectSpec, ...] = ()
    reports: tuple[str, ...] = ()


def beside(
    store: Store, source: IncidentSource, configured: Configured, link: Link, incident: Incident, issue: Issue
) -> Beside:
    """Files and relations of one link, as both sides show them now, and the time that its work log does not take."""
    files, reports = planned_files(store, source, configured, link, issue)
    with store.reading() as uow:
        relations = planned_relations(uow, source, configured.policy.carried, link, incident, issue)
        late = refused_time(uow, configured.policy.carried, link)
    return Beside((*files, *relations), (*reports, *late))
