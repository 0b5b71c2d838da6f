"""Periodic work: one cycle a month as a version in a standing project, skipped while the last one is open."""

from __future__ import annotations

import copy
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from bridge.model.promotion import Promotion, PromotionState
from bridge.sandbox import Sandbox
from tests.servers.common import INSTALL_SECONDS
from tests.system import child
from tests.system.desks import SandboxDesk
from tests.system.gated import dead, write
from tests.system.stage import Stage, opened, real_office, sandbox_bridge

RULE = """\
version: 1
rules:
  - id: restore-test
    title: Restore test
    mode: auto
    when: {any: [{schedule: {every: month, on: 1st business day}}]}
    project:
      name: "{{ rule.title }} {{ group.label }}"
      description: Prove that what was saved can be read.
      template: small
      owner: jane
      to: version
      in: routine
"""
SMALL = """\
version: 1
title: Small
tasks:
  - {key: restore, title: Restore a database, role: owner, estimate: 4h}
"""


def write_stage(stage: Stage, clock: str, rule: str = RULE) -> None:
    """The configuration, with the sandbox's clock also before a real Redmine."""
    admin = stage.office.as_user("admin")
    parent = admin.ok("GET", "/projects/operations.json")["project"]["id"]
    values = {"name": "Routine", "identifier": "routine", "parent_id": parent, "is_public": False}
    body = {**values, "inherit_members": True, "enabled_module_names": ["issue_tracking", "wiki"]}
    admin.ok("POST", "/projects.json", {"project": body})
    write(stage, rule)
    (stage.folder / "templates" / "wbs" / "small.yaml").write_text(SMALL)
    path = stage.folder / "bridge.yaml"
    text = path.read_text()
    path.write_text(text if "clock:" in text else f"{text}clock: {clock}\n")


@pytest.fixture(
    params=["sandbox", pytest.param("real", marks=[pytest.mark.real, pytest.mark.timeout(INSTALL_SECONDS)])]
)
def stage(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Stage]:
    """A bridge with a rule that comes round, on 20 November, on the sandbox's clock."""
    with Sandbox(clock_start=datetime(2026, 11, 20, 8, 0, tzinfo=UTC)) as sandbox:
        made = sandbox_bridge(sandbox, tmp_path)
        if request.param == "real":
            made = Stage(tmp_path, SandboxDesk(sandbox), real_office(request.getfixturevalue("fresh_redmine")))
        write_stage(made, f"{sandbox.redmine.url}/_control/clock")
        yield made


def go_to(stage: Stage, year: int, month: int, day: int) -> None:
    """The clock is set, and the bridge looks."""
    assert isinstance(stage.desk, SandboxDesk)
    stage.desk.sandbox.clock.set(datetime(year, month, day, 9, tzinfo=UTC))
    stage.pause()
    stage.once()


def promotions(stage: Stage) -> list[Promotion]:
    """All cycles, oldest first."""
    with opened(stage) as bridge, bridge.database.reading() as uow:
        return list(uow.promotions.in_states())


def versions(stage: Stage) -> list[dict[str, Any]]:
    """The versions of the standing project, oldest first."""
    rows = stage.office.as_user("admin").ok("GET", "/projects/routine/versions.json")["versions"]
    return sorted(rows, key=lambda row: int(row["id"]))


def finish(stage: Stage, cycle: Promotion) -> None:
    """Jane does the work and closes the cycle's root."""
    assert cycle.project_id is not None
    stage.pause()
    for issue in reversed(stage.office.issues(cycle.project_id)):
        if issue["status"]["name"] != "Closed":
            stage.office.change(issue["id"], status="Closed")
    stage.pause()
    stage.once()


