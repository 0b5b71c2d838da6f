"""What telling people keeps: lines of digests, escalations, tasks as last read. The same on both engines."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest
from tests.contract.store.fixtures import NOON, incident, save

from bridge.model.errors import NotFound
from bridge.model.escalation import Escalation
from bridge.model.incident import State
from bridge.model.project_task import ProjectTask


def test_a_line_of_a_digest_is_kept_once_for_ever(database):
    with database.transaction() as uow:
        assert uow.notices.add("monday", "notice:1", {"name": "VPN", "about": {"days": 3}}, NOON)
        assert not uow.notices.add("monday", "notice:1", {"name": "again"}, NOON)
        assert not uow.notices.add("tuesday", "notice:1", {"name": "again"}, NOON)
        assert uow.notices.add("monday", "notice:2", {"name": "主题"}, NOON)
    with database.transaction() as uow:
        (first, one), (_, two) = uow.notices.waiting("monday")
        assert (one["name"], one["about"]["days"], two["name"]) == ("VPN", 3, "主题")
        uow.notices.told([first], NOON)
    with database.transaction() as uow:
        assert [line["name"] for _, line in uow.notices.waiting("monday")] == ["主题"]
        assert uow.notices.waiting("tuesday") == []
        assert not uow.notices.add("wednesday", "notice:1", {"name": "again"}, NOON)


def test_an_escalation_is_kept_and_changed(database):
    with database.transaction() as uow:
        number = save(uow, incident(7))[0].id
        made = uow.escalations.save(Escalation(0, number, "resolution", 1, 2, NOON, told=("ann", "lea")))
        assert uow.escalations.of(number, "resolution") == made
        assert uow.escalations.of(number, "response") is None
        assert uow.escalations.running() == [made]
    with database.transaction() as uow:
        ended = replace(made, ended_at=NOON, acknowledged_at=NOON, acknowledged_by="lea", snoozed_until=NOON)
        assert uow.escalations.save(ended) == ended
        assert uow.escalations.running() == []
        assert uow.escalations.get(made.id) == ended
        with pytest.raises(NotFound):
            uow.escalations.get(99)


def test_open_incidents_come_in_parts(database):
    with database.transaction() as uow:
        closed = incident(3, state=State.CLOSED)
        ids = [one.id for one in save(uow, incident(1), incident(2), closed, incident(4))]
    with database.reading() as uow:
        assert uow.escalations.open_incidents(0, 2) == [ids[0], ids[1]]
        assert uow.escalations.open_incidents(ids[1], 2) == [ids[3]]


def test_a_snapshot_of_tasks_replaces_the_one_before(database):
    task = ProjectTask(
        12, 70, "VPN", "New", closed=False, due=date(2026, 5, 8), estimate=7.5, updated_at=NOON, after=(3,)
    )
    with database.transaction() as uow:
        assert uow.workload.tasks(70) == ([], None)
        uow.workload.save(70, [replace(task, subject="older")], NOON)
        uow.workload.save(70, [task], NOON + timedelta(hours=1))
    with database.reading() as uow:
        assert uow.workload.tasks(70) == ([task], NOON + timedelta(hours=1))


def test_hours_of_incidents_by_team(database):
    def done(number: int, hours: float, days: int, team: str = "Network"):
        resolved = NOON - timedelta(days=days)
        return incident(number, state=State.RESOLVED, resolved_at=resolved, effort=hours, team=team)

    with database.transaction() as uow:
        save(uow, done(1, 2.5, 1), done(2, 4.0, 27), done(3, 8.0, 29), done(4, 1.0, 2, "Mail"), done(5, 0.0, 2, "Idle"))
        save(uow, incident(6, effort=5.0))
    with database.reading() as uow:
        found = uow.workload.incident_hours(NOON - timedelta(days=28), NOON)
    assert found == {("rt", "Network"): 6.5, ("rt", "Mail"): 1.0}
