"""Notes that were carried over and edited or deleted since, and what else no poll can see. On the sandbox."""

from __future__ import annotations

import html
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from bridge.app import App
from bridge.model.stop import Stop
from bridge.sandbox import Sandbox
from tests.system.commands import command
from tests.system.stage import Stage, sandbox_bridge

SUMMARY = "Router core-1 CPU above 95 %"


@pytest.fixture
def stage(sandbox: Sandbox, tmp_path: Path) -> Stage:
    stage = sandbox_bridge(sandbox, tmp_path)
    stage.write(clock=f"{stage.office.url}/_control/clock", drift={"least": 3})
    return stage


@pytest.fixture
def app(stage: Stage) -> Iterator[App]:
    with ExitStack() as resources:
        yield stage.app(resources)


def promoted(stage: Stage, app: App) -> dict[str, int]:
    """Five incidents that became a project: its open ones with their own issues."""
    app.once()
    stage.pause()
    found = [stage.desk.open(SUMMARY, key="core-1") for _ in range(5)]
    app.once()
    project = stage.office.projects()[0]["id"]
    own = {one: stage.office.own_issue(project, f"{stage.desk.source} #{one}")["id"] for one in found}
    return {**own, "root": stage.office.root(project)["id"]}


def journals(stage: Stage, issue: int, words: str) -> list[dict[str, Any]]:
    return [one for one in stage.office.issue(issue)["journals"] if words in one.get("notes", "")]


def compare(stage: Stage, app: App) -> dict[str, Any]:
    """A round of the slow comparison, and what it leads to."""
    stage.pause()
    told = app.perform("compare", {})
    app.once()
    return dict(told)


def test_an_edited_note_is_followed_up_and_a_deleted_one_told_on_both_sides(stage: Stage, app: App) -> None:
    """Never overwritten, once for each change, private where the note was; nothing is written when nothing changed."""
    own = promoted(stage, app)
    incident, issue = next(iter(own.items()))
    stage.pause()
    stage.office.note(issue, "the *vendor* has case 4711", as_="mia", private=True)
    stage.desk.work_note(incident, "line card 3 is 坏了")
    app.once()
    assert [private for text, private in stage.desk.notes(incident) if "the vendor has case 4711" in text] == [True]
    (copied,) = journals(stage, issue, "line card 3 is 坏了")
    assert copied["private_notes"] is True

    (journal,) = journals(stage, issue, "the *vendor* has case 4711")
    path = f"/journals/{journal['id']}.json"
    stage.office.as_user("admin").ok("PUT", path, {"journal": {"notes": "the vendor has case 4712"}})
    note = next(one for one in stage.desk._row(incident).notes if "line card 3" in one.text)
    note.text = "line card 4 is 坏了"
    assert compare(stage, app)["compared"] == 1
    edited = [(text, private) for text, private in stage.desk.notes(incident) if "Edited in the project" in text]
    assert [private for _, private in edited] == [True]
    assert "> the vendor has case 4712" in edited[0][0]
    (told,) = journals(stage, issue, "*Edited*")
    assert "line card 4 is 坏了" in told["notes"]
    assert told["private_notes"] is True
    assert journals(stage, issue, "line card 3 is 坏了") == [copied]

    stage.office.as_user("admin").ok("PUT", path, {"journal": {"notes": ""}})
    stage.desk._row(incident).notes.remove(note)
    compare(stage, app)
    deleted = [private for text, private in stage.desk.notes(incident) if "Deleted in the project" in text]
    assert deleted == [True]
    (gone,) = journals(stage, issue, "*Deleted*")
    assert "line card" not in gone["notes"]

    before = stage.writes()
    compare(stage, app)
    compare(stage, app)
    assert stage.writes() == before


def test_a_step_reads_one_list_of_each_side_where_nothing_was_noted(stage: Stage, app: App, sandbox: Sandbox) -> None:
    """No request for each issue."""
    promoted(stage, app)
    app.once()
    sandbox.log.clear()
    told = app.perform("compare", {})
    asked = [entry for entry in sandbox.requests() if entry.app == "redmine"]
    assert told["links"] == 5
    assert told["differing"] == told["compared"] == 0
    assert [entry.path for entry in asked] == ["/issues.json"]
    assert not any(entry.is_write for entry in sandbox.requests())


