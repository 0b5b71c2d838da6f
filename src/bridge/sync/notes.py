"""What became of notes that were carried over: edited, made private, deleted, or no longer seen. Pure: never acts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from hashlib import sha256

from bridge.model.carried import CarriedNote
from bridge.model.incident import Note

CONFIRM_AFTER = timedelta(minutes=10)
"""So long a note must be missing where nothing proves that the account would see it."""


@dataclass(frozen=True, slots=True)
class FollowUp:
    """A carried note as it is to be remembered now, and the note as it reads now (None: it is deleted).

    `edited` says that it reads differently, `hidden` that it was public when it was copied and is private now.
    """

    carried: CarriedNote
    note: Note | None
    edited: bool = False
    hidden: bool = False

    @property
    def private(self) -> bool:
        """Whether it was or is private."""
        return self.carried.private or (self.note is not None and self.note.private)

    @property
    def what(self) -> str:
        """What became of the note, in words."""
        if self.note is None:
            return "deleted"
        return "edited" if self.edited else "made private"


def digest(text: str) -> str:
    """Tells a text from any other, but for blanks and line ends, which systems fold."""
    return sha256(" ".join(text.split()).encode(errors="replace")).hexdigest()[:32]


def follow_ups(
    carried: Sequence[CarriedNote], present: Sequence[Note], now: datetime
) -> tuple[list[FollowUp], list[CarriedNote]]:
    """What must be told to the other side, and what else is to be remembered.

    `present` are all notes that the account sees there, its own among them. A note that is missing was deleted when
    another one is seen that is no easier to see; without such a witness a public one when it stays missing for
    CONFIRM_AFTER, a private one never: the right to see private notes may be what is gone.
    """
    there = {note.remote_id: note for note in present}
    told: list[FollowUp] = []
    silent: list[CarriedNote] = []
    for one in carried:
        note = there.get(one.remote_id)
        now_reads = digest(note.text) if note else one.digest
        edited, hidden = now_reads != one.digest, note is not None and note.private and not one.private
        if note is None:
            witness = any(other.private or not one.private for other in present)
            since = one.missed_at or now
            if witness or (not one.private and now - since >= CONFIRM_AFTER):
                told.append(FollowUp(replace(one, missed_at=since, gone_at=now, revision=one.revision + 1), None))
            elif one.missed_at is None:
                silent.append(replace(one, missed_at=now))
        elif edited or hidden:
            changed = replace(one, digest=now_reads, revision=one.revision + 1, missed_at=None)
            told.append(FollowUp(replace(changed, private=one.private or note.private), note, edited, hidden))
        elif one.missed_at is not None:
            silent.append(replace(one, missed_at=None))
    return told, silent
