"""Candidates when answers are lost, and the commands as people type them."""

from __future__ import annotations

from pathlib import Path

import pytest

from bridge.model.promotion import PromotionState
from bridge.sandbox import Sandbox
from tests.system.commands import command
from tests.system.meeting import Meeting
from tests.system.stage import opened, sandbox_bridge
from tests.system.test_story import recurrence


@pytest.fixture
def meeting(sandbox: Sandbox, tmp_path: Path) -> Meeting:
    """The bridge of these tests, not yet configured."""
    return Meeting(sandbox_bridge(sandbox, tmp_path), f"{sandbox.redmine.url}/_control/clock")


def rounds(meeting: Meeting, sandbox: Sandbox) -> None:
    """`once` after `once`, an hour apart, until nothing is left."""
    for _ in range(10):
        sandbox.clock.advance(3600)
        if not meeting.stage.once().delivered.waiting:
            return
    raise AssertionError("it does not come to an end")


def test_lost_answers_double_nothing(sandbox: Sandbox, meeting: Meeting) -> None:
    """Each write of a candidate's way is done and its answer lost once: one issue, one note each, one project."""
    meeting.set_up()
    recurrence(meeting.stage)
    sandbox.fault("after_reset", app="redmine", method="POST", path=r"^/issues\.json")
    rounds(meeting, sandbox)
    (issue,) = [row["id"] for row in meeting.issues()]
    sandbox.fault("after_reset", app="redmine", method="PUT", path=rf"^/issues/{issue}\.json")
    meeting.command("edit", promotion=1, form={"objective": "quiet", "due": "2027-03-01"})
    rounds(meeting, sandbox)
    office = meeting.stage.office
    assert "*Objective:* quiet" in office.issue(issue)["description"]
    office.change(issue, status="Resolved", as_="ben")
    sandbox.fault("after_reset", app="redmine", method="PUT", path=rf"^/issues/{issue}\.json")
    rounds(meeting, sandbox)
    assert meeting.status(issue) == "New"
    assert len(office.notes(issue)) == 1
    meeting.command("approve", promotion=1)
    sandbox.fault("after_reset", app="redmine", method="PUT", path=rf"^/issues/{issue}\.json", times=2)
    sandbox.fault("after_reset", app="redmine", method="POST", path=r"^/projects\.json")
    rounds(meeting, sandbox)
    rounds(meeting, sandbox)
    assert meeting.promotions()[0].state is PromotionState.ACTIVE
    assert len(office.projects()) == 1
    assert len(meeting.issues()) == 1
    notes = [text for text, _ in office.notes(issue)]
    assert [sum(part in text for text in notes) for part in ("approved this", "The project is there")] == [1, 1]
    with opened(meeting.stage) as bridge:
        assert bridge.engine().stats().dead == 0


def test_a_workflow_that_forbids_the_way_back_is_told_and_ends(sandbox: Sandbox, meeting: Meeting) -> None:
    """The note is there, the status stays, a person is asked; nothing is tried for ever."""
    meeting.set_up()
    recurrence(meeting.stage)
    meeting.turn()
    (issue,) = [row["id"] for row in meeting.issues()]
    bridge_role = next(role for role in sandbox.redmine.app.state.roles.values() if role.name == "Bridge")
    bridge_role.workflow = set()
    meeting.stage.office.change(issue, status="Resolved", as_="ben")
    rounds(meeting, sandbox)
    rounds(meeting, sandbox)
    assert meeting.status(issue) == "Resolved"
    assert len(meeting.stage.office.notes(issue)) == 1
    (candidate,) = meeting.promotions()
    assert candidate.state is PromotionState.CANDIDATE
    assert "The workflow forbids Resolved → New" in candidate.attention


def test_the_commands(meeting: Meeting) -> None:
    """Nominate, look, fill in, put off, merge, as text and as JSON; what is wrong ends with 2 and one line."""
    meeting.set_up()
    config = meeting.stage.folder / "bridge.yaml"
    first, second = (meeting.stage.desk.open(f"Mail {n} is slow", key=f"m{n}") for n in (1, 2))
    meeting.turn()
    told = command(config, "promotions", "propose", "--incident", f"itsm#{first}", "--reason", "again").text()
    assert told == "promotion 1 “Mail 1 is slow” is candidate.\n"
    goal = ("--owner", "network-team", "--objective", "quick mail", "--due", "2027-03-01")
    assert command(config, "promotions", "edit", "1", *goal, "--json").json()["state"] == "candidate"
    wrong = command(config, "promotions", "edit", "1", "--template", "standart-project")
    assert wrong.text(2) == ""
    assert "did you mean “standard-project”" in wrong.err
    assert command(config, "promotions", "edit", "1").text(2) == ""
    agenda = command(config, "promotions", "agenda", "--json").json()
    assert [(row["id"], row["owner"], row["missing"]) for row in agenda["waiting"]] == [(1, "network-team", [])]
    shown = command(config, "promotions", "show", "1", "--json").json()
    assert (shown["objective"], shown["due"], shown["template"]) == ("quick mail", "2027-03-01", "standard-project")
    assert "1 incident (1 open)" in shown["impact"]
    assert "is opening" in command(config, "promotions", "approve", "1").text()
    meeting.turn()
    more = ("--incident", f"itsm#{second}", "--reason", "the same", "--name", "More mail")
    command(config, "promotions", "propose", *more).text()
    assert "is deferred" in command(config, "promotions", "defer", "2", "2027-01-04", "--reason", "later").text()
    assert "More mail" in command(config, "promotions", "agenda", "--wiki").text()
    assert "is merged" in command(config, "promotions", "merge", "2", "1").text()
    meeting.turn()
    (project,) = meeting.stage.office.projects()
    assert meeting.stage.office.own_issue(project["id"], f"itsm #{second}")
