"""Facts for reports: in columns, by index, with sums per day in step, and equal to the timelines after everything."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import product

import pytest
from sqlalchemy import text
from tests.contract.store.fixtures import at, incident, save

from bridge.kpi.columns import COLUMNS, NONE, Builder
from bridge.kpi.operations import operations
from bridge.kpi.population import micros
from bridge.kpi.report_model import Asked, Basis, By, Month
from bridge.model.incident import State
from bridge.repositories.operations import FactSpan
from bridge.store.database import Database
from bridge.usecases.operations.from_store import span_of, stored_material
from bridge.usecases.operations.rebuild import rebuilt

DAY = timedelta(days=1)
NOW = datetime(2026, 6, 10, 12, tzinfo=UTC)


def fill(database: Database, days: int = 40) -> None:
    """Two incidents a day for some days, one resolved after an hour, one left open until two days later."""
    start = datetime(2026, 5, 1, 8, tzinfo=UTC)
    with database.transaction() as unit:
        for day in range(days):
            opened = start + day * DAY
            quick = replace(incident(2 * day + 1), opened_at=opened, updated_at=opened, team="noc")
            slow = replace(incident(2 * day + 2), opened_at=opened, updated_at=opened, team="desk")
            save(unit, quick, slow)
            for one, after, team in ((quick, timedelta(hours=1), "noc"), (slow, 2 * DAY, "noc")):
                end = opened + after
                done = replace(one, state=State.RESOLVED, resolved_at=end, updated_at=end, team=team)
                save(unit, done)


def test_a_row_has_every_column_and_nothing_is_none(database: Database) -> None:
    with database.transaction() as unit:
        save(unit, replace(incident(1), team="noc", response_breached=True))
    with database.reading() as uow:
        ((row,),) = list(uow.fact_columns.rows(None, COLUMNS))
    told = dict(zip(COLUMNS, row, strict=True))
    assert told["opened"] == micros(at(0))
    assert (told["reported"], told["left"], told["priority"]) == (NONE, NONE, 0)
    assert (told["team"], told["first_team"], told["told_response"], told["told_resolution"]) == ("noc", "noc", 1, -1)


def test_a_report_reads_every_column_that_it_looks_at(database: Database) -> None:
    """The same figures from all the columns: one that was wrongly left unread is empty, and changes them."""
    fill(database, 12)
    opened = datetime(2026, 5, 2, 8, tzinfo=UTC)
    late = replace(incident(99), opened_at=opened, updated_at=opened, team="noc", service="mail", person="ann")
    held = replace(late, state=State.ON_HOLD, hold_reason="vendor", updated_at=opened + timedelta(hours=1))
    ended = {"resolved_at": opened + timedelta(hours=5), "updated_at": opened + timedelta(hours=9)}
    ended |= {"response_breached": True, "resolution_breached": False, "priority": 2}
    called_off = replace(incident(98), opened_at=opened, state=State.CANCELLED, updated_at=opened, priority=4)
    done = replace(late, state=State.RESOLVED, reopen_count=2, reassignment_count=3, **ended)
    with database.transaction() as unit:
        for one in (late, held, done, called_off):
            save(unit, one)
    groups = (None, By.TEAM, By.SERVICE, By.PRIORITY, By.PERSON)
    with database.reading() as uow:
        everything = Builder()
        for part in uow.fact_columns.rows(None, COLUMNS):
            everything.add(part)
        facts = everything.facts()
        for basis, month, by, counted in product(Basis, Month, groups, ("", "reopen_count", "reassignment_count")):
            asked = Asked(basis=basis, month=month, by=by)
            material = stored_material(uow, asked, {"desk": [counted]}, NOW)
            made = operations(material, asked, (), NOW)
            assert made.resolution.count
            assert made == operations(replace(material, facts=facts), asked, (), NOW)


def test_a_daily_report_reads_the_rows_of_its_day_and_the_backlog(database: Database) -> None:
    """Not the history: rows are counted, and no step of the plan reads the whole table."""
    fill(database)
    day = datetime(2026, 5, 20, tzinfo=UTC)
    for asked in (
        Asked(month=Month.OPENED, since=day, until=day + DAY),
        Asked(basis=Basis.TIMELINE, since=day, until=day + DAY),
        Asked(since=day, until=day + DAY),
    ):
        with database.reading() as uow:
            span = span_of(asked, NOW)
            read = sum(len(part) for part in uow.fact_columns.rows(span, COLUMNS))
            days = uow.fact_columns.days(20_592, 20_593)
            made = operations(stored_material(uow, asked, {}, NOW), asked, (), NOW)
        # the day's two, what was open when it ended, and what has been resolved since and was open then
        assert 2 <= read <= 6
        assert made.incidents == 2
        assert len(days) == 1
        assert made.days[-1].day.isoformat() == "2026-05-20"
        assert made.days[-1].backlog == made.backlog.open == 2


def test_the_backlog_of_a_month_counts_what_came_before_the_span_and_went_within_it(database: Database) -> None:
    fill(database)
    with database.reading() as uow:
        months = []
        for since in (None, datetime(2026, 5, 31, tzinfo=UTC)):
            asked = Asked(month=Month.OPENED, since=since)
            made = operations(stored_material(uow, asked, {}, NOW), asked, (), NOW)
            months.append([(one.name, one.open) for one in made.months])
    assert months == [[("2026-05", 2), ("2026-06", 1)]] * 2


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)  # PostgreSQL's plan depends on its statistics
def test_the_rows_of_a_span_are_found_by_index(database: Database) -> None:
    fill(database, 3)
    seen: list[str] = []
    with database.reading() as uow:
        uow.connection.connection.set_trace_callback(seen.append)
        list(uow.fact_columns.rows(FactSpan("opened_at", 0, 1, 1), COLUMNS))
        uow.connection.connection.set_trace_callback(None)
        (query,) = seen
        plan = [str(row[3]) for row in uow.connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {query}")]
    assert not [step for step in plan if step.startswith("SCAN incident_fact")], plan


def test_sums_per_day_are_those_of_the_facts_and_a_rebuild_finds_nothing(database: Database) -> None:
    fill(database, 10)
    assert rebuilt(database, mend=False) == {"incidents": 20, "wrong": 0, "days": 0}


def test_a_rebuild_finds_and_mends_what_differs(database: Database) -> None:
    fill(database, 4)
    with database.transaction() as unit:
        unit.connection.execute(
            text("UPDATE incident_fact SET reopened = 7, resolved_timeline = NULL WHERE incident_id = 3")
        )
        unit.connection.execute(text("DELETE FROM incident_fact WHERE incident_id = 5"))
        unit.connection.execute(text("UPDATE fact_day SET opened = opened + 1"))
        unit.connection.execute(text("INSERT INTO meta (name, value) VALUES ('facts', 'stale')"))
    with database.reading() as uow:
        assert uow.fact_columns.is_stale()
    assert rebuilt(database, mend=False)["wrong"] == 2
    found = rebuilt(database, mend=True)
    assert (found["incidents"], found["wrong"]) == (8, 2)
    assert found["days"] > 0
    assert rebuilt(database, mend=False) == {"incidents": 8, "wrong": 0, "days": 0}
    with database.reading() as uow:
        assert not uow.fact_columns.is_stale()


@pytest.mark.parametrize("seed", range(3))
def test_whatever_is_told_facts_and_sums_stay_equal_to_the_timelines(database: Database, seed: int) -> None:
    chance = random.Random(seed)
    for minute in range(0, 12_000, 60):
        state = chance.choice(list(State))
        told = incident(
            chance.randrange(1, 9),
            updated_at=at(minute),
            state=state,
            team=chance.choice(["", "noc", "desk"]),
            hold_reason=chance.choice(["", "vendor"]) if state is State.ON_HOLD else "",
            resolved_at=at(minute - chance.randrange(60)) if state is State.RESOLVED else None,
        )
        with database.transaction() as unit:
            save(unit, told)
    assert rebuilt(database, mend=False) == {"incidents": 8, "wrong": 0, "days": 0}
