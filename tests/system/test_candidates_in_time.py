"""What time, marks on incidents and history do to candidates: on the sandbox, whose clock can be set."""

from __future__ import annotations

import sqlite3
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bridge.model.errors import NotFound, NotPossible
from bridge.model.promotion import PromotionState
from bridge.sandbox import Sandbox
from tests.servers.common import Caller
from tests.system.commands import command
from tests.system.meeting import PROPOSE, Meeting
from tests.system.stage import opened, sandbox_bridge
from tests.system.test_story import SUMMARY, recurrence

_S = PromotionState
DAY = 86_400


@pytest.fixture
def meeting(sandbox: Sandbox, tmp_path: Path) -> Meeting:
    """The bridge of these tests, not yet configured."""
    return Meeting(sandbox_bridge(sandbox, tmp_path), f"{sandbox.redmine.url}/_control/clock")


def test_waiting_candidates_are_brought_up_reminded_and_expire(sandbox: Sandbox, meeting: Meeting) -> None:
    """The owner is reminded after a week, once; then the chain; after 30 days it expires and frees its incidents."""
    meeting.set_up()
    recurrence(meeting.stage)
    meeting.turn()
    (issue,) = [row["id"] for row in meeting.issues()]
    office = meeting.stage.office
    sandbox.clock.advance(7 * DAY)
    meeting.turn()
    meeting.turn()
    assert [text for text, _ in office.notes(issue) if "waited for a decision" in text] == [meeting.last_note(issue)]
    assert meeting.last_note(issue).startswith("@jane")
    with opened(meeting.stage) as bridge, bridge.database.reading() as uow:
        members = [member.incident_id for member in uow.promotions.members(1)]
        assert all(uow.promotions.of_incident(one) for one in members)
    sandbox.clock.advance(23 * DAY)
    meeting.turn()
    assert meeting.promotions()[0].state is _S.EXPIRED
    assert "nobody decided within 30d" in meeting.last_note(issue)
    with opened(meeting.stage) as bridge, bridge.database.reading() as uow:
        assert not any(uow.promotions.of_incident(one) for one in members)
    meeting.turn()
    assert len(meeting.promotions()) == 1, "time alone does not propose it again"
    meeting.stage.desk.open(SUMMARY, key="core-1")
    meeting.turn()
    assert [p.state for p in meeting.promotions()] == [_S.EXPIRED, _S.CANDIDATE]


def test_a_rejected_group_speaks_up_when_it_comes_twice_as_fast(meeting: Meeting) -> None:
    """Five incidents were not enough for a project; ten more are asked about again."""
    meeting.set_up()
    recurrence(meeting.stage)
    meeting.turn()
    meeting.command("reject", promotion=1, reason="too few")
    meeting.stage.pause()
    for _ in range(9):
        meeting.stage.desk.open(SUMMARY, key="core-1")
    meeting.turn()
    assert len(meeting.promotions()) == 1
    meeting.stage.desk.open(SUMMARY, key="core-1")
    meeting.turn()
    assert [p.state for p in meeting.promotions()] == [_S.REJECTED, _S.CANDIDATE]


FORM = {"owner": "jane", "objective": "quick mail"}


def expired(sandbox: Sandbox, meeting: Meeting, incident: str) -> int:
    """Proposes a candidate about an incident and lets its time go by; its issue."""
    meeting.command("propose", incidents=[f"itsm#{incident}"], reason="again", form=FORM)
    meeting.turn()
    (issue,) = [row["id"] for row in meeting.issues()]
    sandbox.clock.advance(31 * DAY)
    meeting.turn()
    return int(issue)


def test_an_expired_candidate_can_still_be_approved(sandbox: Sandbox, meeting: Meeting) -> None:
    """By who may decide, where nothing took its place."""
    meeting.set_up()
    incident = meeting.stage.desk.open("Mail is slow", key="m")
    meeting.turn()
    issue = expired(sandbox, meeting, incident)
    assert meeting.promotions()[0].state is _S.EXPIRED
    meeting.decide(issue, "Resolved", as_="ben")
    assert meeting.promotions()[0].state is _S.EXPIRED
    meeting.decide(issue, "Feedback")
    meeting.decide(issue, "Resolved")
    assert meeting.promotions()[0].state is _S.ACTIVE


