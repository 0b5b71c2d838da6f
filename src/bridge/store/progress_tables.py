"""The tables of projects' reports: the plan as it was made, and the work that was left on each day."""

from __future__ import annotations

from sqlalchemy import Column, Table

from bridge.store.columns import metadata
from bridge.store.columns import reference as _of
from bridge.store.columns import required as _is
from bridge.store.values import Clean, Json

project_baseline = Table(
    "project_baseline",
    metadata,
    _of("promotion_id", "promotion.id", key=True),
    *_is(Clean, "made_on", "due"),
    *_is(Json, "tasks"),
)

project_day = Table(
    "project_day",
    metadata,
    _of("promotion_id", "promotion.id", key=True),
    Column("day", Clean, primary_key=True),
    *_is(Json, "hours_left"),
)
