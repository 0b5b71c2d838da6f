"""`itsm-bridge run` as a service manager runs it: a process that works until it is told to stop, or killed."""

from __future__ import annotations

import re
import signal
import sqlite3
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

import pytest

from bridge.sandbox import Sandbox
from tests.system.commands import Daemon, command, until
from tests.system.scene import START, Scene
from tests.system.stage import RULE, Stage, next_second, sandbox_bridge
from tests.system.test_story import SUMMARY, recurrence

OTHER_RULE = RULE.replace("router-cpu", "disk-full").replace("(?i)router.*cpu", "(?i)disk full")


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    """The sandbox with the real time."""
    with Sandbox() as found:
        yield found


@pytest.fixture
def stage(sandbox: Sandbox, tmp_path: Path) -> Stage:
    """A bridge that has looked once and polls several times a second."""
    stage = sandbox_bridge(sandbox, tmp_path)
    write(stage)
    stage.once()
    next_second()
    return stage


def write(stage: Stage, rule: str = RULE, **settings: Any) -> Path:
    """The configuration of the tests here."""
    return stage.write(rule=rule, poll_seconds=0.3, **settings)


def config_of(stage: Stage) -> Path:
    """The settings file."""
    return stage.folder / "bridge.yaml"


def promotions(stage: Stage, state: str = "") -> list[int]:
    """The promotions in the store, only those in a state if one is given."""
    # Not by the command line: starting it several times a second would be all that the machine does.
    with closing(sqlite3.connect(f"file:{stage.folder}/bridge.sqlite3?mode=ro", uri=True)) as store:
        found = store.execute("SELECT id FROM promotion WHERE ? IN ('', state) ORDER BY id", (state,))
        return [number for (number,) in found]


def test_it_opens_the_project_and_follows_both_sides(stage: Stage) -> None:
    """Found and opened by itself, notes and handlers follow within a few polls, delivered, and a clean end."""
    desk, office = stage.desk, stage.office
    with Daemon(config_of(stage)) as daemon:
        resolved, waiting = recurrence(stage)
        daemon.until(lambda: promotions(stage, "active"), "the project is open")
        (project,) = office.projects()
        own = {i: office.own_issue(project["id"], f"itsm #{i}")["id"] for i in waiting}
        next_second()

        desk.work_note(waiting[0], "log files attached")
        office.note(own[waiting[0]], "the vendor is asked", private=True)
        desk.take(waiting[1], as_="bob")
        office.change(own[waiting[2]], status="In Progress")
        daemon.until(lambda: any("log files" in t for t, _ in office.notes(own[waiting[0]])), "a note in Redmine")
        daemon.until(lambda: any("vendor" in t for t, _ in desk.notes(waiting[0])), "a note at the desk")
        daemon.until(
            lambda: office.issue(own[waiting[1]]).get("assigned_to", {}).get("id") == office.ids["mia"], "an assignee"
        )
        daemon.until(lambda: desk.state(waiting[2]) == "in_progress", "a state at the desk")

        root, *others = office.issues(project["id"])
        for task in reversed([issue for issue in others if issue.get("parent")]):
            office.change(task["id"], as_="admin", status="Closed")
        office.change(root["id"], as_="admin", status="Closed")
        daemon.until(lambda: all(desk.state(i) == desk.resolved for i in waiting), "incidents resolved")
        assert all(desk.written_by_bridge(i) == 0 for i in resolved)

        code, seconds = daemon.stop()
    assert code == 0
    assert seconds < 10
    assert "the bridge has stopped" in daemon.log
    (told,) = [line for line in daemon.log.splitlines() if "a project was opened" in line]
    assert all(f"itsm #{i}" in told for i in waiting)
    assert project["identifier"] in told
    assert "Traceback" not in daemon.log
    notes = [text for text, _ in desk.notes(waiting[0])]
    assert len(notes) == len(set(notes)) == 4


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    """The scene with a patient daemon's settings; the clock stands still, so that runs can be compared."""
    with Sandbox(clock_start=START) as sandbox:
        folder = tmp_path_factory.mktemp("daemon")
        yield Scene.set_up(sandbox, folder, patience=30, poll_seconds=0.3)


@pytest.fixture
def scene(played: Scene) -> Scene:
    """The moment before the bridge looks."""
    played.rewind()
    return played


def finish(scene: Scene, daemon: Daemon) -> None:
    """A daemon that was restarted comes to the end of an undisturbed run."""
    daemon.start()
    daemon.until(lambda: promotions(scene.stage, "active"), "the project is open")
    daemon.until(lambda: idle(scene), "nothing is left to do")
    assert daemon.stop()[0] == 0
    scene.assert_undisturbed()


