"""Fields beside status and person: every row in each direction, owners, conflicts, ways through statuses."""

from __future__ import annotations

import json
from typing import Any

import pytest
import structlog
from typer.testing import CliRunner

from bridge.cli.main import cli
from bridge.model.conflict import Why
from bridge.sandbox import Sandbox
from tests.system.rows import SEVERITY, Rows, sync
from tests.system.stage import Stage, opened
from tests.system.test_links import dead, link_of
from tests.system.test_story import assert_quiet, promoted

THEIRS = {
    "priority": "Urgent",
    "due": "2027-01-15",
    "subject": "Router core-1 überlastet 路由器",
    "done_ratio": "40",
    "category": "Network",
    SEVERITY: "high",
}
OURS = {
    "priority": "Low",
    "due": "2027-02-28",
    "subject": "Fan of core-1 fails",
    "done_ratio": "70",
    "category": "Hardware",
    SEVERITY: "low",
}

HALF = {"priority", "subject", "category"}


@pytest.fixture
def rows(stage: Stage) -> Rows:
    """What people set and see."""
    return Rows(stage.desk, stage.office)


def run(*words: str, stage: Stage, code: int = 0) -> str:
    """What a command prints."""
    result = CliRunner().invoke(cli, [*words, "-c", str(stage.folder / "bridge.yaml")])
    structlog.reset_defaults()  # the runner's standard error is closed now
    assert result.exit_code == code, result.output
    return result.output


def own(stage: Stage, project: int, incident: str) -> int:
    """The number of an incident's own issue."""
    return int(stage.office.own_issue(project, f"itsm #{incident}")["id"])


def begun(stage: Stage, sandbox: Sandbox, **settings: Any) -> tuple[str, int, int]:
    """An open incident with its own issue, in step: (incident, issue, project)."""
    stage.write(clock=f"{sandbox.redmine.url}/_control/clock", **settings)
    project, _, (first, *_) = promoted(stage)
    stage.once()
    stage.pause()
    return first, own(stage, project, first), project


def test_every_row_in_each_direction(stage: Stage, sandbox: Sandbox, rows: Rows) -> None:
    """Set on one side, seen on the other, and nothing is written after that; one request for all on the issue."""
    incident, issue, project = begun(stage, sandbox, sync=sync(stage, "both", "incident"))
    rows.set_incident(incident, THEIRS)
    sandbox.log.clear()
    stage.once()
    assert rows.issue(issue) == THEIRS
    assert len([one for one in sandbox.requests("redmine") if one.is_write and "/issues/" in one.path]) == 1
    assert_quiet(stage, [incident], project)
    stage.pause()
    rows.set_issue(issue, OURS)
    stage.once()
    assert rows.incident(incident) == OURS
    assert_quiet(stage, [incident], project)
    assert link_of(stage, incident).attention == ""
    stage.pause()
    part = {"project_id": project, "subject": "part", "parent_issue_id": issue, "tracker_id": 1}
    stage.office.as_user("admin").ok("POST", "/issues.json", {"issue": part})
    rows.set_incident(incident, {"done_ratio": "50", "category": "Cables"})
    stage.once()
    assert rows.issue(issue)["category"] == "Cables"
    assert rows.issue(issue)["done_ratio"] == "", "Redmine derives it from the subtask: it is read-only there"
    assert rows.incident(incident)["done_ratio"] == "", "and what it derives goes to the incident"
    assert any("50" in text for text, _ in stage.office.notes(issue)), "the other value is kept"
    assert dead(stage) == []


def halved(stage: Stage, first: dict[str, str], second: dict[str, str]) -> dict[str, Any]:
    """Half of the fields in one way, half in another."""
    settings = sync(stage, "both", "incident")
    fields = {name: row | (first if name in HALF else second) for name, row in settings["fields"].items()}
    return {**settings, "fields": fields}


def test_a_field_goes_one_way_only(stage: Stage, sandbox: Sandbox, rows: Rows) -> None:
    """What was changed on the side that is not carried over stays there, and is not overwritten."""
    to_issue, to_incident = ({"direction": one, "owner": "project"} for one in ("to_issue", "to_incident"))
    incident, issue, project = begun(stage, sandbox, sync=halved(stage, to_issue, to_incident))
    before = rows.incident(incident)
    rows.set_issue(issue, OURS)
    stage.once()
    assert rows.incident(incident) == {name: before[name] if name in HALF else OURS[name] for name in OURS}
    assert rows.issue(issue) == OURS
    stage.pause()
    rows.set_incident(incident, THEIRS)
    stage.once()
    assert rows.incident(incident) == THEIRS
    assert rows.issue(issue) == OURS, "to_issue: people changed it; to_incident: it is never written"
    assert_quiet(stage, [incident], project)


def test_the_owner_s_value_stays_and_the_other_is_kept_in_one_note(stage: Stage, sandbox: Sandbox, rows: Rows) -> None:
    """Both sides changed everything; half of it belongs to the incident."""
    settings = halved(stage, {"owner": "incident"}, {"owner": "project"})
    incident, issue, _ = begun(stage, sandbox, sync=settings)
    rows.set_incident(incident, THEIRS)
    rows.set_issue(issue, OURS)
    stage.once()
    kept = {name: THEIRS[name] if name in HALF else OURS[name] for name in OURS}
    assert rows.incident(incident) == rows.issue(issue) == kept
    (note,) = [text for text, private in stage.office.notes(issue) if private and "so that it is not lost" in text]
    assert all(value in note for value in (*THEIRS.values(), *OURS.values()))
    assert "ITSM severity" in note


