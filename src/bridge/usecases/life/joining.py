"""Teams that join a project because their incident did: they become members, the owner stays."""

from __future__ import annotations

from datetime import datetime

from bridge.model.incident import Incident
from bridge.model.promotion import Promotion
from bridge.ports import UnitOfWork
from bridge.usecases.configured import Configured
from bridge.usecases.deliver.effects import project_effect
from bridge.usecases.life.said import named, report, root_note, root_stored


def team_joins(
    uow: UnitOfWork, configured: Configured, promotion: Promotion, incident: Incident, now: datetime
) -> bool:
    """The team of an incident that joined becomes a member, as far as it is none yet; True when that is so.

    Who of the team cannot be a member is reported. The project's people are told once for each team.
    """
    directory = configured.directory
    team = directory.team_in_charge(incident)
    if team is None:
        return False
    found = directory.members_of([team.key])
    after = root_stored(uow, promotion)
    joined = [
        person.key
        for person in found.people
        if person.key != promotion.owner
        and uow.effects.enqueue(
            [
                project_effect(
                    promotion.id, "member.add", person.key, person=person.key, owner=False, role="", after=after
                )
            ]
        )
    ]
    if not joined:
        return False
    detail = {"team": team.key, "people": joined, "because": str(incident.ref)}
    uow.ledger.audit(now, "bridge", "team joined", f"promotion {promotion.id}", detail)
    for problem in found.reports:
        report(uow, promotion, str(problem), str(problem), now)
    name = named(directory, team.key)
    root_note(uow, configured, promotion, f"team {team.key}", "team_joined", team=name, incident=incident)
    return True
