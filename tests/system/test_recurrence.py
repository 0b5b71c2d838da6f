"""What a rule does beyond opening projects: recurrences after a delivery, the brake, rows, workarounds, their pace."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest

from bridge.model.promotion import Promotion, PromotionState
from bridge.sandbox import Sandbox
from tests.servers.redmine import RedmineServer
from tests.servers.rt import RtServer
from tests.system.stage import RULE, Stage, opened, real_bridge, sandbox_bridge
from tests.system.test_story import SUMMARY, promoted, recurrence

DAY = 86_400


def written(*lines: str, incident: str = "") -> str:
    """A rule that says more than the usual one."""
    rule = RULE.replace("{open: link, later: link, on_delivery: resolve}", incident) if incident else RULE
    return rule + "".join(f"    {line}\n" for line in lines)


def configured(sandbox: Sandbox, folder: Path, *lines: str, incident: str = "") -> Stage:
    """A bridge with such a rule."""
    stage = sandbox_bridge(sandbox, folder)
    stage.write(rule=written(*lines, incident=incident), clock=f"{sandbox.redmine.url}/_control/clock")
    return stage


def promotions(stage: Stage) -> list[Promotion]:
    """All promotions, oldest first."""
    with opened(stage) as bridge, bridge.database.reading() as uow:
        return list(uow.promotions.in_states())


def rounds(stage: Stage, number: int = 2) -> None:
    """Some rounds, a minute apart."""
    for _ in range(number):
        stage.pause()
        stage.once()


def close(stage: Stage, project: int) -> None:
    """Somebody closes the tasks, last to first, then the root."""
    root = stage.office.root(project)
    for issue in reversed(stage.office.issues(project)):
        if issue["id"] != root["id"] and not issue["subject"].startswith(f"{stage.desk.source} #"):
            stage.office.change(issue["id"], as_="admin", status="Closed")
    stage.office.change(root["id"], as_="admin", status="Closed")
    assert stage.office.issue(root["id"])["status"]["name"] == "Closed"


def delivered(stage: Stage) -> int:
    """A project that was opened and delivered; its id."""
    project, _, _ = promoted(stage)
    close(stage, project)
    rounds(stage)
    (promotion,) = promotions(stage)
    assert promotion.state is PromotionState.DELIVERED
    return project


def test_a_recurrence_puts_the_delivered_project_back_to_work(sandbox: Sandbox, tmp_path: Path) -> None:
    """One incident after the delivery: root at work with a note that names it, promotion active, incident joined."""
    stage = configured(sandbox, tmp_path, "on_recurrence: {delivered: reopen, within: 30d}")
    project = delivered(stage)
    sandbox.clock.advance(3 * DAY)
    back = stage.desk.open(SUMMARY, key="core-1")
    rounds(stage)
    (promotion,) = promotions(stage)
    assert (promotion.state, promotion.delivered_at) == (PromotionState.ACTIVE, None)
    root = stage.office.root(project)
    assert root["status"]["name"] == "In Progress"
    notes = [text for text, private in stage.office.notes(root["id"]) if not private]
    assert sum(f"itsm &#35;{back}" in text and "come again" in text for text in notes) == 1
    assert stage.office.own_issue(project, f"itsm #{back}")
    assert stage.desk.links(back)
    assert len(stage.office.projects()) == 1

    writes = stage.writes()
    rounds(stage)
    assert stage.writes() == writes, "nothing is written twice"
    close(stage, project)
    rounds(stage)
    assert promotions(stage)[0].state is PromotionState.DELIVERED
    assert stage.desk.state(back) == stage.desk.resolved


@pytest.mark.real
def test_rows_workaround_delivery_and_recurrence_on_real_servers(
    fresh_redmine: RedmineServer, fresh_rt: RtServer, tmp_path: Path
) -> None:
    """One own issue, the others rows; a workaround from the wiki; then the project goes back to work."""
    stage = real_bridge(fresh_redmine, fresh_rt, tmp_path)
    part = "{later: resolve_with_workaround, on_delivery: resolve, resolve_at_most: 50 per minute}"
    again = "on_recurrence: {delivered: reopen}"
    stage.write(rule=written(again, "limits: {incident_issues: 1}", incident=part))
    project, _, waiting = promoted(stage)
    own = [i for i in stage.office.issues(project) if i["subject"].startswith("rt #")]
    assert len(own) == 1
    page = stage.office.page(project, "Evidence")
    assert all(f"rt &#35;{incident}" in page for incident in waiting)
    text = f"{page}\n\nh2. Workaround\n\nPress the red button."
    admin = stage.office.as_user("admin")
    admin.ok("PUT", f"/projects/{project}/wiki/Evidence.json", {"wiki_page": {"text": text}})
    sixth = stage.desk.open(SUMMARY, key="core-1")
    rounds(stage)
    assert stage.desk.state(sixth) == stage.desk.resolved
    assert "Press the red button." in stage.desk.notes(sixth)[-1][0]

    close(stage, project)
    rounds(stage)
    assert {stage.desk.state(i) for i in waiting} == {stage.desk.resolved}
    back = stage.desk.open(SUMMARY, key="core-1")
    rounds(stage)
    assert promotions(stage)[0].state is PromotionState.ACTIVE
    root = stage.office.root(project)
    assert root["status"]["name"] == "In Progress"
    assert any(f"rt &#35;{back}" in note for note, private in stage.office.notes(root["id"]) if not private)
    assert len(stage.office.projects()) == 1


def test_a_closed_project_is_opened_again_first(sandbox: Sandbox, tmp_path: Path) -> None:
    """People close projects after their delivery: Redmine then refuses every write."""
    stage = configured(sandbox, tmp_path, "on_recurrence: {delivered: reopen}")
    project = delivered(stage)
    stage.office.as_user("admin").ok("PUT", f"/projects/{project}/close.json")
    stage.desk.open(SUMMARY, key="core-1")
    rounds(stage)
    assert promotions(stage)[0].state is PromotionState.ACTIVE
    assert stage.office.root(project)["status"]["name"] == "In Progress"


def test_later_than_that_it_is_new(sandbox: Sandbox, tmp_path: Path) -> None:
    """After `within` the rule's reasons decide, as for a group that never had a project."""
    stage = configured(sandbox, tmp_path, "on_recurrence: {delivered: reopen, within: 2d}")
    delivered(stage)
    sandbox.clock.advance(3 * DAY)
    for _ in range(4):
        stage.desk.open(SUMMARY, key="core-1")
    rounds(stage)
    assert [p.state for p in promotions(stage)] == [PromotionState.INEFFECTIVE]
    stage.desk.open(SUMMARY, key="core-1")
    rounds(stage)
    assert [p.state for p in promotions(stage)] == [PromotionState.INEFFECTIVE, PromotionState.ACTIVE]


