"""A person's name goes from the ledger; its rows stay as they are."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from bridge.model.errors import NotFound
from bridge.ports import UnitOfWork
from bridge.yamlfile import did_you_mean

FORGET = "forget"


def forgotten(uow: UnitOfWork, args: Mapping[str, Any], now: datetime) -> Mapping[str, Any]:
    """Erases a name; returns how many entries went. The audit trail tells that it was done, not whose name it was.

    Raises NotFound for a name that stands nowhere in the ledger.
    """
    person = str(args["person"])
    erased = uow.kpi_ledger.forget(person)
    if not erased:
        advice = did_you_mean(person, uow.kpi_ledger.names().values(), "people are")
        raise NotFound(f"person “{person[:60]}”", "is not in the ledger: nothing was erased.", advice)
    uow.ledger.audit(now, str(args.get("actor", "")), "forgotten", "kpi ledger", {"erased": erased})
    return {"erased": erased}
