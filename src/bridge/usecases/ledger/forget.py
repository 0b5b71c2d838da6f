"""A person's name goes from the ledger; its rows stay as they are."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from bridge.ports import UnitOfWork

FORGET = "forget"


def forgotten(uow: UnitOfWork, args: Mapping[str, Any], now: datetime) -> Mapping[str, Any]:
    """Erases a name; returns how many entries went. The audit trail tells that it was done, not whose name it was."""
    erased = uow.kpi_ledger.forget(str(args["person"]))
    uow.ledger.audit(now, str(args.get("actor", "")), "forgotten", "kpi ledger", {"erased": erased})
    return {"erased": erased}