def test_an_expired_candidate_whose_incidents_another_one_has_is_not_approved(
    sandbox: Sandbox, meeting: Meeting
) -> None:
    """They were free, and the first that claims an incident keeps it."""
    meeting.set_up()
    first, second = (meeting.stage.desk.open(f"Mail is slow {n}", key=f"m{n}") for n in range(2))
    meeting.turn()
    issue = expired(sandbox, meeting, first)
    meeting.command("propose", incidents=[f"itsm#{first}", f"itsm#{second}"], reason="both", form=FORM)
    meeting.decide(issue, "Feedback")
    meeting.decide(issue, "Resolved")
    assert [p.state for p in meeting.promotions()] == [_S.EXPIRED, _S.CANDIDATE]
    assert "1 of its incidents belong to others, such as promotion 2" in meeting.last_note(issue)


def test_a_deferred_candidate_comes_back_by_itself(sandbox: Sandbox, meeting: Meeting) -> None:
    """On its day, with a note and the waiting status; from then on it waits anew."""
    meeting.set_up()
    recurrence(meeting.stage)
    meeting.turn()
    (issue,) = [row["id"] for row in meeting.issues()]
    meeting.command("defer", promotion=1, until="2026-12-01", reason="after the freeze")
    meeting.turn()
    assert meeting.status(issue) == "Feedback"
    assert "until 2026-12-01" in meeting.last_note(issue)
    sandbox.clock.advance(28 * DAY)
    meeting.turn()
    assert meeting.promotions()[0].state is _S.DEFERRED
    sandbox.clock.advance(DAY)
    meeting.turn()
    (back,) = meeting.promotions()
    assert (back.state, meeting.status(issue)) == (_S.CANDIDATE, "New")
    assert back.waiting_since is not None
    assert back.waiting_since > datetime(2026, 12, 1, tzinfo=UTC)
    with pytest.raises(NotPossible, match="is no day to come"):
        meeting.command("defer", promotion=1, until="2026-11-03")


def test_a_field_on_an_incident_nominates_it_once(meeting: Meeting) -> None:
    """Its value says why; changed again it is no second candidate, also after it was rejected."""
    meeting.set_up(nomination={"field": "fields.Correlation Key"})
    desk = meeting.stage.desk
    incident = desk.open("Mail is slow", key="needs a project")
    meeting.turn()
    (candidate,) = meeting.promotions()
    assert (candidate.name, candidate.reason, candidate.rule_id) == ("Mail is slow", "needs a project", "")
    assert len(meeting.issues()) == 1
    meeting.command("reject", promotion=1, reason="no")
    desk.take(incident, as_="bob")
    meeting.turn()
    assert len(meeting.promotions()) == 1
    assert len(meeting.issues()) == 1


def test_a_tag_on_an_incident_nominates_it_once_and_once_tells(sandbox: Sandbox, meeting: Meeting) -> None:
    """Another tag does nothing; the candidate says by what it came; a later change of the incident makes no second."""
    meeting.set_up(nomination={"tag": "Project"})
    incident = meeting.stage.desk.open("Mail is slow", key="m")
    tagged = Caller(sandbox.itsm.url, {"Authorization": f"Bearer {sandbox.itsm.token('anna')}"})
    tagged.ok("PATCH", f"/api/incidents/{incident}", {"tags": ["projects"]})
    meeting.turn()
    assert meeting.promotions() == []
    tagged.ok("PATCH", f"/api/incidents/{incident}", {"tags": ["mail", "project"]})
    meeting.stage.pause()
    told = command(meeting.stage.folder / "bridge.yaml", "once").text()
    why = f"itsm #{incident} has the tag “Project”"
    assert f"nominated: Mail is slow: candidate 1, because {why}\n" in told
    (candidate,) = meeting.promotions()
    assert (candidate.state, candidate.reason, candidate.rule_id) == (_S.CANDIDATE, why, "")
    assert [issue["subject"] for issue in meeting.issues()] == ["Mail is slow"]
    meeting.stage.desk.take(incident, as_="bob")
    meeting.stage.pause()
    again = command(meeting.stage.folder / "bridge.yaml", "once", "--json").json()
    assert (again["incidents"], again["nominated"]) == (1, [])
    assert len(meeting.promotions()) == 1


