"""Values for the texts about the ledger of exclusions."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from bridge.kpi.ledger import Head
from bridge.model.promotion import Promotion


def ledger_values(promotion: Promotion, at: datetime) -> dict[str, dict[str, Any]]:
    """The values of each text."""
    lease = {"promotion": promotion, "days": 10, "ends_at": at, "incidents": ["rt #17", "rt #18|x"]}
    heads = [Head(7, "a" * 64, at), Head(3, "b" * 64, at)]
    return {"lease_warning": lease, "lease_lapsed": lease, "ledger_heads": {"heads": heads}}
