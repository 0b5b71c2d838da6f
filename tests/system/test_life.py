"""The life of a promotion: owner, joining teams, workarounds, and how it is undone or joined with another."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
import yaml

from bridge.app import App
from bridge.configuration import load
from bridge.model.errors import NotPossible
from bridge.model.promotion import Promotion, PromotionState
from bridge.sandbox import Sandbox
from bridge.usecases.life.owner import OTHER
from tests.system.commands import command
from tests.system.desks import SandboxDesk
from tests.system.scene import Scene
from tests.system.stage import RULE, Stage, opened, sandbox_bridge
from tests.system.test_recurrence import DAY, close, promotions
from tests.system.test_story import SUMMARY, promoted

TEAMS = {
    "network-team": {"name": "Network", "members": ["ben"], "lead": "jane", "names": {"itsm": "Incidents"}},
    "desktop-team": {"name": "Desktop", "members": ["li"], "lead": "mia", "names": {"itsm": "Desktop"}},
}


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    """A bridge on the sandbox with an open project; li and mia are of another team than jane and ben."""
    with Sandbox(clock_start=datetime(2026, 11, 2, 8, 0, tzinfo=UTC)) as sandbox:
        made = sandbox_bridge(sandbox, tmp_path_factory.mktemp("life"))
        made.write(rule=RULE.replace("kpi:", "quiet_for: 30d\n    kpi:"), clock=f"{sandbox.redmine.url}/_control/clock")
        teams(made)
        found = Scene(sandbox, made)
        _, found.resolved, found.waiting = promoted(made)
        rounds(made, 1)
        found.save()
        yield found


@pytest.fixture
def stage(scene: Scene) -> Iterator[Stage]:
    """The moment at which the project is open, with nothing left to be written."""
    scene.rewind()
    written = {path: path.read_text(encoding="utf-8") for path in scene.stage.folder.rglob("*.yaml")}
    yield scene.stage
    for path, text in written.items():
        path.write_text(text, encoding="utf-8")


@pytest.fixture
def project(stage: Stage) -> int:
    """The project's id in Redmine."""
    (found,) = stage.office.projects()
    return int(found["id"])


def teams(stage: Stage, **people: dict[str, Any]) -> None:
    """Writes two teams into the directory, and changes people of it."""
    path = stage.folder / "directory.yaml"
    written = yaml.safe_load(path.read_text(encoding="utf-8"))
    written["teams"] = TEAMS
    for key, change in people.items():
        written["people"][key] |= change
    path.write_text(yaml.safe_dump(written, allow_unicode=True), encoding="utf-8")


def perform(stage: Stage, name: str, **args: Any) -> dict[str, Any]:
    """A person's decision, as the command line carries it out."""
    with App(load(stage.folder / "bridge.yaml")) as app, app.database.lock():
        return dict(app.perform(name, {"actor": "erin", **args}))


def rounds(stage: Stage, number: int = 1) -> None:
    """Some rounds, a minute apart; each goes on until nothing is left."""
    for _ in range(number):
        stage.pause()
        stage.once()


def promotion(stage: Stage) -> Promotion:
    """The only promotion."""
    (found,) = promotions(stage)
    return found


def audited(stage: Stage, action: str) -> list[dict[str, Any]]:
    """What the audit trail has of an action: actor and detail."""
    with opened(stage) as bridge, bridge.database.reading() as uow:
        rows = uow.connection.exec_driver_sql("SELECT actor, detail FROM audit WHERE action = ? ORDER BY id", (action,))
        return [{"actor": actor, **yaml.safe_load(detail)} for actor, detail in rows]


def notes(stage: Stage, project: int) -> list[str]:
    """The public notes of the root issue."""
    return [text for text, private in stage.office.notes(stage.office.root(project)["id"]) if not private]


def of_desktop(stage: Stage) -> str:
    """An incident of the same kind that the other team has."""
    assert isinstance(stage.desk, SandboxDesk)
    number = stage.desk.open(SUMMARY, key="core-1")
    stage.desk._as("alice").ok("PATCH", f"/api/incidents/{number}", {"team": "Desktop"})
    return number