def idle(scene: Scene) -> bool:
    """Whether nothing waits in the queue."""
    with closing(sqlite3.connect(f"file:{scene.stage.folder}/bridge.sqlite3?mode=ro", uri=True)) as store:
        return bool(store.execute("SELECT count(*) FROM effect WHERE state <> 'done'").fetchone() == (0,))


def test_sigterm_in_the_middle_of_a_delivery(scene: Scene) -> None:
    """What is under way is finished, the rest waits for the next start: nothing lost, nothing doubled."""
    scene.sandbox.fault("slow", app="redmine", method="POST", path=r"/issues\.json", seconds=0.7, times=None)
    daemon = Daemon(scene.config)
    with daemon:
        daemon.until(lambda: created(scene) >= 3, "some issues")
        code, seconds = daemon.stop()
        assert code == 0
        assert seconds < 10
        assert created(scene) < 15, "it did not stop before the end"
        scene.sandbox.faults.clear()
        finish(scene, daemon)


def test_sigterm_while_a_server_does_not_answer(scene: Scene) -> None:
    """A write that hangs is left after ten seconds at most, and looked for at the next start."""
    scene.sandbox.fault("after_timeout", app="redmine", method="POST", path=r"/issues\.json", skip=2, seconds=40)
    daemon = Daemon(scene.config)
    with daemon:
        daemon.until(lambda: created(scene) == 3, "the third issue is there, its answer is not")
        code, seconds = daemon.stop()
        assert code == 0
        assert seconds < 10
        finish(scene, daemon)


def test_sigterm_while_a_poll_hangs(scene: Scene) -> None:
    """A server that is silent for half a minute does not keep the daemon alive."""
    hanging = scene.sandbox.fault("timeout", app="redmine", method="GET", path=r"^/issues\.json", seconds=40)
    with Daemon(scene.config) as daemon:
        daemon.until(lambda: hanging.times == 0, "a poll of Redmine")
        daemon.until(lambda: promotions(scene.stage, "active"), "the project is open nevertheless")
        code, seconds = daemon.stop()
        assert code == 0
        assert seconds < 10
        finish(scene, daemon)


def test_kill_in_the_middle_of_a_delivery(scene: Scene) -> None:
    """kill -9 between a write and its answer: at the next start it is looked for, not repeated."""
    scene.sandbox.fault("after_timeout", app="redmine", method="POST", path=r"/issues\.json", skip=2, seconds=40)
    daemon = Daemon(scene.config)
    with daemon:
        daemon.until(lambda: created(scene) == 3, "the third issue is there, its answer is not")
        assert daemon.stop(signal.SIGKILL)[0] == -signal.SIGKILL
        finish(scene, daemon)


def created(scene: Scene) -> int:
    """How many issues there are in Redmine."""
    return len(scene.sandbox.redmine.app.state.issues)


def test_others_are_refused_or_served_while_it_runs(stage: Stage) -> None:
    """A second `run` is refused and says who has the store; `once` and `backfill` are done by the daemon."""
    config = config_of(stage)
    with Daemon(config) as daemon:
        assert daemon.process is not None
        refused = command(config, "run")
        assert refused.text(1) == ""
        assert f"process {daemon.process.pid} works on it" in refused.err
        assert "Stop it first" in refused.err
        recurrence(stage)
        result = command(config, "once", "--json").json()
        assert result["schema"] == "bridge/once/1"
        assert result["failures"] == {}
        daemon.until(lambda: promotions(stage, "active"), "the project is open")
        assert "done" in command(config, "once").text()
        before = len(stage.office.projects())
        history = command(config, "backfill", "--since", "2026-01-01", "--json").json()
        assert set(history["sources"]) == {"itsm"}
        assert history["stored"] is False
        assert len(stage.office.projects()) == before
        assert daemon.stop()[0] == 0
    assert command(config, "once").text(), "and without a daemon it does it itself"


