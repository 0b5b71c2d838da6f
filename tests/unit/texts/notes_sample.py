"""Values of the texts about notes."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from bridge import quoting
from bridge.model.carried import CarriedNote
from bridge.model.incident import Note


def note_values(note: Note, issue_url: str) -> dict[str, dict[str, Any]]:
    """The values of each text about a note."""
    carried = CarriedNote(1, "incident", "99", "bob", note.created_at, "0", private=True)
    about = {"carried": carried, "deleted": False, "edited": True, "public": ["71"]}
    here, there = {"incident_ref": "rt #18"}, {"issue_url": issue_url}
    in_redmine, elsewhere = {"text": quoting.quoted_plain(note.text)}, {"text": quoting.quoted(note.text)}
    promotion = SimpleNamespace(name="Router <b> | !http://evil/x.png!")
    to_all = {"note": note, "promotion": promotion, **elsewhere, "project_url": "http://redmine.example/projects/ops"}
    return {
        "broadcast": to_all,
        "link_ended": {
            "incident_ref": "rt #18",
            "why": "it was merged into rt #19",
            "project_url": "http://redmine.example",
        },
        "broadcast_answer": {"note": note, "why": "too many", "most_per_day": 10},
        "note_from_incident": {"note": note, **here, **in_redmine},
        "note_from_issue": {"note": note, **there, **elsewhere},
        "note_changed_from_incident": {**about, **here, **in_redmine},
        "note_changed_from_issue": {**about, **there, **elsewhere},
    }