def test_another_team_joins_and_the_owner_stays(stage: Stage, project: int) -> None:
    """Its people become members, the project is told once; a second incident of theirs brings nothing new."""
    assert stage.office.members(project).isdisjoint({"li", "mia"})
    of_desktop(stage)
    rounds(stage)
    assert {"li", "mia"} <= stage.office.members(project)
    assert promotion(stage).owner == "jane"
    assert stage.office.root(project)["assigned_to"]["id"] == stage.office.ids["jane"]
    told = [text for text in notes(stage, project) if "Desktop joined this project" in text]
    assert len(told) == 1
    of_desktop(stage)
    rounds(stage)
    assert sum("joined this project" in text for text in notes(stage, project)) == 1
    assert audited(stage, "team joined") == [
        {"actor": "bridge", "team": "desktop-team", "people": ["mia", "li"], "because": audited_ref(stage)}
    ]


def audited_ref(stage: Stage) -> str:
    """The first incident of the other team."""
    with opened(stage) as bridge, bridge.database.reading() as uow:
        return str(min(i.ref for _, i in uow.incidents.scan(0, 100) if i.team == "Desktop"))


def test_the_owner_is_changed_by_command(stage: Stage, project: int) -> None:
    """The root is assigned, both are called in a note, it is audited; nonsense is refused with advice."""
    for new, reason, why in (
        ("nobody-such", "x", "no person or team"),
        ("ben", " ", "needs a reason"),
    ):
        with pytest.raises(NotPossible, match=why):
            perform(stage, "owner", promotion=1, new=new, reason=reason)
    assert perform(stage, "owner", promotion=1, new="desktop-team", reason="they know it better")["owner"] == "mia"
    rounds(stage)
    assert stage.office.root(project)["assigned_to"]["id"] == stage.office.ids["mia"]
    (told,) = [text for text in notes(stage, project) if "owns this project" in text]
    assert "@jane @mia" in told
    assert "they know it better" in told
    assert audited(stage, "owner changed") == [
        {"actor": "erin", "from": "jane", "to": "mia", "why": "they know it better"}
    ]
    writes = stage.writes()
    perform(stage, "owner", promotion=1, new="mia", reason="again")
    rounds(stage)
    assert stage.writes() == writes
    assert OTHER not in promotion(stage).attention


def test_who_may_reassigns_the_root_and_others_are_reported(stage: Stage, project: int) -> None:
    """Ben's word is left as it is and reported once; jane, who leads, gives it to ben."""
    root = stage.office.root(project)["id"]
    stage.pause()
    stage.office.change(root, as_="ben", assigned_to="ben")
    rounds(stage, 3)
    assert promotion(stage).owner == "jane"
    assert "its root issue is assigned to" in promotion(stage).attention
    assert sum("stays the owner" in text for text in notes(stage, project)) == 1
    assert stage.office.root(project)["assigned_to"]["id"] == stage.office.ids["ben"]
    stage.office.change(root, as_="jane", assigned_to="jane")
    rounds(stage)
    assert OTHER not in promotion(stage).attention
    stage.office.change(root, as_="jane", assigned_to="ben")
    rounds(stage)
    assert promotion(stage).owner == "ben"
    assert OTHER not in promotion(stage).attention
    (change,) = audited(stage, "owner changed")
    assert (change["actor"], change["from"], change["to"]) == ("Jane", "jane", "ben")


