"""Groups of any size: every open incident is taken in and handed back, and the evidence is the whole window."""

from __future__ import annotations

from pathlib import Path

import yaml

from bridge.model.promotion import Promotion, PromotionState, Role
from bridge.sandbox import Sandbox
from tests.system.commands import command
from tests.system.stage import RULE, Stage, opened, sandbox_bridge
from tests.system.test_recurrence import close, configured, promotions, rounds
from tests.system.test_story import SUMMARY

MANY = 104
"""More than any list of newest incidents that was ever looked through for the open ones."""


def members(stage: Stage, promotion: Promotion) -> list[Role]:
    """As what the incidents of a promotion belong to it."""
    with opened(stage) as bridge, bridge.database.reading() as uow:
        return [member.role for member in uow.promotions.members(promotion.id)]


def test_an_open_incident_behind_many_resolved_ones_is_not_left_behind(sandbox: Sandbox, tmp_path: Path) -> None:
    """The oldest of the group is the only one still open: it gets its issue, its note, its link and its resolution."""
    stage = configured(sandbox, tmp_path)
    stage.once()
    stage.pause()
    waiting = stage.desk.open(SUMMARY, key="core-1")
    for _ in range(MANY):
        stage.desk.resolve(stage.desk.open(SUMMARY, key="core-1"))
    rounds(stage)
    (promotion,) = promotions(stage)
    assert f"{MANY + 1} incidents, opened" in promotion.reason
    assert sorted(members(stage, promotion)) == [*[Role.EVIDENCE] * MANY, Role.OPEN]
    (project,) = stage.office.projects()
    assert stage.office.own_issue(project["id"], f"itsm #{waiting}")
    assert len(stage.desk.notes(waiting)) == len(stage.desk.links(waiting)) == 1
    close(stage, project["id"])
    rounds(stage)
    assert stage.desk.state(waiting) == stage.desk.resolved
    assert all(stage.desk.written_by_bridge(str(number)) == 0 for number in range(2, MANY + 2)), "over: left alone"


def test_of_many_open_incidents_the_first_get_issues_and_the_others_are_rows(sandbox: Sandbox, tmp_path: Path) -> None:
    """All are told, linked, listed, and resolved with the delivery."""
    stage = configured(sandbox, tmp_path, "limits: {incident_issues: 2, mails: none}")
    stage.once()
    stage.pause()
    waiting = [stage.desk.open(SUMMARY, key="core-1") for _ in range(MANY)]
    rounds(stage)
    (project,) = stage.office.projects()
    own = {i["subject"].split(":")[0] for i in stage.office.issues(project["id"]) if i["subject"].startswith("itsm #")}
    assert own == {f"itsm #{incident}" for incident in waiting[:2]}
    assert [len(stage.desk.notes(incident)) for incident in waiting] == [1] * MANY
    assert [len(stage.desk.links(incident)) for incident in waiting] == [1] * MANY
    page = stage.office.page(project["id"], "Evidence")
    assert page.count("*open*") == MANY
    assert all(f"itsm &#35;{incident} " in page for incident in waiting)
    close(stage, project["id"])
    rounds(stage, 3)
    assert {stage.desk.state(incident) for incident in waiting} == {stage.desk.resolved}
    assert promotions(stage)[0].state is PromotionState.DELIVERED


def test_what_is_found_late_is_told_whole_and_the_worst_comes_first(sandbox: Sandbox, tmp_path: Path) -> None:
    """A new rule over two stored groups of 60 and of 5: reason, form, agenda and page say so many."""
    stage = configured_late(sandbox, tmp_path, at_least=900)
    stage.once()
    stage.pause()
    for key, count, minutes in (("small", 5, 120), ("big", 60, 50)):
        for _ in range(count):
            incident = stage.desk.open(SUMMARY, key=key)
            sandbox.itsm.app.state.incidents[int(incident)].caller = f"{key}-{incident}"
            sandbox.clock.advance(60 * minutes)
            stage.desk.resolve(incident)
    rounds(stage, 1)
    configured_late(sandbox, tmp_path, at_least=5)
    rounds(stage, 1)
    config = tmp_path / "bridge.yaml"
    first, second = command(config, "promotions", "agenda", "--json").json()["history"]
    assert first["impact"].startswith("60 affected callers, 50 hours waited, 60 incidents")
    assert second["impact"].startswith("5 affected callers, 10 hours waited, 5 incidents")
    assert "60 incidents, opened " in command(config, "promotions", "show", str(first["id"])).text()
    big = next(one for one in promotions(stage) if one.id == first["id"])
    assert big.reason.startswith("60 incidents, opened ")
    assert len(members(stage, big)) == 60


def configured_late(sandbox: Sandbox, folder: Path, at_least: int) -> Stage:
    """A bridge whose one rule proposes from so many incidents on."""
    rules = yaml.safe_load(RULE)
    rules["rules"][0]["mode"] = "propose"
    rules["rules"][0]["when"] = {"any": [{"recurs": {"at_least": at_least, "within": "14d"}}]}
    stage = sandbox_bridge(sandbox, folder)
    stage.write(rule=yaml.safe_dump(rules), clock=f"{sandbox.redmine.url}/_control/clock")
    return stage
