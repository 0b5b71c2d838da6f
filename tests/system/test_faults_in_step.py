"""Faults and surprises while an open project is kept in step, and when it is handed back."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from bridge.model.promotion import PromotionState
from bridge.sandbox import Sandbox
from bridge.sandbox.faults import Fault
from tests.system.scene import START, Scene
from tests.system.stage import RULE


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    """The scene, played once without any fault."""
    with Sandbox(clock_start=START) as sandbox:
        yield Scene.set_up(sandbox, tmp_path_factory.mktemp("step"))


@pytest.fixture(scope="module")
def opened_scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    """The scene with its project open; `undisturbed` is what is left when people go on and deliver it."""
    with Sandbox(clock_start=START) as sandbox:
        scene = Scene.set_up(sandbox, tmp_path_factory.mktemp("open"))
        sandbox.clock.advance(3600)
        scene.save()
        people_go_on(scene)
        scene.rounds()
        deliver(scene)
        scene.rounds()
        scene.undisturbed = scene.end()
        yield scene


@pytest.fixture
def before(played: Scene) -> Scene:
    """The moment before the bridge finds the recurrence."""
    played.rewind()
    return played


@pytest.fixture
def scene(opened_scene: Scene) -> Scene:
    """The project is open."""
    opened_scene.rewind()
    return opened_scene


def people_go_on(scene: Scene) -> None:
    """Notes, a status and a handler on both sides."""
    desk, office = scene.stage.desk, scene.stage.office
    first, second, third = (own_issue(scene, incident) for incident in scene.waiting)
    desk.work_note(scene.waiting[0], "log files attached")
    desk.take(scene.waiting[1], as_="bob")
    office.note(first["id"], "the vendor is asked", private=True)
    office.change(third["id"], status="In Progress")
    office.note(second["id"], "we know more tomorrow")
    scene.sandbox.clock.advance(60)


def own_issue(scene: Scene, incident: str) -> dict[str, Any]:
    """An incident's own issue."""
    (project,) = scene.stage.office.projects()
    return scene.stage.office.own_issue(project["id"], f"itsm #{incident}")


def deliver(scene: Scene, status: str = "Closed") -> None:
    """The project's tasks are done, and its root gets a status."""
    office = scene.stage.office
    (project,) = office.projects()
    root, *others = office.issues(project["id"])
    for task in reversed([issue for issue in others if issue.get("parent")]):
        office.change(task["id"], as_="admin", status="Closed")
    office.change(root["id"], as_="admin", status=status)
    scene.sandbox.clock.advance(60)


STRUCK = {
    "time-out after the write": {"kind": "after_timeout", "seconds": 2},
    "reset after the write": {"kind": "after_reset"},
    "answer cut in half": {"kind": "malformed"},
    "reset": {"kind": "reset"},
    "503": {"kind": "status", "code": 503},
}


@pytest.mark.parametrize("name", STRUCK)
def test_every_write_in_step_is_struck_once(scene: Scene, name: str) -> None:
    """Notes, states and handlers arrive exactly once on either side, whatever happens to the first attempt."""
    # The test's own people write, too: faults are set when they are done.
    people_go_on(scene)
    places = [("redmine", "PUT", r"^/issues/", 2), ("itsm", "POST", r"/notes$", 2), ("itsm", "PATCH", r"/api/", 1)]
    faults = struck_once(scene, STRUCK[name], places)
    scene.rounds()
    assert [fault.times for fault in faults] == [0] * len(faults)
    deliver(scene)
    faults += struck_once(scene, STRUCK[name], [("itsm", "POST", r"/notes$", 3), ("itsm", "PATCH", r"/api/", 3)])
    scene.rounds()
    assert [fault.times for fault in faults] == [0] * len(faults)
    scene.assert_undisturbed()


def struck_once(scene: Scene, fault: dict[str, Any], places: list[tuple[str, str, str, int]]) -> list[Fault]:
    """Strikes the next requests of some kinds, as many as is said."""
    return [
        scene.sandbox.fault(**fault, app=app, method=method, path=path)
        for app, method, path, count in places
        for _ in range(count)
    ]


