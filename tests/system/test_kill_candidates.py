"""Exactly once under kill -9, for what is written to candidates' issues: brought up, answered, undone, closed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import pytest

from bridge.model.promotion import PromotionState
from bridge.sandbox import Sandbox
from tests.system import child
from tests.system.meeting import PROPOSE, Meeting
from tests.system.scene import START, Scene
from tests.system.stage import sandbox_bridge
from tests.system.test_kill import Deaths
from tests.system.test_story import SUMMARY

_S = PromotionState
TWICE = PROPOSE.replace("at_least: 5", "at_least: 2").replace("network-problem", "brief")
BRIEF = "version: 1\ntitle: Brief\ntasks: [{key: cause, title: Find the cause, role: owner, estimate: 8h}]\n"


def twice(meeting: Meeting, router: int) -> None:
    """Two tickets about one router, which this rule takes for a reason."""
    for _ in range(2):
        meeting.stage.desk.open(SUMMARY.replace("core-1", f"core-{router}"), key=f"core-{router}")


def before_the_meeting(meeting: Meeting) -> dict[int, int]:
    """Six candidates, the first has a project, the second lacks nothing; issue by promotion."""
    folder = meeting.stage.folder / "templates" / "wbs"
    folder.mkdir(parents=True)
    (folder / "brief.yaml").write_text(BRIEF, encoding="utf-8")
    meeting.set_up(rule=TWICE, templates=str(folder.parent))
    for router in range(1, 7):
        twice(meeting, router)
    meeting.turn()
    meeting.command("approve", promotion=1, form={"objective": "quiet"})
    meeting.command("edit", promotion=2, form={"objective": "quiet"})
    meeting.turn()
    issues = {int(issue["subject"].rpartition("-")[2]): issue["id"] for issue in meeting.issues()}
    assert sorted(issues) == [1, 2, 3, 4, 5, 6]
    return issues


def the_meeting(meeting: Meeting, issues: dict[int, int]) -> None:
    """Approved, approved by somebody who may not, merged, rejected without and with a reason, nominated, new."""
    office = meeting.stage.office
    (project,) = office.projects()
    root = office.root(project["id"])["id"]
    office.change(issues[2], status="Resolved", as_="jane")
    office.change(issues[3], status="Resolved", as_="ben")
    office.change(issues[4], status="Closed", notes=f"belongs to #{root}", as_="jane")
    office.change(issues[5], status="Rejected", as_="jane")
    meeting.command("reject", promotion=6, reason="known")
    mail = meeting.stage.desk.open("Mail is slow", key="mail-1")
    meeting.nominate("Mail is slow every Monday", f"See itsm #{mail}.\n\nObjective: quick mail")
    twice(meeting, 8)


def assert_all_is_there(scene: Scene, meeting: Meeting, issues: dict[int, int]) -> None:
    """The undisturbed run wrote everything that a kill could double or lose."""
    office = meeting.stage.office
    states = Counter(promotion.state for promotion in scene.promotions())
    assert states == {_S.ACTIVE: 2, _S.CANDIDATE: 4, _S.MERGED: 1, _S.REJECTED: 1}
    assert len(office.projects()) == 2
    assert len(meeting.issues()) == 8
    assert [meeting.status(issues[n]) for n in (2, 3, 4, 5, 6)] == ["Resolved", "New", "Closed", "New", "Rejected"]
    assert "The project is there" in meeting.last_note(issues[2])
    assert "only members of this project with the role Manager decide" in meeting.last_note(issues[3])
    assert "/projects/" in meeting.last_note(issues[4])
    assert "needs a reason" in meeting.last_note(issues[5])
    assert "known" in meeting.last_note(issues[6])
    (nominated,) = [issue["id"] for issue in meeting.issues() if issue["subject"].startswith("Mail")]
    assert "(number " in meeting.last_note(nominated)


@pytest.fixture(scope="module")
def deaths(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deaths]:
    """The meeting has decided, and the bridge is about to look."""
    with Sandbox(clock_start=START) as sandbox:
        meeting = Meeting(
            sandbox_bridge(sandbox, tmp_path_factory.mktemp("meeting")), f"{sandbox.redmine.url}/_control/clock"
        )
        issues = before_the_meeting(meeting)
        meeting.stage.pause()
        the_meeting(meeting, issues)
        meeting.stage.pause()
        scene = Scene(sandbox, meeting.stage)
        scene.save()
        assert child.once(scene.config)
        assert_all_is_there(scene, meeting, issues)
        undisturbed = sandbox.dump()
        assert child.once(scene.config)
        assert sandbox.dump() == undisturbed, "its own notes are nothing to answer"
        yield Deaths(scene, undisturbed, 0.0)


@pytest.mark.timeout(900)
@pytest.mark.parametrize(
    ("kind", "points"),
    [
        ("open", ("claimed", "delivered")),
        pytest.param("write", ("claimed", "delivered"), marks=pytest.mark.soak),
        pytest.param("tell", ("claimed", "delivered"), marks=pytest.mark.soak),
        ("sync", ("delivered",)),
        pytest.param("read", ("delivered",), marks=pytest.mark.soak),
    ],
)
def test_killed_at_every_boundary_of_the_candidates(deaths: Deaths, kind: str, points: tuple[str, ...]) -> None:
    """Before each write to a candidate's issue; after it, or after reading one, but before our own commit."""
    number = 1
    while deaths.play(child.AtBoundary(number, points, f"intake.{kind}")):
        number += 1
    assert number > len(points), "there is something of this kind"


@pytest.mark.timeout(900)
def test_killed_on_the_way_to_the_approved_project(deaths: Deaths) -> None:
    """Where the project of an approval begins and ends: the link to it is written once, when it is there."""
    for kind in ("project.open", "promotion.activate"):
        assert deaths.play(child.AtBoundary(1, ("delivered",), prefix=kind))
