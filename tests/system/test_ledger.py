"""Exclusions in life: lease, hold, published head, verification, export; on the sandbox with its own clock."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner

from bridge.app import App, Cycle
from bridge.cli.main import cli
from bridge.model.exclusion import Ending, Exclusion
from bridge.sandbox import Sandbox
from bridge.usecases.measure import measure
from tests.system.stage import RULE, Stage, sandbox_bridge
from tests.system.test_story import SUMMARY, promoted

RECOMPUTE = Path(__file__).parents[1] / "recompute_ledger.py"
MONDAY = datetime(2026, 11, 2, 8, 0, tzinfo=UTC)
DAY = 86_400
BOOK = {"view_time_entries", "log_time"}


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    """It is Monday, 8 o'clock."""
    with Sandbox(clock_start=MONDAY) as made:
        yield made


class Kept(Stage):
    """A stage whose bridge stays open, as the daemon does."""

    kept: App

    def once(self) -> Cycle:
        """One `once` of that bridge."""
        cycle = self.kept.once()
        assert not cycle.failures, cycle.failures
        return cycle


@contextmanager
def bridge(sandbox: Sandbox, folder: Path, kpi: str = "pause", hold: str = "link") -> Iterator[Kept]:
    """A bridge whose rule holds open incidents or not, and excludes them in some way."""
    made = Kept(**vars(sandbox_bridge(sandbox, folder)))
    rule = RULE.replace("kpi: pause", f"kpi: {kpi}").replace("open: link", f"open: {hold}")
    made.write(rule=rule, clock=f"{sandbox.redmine.url}/_control/clock", sla={"resolution": {1: "12h"}})
    with ExitStack() as resources:
        made.kept = made.app(resources)
        yield made


@pytest.fixture
def stage(sandbox: Sandbox, tmp_path: Path) -> Iterator[Kept]:
    """It is Monday, 8 o'clock; open incidents are excluded while their project runs."""
    with bridge(sandbox, tmp_path) as made:
        yield made


def exclusions(stage: Kept) -> list[Exclusion]:
    with stage.kept.database.reading() as uow:
        return uow.exclusions.all()


def kinds(stage: Kept) -> list[str]:
    with stage.kept.database.reading() as uow:
        return [row.kind for row in uow.kpi_ledger.rows(0, 999)]


def run(stage: Kept, *words: str, code: int = 0) -> str:
    result = CliRunner().invoke(cli, [*words, "--config", str(stage.folder / "bridge.yaml")])
    assert result.exit_code == code, f"{result.output}{result.exception}"
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result.output


def test_a_lease_without_progress_lapses_and_progress_begins_anew(sandbox: Sandbox, stage: Kept) -> None:
    """Warned on Thursday of the second week, lapsed on Tuesday of the third; a note begins new exclusions."""
    project, _, waiting = promoted(stage)
    root = stage.office.root(project)["id"]
    assert kinds(stage) == ["started"] * 3

    sandbox.clock.advance(9 * DAY)
    stage.once()
    assert kinds(stage) == ["started"] * 3, "Wednesday of the second week"
    sandbox.clock.advance(DAY)
    stage.once()
    assert kinds(stage)[3:] == ["warned"] * 3
    assert any("clocks resume" in text for text, _ in stage.office.notes(root))

    sandbox.clock.advance(5 * DAY)
    stage.once()
    assert kinds(stage)[6:] == ["ended"] * 3
    assert {one.ended_because for one in exclusions(stage)} == {Ending.LAPSED}
    assert any("counts in the adjusted KPIs again" in text for text, _ in stage.office.notes(root))
    assert "project idle" in run(stage, "kpi", "findings", code=1)

    stage.desk.resolve(waiting[0])
    stage.pause()
    stage.office.note(root, "Ordered a new board")
    spoken = sandbox.clock.now()
    sandbox.clock.advance(2 * 3600)
    stage.once()
    again = [one for one in exclusions(stage) if one.ended_at is None]
    assert len(again) == len(waiting) - 1
    assert all(abs(one.started_at - spoken).total_seconds() < 5 for one in again), "from then on, not from now"
    assert sorted(kinds(stage)[9:]) == ["extended", "started", "started"], "of the one that is resolved it is only told"
    found = run(stage, "kpi", "findings", code=1)
    assert "excluded again" in found
    assert "project idle" not in found
    sandbox.clock.advance(DAY)
    stage.office.note(root, "It has come")
    stage.once()
    assert len(kinds(stage)) == 12, "told once"


def test_progress_keeps_an_exclusion_alive(sandbox: Sandbox, stage: Kept) -> None:
    """The bridge's own notes are no progress; a person's change is, and one row says so for the whole stretch."""
    project, _, _ = promoted(stage)
    sandbox.clock.advance(7 * DAY)
    stage.office.note(stage.office.root(project)["id"], "The vendor has an idea")
    stage.once()
    assert kinds(stage) == ["started"] * 3
    sandbox.clock.advance(5 * DAY)
    stage.once()
    assert kinds(stage)[3:] == ["extended"] * 3
    sandbox.clock.advance(7 * DAY)
    stage.once()
    assert kinds(stage)[6:] == ["warned"] * 3


def test_a_person_who_lifts_the_hold_ends_the_exclusion_at_that_moment(sandbox: Sandbox, tmp_path: Path) -> None:
    with bridge(sandbox, tmp_path, hold="hold") as stage:
        _lifted(sandbox, stage)