def test_nominations_that_cannot_be(meeting: Meeting) -> None:
    """Unknown, taken, without reason: told, and nothing is stored. The same once more is the same candidate."""
    meeting.set_up()
    desk = meeting.stage.desk
    recurrence(meeting.stage)
    for _ in range(3):
        desk.open("Router core-2 CPU above 95 %", key="core-2")
    other = desk.open("Mail is slow", key="m")
    meeting.turn()
    with pytest.raises(NotFound, match="does not know the incident"):
        meeting.command("propose", incidents=["itsm#999"], reason="x")
    with pytest.raises(NotPossible, match="is no incident"):
        meeting.command("propose", incidents=["nonsense"], reason="x")
    with pytest.raises(NotPossible, match="needs a reason"):
        meeting.command("propose", incidents=[f"itsm#{other}"], reason=" ")
    with pytest.raises(NotPossible, match="belongs to promotion 1"):
        meeting.command("propose", incidents=["itsm#1"], reason="x")
    with pytest.raises(NotFound, match="has no group"):
        meeting.command("propose", group="router-cpu:nothing", reason="x")
    with pytest.raises(NotPossible, match="no person or team"):
        meeting.command("propose", incidents=[f"itsm#{other}"], reason="x", form={"owner": "jnae"})
    assert len(meeting.promotions()) == 1
    made = meeting.command("propose", group="router-cpu:network · core-2", reason="it will get worse")
    again = meeting.command("propose", group="router-cpu:network · core-2", reason="it will get worse")
    assert made == again
    assert meeting.promotions()[1].proposed_by == "jane"
    assert meeting.promotions()[1].rule_id == "router-cpu"


def test_a_new_rule_tells_of_its_findings_together(meeting: Meeting) -> None:
    """One entry in the audit trail, one part of the agenda, no issue; what is new in a group brings it up."""
    meeting.set_up(rule=PROPOSE.replace("(?i)router", "(?i)nothing like this"))
    for key in ("core-1", "core-2"):
        for _ in range(5):
            meeting.stage.desk.open(SUMMARY.replace("core-1", key), key=key)
    meeting.turn()
    meeting.configure()
    meeting.turn()
    meeting.turn()
    assert [p.from_history for p in meeting.promotions()] == [True, True]
    with sqlite3.connect(meeting.stage.folder / "bridge.sqlite3") as store:
        told = store.execute("SELECT action, count(*) FROM audit WHERE action IN ('digest', 'candidate') GROUP BY 1")
        assert dict(told.fetchall()) == {"digest": 1}
    assert meeting.issues() == []
    meeting.command("agenda")
    page = meeting.stage.office.page(meeting.project, "Agenda")
    assert page.count("(rule router-cpu)") == 2
    assert "Nothing waits for a decision." in page
    meeting.stage.desk.open(SUMMARY, key="core-1")
    meeting.turn()
    meeting.command("edit", promotion=2, form={"objective": "quiet"})
    meeting.turn()
    assert sorted(row["subject"][-6:] for row in meeting.issues()) == ["core-1", "core-2"]


def test_candidates_in_a_public_project_are_private_issues(meeting: Meeting) -> None:
    """The evidence is nobody else's; values that cannot be right are answered and put back."""
    meeting.set_up(public=True)
    recurrence(meeting.stage)
    meeting.turn()
    (issue,) = meeting.issues()
    assert issue["is_private"] is True
    meeting.fill_in(issue["id"], "Template", "network-probelm", as_="jane")
    meeting.turn()
    assert "did you mean “network-problem”" in meeting.last_note(issue["id"])
    assert "*Template:* network-problem" in meeting.stage.office.issue(issue["id"])["description"]
    meeting.stage.office.as_user("admin").ok("DELETE", f"/issues/{issue['id']}.json")
    meeting.command("edit", promotion=1, form={"objective": "quiet"})
    meeting.turn()
    (candidate,) = meeting.promotions()
    assert "is gone" in candidate.attention
    assert meeting.command("approve", promotion=1)["state"] == "opening"
    meeting.turn()
    assert meeting.promotions()[0].state is _S.ACTIVE


def test_a_decision_in_the_second_of_the_bridge_s_answer_is_taken(sandbox: Sandbox, meeting: Meeting) -> None:
    """The issue shows the same whole second as before it; the bridge looks again once that second is surely over."""
    meeting.set_up()
    recurrence(meeting.stage)
    meeting.turn()
    (issue,) = meeting.issues()
    meeting.decide(issue["id"], "Rejected")
    assert "needs a reason" in meeting.last_note(issue["id"])
    answered = meeting.stage.office.issue(issue["id"])["updated_on"]
    meeting.stage.office.change(issue["id"], status="Rejected", notes="known", as_="jane")
    assert meeting.stage.office.issue(issue["id"])["updated_on"] == answered
    sandbox.clock.advance(1)
    meeting.stage.once()
    assert meeting.promotions()[0].state is _S.CANDIDATE
    sandbox.clock.advance(12)
    meeting.stage.once()
    assert (meeting.promotions()[0].state, meeting.promotions()[0].decision_note) == (_S.REJECTED, "known")
