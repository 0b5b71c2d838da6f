"""Gates of a project, closed by the right and the wrong people, with and without what they stand for."""

from __future__ import annotations

import copy
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bridge.model.promotion import PromotionState
from tests.servers.common import INSTALL_SECONDS
from tests.system import child
from tests.system.desks import SandboxDesk
from tests.system.gated import TEMPLATE, again, dead, promotion, stage_on, task, write
from tests.system.stage import Stage
from tests.system.test_story import promoted


@pytest.fixture(
    params=["sandbox", pytest.param("real", marks=[pytest.mark.real, pytest.mark.timeout(INSTALL_SECONDS)])]
)
def stage(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Stage]:
    """A bridge that opens projects with gates."""
    server = request.getfixturevalue("fresh_redmine") if request.param == "real" else None
    with stage_on(server, tmp_path, clock_start=datetime(2026, 11, 2, 8, 0, tzinfo=UTC)) as made:
        write(made, delivered_statuses=["Resolved", "Closed"])
        yield made


def close(stage: Stage, project: int, title: str, *, as_: str = "jane", **fields: str) -> int:
    """Somebody closes a task, and the bridge looks; the issue's id."""
    number = int(task(stage, project, title)["id"])
    stage.pause()
    stage.office.change(number, as_=as_, status="Closed", **fields)
    again(stage)
    return number


def status(stage: Stage, number: int) -> str:
    """The status of an issue."""
    return str(stage.office.issue(number)["status"]["name"])


def fill(stage: Stage, number: int, old: str, new: str) -> None:
    """Jane writes something into the description of a task."""
    text = stage.office.issue(number)["description"].replace("\r\n", "\n")
    assert old in text
    stage.office.change(number, description=text.replace(old, new))


def test_an_approval_closed_by_another_is_opened_again_once(stage: Stage) -> None:
    """Ben may close the task in Redmine, but only Jane approves; nobody is fought with."""
    project, _, _ = promoted(stage)
    stage.pause()
    stage.office.change(task(stage, project, "Approve the fix")["id"], as_="ben", status="In Progress")
    again(stage)
    number = close(stage, project, "Approve the fix", as_="ben")
    assert status(stage, number) == "In Progress"
    assert [text for text, private in stage.office.notes(number) if "Only Jane may close it" in text and not private]
    for _ in range(3):
        again(stage)
    assert len(stage.office.notes(number)) == 1
    close(stage, project, "Approve the fix", as_="ben")
    assert len(stage.office.notes(number)) == 2, "once for each time that somebody closed it"
    close(stage, project, "Approve the fix", as_="jane")
    assert status(stage, number) == "Closed"
    assert len(stage.office.notes(number)) == 2
    assert "gate" not in promotion(stage).attention
    assert dead(stage) == []


@pytest.mark.real_in_soak
def test_nobody_named_may_approve_so_the_owner_may(stage: Stage) -> None:
    """The template leaves it to a role that no rule fills: that is told, and the project still has an end."""
    write(stage, template=TEMPLATE.replace("closed_by: [owner]", "closed_by: [board]").replace("{eng", "{board: , eng"))
    project, _, _ = promoted(stage)
    assert "nobody is named who may close “Approve the fix”: jane may." in promotion(stage).attention
    assert "Only Jane may close it" in task(stage, project, "Approve the fix")["description"]
    number = close(stage, project, "Approve the fix", as_="ben")
    assert status(stage, number) != "Closed"
    close(stage, project, "Approve the fix", as_="jane")
    assert status(stage, number) == "Closed"
    assert dead(stage) == []