def test_a_later_incident_is_told_the_workaround(scene: Scene, stage: Stage, project: int) -> None:
    """By what a person said, else what the wiki says; it stays open, and those that are open are told when asked."""
    waiting = scene.waiting
    page = {"wiki_page": {"text": "h2. Workaround\n\nPress the red button.\n\nh2. More\n\nNo."}}
    stage.office.as_user("jane").ok("PUT", f"/projects/{project}/wiki/Knowledge.json", page)
    sixth = stage.desk.open(SUMMARY, key="core-1")
    rounds(stage)
    ((text, private),) = stage.desk.notes(sixth)
    assert private
    assert "Press the red button." in text
    assert f"/projects/{promotion(stage).identifier}/wiki/Evidence" in text
    assert stage.desk.state(sixth) == "new"
    perform(stage, "workaround", promotion=1, text="Pull the plug.", tell_open=True)
    perform(stage, "workaround", promotion=1, text="Pull the plug.", tell_open=True)
    seventh = stage.desk.open(SUMMARY, key="core-1")
    rounds(stage)
    assert "Pull the plug." in stage.desk.notes(seventh)[0][0]
    for incident in [*waiting, sixth]:
        assert [private for text, private in stage.desk.notes(incident) if "Pull the plug." in text] == [True]
    assert {stage.desk.state(i) for i in [*waiting, sixth, seventh]} == {"new"}


def test_commands_rehearse_and_refuse(stage: Stage) -> None:
    """--dry-run tells what would be written and changes nothing; refusals say why and what to do."""
    config = stage.folder / "bridge.yaml"
    planned = command(config, "promotions", "demote", "1", "--reason", "no", "--dry-run", "--json").json()
    assert {"incident.tell", "root.note", "project.close"} <= {row["kind"] for row in planned["writes"]}
    assert promotion(stage).state is PromotionState.ACTIVE
    refused = command(config, "promotions", "merge", "1", "1", "--reason", "x")
    assert refused.code == 1
    assert "into itself" in refused.err
    owned = command(config, "promotions", "owner", "1", "ben", "--reason", "away").text()
    assert "belongs to ben" in owned


def test_a_quiet_group_verifies_the_project(scene: Scene, stage: Stage, project: int) -> None:
    """Nothing of its kind for the rule's `quiet_for`: verified, and the project is told; its incidents are free."""
    close(stage, project)
    rounds(stage)
    assert promotion(stage).state is PromotionState.DELIVERED
    scene.sandbox.clock.advance(29 * DAY)
    rounds(stage, 1)
    assert promotion(stage).state is PromotionState.DELIVERED
    scene.sandbox.clock.advance(DAY)
    rounds(stage)
    assert promotion(stage).state is PromotionState.VERIFIED
    assert sum("counts as verified" in text for text in notes(stage, project)) == 1
    writes = stage.writes()
    rounds(stage, 1)
    assert stage.writes() == writes


def test_a_recurrence_makes_it_ineffective_and_the_next_project_names_it(
    scene: Scene, stage: Stage, project: int
) -> None:
    """The rule asks for a new project: the old one says that it did not help, the new one says which."""
    close(stage, project)
    rounds(stage)
    scene.sandbox.clock.advance(3 * DAY)
    back = stage.desk.open(SUMMARY, key="core-1")
    rounds(stage)
    assert promotion(stage).state is PromotionState.INEFFECTIVE
    (told,) = [text for text in notes(stage, project) if "counts as ineffective" in text]
    assert f"itsm &#35;{back}" in told
    for _ in range(4):
        stage.desk.open(SUMMARY, key="core-1")
    rounds(stage)
    old, new = promotions(stage)
    assert (old.state, new.state) == (PromotionState.INEFFECTIVE, PromotionState.ACTIVE)
    assert f"promotion 1 “{old.name}” ({old.identifier}), delivered" in new.reason
    assert sum("counts as ineffective" in text for text in notes(stage, project)) == 1


def test_a_reopened_incident_says_that_it_did_not_help(scene: Scene, stage: Stage, project: int) -> None:
    """What was resolved with the delivery and is opened again is still the caller's problem."""
    close(stage, project)
    rounds(stage)
    incident = scene.waiting[0]
    assert stage.desk.state(incident) == stage.desk.resolved
    assert isinstance(stage.desk, SandboxDesk)
    stage.pause()
    stage.desk._as("alice").ok("PATCH", f"/api/incidents/{incident}", {"state": "in_progress"})
    rounds(stage)
    assert promotion(stage).state is PromotionState.INEFFECTIVE
    assert stage.desk.state(incident) == "in_progress"


