"""Finding one of the bridge's own notes again by the line it ends with."""

from __future__ import annotations

from collections.abc import Iterable

from bridge.model.incident import Note


def marked(notes: Iterable[Note], marker: str) -> str | None:
    """The id of the oldest note whose last line is `marker`, None when there is none.

    Notes come oldest first. A reply that quotes one of ours may hold the marker too, even as its last line where a mail
    program quotes without a mark: but it is younger than what it quotes. Blanks count little: systems fold them.
    """
    return next((note.remote_id for note in notes if ends_with(note.text, marker)), None)


def ends_with(text: str, marker: str) -> bool:
    """Whether the last line of a text is the marker."""
    return text.rstrip().rpartition("\n")[2].split() == marker.split()