def test_a_field_that_changed_without_a_trace_is_found(stage: Stage, app: App, sandbox: Sandbox) -> None:
    """As when somebody restores an issue in the database: no updated_on, no journal."""
    own = promoted(stage, app)
    incident, issue = next(iter(own.items()))
    row = sandbox.redmine.app.state.issues[issue]
    row.status_id = stage.office.statuses["Resolved"]
    app.once()
    assert stage.desk.state(incident) != stage.desk.resolved
    assert compare(stage, app)["differing"] == 1
    assert stage.desk.state(incident) == stage.desk.resolved


def test_two_bridges_by_mistake_stop_themselves_and_a_person_resumes(stage: Stage, app: App) -> None:
    """The other one's origin line on our incident: nothing is read or written there, nothing is lost."""
    own = promoted(stage, app)
    incident, issue = next(iter(own.items()))
    stage.pause()
    stage.desk.work_note(incident, "This incident is part of a project.\n\n[bridge other-0a1b2c · itsm 1 · linked]")
    app.once()
    before = stage.writes()
    stage.pause()
    stage.desk.work_note(incident, "still broken")
    cycle = app.once()
    error = cycle.failures[stage.desk.source]
    assert error.code == "RB-1222"
    assert "RB-1223" in error.what
    assert "other-0a1b2c" in error.what
    assert f"sources resume {stage.desk.source}" in error.advice
    assert stage.writes() == before

    app.perform("resume", {"source": stage.desk.source, "actor": "jane", "reason": "the other one is off"})
    stage.pause()
    assert not app.once().failures
    assert journals(stage, issue, "still broken")


def test_an_answer_that_quotes_another_bridge_stops_nothing(stage: Stage, app: App) -> None:
    own = promoted(stage, app)
    stage.pause()
    quoted = "> [bridge other-0a1b2c · itsm 1 · linked]\nwhat is this?\n> [bridge other-0a1b2c · itsm 1 · linked]"
    stage.desk.work_note(next(iter(own)), quoted)
    app.once()
    stage.pause()
    assert not app.once().failures


def test_a_side_that_shows_nothing_any_more_is_stopped_and_nothing_is_unlinked(
    stage: Stage, app: App, sandbox: Sandbox
) -> None:
    """An emptied incident system: asked twice, then stopped; what a person accepts holds for a day."""
    promoted(stage, app)
    state = sandbox.itsm.app.state
    kept = dict(state.incidents)
    state.incidents.clear()
    assert app.perform("compare", {})["suspected"] == [stage.desk.source]
    stage.pause()
    assert app.perform("compare", {})["stopped"] == [stage.desk.source]
    assert app.once().failures[stage.desk.source].code == "RB-1222"
    with app.database.reading() as uow:
        assert [stop.code for stop in uow.stops.all()] == ["RB-1224"]
        assert not any(link.ended_at for link in uow.links.all())
    state.incidents.update(kept)
    app.perform("resume", {"source": stage.desk.source, "actor": "jane", "reason": "it was restored"})
    stage.pause()
    assert not app.once().failures
    assert app.perform("compare", {})["links"] == 5


def told(stage: Stage, incident: str, words: str) -> list[bool]:
    """Whether each note with some words on an incident is private."""
    return [private for text, private in stage.desk.notes(incident) if words in text]


def test_a_note_to_all_goes_to_every_open_incident_once(stage: Stage, app: App) -> None:
    """Only with the mark, privately, not to what is over, and not back into the project."""
    own = promoted(stage, app)
    first, *others = [one for one in own if one != "root"]
    stage.pause()
    stage.desk.resolve(first)
    app.once()
    stage.pause()
    stage.office.note(own["root"], "only for us")
    stage.office.note(own["root"], "!all the vendor sends a *new* card 明天")
    app.once()
    app.once()
    for incident in others:
        assert told(stage, incident, "> the vendor sends a new card 明天") == [True]
        assert told(stage, incident, "only for us") == []
        assert not journals(stage, own[incident], "the vendor sends")
    assert told(stage, first, "the vendor sends") == []
    before = stage.writes()
    stage.pause()
    app.once()
    assert stage.writes() == before
    with app.database.reading() as uow:
        assert len(uow.links.all()) == 5


