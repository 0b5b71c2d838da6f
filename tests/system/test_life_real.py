"""The life of a promotion on a real Redmine, told in one go: owner, team, tasks, closed by hand, merge, demote."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from bridge.model.promotion import PromotionState
from bridge.sandbox import Sandbox
from tests.servers.redmine import RedmineServer
from tests.system.desks import SandboxDesk
from tests.system.stage import Stage, opened, real_office
from tests.system.test_life import TEAMS, audited, notes, of_desktop, perform, promotions, status
from tests.system.test_story import SUMMARY, promoted


def rounds(stage: Stage, number: int = 1) -> None:
    """Some rounds, each in a later second of the real Redmine."""
    for _ in range(number):
        stage.pause()
        stage.once()


def dead(stage: Stage) -> list[Any]:
    """What could not be delivered."""
    with opened(stage) as bridge:
        return list(bridge.engine().dead())


def test_a_life_in_redmine(fresh_redmine: RedmineServer, tmp_path: Path) -> None:
    """Nothing is lost, nothing is written against people, and everything that they do is followed."""
    with Sandbox() as sandbox:
        stage = Stage(tmp_path, SandboxDesk(sandbox), real_office(fresh_redmine))
        stage.write_small()
        written = yaml.safe_load((tmp_path / "directory.yaml").read_text(encoding="utf-8"))
        (tmp_path / "directory.yaml").write_text(yaml.safe_dump(written | {"teams": TEAMS}), encoding="utf-8")
        project, _, waiting = promoted(stage)
        _people_change_things(stage, project)
        _the_owner_changes(stage, project)
        _closed_and_reopened(stage, project, waiting[0])
        others = _another_joins(stage, project)
        _undone(stage, project, [*waiting, *others])
        assert {stage.desk.state(one) for one in others} == {"new"}
        assert dead(stage) == []


def _people_change_things(stage: Stage, project: int) -> None:
    """Another team joins; people add and remove tasks; ben reassigns the root, which is not his."""
    office = stage.office
    of_desktop(stage)
    root = office.root(project)
    task = [i for i in office.issues(project) if i.get("parent") and i["subject"][0].isdigit()][-1]
    office.as_user("admin").ok("DELETE", f"/issues/{task['id']}.json")
    fields = {"project_id": project, "subject": "Ask the vendor", "tracker_id": root["tracker"]["id"]}
    number = office.as_user("jane").ok("POST", "/issues.json", {"issue": fields})["issue"]["id"]
    office.change(root["id"], as_="ben", assigned_to="ben")
    rounds(stage)
    assert {"li", "mia"} <= office.members(project)
    assert any("Desktop joined" in text for text in notes(stage, project))
    (found,) = promotions(stage)
    assert found.owner == "jane"
    assert "its root issue is assigned to" in found.attention
    with opened(stage) as bridge, bridge.database.reading() as uow:
        added = uow.promotions.task_of_issue(number)
    assert added is not None
    assert added.subject == "Ask the vendor"
    assert task["subject"] not in [i["subject"] for i in office.issues(project)]


def _the_owner_changes(stage: Stage, project: int) -> None:
    """jane, who may, gives it to mia in Redmine; erin gives it back by command."""
    stage.pause()
    stage.office.change(stage.office.root(project)["id"], as_="jane", assigned_to="mia")
    rounds(stage)
    assert promotions(stage)[0].owner == "mia"
    perform(stage, "owner", promotion=1, new="jane", reason="mia is away")
    rounds(stage)
    assert stage.office.root(project)["assigned_to"]["id"] == stage.office.ids["jane"]
    changes = [(one["from"], one["to"]) for one in audited(stage, "owner changed")]
    assert changes == [("jane", "mia"), ("mia", "jane")]


def _closed_and_reopened(stage: Stage, project: int, incident: str) -> None:
    """Closed by hand: one attention, no dead letter; reopened, and it goes on."""
    admin = stage.office.as_user("admin")
    admin.ok("PUT", f"/projects/{project}/close.json")
    stage.desk.take(incident, as_="alice")
    rounds(stage)
    assert promotions(stage)[0].attention.count("its project in Redmine is closed") == 1
    assert dead(stage) == []
    admin.ok("PUT", f"/projects/{project}/reopen.json")
    with opened(stage) as bridge, bridge.database.transaction() as uow:
        uow.connection.exec_driver_sql("UPDATE effect SET run_at = 0 WHERE state = 'ready'")
    rounds(stage)
    assert "its project in Redmine" not in promotions(stage)[0].attention
    assert stage.office.own_issue(project, f"itsm #{incident}")["status"]["name"] == "In Progress"


def _another_joins(stage: Stage, project: int) -> list[str]:
    """A second project goes into the first one."""
    others = [stage.desk.open(SUMMARY, key="core-2") for _ in range(5)]
    rounds(stage)
    first, second = promotions(stage)
    perform(stage, "merge", promotion=second.id, into=first.id, reason="one power supply")
    rounds(stage)
    assert all(stage.office.own_issue(project, f"itsm #{one}") for one in others)
    assert second.project_id is not None
    assert status(stage, second.project_id) == 5
    return others


def _undone(stage: Stage, project: int, incidents: list[str]) -> None:
    """The first one is undone."""
    perform(stage, "demote", promotion=1, reason="no common cause")
    rounds(stage)
    assert status(stage, project) == 5
    assert any("took this project back" in text for text in notes(stage, project))
    assert [one.state for one in promotions(stage)] == [PromotionState.DEMOTED, PromotionState.MERGED]
    assert all("no common cause" in stage.desk.notes(one)[-1][0] for one in incidents)
