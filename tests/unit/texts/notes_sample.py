"""Values of the texts about notes."""

from __future__ import annotations

from typing import Any

from bridge import quoting
from bridge.model.carried import CarriedNote
from bridge.model.incident import Note


def note_values(note: Note, issue_url: str) -> dict[str, dict[str, Any]]:
    """The values of each text about a note."""
    carried = CarriedNote(1, "incident", "99", "bob", note.created_at, "0", private=True)
    about = {"carried": carried, "deleted": False}
    here, there = {"incident_ref": "rt #18"}, {"issue_url": issue_url}
    in_redmine, elsewhere = {"text": quoting.quoted_plain(note.text)}, {"text": quoting.quoted(note.text)}
    return {
        "note_from_incident": {"note": note, **here, **in_redmine},
        "note_from_issue": {"note": note, **there, **elsewhere},
        "note_changed_from_incident": {**about, **here, **in_redmine},
        "note_changed_from_issue": {**about, **there, **elsewhere},
    }
