"""A write is read back; a note that does not show yet is looked for again before it counts as refused."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import responses

from bridge.model.errors import NotApplied
from bridge.model.project import IssueChange
from bridge.redmine.client import Client
from bridge.redmine.names import Names
from bridge.redmine.options import RedmineOptions
from bridge.redmine.privacy import Privacy
from bridge.redmine.updates import Updates

URL = "http://redmine.example"
NOTE = IssueChange(note="please look [key 1]", note_private=False, note_key="[key 1]")


@pytest.fixture
def web() -> Iterator[responses.RequestsMock]:
    """Recorded answers of Redmine 5.0.4: whose account it is, and that a PUT was taken."""
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        mock.get(f"{URL}/users/current.json", json={"user": {"id": 4, "login": "itsm-sync", "admin": False}})
        mock.put(f"{URL}/issues/7.json", status=204)
        yield mock


@pytest.fixture
def pauses() -> list[float]:
    """How long the bridge paused, in seconds."""
    return []


@pytest.fixture
def updates(web: responses.RequestsMock, pauses: list[float]) -> Updates:
    """Does not really wait."""
    options = RedmineOptions(url=URL, api_key="k", parent_project="operations")
    client = Client(options)
    names = Names(client, options)
    return Updates(client, names, Privacy(names, options), options, pauses.append)


def issue(*notes: str) -> dict[str, Any]:
    """The body of /issues/7.json."""
    journals = [
        {"id": number, "user": {"id": 4, "name": "Bridge"}, "notes": text, "created_on": "2026-11-02T08:00:00Z"}
        for number, text in enumerate(notes, 1)
    ]
    names = {name: {"id": 1, "name": name.title()} for name in ("project", "tracker", "status", "priority")}
    return {"issue": {"id": 7, "subject": "s", "updated_on": "2026-11-02T08:00:00Z", "journals": journals, **names}}


def test_a_late_note_is_no_refused_note(web: responses.RequestsMock, updates: Updates, pauses: list[float]) -> None:
    """A loaded server answers twice from before the write."""
    for body in (issue(), issue(), issue(str(NOTE.note))):
        web.get(f"{URL}/issues/7.json", json=body)
    _, (journal,) = updates.update(7, NOTE, unsure=False)
    assert journal.notes == NOTE.note
    assert len(pauses) == 2
    assert [call.request.method for call in web.calls].count("PUT") == 1, "it is never sent twice"


def test_a_note_that_stays_away_was_not_applied(
    web: responses.RequestsMock, updates: Updates, pauses: list[float]
) -> None:
    """After two more looks."""
    web.get(f"{URL}/issues/7.json", json=issue("somebody else's"))
    with pytest.raises(NotApplied, match="did not store the note"):
        updates.update(7, NOTE, unsure=False)
    assert len(pauses) == 2


def test_a_refused_field_is_not_waited_for(web: responses.RequestsMock, updates: Updates, pauses: list[float]) -> None:
    """Only a note comes late: a field that is not there was refused."""
    web.get(f"{URL}/issues/7.json", json=issue())
    with pytest.raises(NotApplied, match="the due date was not applied"):
        updates.update(7, IssueChange(due="2026-12-24"), unsure=False)
    assert pauses == []
