"""What people do between our reading and our writing stays, and nobody is left unserved."""

from __future__ import annotations

from contextlib import ExitStack

from bridge.model.promotion import PromotionState
from bridge.sandbox import Sandbox
from tests.system.stage import RULE, Stage, opened
from tests.system.test_story import SUMMARY, promoted


def close_project(stage: Stage, project: int) -> None:
    """Somebody closes all tasks and the root."""
    issues = stage.office.issues(project)
    for issue in reversed(issues):
        if not issue["subject"].startswith("itsm #"):
            stage.office.change(issue["id"], as_="admin", status="Closed")


def once_with_trouble(stage: Stage) -> None:
    """One `once` whose failures are expected."""
    with ExitStack() as resources:
        stage.app(resources).once()


def test_a_plan_that_was_overtaken_is_not_carried_out(stage: Stage, sandbox: Sandbox) -> None:
    """The bridge could not write in time; meanwhile a person changed the same fields of the issue."""
    project, _, (first, *_) = promoted(stage)
    issue = stage.office.own_issue(project, f"itsm #{first}")["id"]
    stage.pause()
    stage.desk.take(first, as_="alice")
    sandbox.fault("status", app="redmine", method="PUT", path=f"/issues/{issue}", code=503, times=1)
    once_with_trouble(stage)
    stage.pause()
    stage.office.change(issue, as_="jane", assigned_to="mia", status="Feedback")
    for _ in range(3):
        stage.pause()
        stage.once()
    found = stage.office.issue(issue)
    lost = [text for text, _ in stage.office.notes(issue) if "mia" in text]
    assert found["assigned_to"]["id"] == stage.office.ids["ben"]
    assert lost, "both sides moved: the incident's handler wins, and mia is kept in a note"


def test_a_recurrence_after_the_root_was_closed_is_not_resolved_with_it(stage: Stage) -> None:
    """The daemon was down over the weekend: the root was closed, then the router alerted again."""
    project, _, waiting = promoted(stage)
    stage.pause()
    close_project(stage, project)
    stage.pause()
    again = stage.desk.open(SUMMARY, key="core-1")
    stage.pause()
    stage.once()
    assert all(stage.desk.state(i) == "solved" for i in waiting)
    assert stage.desk.state(again) == "new"
    assert stage.desk.written_by_bridge(again) == 0


def test_an_incident_whose_issue_was_deleted_is_still_handed_back(stage: Stage, sandbox: Sandbox) -> None:
    """Somebody tidied up in Redmine: the user must not pay for it."""
    project, _, (first, *_) = promoted(stage)
    issue = stage.office.own_issue(project, f"itsm #{first}")["id"]
    stage.pause()
    stage.office.as_user("admin").ok("DELETE", f"/issues/{issue}.json")
    stage.desk.work_note(first, "anything")
    stage.pause()
    stage.once()
    sandbox.clock.advance(900)
    stage.once()
    with opened(stage) as bridge, bridge.database.reading() as uow:
        assert [link.ended_because for link in uow.links.all() if link.ended_at] != []
    stage.pause()
    close_project(stage, project)
    stage.pause()
    stage.once()
    assert stage.desk.state(first) == "solved"


def test_a_delivery_that_was_taken_back_goes_on(stage: Stage) -> None:
    """The root was closed by mistake and opened again: new incidents join it as before."""
    project, _, _ = promoted(stage)
    root = stage.office.root(project)["id"]
    stage.pause()
    close_project(stage, project)
    stage.once()
    stage.pause()
    stage.office.change(root, as_="admin", status="In Progress")
    stage.once()
    with opened(stage) as bridge, bridge.database.reading() as uow:
        (promotion,) = uow.promotions.in_states()
        assert promotion.state is PromotionState.ACTIVE
    stage.pause()
    later = stage.desk.open(SUMMARY, key="core-1")
    stage.once()
    assert stage.office.own_issue(project, f"itsm #{later}")


def test_evidence_that_comes_back_is_kept_in_step(stage: Stage) -> None:
    """One of the two resolved tickets is reopened by its user while the project runs."""
    project, (resolved, _), _ = promoted(stage)
    stage.pause()
    stage.desk.answer(resolved, "it happens again", as_="bob")
    assert stage.desk.state(resolved) == "in_progress"
    stage.pause()
    stage.once()
    assert stage.office.own_issue(project, f"itsm #{resolved}")
    assert any(private for _, private in stage.desk.notes(resolved))


def test_a_reply_that_quotes_our_note_counts_as_the_person_s(stage: Stage) -> None:
    """Some mail programs quote without any mark."""
    project, _, (first, *_) = promoted(stage)
    ours = stage.desk.notes(first)[-1][0]
    stage.pause()
    stage.desk.answer(first, f"still broken for us\n\nOriginal message:\n{ours}", as_="bob")
    stage.pause()
    stage.once()
    issue = stage.office.own_issue(project, f"itsm #{first}")["id"]
    assert any("still broken for us" in text for text, _ in stage.office.notes(issue))


def test_a_rule_that_was_changed_and_changed_back_still_finds(stage: Stage) -> None:
    """Four tickets, the grouping edited and reverted, then the fifth."""
    stage.once()
    stage.pause()
    for _ in range(4):
        stage.desk.open(SUMMARY, key="core-1")
    stage.once()
    rule = stage.folder / "rules" / "network.yaml"
    rule.write_text(RULE.replace("group_by: [service, fields.Correlation Key]", "group_by: [service]"))
    stage.pause()
    stage.once()
    rule.write_text(RULE)
    stage.pause()
    stage.once()
    stage.pause()
    stage.desk.open(SUMMARY, key="core-1")
    stage.once()
    assert len(stage.office.projects()) == 1


def test_a_closed_project_makes_no_dead_letters(stage: Stage) -> None:
    """People close a project after its delivery; its incidents may still be talked about."""
    project, _, (first, *_) = promoted(stage)
    stage.pause()
    close_project(stage, project)
    stage.once()
    stage.office.as_user("admin").ok("PUT", f"/projects/{project}/close.json")
    stage.pause()
    stage.desk.work_note(first, "the user says thanks")
    stage.pause()
    stage.once()
    with opened(stage) as bridge:
        assert bridge.engine().dead() == []