def test_a_recurrence_may_be_ignored(sandbox: Sandbox, tmp_path: Path) -> None:
    """Nothing is written and nothing proposed, whatever comes; the decision says until when."""
    stage = configured(sandbox, tmp_path, "on_recurrence: {delivered: ignore, within: 10d}")
    delivered(stage)
    writes = stage.writes()
    for _ in range(7):
        stage.desk.open(SUMMARY, key="core-1")
    rounds(stage)
    assert [p.state for p in promotions(stage)] == [PromotionState.DELIVERED]
    assert stage.writes() == writes
    sandbox.clock.advance(11 * DAY)
    stage.desk.open(SUMMARY, key="core-1")
    rounds(stage)
    assert promotions(stage)[-1].state is PromotionState.ACTIVE


def test_a_storm_of_groups_trips_the_brake(sandbox: Sandbox, tmp_path: Path) -> None:
    """Two projects a day: the other groups become candidates that say which limit, and when it is free again."""
    stage = configured(sandbox, tmp_path, "limits: {projects_per_day: 2}")
    stage.once()
    stage.pause()
    for router in range(4):
        for _ in range(5):
            stage.desk.open(SUMMARY, key=f"core-{router}")
    rounds(stage)
    found = promotions(stage)
    states = [p.state for p in found]
    assert (states.count(PromotionState.ACTIVE), states.count(PromotionState.CANDIDATE)) == (2, 2)
    assert len(stage.office.projects()) == 2
    for waiting in found[2:]:
        assert "projects_per_day: 2" in waiting.attention
        assert "free again 2026-11-03" in waiting.attention

    sandbox.clock.advance(DAY + 3600)
    for _ in range(5):
        stage.desk.open(SUMMARY, key="core-9")
    rounds(stage)
    states = [p.state for p in promotions(stage)]
    assert states.count(PromotionState.ACTIVE) == 3, "the next day the rule acts again"
    assert states.count(PromotionState.CANDIDATE) == 2, "what waits for a person goes on waiting"