@pytest.mark.real_in_soak
def test_production_waits_for_its_change(stage: Stage) -> None:
    """Redmine does not let the roll-out be closed before the change, and the change needs its number."""
    project, _, _ = promoted(stage)
    rollout = int(task(stage, project, "Roll out")["id"])
    blocked = [r for r in stage.office.issue(rollout)["relations"] if r["relation_type"] == "blocks"]
    assert len(blocked) == 1
    stage.office.change(rollout, status="Closed")
    assert status(stage, rollout) == "New"
    number = close(stage, project, "Request the change")
    assert status(stage, number) != "Closed"
    assert any("CHG1234" in text for text, _ in stage.office.notes(number))
    stage.pause()
    stage.office.note(number, "approved by the CAB: CHG0031")
    close(stage, project, "Request the change")
    assert status(stage, number) == "Closed"
    stage.office.change(rollout, status="Closed")
    assert status(stage, rollout) == "Closed"


@pytest.mark.real_in_soak
def test_the_way_back_must_be_written(stage: Stage) -> None:
    """In the task itself, or on its wiki page."""
    project, _, _ = promoted(stage)
    number = close(stage, project, "Write the way back", as_="ben")
    assert status(stage, number) != "Closed"
    assert any("Rollback plan" in text for text, _ in stage.office.notes(number))
    body = {"wiki_page": {"text": "h1. Rollback plan\n\nFlash 7.2 back, 20 minutes, Ben."}}
    stage.office.as_user("ben").ok("PUT", f"/projects/{project}/wiki/Rollback_plan.json", body)
    close(stage, project, "Write the way back", as_="ben")
    assert status(stage, number) == "Closed"


@pytest.mark.real_in_soak
def test_a_handover_has_a_list_to_be_filled(stage: Stage) -> None:
    """Documents, training, operations owner."""
    project, _, _ = promoted(stage)
    stage.office.change(task(stage, project, "Roll out")["id"], status="In Progress")
    number = close(stage, project, "Hand over")
    assert status(stage, number) != "Closed"
    assert any("Documents, Training, Operations owner" in text for text, _ in stage.office.notes(number))
    fill(stage, number, "* Documents:", "* Documents: [[Runbook]]")
    fill(stage, number, "* Training:", "* Training: 12 March, all shifts")
    close(stage, project, "Hand over")
    assert status(stage, number) != "Closed"
    assert "Training" not in stage.office.notes(number)[-1][0]
    fill(stage, number, "* Operations owner:", "* Operations owner: Mia")
    close(stage, project, "Hand over")
    assert status(stage, number) == "Closed"


def test_open_gates_hold_the_resolution_back(stage: Stage) -> None:
    """The root says delivered, but operations have neither a way back nor a handover: nobody is resolved yet."""
    project, _, waiting = promoted(stage)
    root = stage.office.root(project)["id"]
    stage.pause()
    stage.office.change(root, status="Resolved")
    again(stage)
    assert promotion(stage).state is PromotionState.ACTIVE
    assert "held back" in promotion(stage).attention
    told = [text for text, _ in stage.office.notes(root) if "No incident was told or resolved" in text]
    assert len(told) == 1
    assert "Hand over" in told[0]
    assert "Write the way back" in told[0]
    assert [stage.desk.state(i) for i in waiting] == ["new"] * 3
    for title, more in (("Write the way back", "\nFlash it back."), ("Hand over", "")):
        number = int(task(stage, project, title)["id"])
        text = stage.office.issue(number)["description"].replace("\r\n", "\n")
        for point in ("Documents", "Training", "Operations owner"):
            text = text.replace(f"* {point}:", f"* {point}: yes, see page")
        stage.office.change(number, description=text + more)
        close(stage, project, title)
    assert promotion(stage).state is PromotionState.DELIVERED
    assert "held back" not in promotion(stage).attention
    again(stage)
    assert [stage.desk.state(i) for i in waiting] == [stage.desk.resolved] * 3


@pytest.mark.real_in_soak
def test_all_closed_at_once_is_delivered_without_a_word(stage: Stage) -> None:
    """Gates and root are closed between two polls: nothing is held back that is done."""
    project, _, waiting = promoted(stage)
    stage.pause()
    for title in ("Write the way back", "Hand over"):
        number = int(task(stage, project, title)["id"])
        text = stage.office.issue(number)["description"].replace("\r\n", "\n")
        for point in ("Documents", "Training", "Operations owner"):
            text = text.replace(f"* {point}:", f"* {point}: yes")
        stage.office.change(number, description=text + "\nFlash it back.", status="Closed")
    stage.office.change(stage.office.root(project)["id"], status="Resolved")
    again(stage)
    assert promotion(stage).state is PromotionState.DELIVERED
    assert not any("No incident was told" in text for text, _ in stage.office.notes(stage.office.root(project)["id"]))
    again(stage)
    assert [stage.desk.state(i) for i in waiting] == [stage.desk.resolved] * 3


