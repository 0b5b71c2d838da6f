"""Candidates: nominated, filled in and decided in Redmine by who may and who may not, and in the command line."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bridge.model.promotion import PromotionState
from bridge.sandbox import Sandbox
from tests.servers.redmine import RedmineServer
from tests.system.desks import SandboxDesk
from tests.system.meeting import Meeting
from tests.system.stage import Stage, real_office, sandbox_bridge
from tests.system.test_story import SUMMARY, recurrence

_S = PromotionState


@pytest.fixture(params=["sandbox", pytest.param("real", marks=pytest.mark.real)])
def meeting(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Meeting]:
    """A sandbox's incident system with its Redmine, or with a real one."""
    if request.param == "sandbox":
        with Sandbox(clock_start=datetime(2026, 11, 2, 8, 0, tzinfo=UTC)) as sandbox:
            yield Meeting(sandbox_bridge(sandbox, tmp_path), f"{sandbox.redmine.url}/_control/clock")
    else:
        server: RedmineServer = request.getfixturevalue("fresh_redmine")
        with Sandbox() as sandbox:
            yield Meeting(Stage(tmp_path, SandboxDesk(sandbox), real_office(server)))


def test_a_candidate_is_decided_in_redmine(meeting: Meeting) -> None:
    """Unauthorised: answered and undone; without objective: refused; filled in and approved: one project, linked."""
    meeting.set_up()
    office = meeting.stage.office
    recurrence(meeting.stage)
    meeting.turn()
    (issue,) = meeting.issues()
    number = issue["id"]
    assert issue["assigned_to"]["id"] == office.ids["jane"]
    assert "5 incidents, 3 still open" in issue["description"]
    assert "5 affected" not in issue["description"]
    assert issue["is_private"] is False
    (candidate,) = meeting.promotions()
    assert (candidate.state, candidate.template, candidate.objective) == (_S.CANDIDATE, "network-problem", "")

    meeting.decide(number, "Resolved", as_="ben")
    assert meeting.status(number) == "New"
    assert "only members of this project with the role Manager decide" in meeting.last_note(number)
    assert office.projects() == []
    told = len(office.notes(number))
    meeting.turn()
    assert len(office.notes(number)) == told, "its own answer is nothing to answer"

    meeting.decide(number, "Resolved")
    assert meeting.status(number) == "New"
    assert "objective" in meeting.last_note(number)
    assert len(office.notes(number)) == told + 1
    assert office.projects() == []

    day = datetime.now(UTC).date() + timedelta(days=700)
    meeting.fill_in(number, "Objective", "No router alerts for a quarter")
    office.change(number, due_date=day.isoformat(), assigned_to="mia", as_="jane")
    meeting.turn()
    (candidate,) = meeting.promotions()
    assert (candidate.objective, candidate.due) == ("No router alerts for a quarter", day)
    assert candidate.owner == "mia"

    meeting.decide(number, "Resolved")
    (active,) = meeting.promotions()
    assert (active.state, active.approved_by) == (_S.ACTIVE, "jane")
    (project,) = office.projects()
    root = office.root(project["id"])
    assert "No router alerts for a quarter" in root["description"]
    assert root["assigned_to"]["id"] == office.ids["mia"]
    assert meeting.status(number) == "Resolved"
    assert f"/projects/{project['identifier']}" in meeting.last_note(number)
    journals = len(office.issue(number)["journals"])
    meeting.turn()
    assert len(office.issue(number)["journals"]) == journals
    assert len(office.projects()) == 1


