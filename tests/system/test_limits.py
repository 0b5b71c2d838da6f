"""What comes again, and every limit of a rule: one story each, on the sandbox's Redmine and on a real one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from bridge.model.promotion import PromotionState
from bridge.sandbox import Sandbox
from tests.servers.common import INSTALL_SECONDS
from tests.servers.redmine import RedmineServer
from tests.system.desks import SandboxDesk
from tests.system.gated import dead, stage_on
from tests.system.stage import Stage, opened
from tests.system.test_recurrence import close, promotions, rounds, written
from tests.system.test_story import SUMMARY, promoted

_S = PromotionState
DAY, HOUR = 86_400, 3_600
START = datetime(2026, 11, 2, 8, 0, tzinfo=UTC)
BRIEF = "version: 1\ntitle: Brief\ntasks: [{key: cause, title: Find the cause, role: owner, estimate: 8h}]\n"
EITHER = ["sandbox", pytest.param("real", marks=[pytest.mark.real, pytest.mark.timeout(INSTALL_SECONDS)])]


@pytest.fixture(params=EITHER)
def stage(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Stage]:
    """A bridge that is not yet configured, between the sandbox's desk and a Redmine."""
    server = request.getfixturevalue("fresh_redmine") if request.param == "real" else None
    with stage_on(server, tmp_path, clock_start=START) as made:
        yield made


def sandbox_of(stage: Stage) -> Sandbox:
    """The sandbox of its desk, whose clock is also the bridge's."""
    assert isinstance(stage.desk, SandboxDesk)
    return stage.desk.sandbox


def write(stage: Stage, *lines: str, incident: str = "") -> None:
    """The configuration with a rule that says more than the usual one, and a template of one task."""
    wbs = stage.folder / "templates" / "wbs"
    wbs.mkdir(parents=True)
    (wbs / "brief.yaml").write_text(BRIEF, encoding="utf-8")
    rule = written(*lines, incident=incident).replace("network-problem", "brief")
    clock = f"{sandbox_of(stage).redmine.url}/_control/clock"
    stage.write(rule=rule, templates=str(stage.folder / "templates"), clock=clock)


def states(stage: Stage) -> list[PromotionState]:
    """Of all promotions, oldest first."""
    return [promotion.state for promotion in promotions(stage)]


def five(stage: Stage, key: str = "core-1") -> list[str]:
    """Five tickets about one router, and the bridge looks."""
    incidents = [stage.desk.open(SUMMARY.replace("core-1", key), key=key) for _ in range(5)]
    rounds(stage)
    return incidents


def approve(stage: Stage, promotion: int) -> None:
    """jane approves a candidate in the command line, and the bridge looks."""
    with opened(stage) as bridge:
        bridge.perform("approve", {"promotion": promotion, "actor": "jane", "form": {"objective": "quiet"}})
    rounds(stage)


def deliver(stage: Stage, project: int) -> None:
    """People close a project, and the bridge looks; a busy server may show it only later."""
    close(stage, project)
    rounds(stage)
    for _ in range(5):
        if all(one.state is not _S.ACTIVE for one in promotions(stage) if one.project_id == project):
            return
        rounds(stage)


def work(dump: dict[str, Any]) -> dict[str, Any]:
    """The projects and their issues without notes and pages."""
    return {
        name: {key: value for key, value in one.items() if key not in {"pages", "issues"}}
        | {"issues": [(*issue[:9], *issue[10:]) for issue in one["issues"]]}
        for name, one in dump.items()
    }


@pytest.mark.real_in_soak
@pytest.mark.parametrize("delivered", ["reopen", "new", "ignore"])
def test_what_comes_again(stage: Stage, delivered: str) -> None:
    """While the project is open it joins; after the delivery the project goes on, a new one begins, or nothing does."""
    write(stage, f"on_recurrence: {{open: attach, delivered: {delivered}, within: 10d}}")
    project, _, waiting = promoted(stage)
    sixth = stage.desk.open(SUMMARY, key="core-1")
    rounds(stage)
    assert states(stage) == [_S.ACTIVE]
    issue = stage.office.own_issue(project, f"itsm #{sixth}")
    assert stage.desk.links(sixth) == {f"{stage.office.url}/issues/{issue['id']}"}
    assert f"itsm &#35;{sixth}" in stage.office.page(project, "Evidence")
    deliver(stage, project)
    assert states(stage) == [_S.DELIVERED]
    assert {stage.desk.state(i) for i in [*waiting, sixth]} == {stage.desk.resolved}

    before = stage.office.dump()
    back = five(stage)
    assert dead(stage) == []
    assert len(promotions(stage)) == len(stage.office.projects()) == (2 if delivered == "new" else 1)
    if delivered == "reopen":
        assert states(stage) == [_S.ACTIVE]
        root = stage.office.root(project)
        assert root["status"]["name"] == "In Progress"
        assert all(stage.office.own_issue(project, f"itsm #{incident}") for incident in back)
        assert sum("come again" in text for text, _ in stage.office.notes(root["id"])) == 1
    elif delivered == "new":
        assert states(stage) == [_S.INEFFECTIVE, _S.ACTIVE]
        second = stage.office.projects()[1]
        assert all(stage.office.own_issue(second["id"], f"itsm #{incident}") for incident in back)
        after = stage.office.dump()
        del after[second["identifier"]]
        assert work(after) == work(before), "the delivered one is left alone"
        notes = [text for text, _ in stage.office.notes(stage.office.root(project)["id"])]
        assert sum("did not help" in text or "come again" in text for text in notes) == 1, "but for saying so"
    else:
        assert states(stage) == [_S.DELIVERED]
        assert stage.office.dump() == before
        assert not any(stage.desk.written_by_bridge(incident) for incident in back)


