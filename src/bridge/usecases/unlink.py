"""A link ends: one of its sides is gone, and nothing is written about it any more."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from bridge.model.link import Link
from bridge.ports import UnitOfWork

INCIDENT_GONE = "the incident is gone or no longer visible"
ISSUE_GONE = "the issue is gone or no longer visible"
PROJECT_CLOSED = "its project was closed after the delivery"
DEMOTED = "its promotion was demoted"


def ended(link: Link, why: str, now: datetime) -> Callable[[UnitOfWork], None]:
    """Stores that a link has ended, and why; what it knew stays."""

    def save(uow: UnitOfWork) -> None:
        uow.links.save(replace(uow.links.get(link.id), ended_at=now, ended_because=why))
        uow.ledger.audit(now, "bridge", "unlinked", str(link.ref), {"why": why})

    return save
