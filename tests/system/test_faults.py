"""Whatever network and servers do: a clear message, nothing lost, nothing doubled, no loop, nobody else waits."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from typing import Any

import pytest

from bridge.model.promotion import PromotionState
from bridge.sandbox import Sandbox
from tests.system.scene import START, Scene
from tests.system.stage import opened

WRITES = (
    {"app": "redmine", "method": "POST", "path": r"^/projects\.json"},
    {"app": "redmine", "method": "POST", "path": r"/issues\.json$", "skip": 2},
    {"app": "redmine", "method": "POST", "path": r"/relations\.json", "skip": 1},
    {"app": "redmine", "method": "PUT", "path": r"/wiki/Evidence"},
    {"app": "redmine", "method": "POST", "path": r"/memberships\.json", "skip": 1},
    {"app": "redmine", "method": "PUT", "path": r"^/issues/\d+\.json", "skip": 1},
    {"app": "itsm", "method": "POST", "path": r"/notes$", "skip": 1},
    {"app": "itsm", "method": "POST", "path": r"/links$"},
)
"""One request of each kind that opening a project and telling the incidents takes."""

WAIT = {"Retry-After": "7"}
SLOW_DOWN = ({"code": 429}, {"code": 429, "headers": WAIT}, {"code": 503, "headers": WAIT})
FAILING = (
    {"code": 500, "body": "<h1>Internal error</h1>"},
    {"code": 502, "body": "<h1>Bad Gateway</h1>"},
    {"code": 503},
)

FAULTS: dict[str, tuple[list[dict[str, Any]], str]] = {
    "time-out": ([{"kind": "timeout", "seconds": 2}], r"no answer|timed out"),
    "time-out after the write": ([{"kind": "after_timeout", "seconds": 2}], r"no answer|timed out"),
    "reset": ([{"kind": "reset"}], r"no usable answer"),
    "reset after the write": ([{"kind": "after_reset"}], r"no usable answer"),
    "answer cut in half": ([{"kind": "malformed"}], r"JSON"),
    "slow down": ([{"kind": "status", **answer} for answer in SLOW_DOWN], r"HTTP (429|503)"),
    "failing": ([{"kind": "status", **answer} for answer in FAILING], r"HTTP 50[023]"),
}


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    """The scene, played once without any fault."""
    with Sandbox(clock_start=START) as sandbox:
        yield Scene.set_up(sandbox, tmp_path_factory.mktemp("faults"))


@pytest.fixture
def scene(played: Scene) -> Scene:
    """The scene before the bridge looks."""
    played.rewind()
    return played


@pytest.mark.parametrize("name", FAULTS)
def test_every_kind_of_write_is_struck_once(scene: Scene, name: str) -> None:
    """Each write fails once on the way; the end is that of an undisturbed run, after few more requests."""
    kinds, words = FAULTS[name]
    struck = [
        scene.sandbox.fault(**fault, **where) for fault, where in zip(itertools.cycle(kinds), WRITES, strict=False)
    ]
    errors = rounds_with_errors(scene)
    assert [fault.times for fault in struck] == [0] * len(struck), "every fault was met"
    scene.assert_undisturbed()
    assert all(re.search(words, error) for error in errors), errors
    assert {re.split(r"[ #]", error)[1].lower() for error in errors} == {"redmine", "itsm"}
    assert len(scene.sandbox.requests()) < 3 * scene.requests
    assert scene.promotion().state is PromotionState.ACTIVE


def test_a_collision_in_redmine_is_tried_again(scene: Scene) -> None:
    """422 without a reason: two wrote at once. The bridge reads again and writes again."""
    for where in WRITES:
        if where["method"] == "PUT":
            scene.sandbox.fault("empty_422", **where)
    errors = rounds_with_errors(scene)
    assert len(errors) == 2
    assert all("somebody wrote at the same moment" in error for error in errors), errors
    scene.assert_undisturbed()


def rounds_with_errors(scene: Scene) -> list[str]:
    """`once` after `once` until nothing waits; the errors seen beside what waited. Nothing may die."""
    errors = []
    for _ in range(14):
        cycle = scene.once()
        assert not cycle.failures
        assert not cycle.delivered.dead, scene.dead()
        errors += scene.waiting_errors()
        if not cycle.delivered.waiting:
            return errors
        scene.sandbox.clock.advance(60)
    raise AssertionError(f"no end: {errors}")


POLLS = {
    "itsm": {"app": "itsm", "method": "GET", "path": r"^/api/incidents\?"},
    "redmine": {"app": "redmine", "method": "GET", "path": r"^/issues\.json"},
}
SILENT: dict[str, tuple[dict[str, Any], str]] = {
    "time-out": ({"kind": "timeout", "seconds": 2}, r"no answer|timed out"),
    "reset": ({"kind": "reset"}, r"no usable answer"),
    "cut": ({"kind": "malformed"}, r"JSON"),
    "429": ({"kind": "status", "code": 429}, r"HTTP 429"),
    "500": ({"kind": "status", "code": 500}, r"HTTP 500"),
    "log-in page": ({"kind": "status", "code": 200, "body": "<html>Please log in</html>"}, r"JSON"),
}


@pytest.mark.parametrize("name", SILENT)
def test_a_side_that_cannot_be_polled_does_not_stop_the_other(scene: Scene, name: str) -> None:
    """Redmine's list fails: incidents still come in. The incidents' list fails: Redmine is still polled."""
    fault, words = SILENT[name]
    for side, where in POLLS.items():
        scene.rewind()
        scene.sandbox.fault(**fault, **where, times=None)
        cycle = scene.once()
        assert set(cycle.failures) == {side}
        assert re.search(words, str(cycle.failures[side])), str(cycle.failures[side])
        assert scene.once().failures.keys() == {side}
        asked = [entry for entry in scene.sandbox.requests(side) if re.search(where["path"], f"{entry.path}?")]
        assert len(asked) <= 8, "no loop"
        assert bool(scene.stage.office.projects()) == (side == "redmine")
        scene.sandbox.faults.clear()
        scene.rounds()
        scene.assert_undisturbed()


def test_a_redmine_that_is_down_keeps_no_incident_waiting(scene: Scene) -> None:
    """Every request to Redmine fails for three rounds: one try a round, and everything comes after it is back."""
    scene.sandbox.fault("reset", app="redmine", times=None)
    for _ in range(3):
        cycle = scene.once()
        assert "redmine" in cycle.failures
        assert "Is Redmine up" in str(cycle.failures["redmine"])
        assert not cycle.delivered.dead
        scene.sandbox.clock.advance(3600)
    assert len(scene.sandbox.requests("redmine")) <= 30
    with opened(scene.stage) as app, app.database.reading() as uow:
        assert len(uow.incidents.known("itsm", [*scene.resolved, *scene.waiting])) == 5
    scene.sandbox.faults.clear()
    scene.rounds()
    scene.assert_undisturbed()


def test_an_incident_system_whose_writes_fail_lets_the_project_open_and_others_be_told(scene: Scene) -> None:
    """One of three incidents cannot be written to: the other two are told, and the third later."""
    unlucky = scene.waiting[0]
    scene.sandbox.fault("status", code=500, app="itsm", method="POST", path=f"/incidents/{unlucky}/", times=None)
    cycle = scene.once()
    assert not cycle.delivered.dead
    assert cycle.delivered.waiting
    assert [bool(scene.stage.desk.notes(i)) for i in scene.waiting] == [False, True, True]
    scene.sandbox.faults.clear()
    scene.sandbox.clock.advance(3600)
    scene.rounds()
    scene.assert_undisturbed()


def test_a_list_that_tells_an_error_inside_200(scene: Scene) -> None:
    """The incident system answers 200, and the body says that it did not work."""
    body = '{"ok": false, "error": {"code": "overload", "message": "the database is busy"}}'
    scene.sandbox.fault("status", code=200, body=body, **POLLS["itsm"], times=None)
    cycle = scene.once()
    assert set(cycle.failures) == {"itsm"}
    assert "the database is busy" in str(cycle.failures["itsm"])
    assert len(scene.sandbox.requests("itsm")) <= 2
    scene.sandbox.faults.clear()
    scene.rounds()
    scene.assert_undisturbed()


def test_a_poisoned_incident_is_parked_and_stops_nobody(scene: Scene) -> None:
    """One incident of the page cannot be understood: the others are promoted; when it is mended it comes, too."""
    desk = scene.stage.desk
    poisoned = desk.open("Mailbox full again", key="mail-2")
    row = scene.sandbox.itsm.app.state.incidents[int(poisoned)]
    opened_at, row.created_at = row.created_at, None
    cycle = scene.once()
    assert cycle.parked == 1
    assert not cycle.failures
    assert len(scene.stage.office.projects()) == 1
    scene.sandbox.clock.advance(900)
    assert scene.once().parked == 0, "what is parked is not parked again and again"
    row.created_at = opened_at
    scene.sandbox.clock.advance(900)
    desk.work_note(poisoned, "corrected")
    assert scene.once().parked == 0
    with opened(scene.stage) as app, app.database.reading() as uow:
        assert uow.incidents.known("itsm", [poisoned])


# What is missing, the words by which a person finds out what to tick, and how far the project gets without it.
RIGHTS: dict[tuple[str, ...], tuple[str, PromotionState]] = {
    ("add_subprojects",): ("Create subprojects", PromotionState.BLOCKED),
    ("add_issues",): ("Add issues", PromotionState.BLOCKED),
    ("manage_members",): ("Manage members", PromotionState.ACTIVE),
    ("manage_issue_relations",): ("Manage issue relations", PromotionState.ACTIVE),
    ("view_wiki_pages",): ("View wiki", PromotionState.ACTIVE),
    ("edit_wiki_pages",): ("Edit wiki pages", PromotionState.ACTIVE),
    ("edit_issues", "edit_own_issues"): ("does the workflow let the bridge's role write it?", PromotionState.ACTIVE),
}


@pytest.mark.parametrize("rights", RIGHTS, ids=" ".join)
def test_a_missing_right_is_named_and_the_rest_waits(scene: Scene, rights: tuple[str, ...]) -> None:
    """The promotion names the right to give; given and retried, the end is as if it had always been there."""
    words, state = RIGHTS[rights]
    scene.sandbox.control.change_role("Bridge", remove=rights)
    for _ in range(3):
        scene.once()
        scene.sandbox.clock.advance(900)
    promotion = scene.promotion()
    assert promotion.state is state
    assert words in promotion.attention, promotion.attention
    assert "queue retry" in promotion.attention
    assert len(scene.sandbox.requests()) < 2 * scene.requests
    assert all(len(scene.stage.desk.notes(i)) <= 1 for i in scene.waiting)
    scene.sandbox.control.change_role("Bridge", add=rights)
    assert scene.retry() >= 1
    scene.rounds()
    # Relations that come last change issues that are assigned already: Redmine mails about them.
    scene.assert_undisturbed(mails=rights != ("manage_issue_relations",))
    assert scene.promotion().state is PromotionState.ACTIVE
    assert scene.promotion().attention == scene.attention


def test_tasks_that_came_out_without_their_parent_are_told_and_not_doubled(scene: Scene) -> None:
    """Redmine creates a subtask without its parent where the right is missing: a person mends right and issue."""
    scene.sandbox.control.change_role("Bridge", remove=("manage_subtasks",))
    scene.once()
    promotion = scene.promotion()
    assert promotion.state is PromotionState.BLOCKED
    assert "Manage subtasks" in promotion.attention
    scene.sandbox.control.change_role("Bridge", add=("manage_subtasks",))
    (project,) = scene.stage.office.projects()
    root, *orphans = scene.stage.office.issues(project["id"])
    for orphan in orphans:
        scene.stage.office.change(orphan["id"], as_="admin", parent_issue_id=root["id"])
    assert scene.retry() == len(orphans)
    scene.rounds()
    subjects = [(i["subject"], bool(i.get("parent"))) for i in scene.stage.office.issues(project["id"])]
    (undisturbed,) = (p["issues"] for p in scene.undisturbed["redmine"]["projects"] if p["parent"])
    assert sorted(subjects) == sorted((i["key"].partition("/")[2], bool(i["parent"])) for i in undisturbed)
    assert scene.promotion().attention == scene.attention


def test_an_account_that_is_no_member_of_the_parent(scene: Scene) -> None:
    """Nothing can be opened or read: the message says what the account needs, and nothing is lost."""
    state = scene.sandbox.redmine.app.state
    account = state.user_by_login("itsm-sync")
    assert account is not None
    (member,) = (member for member in state.members.values() if member.user_id == account.id)
    state.drop_member(member)
    cycle = scene.once()
    assert "member" in str(cycle.failures["redmine"])
    promotion = scene.promotion()
    assert promotion.state is PromotionState.BLOCKED
    assert "member" in promotion.attention
    assert not scene.written("itsm")
    state.put_member(member)
    assert scene.retry() == 1
    scene.rounds()
    assert scene.promotion().state is PromotionState.ACTIVE


@pytest.mark.parametrize(("status", "word"), [(9, "archived"), (5, "closed")])
def test_a_parent_that_is_archived_or_closed(scene: Scene, status: int, word: str) -> None:
    """No project can be opened below it: the message says so, and nothing is lost."""
    parent = next(p for p in scene.sandbox.redmine.app.state.projects.values() if p.identifier == "operations")
    parent.status = status
    for _ in range(3):
        scene.once()
        scene.sandbox.clock.advance(900)
    promotion = scene.promotion()
    assert promotion.state is PromotionState.BLOCKED
    assert word in promotion.attention, promotion.attention
    assert len(scene.sandbox.requests()) < scene.requests
    assert not scene.written("itsm")
    parent.status = 1
    assert scene.retry() == 1
    scene.rounds()
    scene.assert_undisturbed()
    assert scene.promotion().state is PromotionState.ACTIVE


def test_a_key_that_was_withdrawn_from_a_public_redmine(scene: Scene) -> None:
    """A public Redmine answers 200 to a wrong key: the bridge notices, writes nothing and goes on with the new key."""
    state = scene.sandbox.redmine.app.state
    for project in state.projects.values():
        project.is_public = True
    account = state.user_by_login("itsm-sync")
    assert account is not None
    key, account.api_key = account.api_key, "0" * 40
    cycle = scene.once()
    assert "does not accept the API key" in str(cycle.failures["redmine"])
    scene.once()
    assert len(scene.sandbox.requests("redmine")) <= 20
    assert not scene.written("itsm")
    assert not scene.stage.office.projects()
    assert scene.promotion().state is PromotionState.OPENING
    assert all("API key" in error for error in scene.waiting_errors())
    assert scene.waiting_errors()
    account.api_key = key
    scene.sandbox.clock.advance(3600)
    scene.rounds()
    assert scene.promotion().state is PromotionState.ACTIVE


def test_a_token_that_was_withdrawn(scene: Scene) -> None:
    """The incident system tells it inside 200."""
    agent = scene.sandbox.itsm.app.state.agents["bridge"]
    token, agent.token = agent.token, "another"
    cycle = scene.once()
    assert set(cycle.failures) == {"itsm"}
    assert "token" in str(cycle.failures["itsm"])
    scene.once()
    assert len(scene.sandbox.requests("itsm")) <= 4
    agent.token = token
    scene.rounds()
    scene.assert_undisturbed()
