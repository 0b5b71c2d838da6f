"""Whatever network and servers do: a clear message, nothing lost, nothing doubled, no loop, nobody else waits."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from typing import Any

import pytest
from structlog.testing import capture_logs

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
    """One of a page cannot be understood: it is told, the others are promoted; when it is mended it comes, too."""
    desk = scene.stage.desk
    poisoned = desk.open("Mailbox full again", key="mail-2")
    row = scene.sandbox.itsm.app.state.incidents[int(poisoned)]
    opened_at, row.created_at = row.created_at, None
    with capture_logs() as logs:
        cycle = scene.once()
    assert cycle.parked == 1
    (told,) = [one for one in logs if one["event"] == "cannot be understood and was parked"]
    assert (told["system"], told["item"]) == ("itsm", poisoned)
    assert "is not a time" in told["why"]
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
