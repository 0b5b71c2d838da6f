"""Changing commands: the same code whether the CLI runs them itself or leaves them to the daemon."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from bridge.model.errors import NotPossible
from bridge.model.promotion import Promotion
from bridge.ports import UnitOfWork
from bridge.usecases.approve import approve, reject
from bridge.usecases.configured import Configured


def decide(
    uow: UnitOfWork, configured: Configured, name: str, args: Mapping[str, Any], now: datetime
) -> Mapping[str, Any]:
    """Carries out a person's decision about a promotion; returns what became of it. Raises BridgeError."""
    if name == "approve":
        return _told(approve(uow, configured, int(args["promotion"]), str(args["actor"]), now))
    if name == "reject":
        return _told(reject(uow, int(args["promotion"]), str(args["actor"]), str(args["reason"]), now))
    raise NotPossible(f"command {name}", "is not known to this version.", "Is the daemon older than the command line?")


def _told(promotion: Promotion) -> Mapping[str, Any]:
    return {"promotion": promotion.id, "name": promotion.name, "state": str(promotion.state)}
