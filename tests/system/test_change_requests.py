"""Requests for change of a plan's gate: opened in the incident system, decided there, and waited for."""

from __future__ import annotations

import copy
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from bridge.configuration import load_with_warnings
from bridge.sandbox.itsm.model import Rfc
from tests.servers.common import Caller
from tests.system import child
from tests.system.desks import SandboxDesk
from tests.system.gated import OPENED, again, dead, stage_on, task, write
from tests.system.stage import Stage
from tests.system.test_story import promoted

START = datetime(2026, 11, 2, 8, 0, tzinfo=UTC)
TITLE = "Request the change"


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    """A bridge whose incident system can open requests for change."""
    with stage_on(None, tmp_path, clock_start=START) as made:
        write(made, template=OPENED)
        yield made


def desk(stage: Stage) -> SandboxDesk:
    """The sandbox's desk."""
    assert isinstance(stage.desk, SandboxDesk)
    return stage.desk


def rfcs(stage: Stage) -> list[Rfc]:
    """What was requested, oldest first."""
    return list(desk(stage).sandbox.itsm.app.state.rfcs.values())


def decide(stage: Stage, number: str, state: str) -> None:
    """Anna decides."""
    itsm = desk(stage).sandbox.itsm
    caller = Caller(itsm.url, {"Authorization": f"Bearer {itsm.token('anna')}"})
    assert caller.ok("PATCH", f"/api/rfcs/{number}", {"state": state})["ok"]


def close(stage: Stage, number: int) -> str:
    """Jane closes the gate, and the bridge looks; its status then."""
    stage.pause()
    stage.office.change(number, as_="jane", status="Closed")
    again(stage)
    return str(stage.office.issue(number)["status"]["name"])


def notes(stage: Stage, number: int) -> list[str]:
    """All notes on an issue."""
    return [text for text, _ in stage.office.notes(number)]


def test_the_change_is_requested_and_waited_for(stage: Stage) -> None:
    """Opened once, about the open incidents, internally; told on the task; closed in vain until it is approved."""
    project, _, waiting = promoted(stage)
    (rfc,) = rfcs(stage)
    gate = task(stage, project, TITLE)
    assert rfc.title.endswith(TITLE)
    assert rfc.incidents == sorted(map(int, waiting))
    assert rfc.visibility == "internal"
    assert f"/issues/{gate['id']}" in rfc.text
    assert "A request for change is opened for it" in gate["description"]
    again(stage)
    (told,) = notes(stage, gate["id"])
    assert rfc.number in told
    assert f"/rfcs/{rfc.number}" in told
    assert close(stage, gate["id"]) != "Closed"
    assert f"The approval of the request for change {rfc.number}" in notes(stage, gate["id"])[-1]
    stage.office.note(gate["id"], "never mind: CHG4711")
    assert close(stage, gate["id"]) != "Closed", "another system's number is no way around it"
    decide(stage, rfc.number, "approved")
    assert close(stage, gate["id"]) == "Closed"
    rollout = int(task(stage, project, "Roll out")["id"])
    stage.office.change(rollout, status="Closed")
    assert stage.office.issue(rollout)["status"]["name"] == "Closed"
    assert len(rfcs(stage)) == 1
    assert dead(stage) == []


def test_a_rejected_one_is_replaced_by_another(stage: Stage) -> None:
    """People open the next one themselves and name it on the task: it is looked up too."""
    project, _, _ = promoted(stage)
    (rfc,) = rfcs(stage)
    gate = int(task(stage, project, TITLE)["id"])
    decide(stage, rfc.number, "rejected")
    assert close(stage, gate) != "Closed"
    assert f"{rfc.number} was rejected" in notes(stage, gate)[-1]
    itsm = desk(stage).sandbox.itsm
    caller = Caller(itsm.url, {"Authorization": f"Bearer {itsm.token('bob')}"})
    second = caller.ok("POST", "/api/rfcs", {"title": "Flash, in the night"})["rfc"]["number"]
    stage.office.note(gate, f"now it is {second}")
    assert close(stage, gate) != "Closed"
    assert f"The approval of the request for change {second}" in notes(stage, gate)[-1]
    decide(stage, second, "approved")
    assert close(stage, gate) == "Closed"


def test_a_desk_that_is_down_delays_only_the_look(stage: Stage) -> None:
    """The project goes on, and the gate is decided when the incident system answers again."""
    project, _, _ = promoted(stage)
    (rfc,) = rfcs(stage)
    gate = int(task(stage, project, TITLE)["id"])
    decide(stage, rfc.number, "approved")
    sandbox = desk(stage).sandbox
    sandbox.fault("status", app="itsm", method="GET", path="/rfcs", code=503)
    assert close(stage, gate) == "Closed", "nobody said that something is missing"
    for _ in range(5):
        again(stage)
    assert len(notes(stage, gate)) == 1
    assert dead(stage) == []


def test_where_nobody_can_open_one_its_number_is_asked_for(stage: Stage) -> None:
    """As it always was; a template that insists is refused by check, at the rule."""
    path = stage.folder / "bridge.yaml"
    settings: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    del settings["sources"][0]["writes"]["change"]
    path.write_text(yaml.safe_dump(settings, allow_unicode=True), encoding="utf-8")
    project, _, _ = promoted(stage)
    assert rfcs(stage) == []
    gate = task(stage, project, TITLE)
    assert "Open a change request" in gate["description"]
    assert close(stage, gate["id"]) != "Closed"
    stage.office.note(gate["id"], "approved: CHG0031")
    assert close(stage, gate["id"]) == "Closed"
    insisting = OPENED.replace("number: CHG", "number: CHG, open: true")
    (stage.folder / "templates" / "wbs" / "gated.yaml").write_text(insisting, encoding="utf-8")
    _, problems = load_with_warnings(path)
    (problem,) = [one for one in problems if one.severity == "error"]
    assert problem.what == "a gate of the template gated has `open: true`: itsm cannot open a change request"


def test_it_is_opened_once_wherever_the_bridge_dies(tmp_path: Path) -> None:
    """Killed before and after it is opened and told: one request, one note."""
    with stage_on(None, tmp_path, clock_start=START) as stage:
        write(stage, template=OPENED)
        prefix, store, kept = "change.", tmp_path / "bridge.sqlite3", tmp_path / "kept"
        stage.once()
        stage.pause()
        for _ in range(5):
            stage.desk.open("Router CPU high", key="core-1")
        stage.pause()
        sandbox = desk(stage).sandbox
        before = copy.deepcopy((sandbox.redmine.app.state, sandbox.itsm.app.state))
        shutil.copy(store, kept)
        deaths = 0
        while True:
            sandbox.redmine.app.state, sandbox.itsm.app.state = copy.deepcopy(before)
            for path in tmp_path.glob("bridge.sqlite3*"):
                path.unlink()
            shutil.copy(kept, store)
            lived = child.once(tmp_path / "bridge.yaml", child.AtBoundary(deaths + 1, prefix=prefix))
            assert lived or child.once(tmp_path / "bridge.yaml")
            (rfc,) = rfcs(stage)
            (issue,) = [one for one in sandbox.redmine.app.state.issues.values() if one.subject.endswith(TITLE)]
            assert [rfc.number in text for text in notes(stage, issue.id)] == [True]
            if lived:
                break
            deaths += 1
        assert deaths == 4
