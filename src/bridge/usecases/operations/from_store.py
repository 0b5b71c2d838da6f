"""What a report needs, from the store: facts in columns, and exclusions of the ledger."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from bridge.kpi.columns import COLUMNS, MARKED, MARKS, Builder, Holds
from bridge.kpi.meaning import THE_STORE
from bridge.kpi.population import Material, Promoted, micros
from bridge.kpi.report_model import Asked, Basis, By, Month
from bridge.kpi.sla import Policy
from bridge.model.exclusion import Exclusion
from bridge.ports import UnitOfWork
from bridge.repositories.operations import FactSpan
from bridge.usecases.operations.days import stored_days
from bridge.usecases.operations.own_holds import leave_out_own_holds

_EVER = 1 << 62
PART = 10_000
STALE = "some facts are from before an upgrade and lack first teams, reopenings and holds: run `kpi rebuild`"


def stored_material(
    uow: UnitOfWork, asked: Asked, fills: Mapping[str, Collection[str]], now: datetime, policies: Sequence[Policy] = ()
) -> Material:
    """What a report on the store needs. `fills` are the fields that each source fills.

    With a span only its incidents and the backlog at its end are read, and only the texts that are needed.
    """
    columns = uow.fact_columns
    span = span_of(asked, now)
    told_reopened = [name for name, those in fills.items() if "reopen_count" in those]
    told_reassigned = [name for name, those in fills.items() if "reassignment_count" in those]
    builder = Builder(columns_of(asked, policies, reopened=bool(told_reopened), reassigned=bool(told_reassigned)))
    for part in columns.rows(span, builder.names):
        builder.add(part)
    facts = builder.facts()
    numbers = columns.excluded() if span is None else [int(one) for one in facts.number]
    holds = leave_out_own_holds(uow, facts, Holds.of(columns.holds(span)), None if span is None else numbers)
    exclusions = _exclusions(uow, numbers)
    promotions = columns.promotions({one.promotion_id for those in exclusions.values() for one in those})
    return Material(
        facts=facts,
        at=now,
        origin=THE_STORE,
        exclusions=exclusions,
        promotions={number: Promoted(*names) for number, names in promotions.items()},
        rules=columns.rules() if asked.by is By.RULE else {},
        holds=holds,
        told_reopened=told_reopened,
        told_reassigned=told_reassigned,
        name=lambda number: columns.names([number]).get(number, str(number)),
        notes=(STALE,) if columns.is_stale() else (),
        days=stored_days(uow, asked, micros(now)),
        open_before=None if span is None else columns.open_before,
    )


def columns_of(asked: Asked, policies: Sequence[Policy], *, reopened: bool, reassigned: bool) -> list[str]:
    """The columns that a report looks at: each that a million rows are spared makes it faster.

    `reopened` and `reassigned` say whether any source counts these itself.
    """
    other = "timeline" if asked.basis is Basis.REPORTED else "reported"
    needed = {
        other: False,
        f"hold_{other}": False,
        "told_reopened": reopened,
        "told_reassigned": reassigned,
        "service": asked.by is By.SERVICE or any(one.match.services for one in policies),
        "person": asked.by is By.PERSON,
        "type": any(one.match.types for one in policies),
    }
    return [MARKS, *(name for name in COLUMNS if name not in MARKED and needed.get(name, True))]


def span_of(asked: Asked, now: datetime) -> FactSpan | None:
    """Which facts a report reads; None: all."""
    if asked.since is None and asked.until is None:
        return None
    if asked.month is Month.OPENED:
        column = "opened_at"
    else:
        column = "resolved_reported" if asked.basis is Basis.REPORTED else "resolved_timeline"
    since = micros(asked.since) if asked.since else -_EVER
    until = micros(asked.until) if asked.until else _EVER
    return FactSpan(column, since, until, min(until, micros(now)))


def _exclusions(uow: UnitOfWork, numbers: list[int]) -> dict[int, list[Exclusion]]:
    found: dict[int, list[Exclusion]] = {}
    for begin in range(0, len(numbers), PART):
        found |= uow.exclusions.of_incidents(numbers[begin : begin + PART])
    return found