@pytest.mark.real_in_soak
def test_nominated_in_redmine_rejected_deferred_and_merged(meeting: Meeting) -> None:
    """A new issue is a candidate; rejecting, deferring and merging need a reason, a day and a project."""
    meeting.set_up()
    office, desk = meeting.stage.office, meeting.stage.desk
    incident = desk.open("Mail is slow", key="mail-1")
    early = desk.open("Printer jams", key="print-1")
    meeting.turn()
    first = meeting.nominate("Mail is slow every Monday", f"See {desk.source} #{incident}.\n\nObjective: quick mail")
    second = meeting.nominate("Replace the printers", f"Again: {desk.source} #{early}")
    third = meeting.nominate("More routers fail", "As before", as_="mia")
    meeting.turn()
    mail, printers, routers = meeting.promotions()
    assert (mail.name, mail.proposed_by, mail.objective) == ("Mail is slow every Monday", "ben", "quick mail")
    assert (routers.proposed_by, routers.rule_id, routers.template) == ("mia", "", "standard-project")
    assert f"(number {mail.id})" in office.notes(first)[0][0]
    assert len(meeting.issues()) == 3, "each is its own issue, none was made beside it"

    notes = len(office.notes(first))
    # Redmine itself keeps developers from rejecting, but not an administrator who is no member.
    for status, note, login in (
        ("Closed", "no use", "ben"),
        ("Rejected", "no use", "admin"),
        ("Feedback", "Not before 2099-12-31.", "ben"),
    ):
        meeting.decide(first, status, note, as_=login)
        notes += 2
        assert (meeting.status(first), len(office.notes(first))) == ("New", notes), "the note, and the answer to it"
        assert "only members of this project with the role Manager decide" in meeting.last_note(first)
        assert meeting.promotions()[0].state is _S.CANDIDATE
    meeting.decide(first, "Rejected")
    assert (meeting.status(first), meeting.promotions()[0].state) == ("New", _S.CANDIDATE)
    assert "needs a reason" in meeting.last_note(first)
    meeting.decide(first, "Rejected", "The provider mends it on Friday.")
    assert meeting.promotions()[0].state is _S.REJECTED
    assert meeting.promotions()[0].decision_note == "The provider mends it on Friday."

    meeting.decide(second, "Feedback")
    assert "write the day" in meeting.last_note(second)
    later = datetime.now(UTC).date() + timedelta(days=400)
    meeting.decide(second, "Feedback", f"Not before {later.isoformat()}, please.")
    assert meeting.promotions()[1].state is _S.DEFERRED
    assert meeting.promotions()[1].deferred_until == datetime.combine(later, datetime.min.time(), UTC)

    form = {"owner": "jane", "objective": "new printers", "template": "standard-project"}
    meeting.command("approve", promotion=printers.id, form=form)
    meeting.turn()
    assert (meeting.status(second), meeting.promotions()[1].state) == ("Resolved", _S.ACTIVE)
    (project,) = office.projects()
    assert office.own_issue(project["id"], f"{desk.source} #{early}")
    extra = desk.open("Toner is empty", key="print-2")
    meeting.turn()
    meeting.command("propose", incidents=[f"{desk.source}#{extra}"], reason="the same printers", form={})
    meeting.turn()
    toner = meeting.promotions()[3]
    (issue,) = [row["id"] for row in meeting.issues() if row["subject"] == "Toner is empty"]
    root = office.root(project["id"])["id"]
    meeting.decide(issue, "Closed", f"belongs to #{root}", as_="ben")
    assert (meeting.status(issue), meeting.promotions()[3].state) == ("New", _S.CANDIDATE)
    meeting.decide(issue, "Closed", f"belongs to #{root}")
    assert meeting.promotions()[3].state is _S.MERGED
    assert meeting.promotions()[3].merged_into == printers.id
    assert project["identifier"] in meeting.last_note(issue)
    assert office.own_issue(project["id"], f"{desk.source} #{extra}")
    assert toner.id == 4
    assert meeting.status(third) == "New"


@pytest.mark.real_in_soak
def test_an_approval_here_and_one_there_open_one_project(meeting: Meeting) -> None:
    """jane approves in Redmine while somebody does so in the command line."""
    meeting.set_up()
    office = meeting.stage.office
    recurrence(meeting.stage)
    meeting.turn()
    (issue,) = meeting.issues()
    meeting.command("edit", promotion=1, form={"objective": "quiet", "due": ""})
    meeting.turn()
    assert "*Objective:* quiet" in office.issue(issue["id"])["description"]
    office.change(issue["id"], status="Resolved", as_="jane")
    meeting.command("approve", promotion=1)
    meeting.turn()
    meeting.turn()
    assert [p.state for p in meeting.promotions()] == [_S.ACTIVE]
    assert len(office.projects()) == 1
    assert meeting.status(issue["id"]) == "Resolved"


@pytest.mark.real_in_soak
def test_agenda_stands_in_the_wiki(meeting: Meeting) -> None:
    """By impact, in its own part of the page: what people write around it survives."""
    meeting.set_up()
    office, desk = meeting.stage.office, meeting.stage.desk
    recurrence(meeting.stage)
    for _ in range(4):
        desk.open(SUMMARY.replace("core-1", "core-2"), key="core-2")
    meeting.turn()
    page = meeting.command("agenda")["page"]
    assert page.endswith("/projects/intake/wiki/Agenda")
    text = office.page(meeting.project, "Agenda")
    assert "Router CPU keeps alerting: network" in text
    assert "4 of 5" in text
    path = f"/projects/{meeting.project}/wiki/Agenda.json"
    office.as_user("jane").ok("PUT", path, {"wiki_page": {"text": f"Bring cake.\n\n{text}\n\nRoom 7."}})
    meeting.command("reject", promotion=1, reason="known")
    meeting.command("agenda")
    text = office.page(meeting.project, "Agenda")
    assert text.startswith("Bring cake.")
    assert text.endswith("Room 7.")
    assert "Nothing waits for a decision." in text
