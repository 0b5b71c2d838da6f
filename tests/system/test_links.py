"""What becomes of a link when a side is missing, refuses a value, or was worked on before the bridge knew of it."""

from __future__ import annotations

import json
from contextlib import ExitStack

from bridge.model.link import Link
from bridge.sandbox import Sandbox
from tests.system.stage import Stage, opened
from tests.system.test_people_first import close_project
from tests.system.test_story import SUMMARY, promoted

LONG_ENOUGH = 900.0


def link_of(stage: Stage, incident: str) -> Link:
    with opened(stage) as bridge, bridge.database.reading() as uow:
        (found,) = (link for link in uow.links.all() if link.ref.external_id == incident)
    return found


def dead(stage: Stage) -> list[str]:
    with opened(stage) as bridge:
        return [letter.error for letter in bridge.engine().dead()]


def audited(stage: Stage, action: str) -> list[str]:
    """Whom the audit trail names with an action."""
    with opened(stage) as bridge, bridge.database.reading() as uow:
        rows = uow.connection.exec_driver_sql("SELECT subject, action FROM audit ORDER BY id")
        return [subject for subject, what in rows if what == action]


def later(stage: Stage, sandbox: Sandbox, seconds: float = LONG_ENOUGH) -> None:
    sandbox.clock.advance(seconds)
    stage.once()


def lose(sandbox: Sandbox, incident: str, *, times: int | None = None) -> None:
    """Whatever is asked about an incident is answered 404."""
    sandbox.fault("status", app="itsm", path=rf"/api/incidents/{incident}(/|$|\?)", code=404, times=times)


def test_a_short_404_ends_no_link_and_loses_nothing(stage: Stage, sandbox: Sandbox) -> None:
    """A gateway answers 404 for a minute: the link says so, then goes on with what was to be written."""
    project, _, (first, *_) = promoted(stage)
    issue = stage.office.own_issue(project, f"itsm #{first}")["id"]
    stage.pause()
    lose(sandbox, first)
    stage.office.note(issue, "vendor case 4711", private=True)
    stage.once()
    missed = link_of(stage, first)
    assert missed.ended_at is None
    assert missed.incident_missed_at == sandbox.clock.now()
    assert "was not found at 2026-11-02" in missed.attention
    sandbox.faults.clear()
    later(stage, sandbox)
    back = link_of(stage, first)
    assert (back.incident_missed_at, back.attention, back.ended_at) == (None, "", None)
    assert [text for text, _ in stage.desk.notes(first) if "vendor case 4711" in text]


def test_two_looks_within_a_short_time_count_as_one_miss(stage: Stage, sandbox: Sandbox) -> None:
    """Somebody changes the issue twice within the trouble: the link must not end on the second look."""
    project, _, (first, *_) = promoted(stage)
    issue = stage.office.own_issue(project, f"itsm #{first}")["id"]
    lose(sandbox, first)
    for text in ("one", "two", "three"):
        stage.pause()
        stage.office.note(issue, text, private=True)
        stage.once()
    assert link_of(stage, first).ended_at is None


def test_what_is_written_to_an_incident_that_is_missing_shortly_arrives(stage: Stage, sandbox: Sandbox) -> None:
    """The project is delivered within the trouble: the incident is told and resolved afterwards, once."""
    project, _, (first, *others) = promoted(stage)
    stage.pause()
    lose(sandbox, first)
    close_project(stage, project)
    stage.once()
    assert link_of(stage, first).ended_at is None
    assert stage.desk.state(first) != stage.desk.resolved
    assert all(stage.desk.state(one) == stage.desk.resolved for one in others)
    assert dead(stage) == []
    sandbox.faults.clear()
    later(stage, sandbox)
    assert stage.desk.state(first) == stage.desk.resolved
    assert len(stage.desk.notes(first)) == 2
    assert link_of(stage, first).incident_missed_at is None


