"""`kpi rebuild`: proves that the facts equal the timelines they are made of, and mends what does not."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from bridge.ports import Store

PART = 1000


def rebuilt(store: Store, *, mend: bool, told: Callable[[Any], None] = lambda _: None) -> Mapping[str, Any]:
    """How many incidents were compared, how many facts and how many sums per day differed.

    With `mend` they are written, each part in a transaction of its own; otherwise nothing is.
    """
    last = incidents = wrong = 0
    opened = store.transaction if mend else store.reading
    while True:
        with opened() as uow:
            part = uow.fact_columns.compare(last, PART, mend=mend)
        if not part.incidents:
            break
        last, incidents, wrong = part.last, incidents + part.incidents, wrong + len(part.wrong)
        told({"source": "facts", "incidents": incidents, "parked": 0, "total": None})
    with opened() as uow:
        days = uow.fact_columns.compare_days(mend=mend)
    return {"incidents": incidents, "wrong": wrong, "days": days}
