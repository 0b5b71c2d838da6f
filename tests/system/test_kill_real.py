"""Killed at every step of opening a project on a real Redmine."""

from __future__ import annotations

import copy
import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bridge.sandbox import Sandbox
from tests.servers.redmine import RedmineServer
from tests.system import child
from tests.system.desks import SandboxDesk
from tests.system.stage import RULE, Stage, real_office
from tests.system.test_story import recurrence

START = datetime(2026, 11, 2, 8, 0, tzinfo=UTC)
TEMPLATE = """\
version: 1
title: Small
roles: {operations: ben}
milestones: [{key: live, title: Solved, tasks: [solve]}]
tasks:
  - {key: contain, title: Contain it, role: operations, estimate: 4h}
  - key: solve
    title: Solve it
    after: [contain]
    children:
      - {key: cause, title: Find the cause, role: owner, estimate: 8h}
"""


@pytest.mark.parametrize("first", [1, *(pytest.param(n, marks=pytest.mark.soak) for n in (2, 3, 4))])
def test_killed_at_every_step_of_opening_on_a_real_redmine(
    fresh_redmine: RedmineServer, tmp_path: Path, first: int
) -> None:
    """After a remote write and before our commit: no project, issue, note or relation doubled or missing.

    After every fourth write here, after each of them in the soak test.
    """
    with Sandbox(clock_start=START) as sandbox:
        stage = Stage(tmp_path, SandboxDesk(sandbox), real_office(fresh_redmine))
        (tmp_path / "templates" / "wbs").mkdir(parents=True)
        (tmp_path / "templates" / "wbs" / "small.yaml").write_text(TEMPLATE, encoding="utf-8")
        rule = RULE.replace("network-problem", "small\n      categories: [Network]")
        config = stage.write(rule=rule, templates="templates", clock=f"{sandbox.redmine.url}/_control/clock")
        assert child.once(config)
        sandbox.clock.advance(3600)
        recurrence(stage)
        before = copy.deepcopy(sandbox.itsm.app.state)
        store, kept = tmp_path / "bridge.sqlite3", tmp_path / "before.sqlite3"
        shutil.copy(store, kept)

        def play(number: int) -> bool:
            """From the same moment to the end; whether the bridge died on the way."""
            fresh_redmine.reset()
            sandbox.itsm.app.state = copy.deepcopy(before)
            for path in tmp_path.glob("bridge.sqlite3*"):
                path.unlink()
            shutil.copy(kept, store)
            kill = child.AtBoundary(number, points=("delivered",))
            if child.once(config, kill):
                return False
            assert child.once(config)
            return True

        assert not play(10_000)
        undisturbed = stage.office.dump(), sandbox.dump()["itsm"]
        (opened,) = undisturbed[0].values()
        assert len(opened["issues"]) == 7
        assert (len(opened["versions"]), opened["categories"]) == (1, ["Network"])
        number = first
        while play(number):
            assert (stage.office.dump(), sandbox.dump()["itsm"]) == undisturbed, f"killed at step {number}"
            number += 4
        assert number > 20