@pytest.mark.real_in_soak
def test_projects_per_day(stage: Stage) -> None:
    """The second storm of a day waits for a person, who may have it; the next day the rule acts again."""
    write(stage, "limits: {projects_per_day: 1}")
    stage.once()
    stage.pause()
    five(stage, "core-1")
    five(stage, "core-2")
    assert states(stage) == [_S.ACTIVE, _S.CANDIDATE]
    assert "limit projects_per_day: 1, and 1 were opened in 24 hours" in promotions(stage)[1].attention
    assert len(stage.office.projects()) == 1
    approve(stage, 2)
    assert states(stage) == [_S.ACTIVE, _S.ACTIVE]
    sandbox_of(stage).clock.advance(DAY + HOUR)
    five(stage, "core-3")
    assert states(stage) == [_S.ACTIVE] * 3
    assert len(stage.office.projects()) == 3


@pytest.mark.real_in_soak
def test_open_per_group(stage: Stage) -> None:
    """Somebody takes an earlier delivery back: while that project is open the group gets no other one by itself."""
    write(stage)
    first, _, _ = promoted(stage)
    deliver(stage, first)
    five(stage)
    second = stage.office.projects()[1]["id"]
    deliver(stage, second)
    stage.office.change(stage.office.root(first)["id"], as_="admin", status="In Progress")
    rounds(stage)
    assert states(stage) == [_S.ACTIVE, _S.DELIVERED]
    five(stage)
    assert states(stage) == [_S.ACTIVE, _S.INEFFECTIVE, _S.CANDIDATE]
    assert "limit open_per_group: 1, and 1 of this group is open" in promotions(stage)[2].attention
    assert len(stage.office.projects()) == 2
    approve(stage, 3)
    assert states(stage) == [_S.ACTIVE, _S.INEFFECTIVE, _S.ACTIVE]
    assert len(stage.office.projects()) == 3


def test_incident_issues_and_resolve_at_most(stage: Stage) -> None:
    """One own issue, the others are rows of the page; after the delivery two are resolved an hour, then the third."""
    part = "{open: link, later: link, on_delivery: resolve, resolve_at_most: 2 per hour}"
    write(stage, "limits: {incident_issues: 1}", incident=part)
    project, _, waiting = promoted(stage)
    own = [issue for issue in stage.office.issues(project) if issue["subject"].startswith("itsm #")]
    assert len(own) == 1
    page = stage.office.page(project, "Evidence")
    for incident in waiting:
        assert f"itsm &#35;{incident}" in page
        assert len(stage.desk.notes(incident)) == 1
        (link,) = stage.desk.links(incident)
        assert ("/projects/" in link) == (not own[0]["subject"].startswith(f"itsm #{incident}:"))
    deliver(stage, project)

    def resolved() -> int:
        return [stage.desk.state(incident) for incident in waiting].count(stage.desk.resolved)

    assert resolved() == 2
    sandbox_of(stage).clock.advance(HOUR / 2)
    rounds(stage)
    assert resolved() == 2
    sandbox_of(stage).clock.advance(HOUR / 2)
    rounds(stage)
    assert resolved() == 3
    assert all(len(stage.desk.notes(incident)) == 2 for incident in waiting)


@pytest.mark.real_in_soak
@pytest.mark.parametrize("redmine", EITHER)
def test_mails(request: pytest.FixtureRequest, redmine: str, tmp_path: Path) -> None:
    """One too many: nobody is mailed before somebody approves, then exactly as many as were foretold."""
    server: RedmineServer | None = request.getfixturevalue("mail_redmine") if redmine == "real" else None
    with stage_on(server, tmp_path, clock_start=START) as stage:

        def mailed() -> Counter[str]:
            if server is None:
                return Counter(mail["to"] for mail in sandbox_of(stage).mails())
            logins = {person.mail: login for login, person in server.people.items()}
            return Counter(logins[address] for mail in server.mails() for address in mail.recipients)

        write(stage, "limits: {mails: 2}")
        stage.once()
        stage.pause()
        stage.desk.take(stage.desk.open(SUMMARY, key="core-1"), as_="bob")
        five(stage)
        assert states(stage) == [_S.CANDIDATE]
        assert "limit mails: 2, and opening it would send 3" in promotions(stage)[0].attention
        assert mailed() == {}
        approve(stage, 1)
        assert states(stage) == [_S.ACTIVE]
        assert mailed() == {"jane": 2, "mia": 1}, "root and task to their owner, an issue to who took the ticket"
