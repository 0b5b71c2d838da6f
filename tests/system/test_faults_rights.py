"""What people took away: rights, the parent project, the key. Each is named, nothing is lost, and mended it goes on."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from bridge.model.promotion import PromotionState
from bridge.sandbox import Sandbox
from tests.system.scene import START, Scene


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    """The scene, played once without any fault."""
    with Sandbox(clock_start=START) as sandbox:
        yield Scene.set_up(sandbox, tmp_path_factory.mktemp("rights"))


@pytest.fixture
def scene(played: Scene) -> Scene:
    """The scene before the bridge looks."""
    played.rewind()
    return played


# What is missing, the words by which a person finds out what to tick, and how far the project gets without it.
RIGHTS: dict[tuple[str, ...], tuple[str, PromotionState]] = {
    ("add_subprojects",): ("Create subprojects", PromotionState.BLOCKED),
    ("add_issues",): ("Add issues", PromotionState.BLOCKED),
    ("manage_members",): ("Manage members", PromotionState.ACTIVE),
    ("manage_issue_relations",): ("Manage issue relations", PromotionState.ACTIVE),
    ("view_wiki_pages",): ("View wiki", PromotionState.ACTIVE),
    ("edit_wiki_pages",): ("Edit wiki pages", PromotionState.ACTIVE),
    ("edit_issues", "edit_own_issues"): ("does the workflow let the bridge's role write it?", PromotionState.ACTIVE),
}


@pytest.mark.parametrize("rights", RIGHTS, ids=" ".join)
def test_a_missing_right_is_named_and_the_rest_waits(scene: Scene, rights: tuple[str, ...]) -> None:
    """The promotion names the right to give; given and retried, the end is as if it had always been there."""
    words, state = RIGHTS[rights]
    scene.sandbox.control.change_role("Bridge", remove=rights)
    for _ in range(3):
        scene.once()
        scene.sandbox.clock.advance(900)
    promotion = scene.promotion()
    assert promotion.state is state
    assert words in promotion.attention, promotion.attention
    assert "queue retry" in promotion.attention
    assert len(scene.sandbox.requests()) < 2 * scene.requests
    assert all(len(scene.stage.desk.notes(i)) <= 1 for i in scene.waiting)
    scene.sandbox.control.change_role("Bridge", add=rights)
    assert scene.retry() >= 1
    scene.rounds()
    # Relations that come last change issues that are assigned already: Redmine mails about them.
    scene.assert_undisturbed(mails=rights != ("manage_issue_relations",))
    assert scene.promotion().state is PromotionState.ACTIVE
    assert scene.promotion().attention == scene.attention


def test_tasks_that_came_out_without_their_parent_are_told_and_not_doubled(scene: Scene) -> None:
    """Redmine creates a subtask without its parent where the right is missing: a person mends right and issue."""
    scene.sandbox.control.change_role("Bridge", remove=("manage_subtasks",))
    scene.once()
    promotion = scene.promotion()
    assert promotion.state is PromotionState.BLOCKED
    assert "Manage subtasks" in promotion.attention
    scene.sandbox.control.change_role("Bridge", add=("manage_subtasks",))
    (project,) = scene.stage.office.projects()
    root, *orphans = scene.stage.office.issues(project["id"])
    for orphan in orphans:
        scene.stage.office.change(orphan["id"], as_="admin", parent_issue_id=root["id"])
    assert scene.retry() == len(orphans)
    scene.rounds()
    subjects = [(i["subject"], bool(i.get("parent"))) for i in scene.stage.office.issues(project["id"])]
    (undisturbed,) = (p["issues"] for p in scene.undisturbed["redmine"]["projects"] if p["parent"])
    assert sorted(subjects) == sorted((i["key"].partition("/")[2], bool(i["parent"])) for i in undisturbed)
    assert scene.promotion().attention == scene.attention


def test_an_account_that_is_no_member_of_the_parent(scene: Scene) -> None:
    """Nothing can be opened or read: the message says what the account needs, and nothing is lost."""
    state = scene.sandbox.redmine.app.state
    account = state.user_by_login("itsm-sync")
    assert account is not None
    (member,) = (member for member in state.members.values() if member.user_id == account.id)
    state.drop_member(member)
    cycle = scene.once()
    assert "member" in str(cycle.failures["redmine"])
    promotion = scene.promotion()
    assert promotion.state is PromotionState.BLOCKED
    assert "member" in promotion.attention
    assert not scene.written("itsm")
    state.put_member(member)
    assert scene.retry() == 1
    scene.rounds()
    assert scene.promotion().state is PromotionState.ACTIVE


@pytest.mark.parametrize(("status", "word"), [(9, "archived"), (5, "closed")])
def test_a_parent_that_is_archived_or_closed(scene: Scene, status: int, word: str) -> None:
    """No project can be opened below it: the message says so, and nothing is lost."""
    parent = next(p for p in scene.sandbox.redmine.app.state.projects.values() if p.identifier == "operations")
    parent.status = status
    for _ in range(3):
        scene.once()
        scene.sandbox.clock.advance(900)
    promotion = scene.promotion()
    assert promotion.state is PromotionState.BLOCKED
    assert word in promotion.attention, promotion.attention
    assert len(scene.sandbox.requests()) < scene.requests
    assert not scene.written("itsm")
    parent.status = 1
    assert scene.retry() == 1
    scene.rounds()
    scene.assert_undisturbed()
    assert scene.promotion().state is PromotionState.ACTIVE


def test_a_key_that_was_withdrawn_from_a_public_redmine(scene: Scene) -> None:
    """A public Redmine answers 200 to a wrong key: the bridge notices, writes nothing and goes on with the new key."""
    state = scene.sandbox.redmine.app.state
    for project in state.projects.values():
        project.is_public = True
    account = state.user_by_login("itsm-sync")
    assert account is not None
    key, account.api_key = account.api_key, "0" * 40
    cycle = scene.once()
    assert "does not accept the API key" in str(cycle.failures["redmine"])
    scene.once()
    assert len(scene.sandbox.requests("redmine")) <= 20
    assert not scene.written("itsm")
    assert not scene.stage.office.projects()
    assert scene.promotion().state is PromotionState.OPENING
    assert all("API key" in error for error in scene.waiting_errors())
    assert scene.waiting_errors()
    account.api_key = key
    scene.sandbox.clock.advance(3600)
    scene.rounds()
    assert scene.promotion().state is PromotionState.ACTIVE


def test_a_token_that_was_withdrawn(scene: Scene) -> None:
    """The incident system tells it inside 200."""
    agent = scene.sandbox.itsm.app.state.agents["bridge"]
    token, agent.token = agent.token, "another"
    cycle = scene.once()
    assert set(cycle.failures) == {"itsm"}
    assert "token" in str(cycle.failures["itsm"])
    scene.once()
    assert len(scene.sandbox.requests("itsm")) <= 4
    agent.token = token
    scene.rounds()
    scene.assert_undisturbed()
