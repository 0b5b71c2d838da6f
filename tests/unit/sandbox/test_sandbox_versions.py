"""What newer Redmines do differently (redmine.md, sections 7 and 8 d1)."""

from __future__ import annotations

import pytest
import requests
from sandbox_api import START, Redmine

from bridge.sandbox import Sandbox


@pytest.fixture
def made(request, session):
    """(sandbox, the bridge's account) of the version that the test is parametrised with."""
    with Sandbox(request.param, START) as sandbox:
        yield sandbox, Redmine(sandbox.redmine.url, {"X-Redmine-API-Key": sandbox.redmine.key("itsm-sync")}, session)


@pytest.mark.parametrize("made", ["5.1", "6.0.5", "6.1"], indirect=True)
def test_private_flag_is_dropped_without_the_right_from_5_1_on(made):
    """The project becomes public, with 201."""
    sandbox, sync = made
    assert sync.project("fine")["is_public"] is False
    sandbox.control.change_settings(redmine={"creator_role": "Bridge without publicity"})
    assert sync.project("oops")["is_public"] is True
    assert "select_project_publicity" in sync.ok("GET", "/roles/6.json")["role"]["permissions"]
    assert "select_project_publicity" not in sync.ok("GET", "/roles/7.json")["role"]["permissions"]


@pytest.mark.parametrize("made", ["5.0"], indirect=True)
def test_5_0_knows_no_such_right_and_honours_the_flag(made):
    _, sync = made
    assert sync.project("fine")["is_public"] is False
    assert "select_project_publicity" not in sync.ok("GET", "/roles/6.json")["role"]["permissions"]


@pytest.mark.parametrize(("made", "moved"), [("5.1", True), ("6.0", True), ("6.1", False)], indirect=["made"])
def test_put_that_changes_nothing(made, moved):
    sandbox, sync = made
    number = sync.issue("same")
    sandbox.clock.advance(60)
    sync.put(number, subject="same", notes="")
    assert (sync.get(number)["updated_on"] == "2026-11-20T08:01:00Z") is moved
    sandbox.clock.advance(60)
    sync.put(number, notes="a note always does")
    assert sync.get(number)["updated_on"] == "2026-11-20T08:02:00Z"


@pytest.mark.parametrize(
    ("made", "is_lower"), [("5.0", False), ("5.1", False), ("6.0", True), ("6.1", True)], indirect=["made"]
)
def test_header_names_are_lower_case_from_6_0_on(made, is_lower):
    sandbox, sync = made
    answer = requests.get(f"{sandbox.redmine.url}/users/current.json", headers=sync.headers, timeout=10)
    names = set(answer.raw.headers.keys())
    assert ("content-type" in names) is is_lower
    assert ("Content-Type" in names) is not is_lower


@pytest.mark.parametrize("made", ["6.0"], indirect=True)
def test_edited_notes_show_from_6_0_on(made):
    sandbox, sync = made
    number = sync.issue()
    sync.put(number, notes="first")
    (journal,) = sync.journals(number)
    assert journal["updated_on"] == "2026-11-20T08:00:00Z"
    assert "updated_by" not in journal
    sandbox.clock.advance(60)
    sync("PUT", f"/journals/{journal['id']}.json", {"journal": {"notes": "second"}})
    (journal,) = sync.journals(number)
    assert (journal["updated_on"], journal["updated_by"]["name"]) == ("2026-11-20T08:01:00Z", "ITSM Sync")


@pytest.mark.parametrize("made", ["6.0"], indirect=True)
def test_for_all_fields_are_shown_in_projects_from_6_0_on(made):
    _, sync = made
    shown = sync.ok("GET", "/projects/operations.json?include=issue_custom_fields")["project"]
    assert [field["name"] for field in shown["issue_custom_fields"]] == ["ITSM incident", "ITSM severity"]
