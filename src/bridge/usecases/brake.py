"""What an opening would cost before it is done."""

from __future__ import annotations

from datetime import datetime

from bridge.model.incident import Incident
from bridge.planning.plan import people_for_roles, plan_tasks
from bridge.ports import UnitOfWork
from bridge.rules.matching import CompiledRule
from bridge.usecases.configured import Configured
from bridge.usecases.taking import open_ones


def mails_of_opening(uow: UnitOfWork, configured: Configured, rule: CompiledRule, key: str, now: datetime) -> int:
    """How many mails opening a group's project would send: Redmine sends one for each issue assigned to somebody.

    These are the root, the tasks whose role names a person, and the open incidents' own issues with a known handler.
    """
    directory = configured.directory
    calendar = directory.calendar_of(rule.project.owner)
    plan = plan_tasks(configured.templates[rule.project.template], now, calendar, rule.due(now.date(), calendar))
    people = people_for_roles(plan, directory, owner=rule.project.owner, roles=rule.project.roles).people
    tasks = sum(task.role in people for task in plan.tasks)
    owner = directory.stand_in(rule.project.owner).person is not None
    most = rule.rule.limits.incident_issues
    found = open_ones(uow, rule.id, key) if most is None else uow.groups.still_open(rule.id, key, most)
    handled = sum(_has_handler(configured, one) for _, one in found)
    return tasks + owner + handled


def _has_handler(configured: Configured, incident: Incident) -> bool:
    if not incident.person:
        return False
    person = configured.directory.person_by_login(incident.source, incident.person)
    return person is not None and person.active and person.redmine_id is not None