def _lifted(sandbox: Sandbox, stage: Kept) -> None:
    _, _, (first, second, third) = promoted(stage)
    stage.pause()
    stage.once()
    assert kinds(stage).count("held") == 3
    sandbox.clock.advance(5 * 3600)
    stage.desk.take(first, as_="alice")
    lifted = sandbox.clock.now()
    stage.desk.resolve(third)
    sandbox.clock.advance(3600)
    stage.once()
    ended = [one for one in exclusions(stage) if one.ended_at is not None]
    assert [one.ended_because for one in ended] == [Ending.LIFTED]
    assert abs(ended[0].ended_at - lifted).total_seconds() < 5  # type: ignore[operator]
    with stage.kept.database.reading() as uow:
        holds = uow.exclusions.holds(range(1, 9))
        assert sum(end is None for those in holds.values() for _, end in those) == 1
    assert stage.desk.state(second) == "pending"


def test_raw_figures_know_nothing_of_exclusions(tmp_path: Path) -> None:
    """The same incidents with `none` and with `remove`."""
    raw, adjusted = set(), {}
    for kpi in ("none", "remove"):
        folder = tmp_path / kpi
        folder.mkdir()
        with Sandbox(clock_start=MONDAY) as sandbox, bridge(sandbox, folder, kpi) as stage:
            _, _, waiting = promoted(stage)
            sandbox.clock.advance(7200)
            stage.desk.resolve(waiting[0])
            stage.once()
            with stage.kept.database.reading() as uow:
                times = measure(uow)
        raw.add((times.resolved, times.raw_hours))
        adjusted[kpi] = (times.counted, times.adjusted_hours)
    ((resolved, hours),) = raw
    assert adjusted["none"] == (resolved, hours)
    assert adjusted["remove"][0] == resolved - 1


def test_the_head_is_published_and_whatever_is_changed_is_found(sandbox: Sandbox, stage: Kept, tmp_path: Path) -> None:
    """Published on the next day, once; a saved page shows a ledger that was written anew as a whole."""
    _, _, waiting = promoted(stage)
    stage.desk.resolve(waiting[0])
    stage.once()
    assert run(stage, "kpi", "ledger", "verify").startswith("All 3 rows are as they were written; 0 of them")
    sandbox.clock.advance(DAY)
    for _ in range(2):
        stage.once()
    sandbox.clock.advance(DAY)
    stage.once()
    parent = stage.office.as_user("admin").ok("GET", "/projects/operations.json")["project"]["id"]
    page = stage.office.page(parent, "KPI_ledger")
    assert page.count("| 3 |") == 1
    (stage.folder / "page.txt").write_text(page, encoding="utf-8")
    saved = ("--heads", str(stage.folder / "page.txt"))
    assert "3 of them under a published head" in run(stage, "kpi", "ledger", "verify", *saved)

    found = json.loads(run(stage, "kpi", "findings", "--json", code=1))["findings"]
    assert [(one["kind"], len(one["incidents"])) for one in found] == [("excluded near a breach", 2)], "one was over"
    listed = json.loads(run(stage, "kpi", "ledger", "list", "--json"))["rows"]
    assert {row["approver"] for row in listed} == {"rule router-cpu"}
    run(stage, "kpi", "ledger", "export", str(tmp_path / "audit"))
    told = recomputed(tmp_path / "audit")
    assert told.returncode == 0, told.stdout + told.stderr
    assert "rule router-cpu" not in (tmp_path / "audit" / "ledger.csv").read_text(encoding="utf-8")

    _cheat(stage)
    assert "row 2 was changed" in run(stage, "kpi", "ledger", "verify", code=1)
    run(stage, "kpi", "ledger", "export", str(tmp_path / "audit"))
    told = recomputed(tmp_path / "audit")
    assert told.returncode == 1
    assert "WRONG: row 2" in told.stdout


def test_a_merged_project_hides_nothing_from_a_demotion(sandbox: Sandbox, tmp_path: Path) -> None:
    """Resolved while one project paused them or after another took it in: with that one demoted all time counts."""
    with bridge(sandbox, tmp_path) as stage:
        promoted(stage)
        others = [stage.desk.open(SUMMARY, key="core-2") for _ in range(5)]
        stage.pause()
        stage.once()
        sandbox.clock.advance(7200)
        stage.desk.resolve(others[0])
        stage.pause()
        stage.once()
        said = {"actor": "erin", "reason": "one power supply"}
        stage.kept.perform("merge", {"promotion": 2, "into": 1, **said})
        sandbox.clock.advance(3600)
        stage.desk.resolve(others[1])
        stage.pause()
        stage.once()
        stage.kept.perform("demote", {"promotion": 1, **said})
        with stage.kept.database.reading() as uow:
            times = measure(uow)
        assert (times.adjusted_hours, times.excluded_hours, times.removed) == (times.raw_hours, 0, 0)
        found = json.loads(run(stage, "kpi", "findings", "--json", code=1))["findings"]
        (demoted,) = [one for one in found if one["kind"] == "excluded by a demoted project"]
        assert demoted["promotions"] == [1, 2]
        assert {f"itsm #{number}" for number in others} < set(demoted["incidents"])
        run(stage, "kpi", "ledger", "export", str(tmp_path / "audit"))
        told = recomputed(tmp_path / "audit")
        assert told.returncode == 0, told.stdout + told.stderr


def recomputed(folder: Path) -> subprocess.CompletedProcess[str]:
    """What the script that knows nothing of the bridge says."""
    words = [sys.executable, "-I", str(RECOMPUTE), str(folder)]
    return subprocess.run(words, check=False, capture_output=True, text=True, timeout=60)


def _cheat(stage: Kept) -> None:
    """Somebody with all rights on the database begins an exclusion an hour earlier."""
    with stage.kept.database.transaction() as uow:
        uow.connection.exec_driver_sql("DROP TRIGGER kpi_ledger_no_update")
        uow.connection.exec_driver_sql("UPDATE kpi_ledger SET at = at - 3600000000 WHERE id = 2")