def test_a_short_404_of_redmine_ends_no_link_and_loses_nothing(stage: Stage, sandbox: Sandbox) -> None:
    project, _, (first, *_) = promoted(stage)
    issue = stage.office.own_issue(project, f"itsm #{first}")["id"]
    stage.pause()
    sandbox.fault("status", app="redmine", path=rf"/issues/{issue}\.json", code=404, times=None)
    stage.desk.work_note(first, "checked the line cards")
    stage.once()
    assert link_of(stage, first).ended_at is None
    assert "the issue was not found" in link_of(stage, first).attention
    sandbox.faults.clear()
    later(stage, sandbox)
    assert (link_of(stage, first).issue_missed_at, link_of(stage, first).attention) == (None, "")
    assert [text for text, _ in stage.office.notes(issue) if "line cards" in text]


def test_no_link_ends_while_the_whole_project_is_out_of_sight(stage: Stage, sandbox: Sandbox) -> None:
    """Somebody archives the project for a day."""
    project, _, waiting = promoted(stage)
    stage.pause()
    stage.office.as_user("admin").ok("PUT", f"/projects/{project}/archive.json")
    for incident in waiting:
        stage.desk.work_note(incident, "still there")
    stage.once()
    later(stage, sandbox)
    for incident in waiting:
        link = link_of(stage, incident)
        assert link.ended_at is None
        assert "its project's root issue is not seen either" in link.attention
    stage.office.as_user("admin").ok("PUT", f"/projects/{project}/unarchive.json")
    later(stage, sandbox, 86_400.0)
    assert [link_of(stage, incident).attention for incident in waiting] == ["", "", ""]


def test_no_link_ends_while_a_whole_queue_is_out_of_sight(stage: Stage, sandbox: Sandbox) -> None:
    """The account lost a right: one link after the other would end for ever."""
    project, _, waiting = promoted(stage)
    lost = waiting[:2]
    stage.pause()
    for incident in lost:
        lose(sandbox, incident)
    # Only one of them is talked about: that the other is missing, too, must be found out.
    issue = stage.office.own_issue(project, f"itsm #{lost[0]}")["id"]
    stage.office.note(issue, "is anybody there?", private=True)
    stage.once()
    for _ in range(3):
        later(stage, sandbox)
    link = link_of(stage, lost[0])
    assert f"missing at the same time (#{lost[1]})" in link.attention
    assert [link_of(stage, one).ended_at for one in lost] == [None, None]
    assert set(audited(stage, "not seen")) == {"source itsm"}
    sandbox.faults.clear()
    later(stage, sandbox, 86_400.0)
    assert link_of(stage, lost[0]).attention == ""
    assert [text for text, _ in stage.desk.notes(lost[0]) if "is anybody there?" in text]


def test_a_note_in_the_second_of_the_linking_is_carried_over_once(stage: Stage) -> None:
    """Systems tell whole seconds: the note came after the incident was read, and within the same second."""
    project, _, (first, *_) = promoted(stage)
    stage.desk.work_note(first, "same second")
    for _ in range(3):
        stage.pause()
        stage.desk.work_note(first, "later")
        stage.once()
    issue = stage.office.own_issue(project, f"itsm #{first}")["id"]
    assert [text for text, _ in stage.office.notes(issue)[:1] if "same second" in text]
    assert sum("same second" in text for text, _ in stage.office.notes(issue)) == 1
    assert sum("later" in text for text, _ in stage.office.notes(issue)) == 3


def test_a_refused_status_dies_once_and_is_tried_again_when_something_changes(stage: Stage, sandbox: Sandbox) -> None:
    """Redmine refuses one status for good: no dead letter for each change of the incident, and the handler follows."""
    project, _, (first, *_) = promoted(stage)
    issue = stage.office.own_issue(project, f"itsm #{first}")["id"]
    stage.pause()
    body = json.dumps({"errors": ["Status is not possible"]})
    sandbox.fault("status", app="redmine", method="PUT", path=f"/issues/{issue}", code=422, body=body, times=3)
    stage.desk.take(first, as_="alice")
    stage.once()
    for text in ("one", "two"):
        stage.pause()
        stage.desk.work_note(first, text)
        stage.once()
    found = stage.office.issue(issue)
    assert (found["status"]["name"], found["assigned_to"]["id"]) == ("New", stage.office.ids["ben"])
    assert dead(stage) == []
    link = link_of(stage, first)
    assert set(link.refused) == {"issue.state"}
    assert "does not take “in_progress” as its state" in link.attention
    assert "Status is not possible" in link.attention
    stage.pause()
    stage.desk.resolve(first)
    stage.once()
    assert stage.office.issue(issue)["status"]["name"] == "Closed"
    assert (link_of(stage, first).refused, link_of(stage, first).attention) == ({}, "")