def test_a_delivery_waits_for_cause_and_fix(scene: Scene, stage: Stage, project: int) -> None:
    """Where it is asked for: nothing is resolved before both stand on the page, and the bridge finds them itself."""
    path = stage.folder / "bridge.yaml"
    path.write_text(path.read_text(encoding="utf-8") + "promotions: {knowledge: required}\n", encoding="utf-8")
    close(stage, project)
    rounds(stage)
    assert promotion(stage).state is PromotionState.ACTIVE
    assert "its knowledge page lacks cause and fix" in promotion(stage).attention
    assert {stage.desk.state(i) for i in scene.waiting} == {"new"}
    page = "h2. Cause\n\nA broken fan.\n\nh2. Fix\n\n"
    jane = stage.office.as_user("jane")
    jane.ok("PUT", f"/projects/{project}/wiki/Knowledge.json", {"wiki_page": {"text": f"{page}TBD"}})
    rounds(stage)
    assert "its knowledge page lacks fix" in promotion(stage).attention
    jane.ok("PUT", f"/projects/{project}/wiki/Knowledge.json", {"wiki_page": {"text": f"{page}Replaced it."}})
    rounds(stage)
    assert promotion(stage).state is PromotionState.DELIVERED
    assert "knowledge page" not in promotion(stage).attention
    assert {stage.desk.state(i) for i in scene.waiting} == {stage.desk.resolved}


def test_a_wrong_promotion_is_undone(scene: Scene, stage: Stage, project: int) -> None:
    """Links end, clocks run as if it had not been, open incidents are told; nothing is deleted, nothing resolved."""
    before = {i: stage.desk.written_by_bridge(i) for i in scene.resolved}
    with pytest.raises(NotPossible, match="needs a reason"):
        perform(stage, "demote", promotion=1, reason="")
    assert perform(stage, "demote", promotion=1, reason="no common cause")["state"] == "demoted"
    rounds(stage)
    assert {i: stage.desk.written_by_bridge(i) for i in scene.resolved} == before
    for incident in scene.waiting:
        text, private = stage.desk.notes(incident)[-1]
        assert private
        assert "no common cause" in text
        assert stage.desk.state(incident) == "new"
    assert status(stage, project) == 5
    assert any("took this project back" in text for text in notes(stage, project))
    with opened(stage) as bridge, bridge.database.reading() as uow:
        assert all(link.ended_because == "its promotion was demoted" for link in uow.links.all(1))
        numbers = [link.incident_id for link in uow.links.all(1)]
        found = [one for rows in uow.exclusions.of_incidents(numbers).values() for one in rows]
        assert found
        assert all(one.ended_at == one.started_at for one in found)
        assert not bridge.engine().dead()
    stage.desk.open(SUMMARY, key="core-1")
    writes = stage.writes()
    rounds(stage)
    assert [p.state for p in promotions(stage)] == [PromotionState.DEMOTED], "its group is silent for `quiet_for`"
    assert stage.writes() == writes
    assert perform(stage, "demote", promotion=1, reason="again")["state"] == "demoted"


