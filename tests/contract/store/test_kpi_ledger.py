"""The ledger in the store: rows that are only added, what they add up to, and what becomes of older stores."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, MetaData, Table, insert
from sqlalchemy.exc import DBAPIError
from tests.contract.store.fixtures import NASTY, NOON, HandClock, at, incident, promotion, save

from bridge.kpi.ledger import Head, verify
from bridge.kpi.report_model import Asked
from bridge.model.errors import NotFound
from bridge.model.exclusion import Ending
from bridge.model.incident import State
from bridge.store.database import Database
from bridge.store.engines import connect, parse
from bridge.store.migrate import upgrade
from bridge.store.unit import Unit
from bridge.usecases.ledger.forget import forgotten
from bridge.usecases.operations.from_store import stored_material


def two_exclusions(unit: Unit) -> None:
    """Incidents 1 and 2 in a promotion that boss approved; the first one's exclusion has ended."""
    save(unit, incident(1), incident(2))
    unit.promotions.add(promotion(approved_by="boss"))
    unit.exclusions.start(1, 1, "pause", NOON, NASTY, "v1", expires_at=at(5))
    unit.exclusions.start(2, 1, "remove", at(1), "why", "v1")
    unit.exclusions.end(1, 1, at(3), Ending.DELIVERED, actor="jane")


def test_rows_are_read_back_as_they_were_written(database: Database) -> None:
    with database.transaction() as unit:
        two_exclusions(unit)
        rows = unit.kpi_ledger.rows(0, 99)
        assert verify(rows) == []
        assert [(row.seq, row.kind, row.exclusion, row.incident) for row in rows] == [
            (1, "started", 1, "rt #1"),
            (2, "started", 2, "rt #2"),
            (3, "ended", 1, "rt #1"),
        ]
        assert rows[0].expires_at == at(5)
        assert (rows[0].rule_id, rows[0].rule_version, rows[2].because) == ("router-cpu", "v1", "delivered")
        assert unit.kpi_ledger.rows(2, 99) == rows[2:]
        assert unit.kpi_ledger.newest() == Head(3, rows[2].hash)


def test_a_misspelt_person_is_refused_with_who_may_be_meant(database: Database) -> None:
    with database.transaction() as unit:
        two_exclusions(unit)
        with pytest.raises(NotFound, match=r"“jnae”: is not in the ledger: nothing was erased\. did you mean “jane”"):
            forgotten(unit, {"person": "jnae"}, NOON)
        assert forgotten(unit, {"person": "Jane"}, NOON) == {"erased": 1}


def test_persons_are_random_ids_and_can_be_forgotten(database: Database) -> None:
    with database.transaction() as unit:
        two_exclusions(unit)
        first, _, last = unit.kpi_ledger.rows(0, 99)
        assert unit.kpi_ledger.names() == {first.approver: "boss", last.actor: "jane"}
        assert unit.kpi_ledger.forget("Boss") == 1
        assert unit.kpi_ledger.names() == {last.actor: "jane"}
        assert unit.kpi_ledger.forget("打印机") == 1, "a text in which it stands"
        assert [one.why for one in unit.exclusions.of_incidents([1, 2])[1]] == [""]
        assert verify(unit.kpi_ledger.rows(0, 99)) == []


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE kpi_ledger SET at = 0 WHERE id = 1",
        "DELETE FROM kpi_ledger WHERE id = 3",
        "UPDATE kpi_head SET seq = 1",
        "DELETE FROM kpi_head",
    ],
)
def test_the_database_refuses_to_change_what_is_written(database: Database, statement: str) -> None:
    with database.transaction() as unit:
        two_exclusions(unit)
        unit.kpi_ledger.published(Head(3, "f" * 64, NOON), "wiki")
    with pytest.raises(DBAPIError, match="only ever added"), database.transaction() as unit:
        unit.connection.exec_driver_sql(statement)
    with database.reading() as unit:
        assert len(unit.kpi_ledger.rows(0, 99)) == 3
        assert unit.kpi_ledger.heads() == [Head(3, "f" * 64, NOON)]


def test_the_bridges_own_holds(database: Database) -> None:
    with database.transaction() as unit:
        two_exclusions(unit)
        unit.exclusions.hold(1, 1, at(4))
        unit.exclusions.hold(1, 1, at(5))
        unit.exclusions.hold(2, 1, at(6))
        assert unit.exclusions.held([1, 2]) == {1: 1, 2: 1}
        unit.exclusions.release(1, at(7), Ending.LIFTED)
        unit.exclusions.release(1, at(8), Ending.LIFTED)
        assert unit.exclusions.held([1, 2]) == {2: 1}
        assert unit.exclusions.holds([1, 2]) == {1: ((at(4), at(7)),), 2: ((at(6), None),)}
        assert [row.exclusion for row in unit.kpi_ledger.rows(3, 99)] == [0, 2, 0]