def test_a_value_refused_alone_is_one_dead_letter_which_can_be_tried_again(stage: Stage, sandbox: Sandbox) -> None:
    project, _, (first, *_) = promoted(stage)
    issue = stage.office.own_issue(project, f"itsm #{first}")["id"]
    stage.pause()
    body = json.dumps({"errors": ["Status is not possible"]})
    sandbox.fault("status", app="redmine", method="PUT", path=f"/issues/{issue}", code=422, body=body, times=1)
    stage.desk.resolve(first)
    stage.once()
    for text in ("one", "two"):
        stage.pause()
        stage.desk.work_note(first, text)
        stage.once()
    assert len(dead(stage)) == 1
    assert "Status is not possible" in link_of(stage, first).attention
    with ExitStack() as resources:
        app = stage.app(resources)
        app.perform("retry", {"effect": None})
        app.once()
    assert stage.office.issue(issue)["status"]["name"] == "Closed"
    assert (link_of(stage, first).refused, link_of(stage, first).attention) == ({}, "")


def test_an_incident_that_refuses_a_person_dies_once(stage: Stage, sandbox: Sandbox) -> None:
    """The issue went to mia; the incident system answers 200 and gives the incident to nobody."""
    project, _, (first, *_) = promoted(stage)
    issue = stage.office.own_issue(project, f"itsm #{first}")["id"]
    stage.pause()
    sandbox.fault("ignore", app="itsm", method="PATCH", path=f"/incidents/{first}", times=1)
    stage.office.change(issue, as_="mia", assigned_to="mia")
    stage.once()
    assert len(dead(stage)) == 1
    for text in ("one", "two"):
        stage.pause()
        stage.office.note(issue, text)
        stage.once()
    assert len(dead(stage)) == 1
    assert "does not take “mia” as its person" in link_of(stage, first).attention
    stage.pause()
    stage.office.change(issue, as_="mia", assigned_to="ben")
    stage.once()
    assert stage.desk.handler(first) == "alice"
    assert link_of(stage, first).attention == ""


def test_a_status_set_before_the_issue_was_adopted_is_a_persons(stage: Stage, sandbox: Sandbox) -> None:
    """The answer to the creation was lost; jane finds the issue and sets a status before the bridge finds it, too."""
    project, _, _ = promoted(stage)
    stage.pause()
    again = stage.desk.open(SUMMARY, key="core-1")
    sandbox.fault("after_reset", app="redmine", method="POST", path=r"/issues\.json", times=1)
    sandbox.fault("status", app="redmine", method="GET", path=r"/issues\.json\?", code=503, times=None)
    with ExitStack() as resources:
        stage.app(resources).once()
    sandbox.faults.clear()
    issue = stage.office.own_issue(project, f"itsm #{again}")["id"]
    assert link_of(stage, again).issue_id is None
    stage.office.change(issue, as_="jane", status="Feedback")
    later(stage, sandbox)
    assert link_of(stage, again).issue_id == issue
    assert stage.office.issue(issue)["status"]["name"] == "Feedback"
    assert stage.desk.state(again) == "pending"


def test_an_issue_that_nobody_touched_before_it_was_adopted_follows_its_incident(
    stage: Stage, sandbox: Sandbox
) -> None:
    project, _, _ = promoted(stage)
    stage.pause()
    again = stage.desk.open(SUMMARY, key="core-1")
    stage.desk.take(again, as_="alice")
    sandbox.fault("after_reset", app="redmine", method="POST", path=r"/issues\.json", times=1)
    stage.once()
    later(stage, sandbox)
    assert stage.desk.state(again) == "in_progress"
    assert stage.office.own_issue(project, f"itsm #{again}")["status"]["name"] == "In Progress"