@pytest.mark.real_in_soak
def test_a_gate_that_people_removed_holds_nothing_back(stage: Stage) -> None:
    """What people change in a project is theirs: a deleted task is never made again, and not waited for."""
    project, _, waiting = promoted(stage)
    stage.pause()
    for title in ("Write the way back", "Hand over"):
        number = int(task(stage, project, title)["id"])
        stage.office.as_user("admin").ok("DELETE", f"/issues/{number}.json")
    stage.office.change(stage.office.root(project)["id"], status="Resolved")
    again(stage)
    assert promotion(stage).state is PromotionState.DELIVERED
    again(stage)
    assert [stage.desk.state(i) for i in waiting] == [stage.desk.resolved] * 3


@pytest.mark.real_in_soak
def test_a_gate_below_a_closed_root_needs_only_what_is_missing(stage: Stage) -> None:
    """Redmine opens no child of a closed parent: it is said, and the delivery waits for the words."""
    project, _, waiting = promoted(stage)
    root = stage.office.root(project)["id"]
    stage.pause()
    for title in ("Request the change", "Approve the fix", "Write the way back", "Roll out"):
        number = int(task(stage, project, title)["id"])
        stage.office.note(number, "CHG0031")
        text = stage.office.issue(number)["description"].replace("\r\n", "\n")
        stage.office.change(number, description=f"{text}\nFlash it back.", status="Closed")
    handover = int(task(stage, project, "Hand over")["id"])
    stage.office.change(handover, status="Closed")
    stage.office.change(root, status="Closed")
    again(stage)
    assert promotion(stage).state is PromotionState.ACTIVE
    assert status(stage, handover) == "Closed"
    assert any("Documents, Training" in text for text, _ in stage.office.notes(handover))
    assert "It could not be opened again" in promotion(stage).attention
    stage.pause()
    for point in ("Documents", "Training", "Operations owner"):
        fill(stage, handover, f"* {point}:", f"* {point}: yes")
    again(stage)
    assert promotion(stage).state is PromotionState.DELIVERED
    again(stage)
    assert [stage.desk.state(i) for i in waiting] == [stage.desk.resolved] * 3
    assert dead(stage) == []


def test_a_gate_is_opened_again_once_wherever_the_bridge_dies(tmp_path: Path) -> None:
    """Killed before and after each look and each write: one note, and the task is open."""
    with stage_on(None, tmp_path, clock_start=datetime(2026, 11, 2, 8, 0, tzinfo=UTC)) as stage:
        write(stage)
        project, _, _ = promoted(stage)
        stage.pause()
        number = int(task(stage, project, "Approve the fix")["id"])
        stage.office.change(number, as_="ben", status="Closed")
        stage.pause()
        assert isinstance(stage.desk, SandboxDesk)
        app, store, kept = stage.desk.sandbox.redmine.app, tmp_path / "bridge.sqlite3", tmp_path / "kept"
        before = copy.deepcopy(app.state)
        shutil.copy(store, kept)
        deaths = 0
        while True:
            app.state = copy.deepcopy(before)
            for path in tmp_path.glob("bridge.sqlite3*"):
                path.unlink()
            shutil.copy(kept, store)
            lived = child.once(tmp_path / "bridge.yaml", child.AtBoundary(deaths + 1, prefix="gate."))
            assert lived or child.once(tmp_path / "bridge.yaml")
            assert status(stage, number) == "New"
            assert len(stage.office.notes(number)) == 1
            if lived:
                break
            deaths += 1
        assert deaths == 4
