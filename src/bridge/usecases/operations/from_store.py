"""What a report needs, from the store: facts in columns, and exclusions of the ledger."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime

from bridge.kpi.columns import Builder
from bridge.kpi.population import Hold, Material, Promoted, micros
from bridge.kpi.report_model import Asked, Basis, By, Month
from bridge.model.exclusion import Exclusion
from bridge.ports import UnitOfWork
from bridge.repositories.operations import FactSpan
from bridge.usecases.operations.days import stored_days
from bridge.usecases.operations.own_holds import leave_out_own_holds

_EVER = 1 << 62
PART = 10_000
STALE = "some facts are from before an upgrade and lack first teams, reopenings and holds: run `kpi rebuild`"


def stored_material(
    uow: UnitOfWork, asked: Asked, fills: Mapping[str, Collection[str]], now: datetime, *, holds: bool = True
) -> Material:
    """What a report on the store needs. `fills` are the fields that each source fills.

    With a span only its incidents and the backlog at its end are read. `holds`: the intervals on hold, too.
    """
    columns = uow.fact_columns
    span = span_of(asked, now)
    builder = Builder()
    for part in columns.rows(span):
        builder.add(part)
    facts = builder.facts()
    on_hold = {number: list[Hold](map(_hold, those)) for number, those in columns.holds(span)} if holds else {}
    numbers = columns.excluded() if span is None else [int(one) for one in facts.number]
    leave_out_own_holds(uow, facts, on_hold, None if span is None else numbers)
    exclusions = _exclusions(uow, numbers)
    promotions = columns.promotions({one.promotion_id for those in exclusions.values() for one in those})
    return Material(
        facts=facts,
        at=now,
        origin="the store",
        exclusions=exclusions,
        promotions={number: Promoted(*names) for number, names in promotions.items()},
        rules=columns.rules() if asked.by is By.RULE else {},
        holds=on_hold,
        told_reopened=[name for name, fields in fills.items() if "reopen_count" in fields],
        told_reassigned=[name for name, fields in fills.items() if "reassignment_count" in fields],
        name=lambda number: columns.names([number]).get(number, str(number)),
        notes=(STALE,) if columns.is_stale() else (),
        days=stored_days(uow, asked, micros(now)),
    )


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


def _hold(one: tuple[int, int | None, str]) -> Hold:
    begin, end, reason = one
    return begin, end, reason
