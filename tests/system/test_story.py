"""The main job, end to end: five tickets about one router, a project, and the result handed back to operations."""

from __future__ import annotations

import html
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from bridge.model.promotion import PromotionState
from bridge.sandbox import Sandbox
from bridge.usecases.measure import measure
from tests.servers.redmine import RedmineServer
from tests.servers.rt import RtServer
from tests.system.office import Office
from tests.system.stage import Stage, opened, real_bridge, sandbox_bridge

SUMMARY = "Router core-1 CPU above 95 %"


@pytest.fixture
def real_stage(fresh_redmine: RedmineServer, fresh_rt: RtServer, tmp_path: Path) -> Stage:
    """A bridge between the real RT and the real Redmine."""
    return real_bridge(fresh_redmine, fresh_rt, tmp_path)


@pytest.fixture
def sandbox_stage(tmp_path: Path) -> Iterator[Stage]:
    """A bridge between the sandbox's two servers."""
    with Sandbox(clock_start=datetime(2026, 11, 2, 8, 0, tzinfo=UTC)) as sandbox:
        yield sandbox_bridge(sandbox, tmp_path)


def recurrence(stage: Stage) -> tuple[list[str], list[str]]:
    """Five tickets about one router, two of them already resolved: (resolved, open)."""
    incidents = [stage.desk.open(SUMMARY, key="core-1") for _ in range(5)]
    stage.desk.open("Mailbox full", key="mail-1")
    for incident in incidents[:2]:
        stage.desk.resolve(incident)
    return incidents[:2], incidents[2:]


@pytest.fixture(params=["sandbox", "sandbox-postgres", "real"])
def stage(request: pytest.FixtureRequest) -> Stage:
    """The same story on real servers and on the sandbox, with SQLite and with PostgreSQL."""
    servers, _, store = request.param.partition("-")
    found: Stage = request.getfixturevalue(f"{servers}_stage")
    settings: dict[str, Any] = {"store": {"url": request.getfixturevalue("postgres_url")}} if store else {}
    if servers == "sandbox":
        settings["clock"] = f"{found.office.url}/_control/clock"
    found.write(**settings)
    return found


def promoted(stage: Stage) -> tuple[int, list[str], list[str]]:
    """The project after the recurrence was found: (project id, resolved incidents, open incidents)."""
    stage.once()
    stage.pause()
    resolved, waiting = recurrence(stage)
    stage.once()
    projects = stage.office.projects()
    assert len(projects) == 1
    return projects[0]["id"], resolved, waiting