def test_callers_read_a_note_to_all_only_where_mark_and_settings_say_so(stage: Stage) -> None:
    own: dict[str, int] = {}
    for allowed in (False, True):
        stage.write(clock=f"{stage.office.url}/_control/clock", public_notes=allowed)
        with ExitStack() as resources:
            app = stage.app(resources)
            own = own or promoted(stage, app)
            incident = next(iter(own))
            stage.pause()
            stage.office.note(own["root"], f"!all public it works again {allowed}")
            stage.office.note(own["root"], f"!all public but not this {allowed}", private=True)
            app.once()
        assert told(stage, incident, f"> it works again {allowed}") == [not allowed]
        assert told(stage, incident, f"> but not this {allowed}") == [True]
        assert len(journals(stage, own["root"], "that callers cannot read")) == (2 if not allowed else 3)
    stage.pause()
    stage.office.change(own["root"], as_="admin", is_private=True)
    stage.office.note(own["root"], "!all public nor this")
    stage.once()
    assert told(stage, incident, "> nor this") == [True]


def test_notes_to_all_are_limited_and_the_author_is_told(stage: Stage) -> None:
    stage.write(clock=f"{stage.office.url}/_control/clock", notes={"broadcast": {"most_per_day": 1}})
    with ExitStack() as resources:
        app = stage.app(resources)
        own = promoted(stage, app)
        stage.pause()
        stage.office.note(own["root"], "!all one")
        stage.office.note(own["root"], "!all two")
        app.once()
    incident = next(iter(own))
    assert told(stage, incident, "> one") == [True]
    assert told(stage, incident, "> two") == []
    assert len(journals(stage, own["root"], "1 in 24 hours")) == 1


def test_a_merged_incident_is_unlinked_with_a_note(stage: Stage, app: App, sandbox: Sandbox) -> None:
    """Its number resolves to another one: at once, without a wait, and nothing of the issue is changed."""
    own = promoted(stage, app)
    first, second, *_ = own
    state = sandbox.itsm.app.state
    state.incidents[int(first)] = state.incidents[int(second)]
    stage.pause()
    stage.office.note(own[first], "is anybody there?")
    app.once()
    with app.database.reading() as uow:
        (ended,) = [link for link in uow.links.all() if link.ended_at]
    assert ended.ref.external_id == first
    assert f"merged into {stage.desk.source} #{second}" in ended.ended_because
    (said,) = journals(stage, own[first], "does not follow")
    assert f"#{second}" in html.unescape(said["notes"])
    relations = {(one["issue_to_id"], one["relation_type"]) for one in stage.office.issue(own[first])["relations"]}
    assert (own[second], "duplicates") in relations
    assert told(stage, second, "is anybody there?") == []


def test_an_archived_project_stops_nothing(stage: Stage, app: App, sandbox: Sandbox) -> None:
    """People may put a project away: the others go on."""
    promoted(stage, app)
    project = stage.office.projects()[0]["id"]
    sandbox.redmine.app.state.projects[project].status = 9
    for _ in range(2):
        told = app.perform("compare", {})
        stage.pause()
        assert told["suspected"] == told["stopped"] == []


def test_what_people_write_with_the_bridges_account_is_theirs(stage: Stage, app: App) -> None:
    """Own notes are known by what was stored when writing them, not by who wrote them."""
    own = promoted(stage, app)
    incident, issue = next(iter(own.items()))
    stage.pause()
    stage.desk.work_note(incident, "a person on the bridge's account", as_="bridge")
    stage.office.note(issue, "and here, too", as_="itsm-sync", private=True)
    app.once()
    app.once()
    assert len(journals(stage, issue, "a person on the bridge's account")) == 1
    assert told(stage, incident, "> and here, too") == [True]


def test_people_see_what_is_stopped_and_let_it_go_on_by_command(stage: Stage, app: App) -> None:
    """`sources list` ends with 1 while something is stopped."""
    path, name = stage.folder / "bridge.yaml", stage.desk.source
    app.once()
    with app.database.transaction() as uow:
        uow.stops.add(Stop(name, app.clock.now(), "RB-1224", "it shows nothing."))
    listed = command(path, "sources", "list", "--json").json(1)["sources"]
    assert [row["code"] for row in listed] == ["RB-1224", ""]
    assert "it shows nothing" in command(path, "sources", "resume", name, "--reason", "restored").text()
    assert command(path, "links", "compare", "--json").json()["links"] == 0


def test_one_hiccup_stops_nothing(stage: Stage, app: App, sandbox: Sandbox) -> None:
    promoted(stage, app)
    state = sandbox.itsm.app.state
    kept = dict(state.incidents)
    state.incidents.clear()
    app.perform("compare", {})
    state.incidents.update(kept)
    told = app.perform("compare", {})
    assert told["suspected"] == told["stopped"] == []
    with app.database.reading() as uow:
        assert uow.stops.all() == []
