"""The column lists used for speed are those of the tables."""

from __future__ import annotations

from dataclasses import fields

from bridge.model.incident import Incident
from bridge.store import rows, tables


def test_an_incidents_row_has_every_field_in_the_order_of_the_class_and_of_the_table() -> None:
    assert ("id", *rows.INCIDENT) == tuple(tables.incident.columns.keys())
    assert {*rows.INCIDENT} == {field.name for field in fields(Incident)} | {"is_open"}


def test_events_and_facts_have_every_column() -> None:
    assert ("id", "incident_id", *rows.EVENT) == tuple(tables.timeline.columns.keys())
    assert ("incident_id", *rows.FACT) == tuple(tables.incident_fact.columns.keys())
