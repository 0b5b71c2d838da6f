"""Which notes on an incident are carried over to its issue: those that were not there before the link."""

from __future__ import annotations

from datetime import datetime, timedelta

from bridge.model.incident import Note

SAME_MOMENT = timedelta(minutes=1)
"""So far apart the clocks of two systems may be, and so much later a poll may come."""


def is_new(note: Note, notes_since: datetime, linked_at: datetime) -> bool:
    """Whether a note was written since the link: after `notes_since` (the source's time), up to which all was there.

    Systems tell whole seconds. When the link was made (`linked_at`, our time) about then, a note of that very second
    may have come after the incident was read: it counts as new, for one too many is better than a lost one.
    """
    if linked_at - notes_since > SAME_MOMENT:
        return note.created_at > notes_since
    return note.created_at >= notes_since.replace(microsecond=0)