def test_the_story(stage: Stage) -> None:
    """Promotion, sync both ways, a sixth ticket, delivery, KPIs; and no write where none is due."""
    desk, office = stage.desk, stage.office
    project, resolved, waiting = promoted(stage)

    found = office.as_user("admin").ok("GET", f"/projects/{project}.json")["project"]
    assert found["is_public"] is False
    assert found["parent"]["name"] == "Operations"
    issues = office.issues(project)
    root = issues[0]
    evidence = html.unescape(root["description"])
    assert all(f"{desk.source} #{incident}" in evidence for incident in resolved + waiting)
    assert root["assigned_to"]["id"] == office.ids["jane"]
    own = {incident: office.own_issue(project, f"{desk.source} #{incident}") for incident in waiting}
    for issue in own.values():
        assert "parent" not in issue
        assert {r["issue_id"] for r in issue["relations"]} | {r["issue_to_id"] for r in issue["relations"]} == {
            root["id"],
            issue["id"],
        }
        assert {r["relation_type"] for r in issue["relations"]} == {"relates"}
    tasks = [i for i in issues if i["id"] != root["id"] and i["id"] not in {o["id"] for o in own.values()}]
    assert len(tasks) >= 3
    assert all(t.get("parent") and t["start_date"] and t["due_date"] for t in tasks)
    assert any(r["relation_type"] == "precedes" for t in tasks for r in t["relations"])
    assert {"jane", "ben", "mia", "li"} <= office.members(project)
    assert "Evidence" in {p["title"] for p in _pages(office, project)}

    for incident in waiting:
        (text, private), *others = desk.notes(incident)[-1:]
        assert private
        assert not others
        assert f"/projects/{found['identifier']}" in text
        assert f"{office.url}/issues/{own[incident]['id']}" in desk.links(incident)
        assert desk.handler(incident) == ""
    for incident in resolved:
        assert desk.written_by_bridge(incident) == 0

    assert_quiet(stage, waiting, project)

    first, second, _ = waiting
    stage.pause()
    desk.take(first, as_="alice")
    desk.work_note(first, "checked the line cards, 没有问题", as_="alice")
    desk.answer(first, "we are working on it", as_="alice")
    office.note(own[second]["id"], "vendor case 4711 is open", as_="mia", private=True)
    office.change(own[second]["id"], as_="mia", assigned_to="mia", status="In Progress")
    stage.once()
    issue = office.issue(own[first]["id"])
    assert issue["assigned_to"]["id"] == office.ids["ben"]
    assert issue["status"]["name"] == "In Progress"
    texts = office.notes(own[first]["id"])
    assert [p for t, p in texts if "没有问题" in t] == [True]
    assert [p for t, p in texts if "we are working on it" in t] == [False]
    assert desk.handler(second) == "bob"
    assert [p for t, p in desk.notes(second) if "vendor case 4711" in t] == [True]
    assert_quiet(stage, waiting, project)

    stage.pause()
    sixth = desk.open(SUMMARY, key="core-1")
    stage.once()
    assert len(office.projects()) == 1
    joined = office.own_issue(project, f"{desk.source} #{sixth}")
    assert [p for _, p in desk.notes(sixth)][-1:] == [True]
    assert f"{office.url}/issues/{joined['id']}" in desk.links(sixth)
    assert f"{desk.source} #{sixth}" in html.unescape(office.page(project, "Evidence"))

    stage.pause()
    # A parent can only be closed when its tasks are: Redmine ignores it otherwise.
    for task in reversed(tasks):
        office.change(task["id"], as_="admin", status="Closed")
    office.change(root["id"], as_="admin", status="Rejected")
    stage.once()
    assert all(desk.state(i) != desk.resolved for i in [*waiting, sixth])
    assert any("Rejected" in text for text, _ in office.notes(root["id"]))
    assert_quiet(stage, waiting, project)

    stage.pause()
    office.change(root["id"], as_="admin", status="Closed")
    assert office.issue(root["id"])["status"]["name"] == "Closed"
    stage.once()
    assert all(desk.state(i) == desk.resolved for i in [*waiting, sixth])
    assert all(desk.written_by_bridge(i) == 0 for i in resolved)
    stage.once()
    for incident in [*waiting, sixth]:
        assert office.own_issue(project, f"{desk.source} #{incident}")["status"]["name"] == "Closed"
    assert_quiet(stage, [*waiting, sixth], project)
    with opened(stage) as bridge, bridge.database.reading() as uow:
        (promotion,) = uow.promotions.in_states()
        assert promotion.state is PromotionState.DELIVERED
        times = measure(uow)
    assert times.resolved == 6
    assert times.excluded_hours > 0
    assert times.raw_hours is not None
    assert times.adjusted_hours is not None
    assert times.adjusted_hours < times.raw_hours


def _pages(office: Office, project: int) -> list[dict[str, str]]:
    return list(office.as_user("admin").ok("GET", f"/projects/{project}/wiki/index.json")["wiki_pages"])


def assert_quiet(stage: Stage, incidents: list[str], project: int) -> None:
    """A second `once` right after writes nothing on either side."""

    def state() -> object:
        numbers = [issue["id"] for issue in stage.office.issues(project)]
        return (
            [stage.desk.written_by_bridge(i) for i in incidents],
            [stage.office.changes_by("itsm-sync", n) for n in numbers],
            [(i["id"], i["updated_on"]) for i in stage.office.issues(project)],
        )

    before = state()
    writes = stage.writes()
    stage.once()
    assert state() == before
    assert stage.writes() == writes