def test_an_opening_that_mails_too_many_waits_for_approval(sandbox: Sandbox, tmp_path: Path) -> None:
    """The root's owner and every task whose role names somebody are mailed."""
    stage = configured(sandbox, tmp_path, "limits: {mails: 0}")
    stage.once()
    stage.pause()
    recurrence(stage)
    rounds(stage)
    (waiting,) = promotions(stage)
    assert waiting.state is PromotionState.CANDIDATE
    assert "mails: 0" in waiting.attention
    assert not sandbox.mails()


def test_incidents_beyond_the_limit_are_rows_of_the_page(sandbox: Sandbox, tmp_path: Path) -> None:
    """They have no issue of their own; they are told, linked to the project, and resolved with the others."""
    stage = configured(sandbox, tmp_path, "limits: {incident_issues: 1}")
    project, _, waiting = promoted(stage)
    sixth = stage.desk.open(SUMMARY, key="core-1")
    rounds(stage)
    own = [i for i in stage.office.issues(project) if i["subject"].startswith("itsm #")]
    assert len(own) == 1
    page = stage.office.page(project, "Evidence")
    for incident in [*waiting, sixth]:
        assert f"itsm &#35;{incident}" in page
        assert len(stage.desk.notes(incident)) == 1
        (link,) = stage.desk.links(incident)
        assert ("/projects/" in link) == (not own[0]["subject"].startswith(f"itsm #{incident}:"))
    close(stage, project)
    rounds(stage)
    assert {stage.desk.state(i) for i in [*waiting, sixth]} == {stage.desk.resolved}
    assert all(len(stage.desk.notes(i)) == 2 for i in [*waiting, sixth])


def test_open_incidents_are_resolved_with_the_rule_s_workaround(sandbox: Sandbox, tmp_path: Path) -> None:
    """The workaround is the closing note; those that were over already are left alone."""
    part = "{open: resolve_with_workaround, later: resolve_with_workaround, workaround: Restart the probe on port 7.}"
    stage = configured(sandbox, tmp_path, incident=part)
    project, resolved, waiting = promoted(stage)
    rounds(stage)
    for incident in waiting:
        assert stage.desk.state(incident) == stage.desk.resolved
        assert "Restart the probe on port 7." in stage.desk.notes(incident)[-1][0]
        assert stage.office.own_issue(project, f"itsm #{incident}")["status"]["name"] == "Closed"
    assert all(stage.desk.written_by_bridge(i) == 0 for i in resolved)


def test_the_workaround_may_stand_in_the_project_s_wiki(sandbox: Sandbox, tmp_path: Path) -> None:
    """Without one incidents are linked only, and why is said; once people wrote one, later incidents get it."""
    part = "{open: resolve_with_workaround, later: resolve_with_workaround, on_delivery: note}"
    stage = configured(sandbox, tmp_path, incident=part)
    project, _, waiting = promoted(stage)
    assert {stage.desk.state(i) for i in waiting}.isdisjoint({stage.desk.resolved})
    assert "no workaround is known" in promotions(stage)[0].attention
    text = stage.office.page(project, "Evidence") + "\n\nh2. Workaround\n\nPress the red button.\n\nh2. More\n\nNo."
    body = {"wiki_page": {"text": text}}
    stage.office.as_user("jane").ok("PUT", f"/projects/{project}/wiki/Evidence.json", body)
    sixth = stage.desk.open(SUMMARY, key="core-1")
    rounds(stage)
    assert stage.desk.state(sixth) == stage.desk.resolved
    closing = stage.desk.notes(sixth)[-1][0]
    assert "Press the red button." in closing
    assert "More" not in closing


def test_resolutions_keep_their_pace_over_restarts(sandbox: Sandbox, tmp_path: Path) -> None:
    """Two an hour, whatever happens: every `once` is a new process, and for five hours there is none."""
    stage = configured(sandbox, tmp_path, incident="{on_delivery: resolve, resolve_at_most: 2 per hour}")
    stage.once()
    stage.pause()
    waiting = [stage.desk.open(SUMMARY, key="core-1") for _ in range(5)]
    rounds(stage)
    (project,) = stage.office.projects()
    close(stage, project["id"])
    when: dict[str, datetime] = {}
    for minutes in (1, 20, 20, 25, 300, 1, 20, 45, 20, 45, 20, 45):
        sandbox.clock.advance(60 * minutes)
        stage.once()
        for incident in waiting:
            if incident not in when and stage.desk.state(incident) == stage.desk.resolved:
                when[incident] = sandbox.clock.now()
        if len(when) == len(waiting):
            break
    moments = sorted(when.values())
    assert len(moments) == 5
    for first, third in zip(moments, moments[2:], strict=False):
        assert (third - first).total_seconds() >= 3600
