"""Notes on their way to the other side: how they are told, and what is remembered to notice what becomes of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from bridge.model.carried import CarriedNote
from bridge.model.effect import EffectSpec
from bridge.model.incident import Note
from bridge.model.link import Link
from bridge.ports import UnitOfWork
from bridge.sync.markup import Markup, quoted_as
from bridge.sync.merge import Side
from bridge.sync.notes import FollowUp, digest
from bridge.sync.plan import NoteWrite
from bridge.usecases.configured import Configured
from bridge.usecases.deliver.effects import incident_effect, issue_effect


def note_effect(configured: Configured, link: Link, issue_id: int, write: NoteWrite) -> EffectSpec:
    """The effect that copies a note to a side, author and time quoted, in that side's markup."""
    note = write.note
    policy, texts = configured.policy, configured.texts
    if write.side is Side.ISSUE:
        origin = policy.note_origin(link.ref, f"note {note.remote_id}")
        text = texts.render(
            "note_from_incident", note=note, incident_ref=str(link.ref), text=to_issue(configured, link, note)
        )
        return issue_effect(
            link, "issue.note", note.remote_id, text=f"{text}\n\n{origin}", origin=origin, private=write.private
        )
    origin = policy.note_origin(link.ref, f"journal {note.remote_id}")
    text = texts.render(
        "note_from_issue", note=note, issue_url=policy.issue_url(issue_id), text=to_incident(configured, link, note)
    )
    return incident_effect(
        link, "incident.note", note.remote_id, text=f"{text}\n\n{origin}", origin=origin, private=write.private
    )


def conflict_effect(configured: Configured, link: Link, name: str, lost: Sequence[Mapping[str, str]]) -> EffectSpec:
    """The private note on the issue that keeps values which lost; `name` tells one write from the others."""
    origin = configured.policy.note_origin(link.ref, f"conflict {name}")
    text = configured.texts.render("conflict_note", conflicts=lost, incident_ref=str(link.ref))
    return issue_effect(link, "issue.note", f"conflict:{name}", text=f"{text}\n\n{origin}", origin=origin, private=True)


def follow_up_effect(
    configured: Configured, link: Link, issue_id: int, follow: FollowUp, public: Sequence[str], *, private: bool
) -> EffectSpec:
    """The effect that tells the other side that a note which it has a copy of was edited, made private or deleted.

    `public` are the numbers of the copies that everybody can read though the note is private now.
    """
    one, note, what = follow.carried, follow.note if follow.edited else None, follow.what
    policy, texts = configured.policy, configured.texts
    name = f"{one.remote_id}:{what}:{one.revision}"
    about: dict[str, Any] = {"carried": one, "deleted": follow.note is None, "edited": follow.edited, "public": public}
    if one.side == Side.INCIDENT:
        origin = policy.note_origin(link.ref, f"note {one.remote_id} {what} {one.revision}")
        told = to_issue(configured, link, note) if note else ""
        text = texts.render("note_changed_from_incident", incident_ref=str(link.ref), text=told, **about)
        return issue_effect(link, "issue.note", name, text=f"{text}\n\n{origin}", origin=origin, private=private)
    origin = policy.note_origin(link.ref, f"journal {one.remote_id} {what} {one.revision}")
    told = to_incident(configured, link, note) if note else ""
    text = texts.render("note_changed_from_issue", issue_url=policy.issue_url(issue_id), text=told, **about)
    return incident_effect(link, "incident.note", name, text=f"{text}\n\n{origin}", origin=origin, private=private)


def remember(uow: UnitOfWork, link: Link, writes: Sequence[NoteWrite]) -> None:
    """Remembers the notes that are copied to the other side, in the transaction that stores the copying."""
    uow.carried_notes.add(
        [
            CarriedNote(
                link_id=link.id,
                side=str(write.side.other),
                remote_id=write.note.remote_id,
                author=write.note.author,
                written_at=write.note.created_at,
                digest=digest(write.note.text),
                private=write.note.private,
            )
            for write in writes
            if write.note.remote_id
        ]
    )


def to_issue(configured: Configured, link: Link, note: Note) -> str:
    """The text of an incident's note as a quotation in Redmine's markup."""
    policy = configured.policy.notes
    if not policy.convert:
        return quoted_as(note.text, Markup.PLAIN, policy.tracker)
    if note.html:
        return quoted_as(note.html, Markup.HTML, policy.tracker)
    return quoted_as(note.text, policy.of(link.ref.source), policy.tracker)


def to_incident(configured: Configured, link: Link, note: Note) -> str:
    """The text of an issue's note as a quotation in the markup of the source."""
    policy = configured.policy.notes
    if not policy.convert:
        return quoted_as(note.text, Markup.PLAIN, Markup.PLAIN)
    return quoted_as(note.text, policy.tracker, policy.of(link.ref.source))