def test_leases_as_the_rows_tell_them(database: Database) -> None:
    with database.transaction() as unit:
        two_exclusions(unit)
        (lease,) = unit.kpi_ledger.leases(1)
        assert (lease.exclusion, lease.expires_at, lease.warned_at, lease.lapsed_at) == (2, None, None, None)
        unit.kpi_ledger.lease_row(lease, "warned", at(4), at(9), {})
        (warned,) = unit.kpi_ledger.leases(1)
        assert (warned.expires_at, warned.warned_at) == (at(9), at(4))
        unit.kpi_ledger.lease_row(lease, "extended", at(6), at(20), {"issue": 7})
        (extended,) = unit.kpi_ledger.leases(1)
        assert (extended.expires_at, extended.warned_at) == (at(20), None)
        unit.exclusions.end(2, 1, at(20), Ending.LAPSED)
        (lapsed,) = unit.kpi_ledger.leases(1)
        assert lapsed.lapsed_at == at(20)


OLD = """
INSERT INTO exclusion (id, incident_id, promotion_id, policy, rule_version, started_at, started_because, ended_at,
  ended_because) VALUES ({id}, 1, 1, 'pause', 'v1', {start}, 'because', {end}, '{why}')
"""


def test_what_was_stored_before_becomes_the_first_rows(empty_url: str, clock: HandClock) -> None:
    """A store of the version before the ledger, with an exclusion that ended and one that runs."""
    upgrade(parse(empty_url), "0015")
    engines = connect(parse(empty_url))
    with engines.writer.begin() as connection:
        for table, values in (("incident", {"id": 1, "source": "rt", "external_id": "7"}), ("promotion", {"id": 1})):
            _fill(connection, table, values)
        noon = round(NOON.timestamp() * 1_000_000)
        connection.exec_driver_sql(OLD.format(id=1, start=noon, end=noon + 60_000_000, why="delivered"))
        connection.exec_driver_sql(OLD.format(id=2, start=noon + 90_000_000, end="NULL", why=""))
    engines.dispose()
    store = Database.open(empty_url, clock)
    store.upgrade()
    with store.transaction() as unit:
        rows = unit.kpi_ledger.rows(0, 9)
        assert verify(rows) == []
        assert [(row.kind, row.incident) for row in rows] == [(k, "rt #7") for k in ("started", "ended", "started")]
        first, second = unit.exclusions.of_incidents([1])[1]
        assert (first.started_at, first.ended_at, first.ended_because, first.why) == (
            NOON,
            NOON + timedelta(minutes=1),
            "delivered",
            "because",
        )
        assert second.ended_at is None
        unit.exclusions.end(1, 1, at(9), Ending.DEMOTED)
        assert verify(unit.kpi_ledger.rows(0, 9)) == []
    store.close()


def _fill(connection: Connection, table: str, values: dict[str, Any]) -> None:
    """A row with something in every column that must have it."""
    there = Table(table, MetaData(), autoload_with=connection)
    row: dict[str, Any] = {}
    for column in there.columns:
        if column.name in values:
            row[column.name] = values[column.name]
        elif not column.nullable and column.server_default is None:
            row[column.name] = column.type.python_type()
    connection.execute(insert(there).values(row))


def test_a_report_counts_no_hold_of_the_bridge(database: Database) -> None:
    """Of two hours on hold each, those that the bridge set are not on hold in the report; the raw time stays."""
    with database.transaction() as unit:
        unit.promotions.add(promotion())
        for number in (1, 2):
            save(unit, incident(number))
            save(unit, incident(number, state=State.ON_HOLD, updated_at=at(60)))
            if number == 1:
                unit.exclusions.hold(1, 1, at(60) + timedelta(seconds=1))
            save(unit, incident(number, state=State.RESOLVED, updated_at=at(180), resolved_at=at(180)))
        unit.exclusions.release(1, at(180), "over")
    with database.reading() as unit:
        for asked in (Asked(), Asked(since=NOON - timedelta(days=1), until=NOON + timedelta(days=1))):
            material = stored_material(unit, asked, {}, at(999))
            told = {
                int(number): int(hold) for number, hold in zip(material.facts.number, material.facts.hold, strict=True)
            }
            assert told == {1: 0, 2: 2 * 3_600_000_000}
            assert [row[0] for row in material.holds.rows()] == [2]