def test_an_incident_system_that_answers_200_and_ignores_a_status(scene: Scene) -> None:
    """The resolution did not happen: a person is told what it is instead, nobody loops, and a retry resolves."""
    people_go_on(scene)
    scene.rounds()
    deliver(scene)
    unlucky = scene.waiting[0]
    scene.sandbox.fault("ignore", app="itsm", method="PATCH", path=f"/incidents/{unlucky}$", times=None)
    scene.sandbox.log.clear()
    for _ in range(3):
        scene.once()
        scene.sandbox.clock.advance(3600)
    (letter,) = scene.dead()
    assert f"itsm #{unlucky}" in letter.error
    assert "not resolved" in letter.error
    assert letter.error.split(" ")[0] == "RB-1208"
    assert letter.error.split("\n")[0] in scene.promotion().attention
    patches = [e for e in scene.written("itsm") if e.method == "PATCH" and e.path.endswith(f"/{unlucky}")]
    assert len(patches) == 1, "no loop"
    assert [scene.stage.desk.state(i) for i in scene.waiting[1:]] == ["solved", "solved"]
    scene.sandbox.faults.clear()
    assert scene.retry() == 1
    scene.rounds()
    scene.assert_undisturbed()


def test_an_incident_resolved_between_decision_and_delivery_is_not_written_to(before: Scene) -> None:
    """Redmine was down when it was decided; before it was back, the handler resolved an incident: no write to it."""
    before.sandbox.fault("status", code=503, app="redmine", method="POST", times=None)
    before.once()
    quick = before.waiting[0]
    before.stage.desk.resolve(quick)
    before.sandbox.faults.clear()
    before.sandbox.clock.advance(3600)
    before.rounds()
    assert before.stage.desk.written_by_bridge(quick) == 0
    assert not [e for e in before.written("itsm") if f"/incidents/{quick}" in e.path]
    assert before.stage.desk.state(quick) == "solved"
    assert before.promotion().state is PromotionState.ACTIVE
    assert all(before.stage.desk.links(i) for i in before.waiting[1:])
    assert own_issue(before, quick)["status"]["name"] == "Closed"


def test_the_root_is_closed_while_the_project_is_still_being_opened(before: Scene) -> None:
    """Members and assignments are missing yet when somebody closes the root: then it is delivered, and once."""
    before.sandbox.fault("status", code=503, app="redmine", method="POST", path=r"/memberships", times=None)
    before.once()
    assert before.promotion().state is PromotionState.OPENING
    deliver(before)
    before.once()
    assert all(before.stage.desk.state(i) != "solved" for i in before.waiting)
    before.sandbox.faults.clear()
    before.sandbox.clock.advance(3600)
    before.rounds()
    before.rounds()
    assert before.promotion().state is PromotionState.DELIVERED
    assert all(before.stage.desk.state(i) == "solved" for i in before.waiting)
    notes = [text for i in before.waiting for text, _ in before.stage.desk.notes(i)]
    assert len(notes) == 2 * len(before.waiting)


def test_an_incident_that_is_gone_ends_its_link(scene: Scene) -> None:
    """Somebody writes on its issue: the bridge finds no incident, ends the link with the reason and lets it be."""
    gone, *others = scene.waiting
    issue = own_issue(scene, gone)
    del scene.sandbox.itsm.app.state.incidents[int(gone)]
    scene.stage.office.note(issue["id"], "is anybody there?")
    scene.sandbox.clock.advance(60)
    scene.rounds()
    (ended,) = (link for link in scene.links() if link.ref.external_id == gone)
    assert ended.ended_because == "the incident is gone or no longer visible"
    scene.sandbox.log.clear()
    scene.stage.office.note(issue["id"], "no?")
    scene.sandbox.clock.advance(60)
    scene.rounds()
    assert not [e for e in scene.sandbox.requests("itsm") if f"/incidents/{gone}" in e.path]
    deliver(scene)
    scene.rounds()
    assert not scene.dead()
    assert all(scene.stage.desk.state(i) == "solved" for i in others)


def test_an_incident_that_is_gone_when_the_project_is_delivered(scene: Scene) -> None:
    """Nobody noticed before: its link ends with the reason, the others are resolved, and nothing dies."""
    gone, *others = scene.waiting
    del scene.sandbox.itsm.app.state.incidents[int(gone)]
    deliver(scene)
    scene.rounds()
    assert all(scene.stage.desk.state(i) == "solved" for i in others)
    assert not scene.dead()
    (ended,) = (link for link in scene.links() if link.ref.external_id == gone)
    assert ended.ended_because == "the incident is gone or no longer visible"


