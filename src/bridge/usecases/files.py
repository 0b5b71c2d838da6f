"""Which files of a link are copied to the other side."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from bridge.model.effect import EffectSpec
from bridge.model.files import RemoteFile
from bridge.model.link import Link
from bridge.model.project import Issue, Journal
from bridge.ports import IncidentSource, Store
from bridge.sync.files import FileCopy, plan_files
from bridge.sync.merge import Side
from bridge.usecases.configured import Configured
from bridge.usecases.deliver.effects import incident_effect, issue_effect

TO_INCIDENT = "incident.file"
TO_ISSUE = "issue.file"
_TOGETHER = timedelta(seconds=2)


def planned_files(
    store: Store, source: IncidentSource, configured: Configured, link: Link, issue: Issue
) -> tuple[list[EffectSpec], tuple[str, ...]]:
    """Effects that copy files, and what a person should know about others.

    The incident's files are asked for only where they are to be copied. A source that takes no files gets none.
    """
    limits = configured.policy.carried.files
    remote = source.extras.files
    if remote is None:
        return [], ()
    of_incident = remote.list(link.ref.external_id) if limits.to_project else ()
    of_issue = [_with_privacy(file, issue) for file in issue.files] if limits.to_incident else []
    if not of_issue and not of_incident:
        return [], ()
    with store.reading() as uow:
        known = uow.files.of_link(link.id)
        comments = uow.own_writes.known(link.ref.source, link.ref.external_id, [file.note for file in of_incident])
    present = {(str(Side.ISSUE), file.id) for file in of_issue} | {(str(Side.INCIDENT), one.id) for one in of_incident}
    foreign = [file for file in of_incident if not file.note or file.note not in comments]
    shown = [one for one in known if one.copy_id or (one.side, one.remote_id) in present]
    plan = plan_files(of_issue, foreign, shown, limits, public=not remote.hides)
    return [_effect(link, copy) for copy in plan.copies], plan.reports


def _with_privacy(file: RemoteFile, issue: Issue) -> RemoteFile:
    """The file, private when it came with a private note.

    Redmine (5.0 to 7.0) keeps such a note in a journal of its own, beside that of the file.
    """
    journal = next((one for one in issue.journals if f"attachment_{file.id}" in one.changes), None)
    if journal is None:
        return replace(file, private=issue.private)
    near = [one for one in issue.journals if one.private and one.notes and _is_with(one, journal)]
    return replace(file, private=issue.private or journal.private or bool(near), note=str(journal.id))


def _is_with(one: Journal, other: Journal) -> bool:
    return one.user_id == other.user_id and abs(one.created_at - other.created_at) <= _TOGETHER


def _effect(link: Link, copy: FileCopy) -> EffectSpec:
    payload = _payload(copy.file)
    if copy.side is Side.INCIDENT:
        return incident_effect(link, TO_INCIDENT, copy.file.id, file=payload)
    return issue_effect(link, TO_ISSUE, copy.file.id, file=payload)


def _payload(file: RemoteFile) -> dict[str, Any]:
    return {
        "id": file.id,
        "name": file.name,
        "content_type": file.content_type,
        "size": file.size,
        "author": file.author,
        "created_at": file.created_at.isoformat() if file.created_at else None,
        "private": file.private,
        "address": file.address,
    }


def file_of(payload: Mapping[str, Any]) -> RemoteFile:
    """The file that an effect is about."""
    at = payload["created_at"]
    return RemoteFile(**{**payload, "created_at": datetime.fromisoformat(at) if at else None})