@pytest.mark.parametrize("running", [True, False], ids=["with a daemon", "without a daemon"])
def test_decisions_and_retries(stage: Stage, sandbox: Sandbox, running: bool) -> None:
    """`approve`, `reject` and `queue retry` do the same with a running daemon, which carries them out, and without."""
    config = write(stage, RULE.replace("mode: auto", "mode: propose"))
    command(config, "once").text()
    next_second()
    for key in ("core-1", "core-2"):
        for _ in range(5):
            stage.desk.open(SUMMARY, key=key)
    with ExitStack() as resources:
        if running:
            resources.enter_context(Daemon(config))
        else:
            command(config, "once").text()
        until(lambda: len(promotions(stage, "candidate")) == 2, "two candidates")
        sandbox.fault("status", code=404, app="redmine", method="POST", path=r"^/projects\.json")
        early = command(config, "promotions", "approve", "1")
        assert early.text(1) == ""
        assert "cannot be approved without objective" in early.err
        goal = ("--objective", "quiet routers")
        approved = command(config, "promotions", "approve", "1", *goal, "--json").json()
        assert (approved["schema"], approved["state"]) == ("bridge/decision/1", "opening")
        rejected = command(config, "promotions", "reject", "2", "--reason", "it is the monitoring").text()
        assert "is rejected" in rejected
        refused = command(config, "promotions", "approve", "2")
        assert refused.text(1) == ""
        assert "is rejected and cannot become opening" in refused.err
        assert len(refused.err.splitlines()) == 1
        if not running:
            command(config, "once").text(1)
        until(lambda: promotions(stage, "blocked"), "the project cannot be opened")
        assert command(config, "queue", "dead", "--json").json(1)["dead"][0]["kind"] == "project.open"
        assert command(config, "queue", "retry", "--json").json()["requeued"] == 1
        if not running:
            command(config, "once").text()
        until(lambda: promotions(stage, "active"), "the project is open")
        assert len(stage.office.projects()) == 1


def test_a_daemon_that_lost_its_lock_stops(stage: Stage) -> None:
    """Somebody tidied up the folder: before a second daemon can deliver the same, it ends with 3 and says why."""
    with Daemon(config_of(stage)) as daemon:
        (stage.folder / "bridge.sqlite3.lock").unlink()
        assert daemon.process is not None
        assert daemon.process.wait(timeout=30) == 3
        assert "RB-1405" in daemon.log
        assert "was removed or replaced" in daemon.log


def test_rules_are_taken_over_while_it_runs(stage: Stage) -> None:
    """A broken file is told with its place and changes nothing; the mended one works without a restart."""
    rules = stage.folder / "rules" / "disk.yaml"
    with Daemon(config_of(stage)) as daemon:
        rules.write_text(OTHER_RULE.replace("at_least: 5", "at_leest: 5"))
        daemon.until(lambda: "the last good one stays in force" in daemon.log, "the broken file is told", 30)
        assert re.search(r"disk\.yaml:\d+:\d+: ", daemon.log)
        assert "at_least" in daemon.log
        recurrence(stage)
        daemon.until(lambda: promotions(stage, "active"), "the good rules go on")

        rules.write_text(OTHER_RULE)
        daemon.until(lambda: "the changed configuration is in force" in daemon.log, "the mended file", 30)
        next_second()
        for _ in range(5):
            stage.desk.open("Disk full on db-1", key="db-1")
        daemon.until(lambda: len(promotions(stage, "active")) == 2, "the new rule works")
        assert daemon.stop()[0] == 0


def test_a_source_that_asks_to_be_left_alone_is_left_alone(stage: Stage, sandbox: Sandbox) -> None:
    """429 with Retry-After to a poll: not one request more until then, then everything that came meanwhile."""
    busy = sandbox.fault("status", code=429, headers={"Retry-After": "3"}, app="itsm", method="GET")
    recurrence(stage)
    with Daemon(config_of(stage)) as daemon:
        daemon.until(lambda: busy.times == 0, "the poll that is refused")
        asked = len(sandbox.requests("itsm"))
        began = time.monotonic()
        daemon.until(lambda: len(sandbox.requests("itsm")) > asked, "the next poll", 20)
        assert time.monotonic() - began > 2
        daemon.until(lambda: promotions(stage, "active"), "the project is open")
        assert daemon.stop()[0] == 0


def test_a_side_that_is_down_does_not_stop_the_other(stage: Stage, sandbox: Sandbox) -> None:
    """Redmine is down: incidents come in. The incident system is down: Redmine is followed. Both back: all is done."""
    office = stage.office
    with Daemon(config_of(stage)) as daemon:
        sandbox.fault("reset", app="redmine", path=r"^/(issues|projects|users)", times=None)
        recurrence(stage)
        daemon.until(lambda: promotions(stage, "opening"), "incidents come in")
        daemon.until(lambda: "Is Redmine up" in daemon.log, "it is told")
        sandbox.faults.clear()
        daemon.until(lambda: promotions(stage, "active"), "the project is open")

        (project,) = office.projects()
        root = office.root(project["id"])
        next_second()
        sandbox.fault("reset", app="itsm", path="^/api", times=None)
        for task in reversed(office.issues(project["id"])[1:]):
            office.change(task["id"], as_="admin", status="Closed")
        office.change(root["id"], as_="admin", status="Rejected")
        daemon.until(lambda: any("Rejected" in text for text, _ in office.notes(root["id"])), "Redmine is followed")
        sandbox.faults.clear()
        assert daemon.stop()[0] == 0


