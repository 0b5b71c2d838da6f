"""What only a real Redmine can show about the gateway: rendering, parallel writers, and an idle poll."""

from __future__ import annotations

import json
import re
import sqlite3
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import pytest
import requests
from tests.servers.redmine import RedmineServer

from bridge.clock import SystemClock
from bridge.model.errors import Collision
from bridge.model.project import IssueChange, IssueSpec, Project, ProjectSpec
from bridge.redmine.gateway import RedmineTracker
from bridge.redmine.options import Formatting, RedmineOptions

SPEC = ProjectSpec(
    "ops-router-7", "Router keeps failing", "Five incidents.", "operations", "[bridge test · promotion 7]"
)


def tracker_of(server: RedmineServer, formatting: Formatting = "textile") -> RedmineTracker:
    """The bridge's view."""
    options = RedmineOptions(
        url=server.url,
        api_key=server.bridge_key,
        parent_project=server.parent_project,
        version=server.version,
        creator_role=server.creator_role,
        text_formatting=formatting,
        overlap=2,
    )
    return RedmineTracker(options, SystemClock())


@pytest.fixture
def tracker(fresh_redmine: RedmineServer) -> Iterator[RedmineTracker]:
    """The bridge's view of a fresh Redmine."""
    made = tracker_of(fresh_redmine)
    yield made
    made.close()


@pytest.fixture
def project(tracker: RedmineTracker) -> Project:
    """A project that the bridge opened."""
    return tracker.open_project(SPEC, unsure=False)


def page_as_shown(server: RedmineServer, path: str) -> str:
    """A page as a browser gets it, without tags, from its content on."""
    with requests.Session() as browser:
        browser.trust_env = False
        form = browser.get(f"{server.url}/login", timeout=60).text
        token = re.findall(r'name="authenticity_token" value="([^"]+)"', form)[-1]
        login = {"authenticity_token": token, "username": "jane", "password": "secret-pass-1"}
        browser.post(f"{server.url}/login", data=login, timeout=60).raise_for_status()
        answer = browser.get(server.url + path, timeout=60)
        answer.raise_for_status()
    content = answer.text.partition('<div class="wiki wiki-page">')[2].partition("<fieldset")[0]
    return re.sub(r"<[^>]*>", " ", content)


@pytest.fixture(params=["textile", "markdown", "common_mark"])
def formatting(fresh_redmine: RedmineServer, request: pytest.FixtureRequest) -> Iterator[Formatting]:
    """Redmine formats texts so, until the test is over."""
    found: Formatting = request.param
    with closing(sqlite3.connect(fresh_redmine.instance.directory / "redmine.sqlite3", timeout=10)) as live:
        stamp = "strftime('%Y-%m-%d %H:%M:%f', 'now', '+1 second')"
        live.execute(f"update settings set value = ?, updated_on = {stamp} where name = 'text_formatting'", (found,))
        live.commit()
    yield found
    fresh_redmine.reset()


def test_nobody_sees_the_marks_of_the_bridges_section(fresh_redmine: RedmineServer, formatting: Formatting) -> None:
    """In any of Redmine's formattings; what stands in the section and around it is rendered."""
    tracker = tracker_of(fresh_redmine, formatting)
    project = tracker.open_project(SPEC, unsure=False)
    tracker.add_member(project.id, fresh_redmine.people["jane"].id, "Developer")
    path = f"/projects/{project.id}/wiki/Evidence"
    heading = "h2. Evidence" if formatting == "textile" else "## Evidence"
    fresh_redmine.admin_api("PUT", f"{path}.json", {"wiki_page": {"text": "Before."}})
    tracker.write_page(project.id, "Evidence", "evidence", f"{heading}\n\n* RT #1\n* RT #2")
    page = fresh_redmine.as_user("jane").ok("GET", f"{path}.json")["wiki_page"]
    fresh_redmine.admin_api("PUT", f"{path}.json", {"wiki_page": {"text": page["text"] + "\n\nAfter."}})
    shown = page_as_shown(fresh_redmine, path)
    assert [word for word in shown.split() if word != "&para;"] == [
        "Before.",
        "Evidence",
        "RT",
        "#1",
        "RT",
        "#2",
        "After.",
    ]
    tracker.close()


def test_parallel_threads_create_every_issue_once(tracker: RedmineTracker, project: Project) -> None:
    """Each with a connection of its own."""
    specs = [IssueSpec(project.id, f"Task {n}", "", f"[bridge test · promotion 7 · task {n}]") for n in range(24)]
    with ThreadPoolExecutor(4) as pool:
        made = list(pool.map(lambda spec: tracker.create_issue(spec, unsure=False), specs))
    assert [issue.subject for issue in made] == [spec.subject for spec in specs]
    assert len({issue.id for issue in made}) == 24
    again = [tracker.create_issue(spec, unsure=True).id for spec in specs[:3]]
    assert again == [issue.id for issue in made[:3]]


def test_parallel_notes_on_one_issue_end_in_collisions_that_can_be_tried_again(
    tracker: RedmineTracker, project: Project
) -> None:
    """Redmine does not serialise for us: 422 without a reason. Nothing is lost, nothing is written twice."""
    issue = tracker.create_issue(IssueSpec(project.id, "Busy", "", "[bridge test · busy]"), unsure=False)

    def write(number: int) -> int:
        change, tries = IssueChange(note=f"note [key {number}]", note_key=f"[key {number}]"), 0
        while True:
            tries += 1
            assert tries < 50
            try:
                return len(tracker.update_issue(issue.id, change, unsure=tries > 1)[1])
            except Collision:
                time.sleep(0.01 * number)

    with ThreadPoolExecutor(5) as pool:
        assert list(pool.map(write, range(1, 21))) == [1] * 20
    notes = [journal.notes for journal in tracker.read_issue(issue.id).journals]
    assert sorted(notes) == sorted(f"note [key {number}]" for number in range(1, 21))


def test_an_idle_redmine_costs_one_request(tracker: RedmineTracker, project: Project) -> None:
    """Of one row, once everything is settled; a bare Puma does not tell its time."""
    cursor = tracker.start_cursor()
    issue = tracker.create_issue(IssueSpec(project.id, "One", "", "[bridge test · one]"), unsure=False)
    seen = []
    end = time.monotonic() + 60
    while True:
        page = tracker.changes(cursor)
        seen += [changed.id for changed in page.issues]
        cursor = page.cursor
        if json.loads(cursor)["quiet"]:
            break
        assert time.monotonic() < end
        time.sleep(0.5)
    assert set(seen) == {issue.id}
    before = tracker.requests
    for _ in range(3):
        assert tracker.changes(cursor).issues == ()
    assert tracker.requests == before + 3
    tracker.update_issue(issue.id, IssueChange(status="In Progress"), unsure=False)
    assert [changed.status for changed in tracker.changes(cursor).issues] == ["In Progress"]