def test_a_year_of_restore_tests(stage: Stage) -> None:
    """Begun each month, skipped while the last is open, once after a time without the bridge, never for the past."""
    stage.once()
    assert promotions(stage) == [], "November began before the rule did"
    go_to(stage, 2026, 12, 1)
    stage.once()
    (december,) = promotions(stage)
    assert (december.state, december.name) == (PromotionState.ACTIVE, "Restore test 2026-12")
    (version,) = versions(stage)
    assert version["name"] == "Restore test 2026-12"
    assert "Prove that what was saved can be read." in version["description"]
    assert december.project_id is not None
    issues = stage.office.issues(december.project_id)
    assert [(issue["subject"], issue["fixed_version"]["id"]) for issue in issues] == [
        ("Restore test 2026-12", version["id"]),
        ("1 Restore a database", version["id"]),
    ]
    assert issues[1]["start_date"] == "2026-12-01"
    assert issues[1]["assigned_to"]["id"] == stage.office.ids["jane"]

    go_to(stage, 2027, 1, 4)
    go_to(stage, 2027, 1, 5)
    assert len(promotions(stage)) == 1
    notes = [text for text, _ in stage.office.notes(december.root_issue_id or 0)]
    assert sum("2027-01" in text and "skipped" in text for text in notes) == 1
    assert "2027-01" in promotions(stage)[0].attention
    finish(stage, december)
    go_to(stage, 2027, 1, 20)
    assert [p.state for p in promotions(stage)] == [PromotionState.DELIVERED], "what was skipped is not made up for"

    go_to(stage, 2027, 5, 20)
    cycles = promotions(stage)
    assert [p.label for p in cycles] == ["2026-12", "2027-05"], "three months without the bridge make one cycle"
    assert len(versions(stage)) == 2
    assert dead(stage) == []


def test_a_cycle_is_made_once_wherever_the_bridge_dies(tmp_path: Path) -> None:
    """Killed at every boundary of a cycle; the project ends as if nobody had killed it."""
    with Sandbox(clock_start=datetime(2026, 11, 20, 8, 0, tzinfo=UTC)) as sandbox:
        stage = sandbox_bridge(sandbox, tmp_path)
        write_stage(stage, f"{sandbox.redmine.url}/_control/clock")
        stage.once()
        sandbox.clock.set(datetime(2026, 12, 1, 9, tzinfo=UTC))
        before, store, kept = copy.deepcopy(sandbox.redmine.app.state), tmp_path / "bridge.sqlite3", tmp_path / "kept"
        shutil.copy(store, kept)

        def play(number: int) -> bool:
            """From the same moment to the end; whether the bridge died on the way."""
            sandbox.redmine.app.state = copy.deepcopy(before)
            for path in tmp_path.glob("bridge.sqlite3*"):
                path.unlink()
            shutil.copy(kept, store)
            if child.once(stage.folder / "bridge.yaml", child.AtBoundary(number)):
                return False
            assert child.once(stage.folder / "bridge.yaml")
            return True

        assert not play(10_000)
        undisturbed, number = sandbox.dump()["redmine"], 1
        assert [version["name"] for version in versions(stage)] == ["Restore test 2026-12"]
        while play(number):
            assert sandbox.dump()["redmine"] == undisturbed, f"killed at boundary {number}"
            number += 1
        assert number > 12


@pytest.mark.parametrize(("mode", "states"), [("propose", [PromotionState.CANDIDATE]), ("shadow", []), ("off", [])])
def test_how_far_a_rule_goes_by_itself(tmp_path: Path, mode: str, states: list[PromotionState]) -> None:
    """Proposed, watched, off: nothing is written to Redmine."""
    with Sandbox(clock_start=datetime(2026, 11, 20, 8, 0, tzinfo=UTC)) as sandbox:
        stage = sandbox_bridge(sandbox, tmp_path)
        write_stage(stage, f"{sandbox.redmine.url}/_control/clock", RULE.replace("mode: auto", f"mode: {mode}"))
        stage.once()
        go_to(stage, 2026, 12, 1)
        go_to(stage, 2026, 12, 2)
        assert [p.state for p in promotions(stage)] == states
        assert stage.writes() == 0