def test_two_projects_become_one(scene: Scene, stage: Stage, project: int) -> None:
    """The other's incidents join, with issues of their own; later ones too; one project is closed and points there."""
    others = [stage.desk.open(SUMMARY, key="core-2") for _ in range(5)]
    rounds(stage)
    first, second = promotions(stage)
    (other,) = [p["id"] for p in stage.office.projects() if p["id"] != project]
    with pytest.raises(NotPossible, match="needs a reason"):
        perform(stage, "merge", promotion=second.id, into=first.id, reason="")
    merged = perform(stage, "merge", promotion=second.id, into=first.id, reason="one power supply")
    assert merged["state"] == "merged"
    rounds(stage)
    assert (status(stage, project), status(stage, other)) == (1, 5)
    assert any(first.identifier in text and "went into another" in text for text in notes(stage, other))
    assert any(second.identifier in text and "one power supply" in text for text in notes(stage, project))
    later = stage.desk.open(SUMMARY, key="core-2")
    rounds(stage)
    for incident in [*others, later]:
        assert stage.office.own_issue(project, f"itsm #{incident}")
    with opened(stage) as bridge, bridge.database.reading() as uow:
        assert not bridge.engine().dead()
        numbers = {m.incident_id for m in uow.promotions.members(second.id)}
        for rows in uow.exclusions.of_incidents(sorted(numbers)).values():
            running = [one for one in rows if one.ended_at is None]
            assert [one.promotion_id for one in running] == [first.id]
    stage.desk.take(others[0], as_="alice")
    rounds(stage)
    assert stage.office.own_issue(project, f"itsm #{others[0]}")["status"]["name"] == "In Progress"


@pytest.mark.parametrize(("shut", "again"), [("close", "reopen"), ("archive", "unarchive")])
def test_a_project_that_is_shut_is_one_attention_and_goes_on_afterwards(
    scene: Scene, stage: Stage, project: int, shut: str, again: str
) -> None:
    """What is to be written waits; nothing dies, nothing is written twice; incidents are not kept waiting."""
    admin = stage.office.as_user("admin")
    admin.ok("PUT", f"/projects/{project}/{shut}.json")
    stage.desk.take(scene.waiting[0], as_="alice")
    sixth = stage.desk.open(SUMMARY, key="core-1")
    rounds(stage, 2)
    assert promotion(stage).attention.count(f"its project in Redmine is {shut}d") == 1
    with opened(stage) as bridge:
        assert not bridge.engine().dead()
    admin.ok("PUT", f"/projects/{project}/{again}.json")
    scene.sandbox.clock.advance(700)
    rounds(stage)
    assert "its project in Redmine" not in promotion(stage).attention
    assert stage.office.own_issue(project, f"itsm #{sixth}")
    own = stage.office.own_issue(project, f"itsm #{scene.waiting[0]}")
    assert own["status"]["name"] == "In Progress"
    assert len(stage.desk.notes(sixth)) == 1


def test_what_no_poll_sees_is_looked_for(scene: Scene, stage: Stage, project: int) -> None:
    """Renamed, a task removed, the owner locked: followed, and the deputy is asked; once."""
    admin = stage.office.as_user("admin")
    task = next(i for i in stage.office.issues(project) if not i.get("parent") and "itsm" not in i["subject"])
    work = next(i for i in reversed(stage.office.issues(project)) if i.get("parent"))
    assert task["id"] != work["id"]
    admin.ok("DELETE", f"/issues/{work['id']}.json")
    admin.ok("PUT", f"/projects/{project}.json", {"project": {"name": "Routers at last"}})
    scene.sandbox.redmine.app.state.users[stage.office.ids["jane"]].locked = True
    teams(stage)
    path = stage.folder / "directory.yaml"
    people = yaml.safe_load(path.read_text(encoding="utf-8"))
    people["teams"]["network-team"]["deputy"] = "ben"
    path.write_text(yaml.safe_dump(people), encoding="utf-8")
    scene.sandbox.clock.advance(7 * 3600)
    rounds(stage)
    found = promotion(stage)
    assert found.name == "Routers at last"
    assert "its owner cannot act" in found.attention
    assert found.owner == "jane"
    assert sum("Who shall own it?" in text for text in notes(stage, project)) == 1
    assert [one["issue"] for one in audited(stage, "task removed")] == [work["id"]]
    scene.sandbox.clock.advance(7 * 3600)
    rounds(stage)
    assert len(audited(stage, "task removed")) == 1
    assert sum("Who shall own it?" in text for text in notes(stage, project)) == 1
    assert work["subject"] not in [i["subject"] for i in stage.office.issues(project)]
    perform(stage, "owner", promotion=1, new="ben", reason="jane left")
    rounds(stage)
    assert "its owner" not in promotion(stage).attention