def test_the_newest_change_wins_and_a_tie_is_a_conflict(stage: Stage, sandbox: Sandbox, rows: Rows) -> None:
    """By the times that both servers tell, corrected for their clocks."""
    incident, issue, _ = begun(stage, sandbox, sync=sync(stage, "both", "newest"))
    rows.set_incident(incident, {"priority": "Urgent", "category": "Network"})
    stage.pause()
    rows.set_issue(issue, {"priority": "Low"})
    rows.set_issue(issue, {"due": OURS["due"]})
    rows.set_incident(incident, {"due": THEIRS["due"]})
    stage.once()
    assert rows.incident(incident)["priority"] == rows.issue(issue)["priority"] == "Low"
    assert rows.issue(issue)["category"] == "Network"
    with opened(stage) as bridge, bridge.database.reading() as uow:
        (conflict,) = uow.conflicts.all()
        offset = uow.sync_memory.clock("itsm")
    assert (conflict.field, conflict.why) == ("due", Why.TOO_CLOSE)
    assert offset is not None
    assert offset[0].error.total_seconds() < 2
    assert (rows.incident(incident)["due"], rows.issue(issue)["due"]) == (THEIRS["due"], OURS["due"])


def test_a_conflict_waits_for_a_person_while_the_rest_goes_on(stage: Stage, sandbox: Sandbox, rows: Rows) -> None:
    """`conflicts list`, `show` and `resolve`; settled by hand on both sides it ends by itself."""
    incident, issue, project = begun(stage, sandbox, sync=sync(stage, "both", "manual"))
    rows.set_incident(incident, {"due": THEIRS["due"], "done_ratio": "10", "subject": "One"})
    rows.set_issue(issue, {"due": OURS["due"], "done_ratio": "20", "subject": "Two"})
    stage.once()
    assert_quiet(stage, [incident], project)
    listed = json.loads(run("conflicts", "list", "--json", stage=stage))
    assert listed["schema"] == "bridge/conflicts/1"
    found = {row["field"]: row for row in listed["conflicts"]}
    assert set(found) == {"due", "done_ratio", "subject"}
    assert (found["due"]["on_incident"], found["due"]["on_issue"]) == (THEIRS["due"], OURS["due"])
    assert f"conflicts resolve {found['due']['id']}" in link_of(stage, incident).attention
    stage.pause()
    rows.set_incident(incident, {"priority": "High", "subject": "Three"})
    rows.set_issue(issue, {"subject": "Three"})
    stage.once()
    assert rows.issue(issue)["priority"] == "High", "the rest goes on"
    assert rows.incident(incident)["due"] == THEIRS["due"], "it is frozen"
    run("conflicts", "resolve", str(found["due"]["id"]), "--take", "project", stage=stage)
    run("conflicts", "resolve", str(found["done_ratio"]["id"]), "--value", "30", stage=stage)
    stage.once()
    for shown in (rows.incident(incident), rows.issue(issue)):
        assert (shown["due"], shown["done_ratio"], shown["subject"]) == (OURS["due"], "30", "Three")
    assert "agreed" in run("conflicts", "show", str(found["subject"]["id"]), stage=stage)
    assert link_of(stage, incident).attention == ""


def narrow(sandbox: Sandbox, *ways: tuple[str, str]) -> None:
    """The bridge's roles may only take these steps between statuses."""
    state = sandbox.redmine.app.state
    ids = {status.name: status.id for status in state.statuses.values()}
    for role in state.roles.values():
        if role.name in {"Bridge", "Manager", "Developer"}:
            role.workflow = {(0, number) for number in ids.values()} | {(ids[a], ids[b]) for a, b in ways}


def test_without_a_way_nothing_is_written_until_one_is_learned(stage: Stage, sandbox: Sandbox) -> None:
    """`check` tells before it bites; then it is a typed error with advice, before the first step."""
    incident, issue, project = begun(stage, sandbox, sync={"paths": [["New", "In Progress", "Waitng"]]})
    narrow(sandbox, ("New", "In Progress"), ("In Progress", "Resolved"), ("Resolved", "Closed"))
    problems = json.loads(run("check", "--json", stage=stage, code=1))["problems"]
    assert [one["advice"] for one in problems if "no status “Waitng”" in one["what"]]
    (warning,) = [one for one in problems if one["where"].startswith("Redmine issue #")]
    assert "leads from “New” to no" in warning["what"]
    assert "“Closed” (resolved)" in warning["what"]
    assert "sync.paths" in warning["advice"]
    stage.desk.resolve(incident)
    sandbox.log.clear()
    stage.once()
    assert not [one for one in sandbox.requests("redmine") if one.is_write and "/issues/" in one.path]
    assert stage.office.issue(issue)["status"]["name"] == "New"
    assert "The workflow forbids New → Closed" in link_of(stage, incident).attention
    (letter,) = dead(stage)
    assert "RB-1210" in letter
    assert "sync.paths" in letter
    stage.pause()
    second, third = (str(int(incident) + number) for number in (1, 2))
    for status in ("In Progress", "Resolved", "Closed"):
        stage.office.change(own(stage, project, second), as_="admin", status=status)
    stage.once()
    stage.pause()
    stage.desk.resolve(third)
    stage.once()
    closed = stage.office.issue(own(stage, project, third))
    assert closed["status"]["name"] == "Closed", "learned from what people did"
    names = {str(number): name for name, number in stage.office.statuses.items()}
    steps = [d for journal in closed["journals"] for d in journal["details"] if d["name"] == "status_id"]
    assert [names[step["new_value"]] for step in steps] == ["In Progress", "Resolved", "Closed"]
    assert_quiet(stage, [third], project)