def test_an_issue_that_was_deleted_ends_its_link(scene: Scene) -> None:
    """The incident goes on without it, and no second issue is made."""
    lone, *others = scene.waiting
    (project,) = scene.stage.office.projects()
    issue = own_issue(scene, lone)
    count = len(scene.stage.office.issues(project["id"]))
    scene.stage.office.as_user("admin")("DELETE", f"/issues/{issue['id']}.json")
    scene.stage.desk.work_note(lone, "still there")
    scene.sandbox.clock.advance(60)
    scene.rounds()
    (ended,) = (link for link in scene.links() if link.ref.external_id == lone)
    assert ended.ended_because == "the issue is gone or no longer visible"
    assert len(scene.stage.office.issues(project["id"])) == count - 1
    scene.sandbox.log.clear()
    scene.stage.desk.work_note(lone, "and again")
    scene.sandbox.clock.advance(60)
    scene.rounds()
    assert not scene.written()
    deliver(scene)
    scene.rounds()
    assert not scene.dead()
    assert all(scene.stage.desk.state(i) == "solved" for i in [lone, *others]), "nobody is left unserved"


def test_a_locked_owner_falls_through_to_the_stand_in(before: Scene) -> None:
    """ben owns the project and his account is locked: jane, who leads his team, gets it, and it is reported."""
    folder = before.stage.folder
    kept = {path: path.read_text() for path in (folder / "bridge.yaml", folder / "rules" / "network.yaml")}
    try:
        (folder / "rules" / "network.yaml").write_text(RULE.replace("owner: jane", "owner: ben"))
        ben = before.sandbox.redmine.app.state.user_by_login("ben")
        assert ben is not None
        ben.locked = True
        before.rounds()
        (project,) = before.stage.office.projects()
        root = before.stage.office.root(project["id"])
        assert root["assigned_to"]["id"] == before.stage.office.ids["jane"]
        assert "jane" in before.stage.office.members(project["id"])
        assert before.promotion().state is PromotionState.ACTIVE
        attention = before.promotion().attention
        assert "ben" in attention.lower()
        assert "locked" in attention
        assert "stands in for ben" in attention
    finally:
        for path, text in kept.items():
            path.write_text(text)


def test_a_handler_who_is_not_in_the_directory_is_kept_and_reported(scene: Scene) -> None:
    """chen takes an incident: its issue keeps its assignee, the incident keeps chen, and the links list says so."""
    incident = scene.waiting[0]
    scene.stage.desk.take(incident, as_="chen")
    scene.sandbox.clock.advance(60)
    scene.rounds()
    assert scene.stage.desk.handler(incident) == "chen"
    issue = own_issue(scene, incident)
    assert issue["status"]["name"] == "In Progress"
    (link,) = (link for link in scene.links() if link.ref.external_id == incident)
    assert "“chen”" in link.attention
    scene.stage.office.change(issue["id"], assigned_to="mia")
    scene.sandbox.clock.advance(60)
    scene.rounds()
    assert scene.stage.desk.handler(incident) == "chen", "never guessed, never cleared"
    assert own_issue(scene, incident)["assigned_to"]["id"] == scene.stage.office.ids["mia"]


def test_an_assignee_who_is_not_in_the_directory_is_kept_and_reported(scene: Scene) -> None:
    """li has an account in Redmine only: the incident's handler stays, and the links list says so."""
    path = scene.stage.folder / "directory.yaml"
    kept = path.read_text()
    try:
        people = yaml.safe_load(kept)
        del people["people"]["li"]
        people["teams"]["network-team"]["members"].remove("li")
        path.write_text(yaml.safe_dump(people))
        incident = scene.waiting[0]
        scene.stage.desk.take(incident, as_="bob")
        scene.sandbox.clock.advance(60)
        scene.rounds()
        issue = own_issue(scene, incident)
        assert issue["assigned_to"]["id"] == scene.stage.office.ids["mia"]
        scene.stage.office.change(issue["id"], assigned_to="li")
        scene.sandbox.clock.advance(60)
        scene.rounds()
        assert scene.stage.desk.handler(incident) == "bob"
        assert own_issue(scene, incident)["assigned_to"]["id"] == scene.stage.office.ids["li"]
        (link,) = (link for link in scene.links() if link.ref.external_id == incident)
        assert "雷 李" in link.attention
    finally:
        path.write_text(kept)
