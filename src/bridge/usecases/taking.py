"""Which incidents of its group a promotion takes in beside those that were a reason for it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from bridge.model.incident import Incident
from bridge.model.promotion import Member, Promotion, Role
from bridge.ports import UnitOfWork
from bridge.rules.needs import COUNTED
from bridge.usecases.claims import claims

PART = 500


def open_ones(uow: UnitOfWork, rule_id: str, key: str) -> list[tuple[int, Incident]]:
    """Every incident of a group that is still open, oldest first."""
    found = part = uow.groups.still_open(rule_id, key, PART)
    while len(part) == PART:
        last, incident = part[-1]
        part = uow.groups.still_open(rule_id, key, PART, (incident.opened_at, last))
        found = [*found, *part]
    return found


def come_since(uow: UnitOfWork, promotion: Promotion, delivered: datetime) -> list[int]:
    """What a project takes in that goes back to work, oldest first: what is open, and what came after its delivery.

    Of those that are over already no more than the group's newest `COUNTED` are looked at.
    """
    group = (promotion.rule_id, promotion.group_key)
    newest = uow.groups.latest(*group, COUNTED)
    found = dict(open_ones(uow, *group))
    found.update((number, incident) for number, incident in newest if incident.opened_at > delivered)
    return sorted(found, key=lambda number: (found[number].opened_at, number))


def add_evidence(uow: UnitOfWork, promotion: Promotion, incident_ids: Iterable[int], now: datetime) -> None:
    """Adds incidents to a promotion unless another one has them: the first rule that claims an incident wins."""
    ids = list(dict.fromkeys(incident_ids))
    taken = claims(uow, ids, promotion.rule_id)
    for incident_id in ids:
        if incident_id not in taken:
            uow.promotions.add_member(Member(promotion.id, incident_id, Role.EVIDENCE, now))


def add_open_ones(uow: UnitOfWork, promotion: Promotion, now: datetime) -> None:
    """Adds what is open of the promotion's group, unless another promotion has it."""
    found = open_ones(uow, promotion.rule_id, promotion.group_key)
    add_evidence(uow, promotion, [number for number, _ in found], now)