def test_a_project_that_is_moved_is_followed_and_stays_where_people_put_it(
    scene: Scene, stage: Stage, project: int
) -> None:
    """Out of the parent its changes are seen at the next look, and a person is told; back below it is as before."""
    admin = stage.office.as_user("admin")
    parent = admin.ok("GET", f"/projects/{project}.json")["project"]["parent"]["id"]
    own = stage.office.own_issue(project, f"itsm #{scene.waiting[0]}")["id"]
    writes = stage.writes()
    admin.ok("PUT", f"/projects/{project}.json", {"project": {"parent_id": ""}})
    scene.sandbox.clock.advance(7 * 3600)
    rounds(stage)
    assert promotion(stage).attention.count("its project was moved out of “operations”") == 1
    assert "parent" not in admin.ok("GET", f"/projects/{project}.json")["project"]
    assert stage.writes() == writes
    admin.ok("PUT", f"/projects/{project}.json", {"project": {"parent_id": parent}})
    stage.office.change(own, status="In Progress")
    scene.sandbox.clock.advance(7 * 3600)
    rounds(stage)
    assert "its project was moved" not in promotion(stage).attention
    assert stage.desk.state(scene.waiting[0]) == "in_progress"


def test_what_people_edit_in_bulk_is_theirs(scene: Scene, stage: Stage, project: int) -> None:
    """All issues within a second: incidents follow their own, and nothing is set back or done to the tasks."""
    own = {i: stage.office.own_issue(project, f"itsm #{i}")["id"] for i in scene.waiting}
    edited = [issue["id"] for issue in stage.office.issues(project)]
    tasks = set(edited[1:]) - set(own.values())  # the root is told that its owner was changed
    before = {number: stage.office.changes_by("itsm-sync", number) for number in tasks}
    for number in edited:
        stage.office.change(number, as_="admin", priority_id=4, status="In Progress", assigned_to="ben")
    rounds(stage, 2)
    assert {(stage.desk.state(i), stage.desk.handler(i)) for i in own} == {("in_progress", "alice")}
    for issue in stage.office.issues(project):
        shown = (issue["priority"]["id"], issue["status"]["name"], issue["assigned_to"]["id"])
        assert shown == (4, "In Progress", stage.office.ids["ben"])
    assert {number: stage.office.changes_by("itsm-sync", number) for number in before} == before


def test_a_project_is_looked_at_once_in_a_while(scene: Scene, stage: Stage, project: int) -> None:
    """Every six hours: a round in which nothing changed has nothing to do, and `once` ends with it."""
    scene.sandbox.clock.advance(7 * 3600)
    assert stage.once().delivered.done > 0, f"a look at project {project}"
    scene.sandbox.clock.advance(60)
    assert stage.once().delivered.done == 0


def test_tasks_that_people_add_are_followed(stage: Stage, project: int) -> None:
    """Stored with their status as it changes; the bridge writes nothing to them."""
    tracker = stage.office.root(project)["tracker"]["id"]
    fields = {"project_id": project, "subject": "Ask the vendor", "tracker_id": tracker}
    number = stage.office.as_user("jane").ok("POST", "/issues.json", {"issue": fields})["issue"]["id"]
    rounds(stage)
    stage.office.change(number, status="In Progress")
    rounds(stage)
    with opened(stage) as bridge, bridge.database.reading() as uow:
        task = uow.promotions.task_of_issue(number)
    assert task is not None
    assert (task.subject, task.status) == ("Ask the vendor", "In Progress")
    assert stage.office.changes_by("itsm-sync", number) == 0


def status(stage: Stage, project: int) -> int:
    """The status of a project as Redmine numbers it: 1 active, 5 closed."""
    return int(stage.office.as_user("admin").ok("GET", f"/projects/{project}.json")["project"]["status"])
