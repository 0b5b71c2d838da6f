"""Facts and sums per day, made anew from incidents and timelines and compared with what is stored."""

from __future__ import annotations

from sqlalchemy import Connection

from bridge.repositories.operations import Compared
from bridge.store import rows, tables
from bridge.store.days import SUMS, Days, add_days, count, write_days
from bridge.store.sql import Row, execute, execute_many, fetch, fetch_parts, listed, select_text, upsert_text

_INCIDENTS = select_text(("id", *rows.INCIDENT), "FROM incident WHERE id > ? ORDER BY id LIMIT ?")
_TIMELINES = select_text(("incident_id", *rows.EVENT), "FROM timeline WHERE incident_id @among ORDER BY id")
_FACTS = select_text(("incident_id", *rows.FACT), "FROM incident_fact WHERE incident_id @among")
_ALL_FACTS = select_text(rows.FACT, "FROM incident_fact")
_ALL_DAYS = select_text(("day", "source", *SUMS), "FROM fact_day")
_SAVE = upsert_text(tables.incident_fact, ("incident_id", *rows.FACT))
_FRESH = "DELETE FROM meta WHERE name = 'facts'"
_NO_DAYS = "DELETE FROM fact_day"
_VERDICTS = tuple(rows.FACT.index(name) for name in ("response_breached", "resolution_breached"))
PART = 20_000


def compare_facts(connection: Connection, after_id: int, limit: int, *, mend: bool) -> Compared:
    """The facts of some incidents against their timelines; with `mend` those that differ are written."""
    incidents = fetch(connection, _INCIDENTS, after_id, limit)
    if not incidents:
        return Compared(after_id, 0, ())
    numbers = listed(connection, [row[0] for row in incidents])
    timelines: dict[int, list[Row]] = {}
    for row in fetch(connection, _TIMELINES, numbers):
        timelines.setdefault(row[0], []).append(row[1:])
    stored = {row[0]: row for row in fetch(connection, _FACTS, numbers)}
    made = [(row[0], *rows.fact_row(row[1:], timelines.get(row[0], ()))) for row in incidents]
    wrong = [row for row in made if row[0] not in stored or _plain(stored[row[0]]) != _plain(row)]
    if mend and wrong:
        execute_many(connection, _SAVE, wrong)
        before = [stored[row[0]][1:] for row in wrong if row[0] in stored]
        add_days(connection, (row[1:] for row in wrong), before)
    return Compared(incidents[-1][0], len(incidents), tuple(row[0] for row in wrong))


def _plain(row: Row) -> Row:
    """The row with booleans as every engine has them."""
    values = list(row)
    for index in _VERDICTS:
        value = values[index + 1]
        values[index + 1] = None if value is None else bool(value)
    return tuple(values)


def compare_days(connection: Connection, *, mend: bool) -> int:
    """How many rows of the sums per day differ from what the facts sum up to; with `mend` they are made anew."""
    days: Days = {}
    for part in fetch_parts(connection, _ALL_FACTS, PART):
        count(days, part)
    right = {key: tuple(sums) for key, sums in days.items() if any(sums)}
    there = {(row[0], row[1]): tuple(row[2:]) for row in fetch(connection, _ALL_DAYS) if any(row[2:])}
    wrong = sum(right.get(key) != there.get(key) for key in right.keys() | there.keys())
    if mend:
        if wrong:
            execute(connection, _NO_DAYS)
            write_days(connection, days)
        execute(connection, _FRESH)
    return wrong
