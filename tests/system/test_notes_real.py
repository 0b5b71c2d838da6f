"""Notes between the real RT and the real Redmine: edited, deleted, to all, merged; private ones stay private."""

from __future__ import annotations

import html
import sqlite3
from contextlib import closing
from typing import Any

import pytest

from bridge.app import App
from tests.servers.redmine import RedmineServer
from tests.servers.rt import RtServer
from tests.system.stage import Stage, opened, real_bridge

SUMMARY = "Router core-1 CPU above 95 %"
RIGHT = "- :set_notes_private\n"


@pytest.fixture(scope="module")
def stage(redmine: RedmineServer, rt: RtServer, tmp_path_factory: pytest.TempPathFactory) -> Stage:
    """A bridge between the real RT and the real Redmine, with a project for five open tickets."""
    redmine.reset()
    rt.reset()
    stage = real_bridge(redmine, rt, tmp_path_factory.mktemp("notes"))
    stage.write_small()
    stage.once()
    stage.pause()
    for _ in range(5):
        stage.desk.open(SUMMARY, key="core-1")
    stage.once()
    return stage


def own_issues(stage: Stage) -> tuple[int, dict[str, int]]:
    """The root issue, and the issue of each ticket."""
    with opened(stage) as app, app.database.reading() as uow:
        return stage.office.root(stage.office.projects()[0]["id"])["id"], {
            link.ref.external_id: link.issue_id for link in uow.links.all() if link.issue_id
        }


def found(stage: Stage, issue: int, words: str) -> list[dict[str, Any]]:
    journals = stage.office.issue(issue)["journals"]
    return [one for one in journals if words in html.unescape(one.get("notes", ""))]


def compared(stage: Stage, app: App) -> None:
    app.perform("compare", {})
    assert not app.once().failures


def test_notes_edited_deleted_and_to_all(stage: Stage, redmine: RedmineServer, rt: RtServer) -> None:
    """What Redmine tells no poll and RT has no page for: followed up on the other side, private as before."""
    root, own = own_issues(stage)
    first, second, third, *_ = own
    stage.pause()
    stage.office.note(own[first], "the *vendor* has case 4711\n\n* one\n* 二", as_="mia", private=True)
    stage.desk.work_note(first, "line card 3 is broken")
    rich = {"Content": '<p>see <a href="http://a.b/c">here</a> @jane</p><ul><li>eins</ul>', "ContentType": "text/html"}
    rt.as_user("alice").ok("POST", f"/ticket/{second}/comment", rich)
    stage.office.note(root, "!all the card comes 明天", as_="mia")
    stage.office.note(root, "nobody else needs to know", as_="mia")
    stage.once()
    (copied,) = [note for note in stage.desk.notes(first) if "vendor" in note[0]]
    assert "> the vendor has case 4711\n>\n> - one\n> - 二" in copied[0]
    assert copied[1] is True
    (journal,) = found(stage, own[second], "eins")
    assert journal["private_notes"] is True
    assert '> see "here":http://a.b/c @jane' in html.unescape(journal["notes"])
    assert "@jane" not in journal["notes"]
    assert "> * eins" in journal["notes"]
    for ticket in own:
        assert [private for text, private in stage.desk.notes(ticket) if "> the card comes 明天" in text] == [True]
        assert not [text for text, _ in stage.desk.notes(ticket) if "nobody else" in text]

    (mine,) = found(stage, own[first], "the *vendor*")
    (theirs,) = found(stage, own[first], "line card 3")
    admin = redmine.as_user("admin")
    admin.ok("PUT", f"/journals/{mine['id']}.json", {"journal": {"notes": "the vendor has case 4712"}})
    with closing(sqlite3.connect(rt._database, timeout=30)) as database, database:
        database.execute("UPDATE Attachments SET Content = 'line card 4 is broken' WHERE Content LIKE 'line card 3%'")
    with opened(stage) as app:
        compared(stage, app)
        edited = [note for note in stage.desk.notes(first) if "Edited in the project" in note[0]]
        assert [("> the vendor has case 4712" in text, private) for text, private in edited] == [(True, True)]
        (told,) = found(stage, own[first], "> line card 4 is broken")
        assert told["private_notes"] is True
        assert found(stage, own[first], "line card 3 is broken")[0]["id"] == theirs["id"]

        admin.ok("PUT", f"/journals/{mine['id']}.json", {"journal": {"notes": ""}})
        with closing(sqlite3.connect(rt._database, timeout=30)) as database, database:
            (number,) = database.execute(
                "SELECT TransactionId FROM Attachments WHERE Content LIKE 'line card 4%'"
            ).fetchone()
            database.execute("DELETE FROM Attachments WHERE TransactionId = ?", (number,))
            database.execute("DELETE FROM Transactions WHERE id = ?", (number,))
        compared(stage, app)
        assert [p for text, p in stage.desk.notes(first) if "Deleted in the project" in text] == [True]
        assert len(found(stage, own[first], "*Deleted*")) == 1
        before = [stage.desk.written_by_bridge(one) for one in own], len(stage.office.issue(own[first])["journals"])
        compared(stage, app)
        after = [stage.desk.written_by_bridge(one) for one in own], len(stage.office.issue(own[first])["journals"])
        assert after == before

    stage.pause()
    rt.as_user("root").ok("PUT", f"/ticket/{third}", {"MergeInto": int(second)})
    stage.once()
    (parting,) = found(stage, own[third], "does not follow")
    assert f"merged into rt #{second}" in html.unescape(parting["notes"])
    with opened(stage) as app, app.database.reading() as uow:
        assert [link.ref.external_id for link in uow.links.all() if link.ended_at] == [third]


def test_without_the_right_nothing_private_is_written(stage: Stage, redmine: RedmineServer) -> None:
    """Refused before anything is sent, nothing leaked; with the right it goes through, private."""
    _, own = own_issues(stage)
    *_, first = own
    change_role(redmine, RIGHT, "")
    stage.pause()
    stage.desk.work_note(first, "the password is hunter2")
    stage.desk.answer(first, "we are working on it")
    with opened(stage) as app:
        app.once()
        assert not found(stage, own[first], "hunter2")
        (letter,) = app.engine().dead()
        assert letter.error.startswith("RB-1209")
        assert "Set notes as private" in letter.error
        change_role(redmine, "---\n", f"---\n{RIGHT}")
        app.perform("retry", {"effect": letter.effect.id})
        app.once()
    (journal,) = found(stage, own[first], "hunter2")
    assert journal["private_notes"] is True
    assert [one.get("private_notes", False) for one in found(stage, own[first], "we are working on it")] == [False]


def change_role(redmine: RedmineServer, old: str, new: str) -> None:
    """Changes the permissions of the bridge's role."""
    with closing(sqlite3.connect(redmine._database, timeout=30)) as database, database:
        statement = "UPDATE roles SET permissions = replace(permissions, ?, ?) WHERE name = 'Bridge'"
        assert database.execute(statement, (old, new)).rowcount == 1