STAYS, IN_FORCE = "the last good one stays in force", "the changed configuration is in force"
ALWAYS = "version: 1\nwindows: {freeze: {times: [{from: 2000-01-01, to: 2100-01-01}]}}\n"
MASKS = "version: 1\nmasks: [{name: router, regex: 'no such thing'}]\n"
PLAN = "version: 1\ntitle: Network problem\nroles: {}\ntasks:\n  - {key: only, title: The only task}\n"
EXCEPT = "    unless: {field: opened_at, in_window: freeze}\n"
RULE_OF_TEXTS = RULE.replace("[service, fields.Correlation Key]", "[service, fingerprint]") + EXCEPT
BESIDE = {
    "windows.yaml": (ALWAYS.replace("from:", "form:"), ALWAYS.replace("2100", "2001")),
    "masks.yaml": (MASKS.replace("regex", "regexp"), MASKS.replace("no such thing", "router")),
    "templates/wbs/network-problem.yaml": (PLAN.replace("title: The", "titel: The"), PLAN),
    "templates/text/en/root_issue.txt": ("{# code: RB-2102 #}\n{{ nobody }}", "{# code: RB-2102 #}\nTold anew."),
}
"""Files beside the rules: broken, and changed so that the next project shows it."""


def test_what_rules_name_is_taken_over_while_it_runs(stage: Stage) -> None:
    """Windows, masks, plans and texts: a broken file is told and changes nothing, a mended one is in force at once."""
    folder = stage.folder
    for name, text in (("windows.yaml", ALWAYS), ("masks.yaml", MASKS)):
        (folder / name).write_text(text)
    for name in ("wbs", "text/en"):
        (folder / "templates" / name).mkdir(parents=True)
    named = {"windows": "windows.yaml", "masks": "masks.yaml", "templates": "templates"}
    config = write(stage, RULE_OF_TEXTS, **named)
    with Daemon(config) as daemon:
        for name, (broken, _) in BESIDE.items():
            (folder / name).write_text(broken)
        daemon.until(
            lambda: all(re.search(re.escape(name) + r":\d+", daemon.log) for name in BESIDE), "all are told", 30
        )
        daemon.until(lambda: STAYS in daemon.log, "nothing is taken over", 30)
        assert IN_FORCE not in daemon.log
        for name, (_, good) in BESIDE.items():
            (folder / name).write_text(good)
        daemon.until(lambda: IN_FORCE in daemon.log, "the mended files", 30)
        next_second()
        recurrence(stage)
        daemon.until(lambda: promotions(stage, "active"), "the window is over, so the rule covers them")
        assert daemon.stop()[0] == 0
    (project,) = stage.office.projects()
    assert project["name"] == "Router CPU keeps alerting: network · cpu above #"
    root, *others = stage.office.issues(project["id"])
    assert "1 The only task" in {issue["subject"] for issue in others}
    assert "Told anew." in root["description"]


def test_rule_tests_are_none_of_the_daemons_business(stage: Stage) -> None:
    """Cases beside the rules, even broken ones, are neither taken for rules nor a reason to load anything anew."""
    rules = stage.folder / "rules"
    (rules / "tests").mkdir()
    (rules / "tests" / "network.yaml").write_text("garbage: [")
    with Daemon(config_of(stage)) as daemon:
        (rules / "disk.test.yaml").write_text("garbage: [")
        (rules / "disk.yaml").write_text(OTHER_RULE)
        daemon.until(lambda: IN_FORCE in daemon.log, "the rules beside them are taken over", 30)
        (rules / "tests" / "network.yaml").write_text("more garbage: [")
        recurrence(stage)
        daemon.until(lambda: promotions(stage, "active"), "rules go on")
        assert daemon.stop()[0] == 0
    assert daemon.log.count(IN_FORCE) == 1
    assert STAYS not in daemon.log
    assert "test" not in "".join(line for line in daemon.log.splitlines() if "configuration" in line)
