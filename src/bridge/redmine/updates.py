"""Changes to an issue: sent once, read back, and told apart from what others wrote."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from bridge.model.errors import Forbidden, NotApplied, Rejected, WouldLeak
from bridge.model.project import Issue, IssueChange, Journal
from bridge.redmine import translate
from bridge.redmine.client import Client, Raw
from bridge.redmine.explain import refusal
from bridge.redmine.names import Names
from bridge.redmine.options import RedmineOptions
from bridge.redmine.privacy import Privacy
from bridge.redmine.text import clean, same_text
from bridge.redmine.update_fields import UpdateFields

_READ_BACK = "journals,allowed_statuses,relations,children"
_STATUS_ADVICE = "Set it in Redmine, or mend the workflow."
_LATE_READ_SECONDS = (0.2, 1.0)
"""How long after each read-back without the new note it is looked for again: a loaded server may answer from before."""


@dataclass(frozen=True, slots=True)
class Updates:
    """What the gateway does to existing issues."""

    client: Client
    names: Names
    privacy: Privacy
    options: RedmineOptions
    pause: Callable[[float], None] = time.sleep

    def update(self, issue_id: int, change: IssueChange, *, unsure: bool) -> tuple[Issue, tuple[Journal, ...]]:
        """See ProjectTracker.update_issue."""
        where = f"Redmine issue #{issue_id}"
        if change.note and change.note_private and not self.privacy.private_notes_everywhere():
            self.privacy.require_private_notes(self.client.issue(issue_id)["project"]["id"], where)
        left = change
        if unsure:
            raw = self.client.issue(issue_id, "journals")
            before = translate.issue(raw, self.options.url)
            left = self._more.left(before, self._left(before, change))
            if left == IssueChange(note_private=change.note_private, note_key=change.note_key):
                self._check_note(before, change, where)
                return before, self._own(before, change, raw)
        fields = self._fields(left) | self._more.sent(issue_id, left, where)
        if not fields:
            return self._read(issue_id), ()
        try:
            self.client.update_issue(issue_id, fields)
        except Forbidden as error:
            project = self.client.issue(issue_id)["project"]["id"]
            raise refusal(self.client, project, error, "Edit issues") from error
        except Rejected as error:
            raise Rejected(where, error.reasons, error.advice) from error
        raw = self._read_back(issue_id, change)
        issue = translate.issue(raw, self.options.url)
        self._check_note(issue, change, where)
        self._check_fields(raw, issue, change, where)
        self._more.check(issue, change, where)
        return issue, self._own(issue, change, raw)

    def why_not(self, issue_id: int, status: str) -> NotApplied:
        """See ProjectTracker.why_not."""
        raw = self.client.issue(issue_id, _READ_BACK)
        what = self._why_status(raw, translate.issue(raw, self.options.url), status)
        return NotApplied(f"Redmine issue #{issue_id}", what, _STATUS_ADVICE)

    @property
    def _more(self) -> UpdateFields:
        return UpdateFields(self.client, self.names)

    def _read(self, issue_id: int) -> Issue:
        return translate.issue(self.client.issue(issue_id, "journals"), self.options.url)

    def _read_back(self, issue_id: int, change: IssueChange) -> Raw:
        """The issue after a write. A note that does not show yet is looked for again: its write was answered 204."""
        raw = self.client.issue(issue_id, _READ_BACK)
        for seconds in _LATE_READ_SECONDS if change.note else ():
            if self._notes(translate.journals(raw), change):
                break
            self.pause(seconds)
            raw = self.client.issue(issue_id, _READ_BACK)
        return raw

    def _left(self, before: Issue, change: IssueChange) -> IssueChange:
        """What of the change is not there yet."""
        left = change
        if change.status is not None and change.status.casefold() == before.status.casefold():
            left = replace(left, status=None)
        if change.assignee_id is not None and (change.assignee_id or None) == before.assignee_id:
            left = replace(left, assignee_id=None)
        if change.due is not None and change.due == _iso(before):
            left = replace(left, due=None)
        if change.description is not None and same_text(change.description, before.description):
            left = replace(left, description=None)
        if change.note and self._notes(before.journals, change):
            left = replace(left, note=None)
        return left if change.note else replace(left, note=None)

    def _fields(self, change: IssueChange) -> Raw:
        fields: Raw = {}
        if change.status is not None:
            fields["status_id"] = self.names.id_of("status", change.status)
        if change.assignee_id is not None:
            fields["assigned_to_id"] = change.assignee_id or ""
        if change.due is not None:
            fields["due_date"] = change.due
        if change.description is not None:
            fields["description"] = clean(change.description)
        if change.note:
            fields["notes"] = clean(change.note)
            fields["private_notes"] = change.note_private
        return fields

    def _notes(self, journals: Iterable[Journal], change: IssueChange) -> list[Journal]:
        """The bridge's own journals that carry the note of a change."""
        me = self.names.account().id
        key, note = clean(change.note_key), clean(change.note or "")
        return [
            journal
            for journal in journals
            if journal.user_id == me
            and journal.notes
            and ((key in clean(journal.notes)) if key else same_text(journal.notes, note))
        ]

    def _own(self, issue: Issue, change: IssueChange, raw: Raw) -> tuple[Journal, ...]:
        """The journals that a change made: Redmine splits a private note from the change of fields it came with."""
        me = self.names.account().id
        wanted = dict(self._more.journalled(issue, change, raw))
        if change.status is not None:
            wanted["status_id"] = str(self.names.id_of("status", change.status))
        if change.assignee_id is not None:
            wanted["assigned_to_id"] = str(change.assignee_id or "")
        if change.due is not None:
            wanted["due_date"] = change.due
        if change.description is not None:
            wanted["description"] = change.description
        found = {journal.id: journal for journal in self._notes(issue.journals, change)[-1:] if change.note}
        for name, value in wanted.items():
            setters = [j for j in issue.journals if name in j.changes]
            # only the last one that touched the field: an older one was another write
            if setters and setters[-1].user_id == me and same_text(setters[-1].changes[name][1], value):
                found[setters[-1].id] = setters[-1]
        return tuple(found[key] for key in sorted(found))

    def _check_note(self, issue: Issue, change: IssueChange, where: str) -> None:
        if not change.note:
            return
        notes = self._notes(issue.journals, change)
        if not notes:
            what = "Redmine did not store the note."
            raise NotApplied(where, what, "Tick “Add notes” in Administration → Roles and permissions.")
        if change.note_private and not notes[-1].private:
            what = f"the note was to be private, but everybody who sees the issue can read it (journal {notes[-1].id})."
            advice = "Make it private or delete it in Redmine, then tick “Set notes as private” for the bridge's role."
            raise WouldLeak(where, what, advice)
        if notes[-1].private and not change.note_private:
            raise NotApplied(where, f"the note was to be public and is private (journal {notes[-1].id}).")

    def _check_fields(self, raw: Raw, issue: Issue, change: IssueChange, where: str) -> None:
        if change.assignee_id is not None and (change.assignee_id or None) != issue.assignee_id:
            what = f"the assignee was not applied: wanted {change.assignee_id or 'nobody'}, got {issue.assignee_id}."
            advice = "Does the tracker use the field, and does the workflow let the bridge's role write it?"
            raise NotApplied(where, what, advice)
        if change.due is not None and change.due != _iso(issue):
            what = f"the due date was not applied: wanted {change.due or 'none'}, got {_iso(issue) or 'none'}."
            raise NotApplied(where, what, "Does the tracker use the field, and has the issue no subtasks?")
        if change.description is not None and not same_text(change.description, issue.description):
            what = "the description was not applied."
            raise NotApplied(where, what, "Does the workflow let the bridge's role write it?")
        if change.status is not None and change.status.casefold() != issue.status.casefold():
            raise NotApplied(where, self._why_status(raw, issue, change.status), _STATUS_ADVICE)

    def _why_status(self, raw: Raw, issue: Issue, wanted: str) -> str:
        allowed = [row["name"] for row in raw.get("allowed_statuses") or []]
        what = f"the status was not applied: wanted {wanted}, it is {issue.status}. "
        if self.names.statuses().get(wanted, (0, False))[1]:
            blockers = [r["issue_id"] for r in raw.get("relations") or [] if _blocks(r, issue.id)]
            if still := self._open_ones({"issue_id": ",".join(map(str, blockers))}) if blockers else []:
                return what + f"It is blocked by {_numbers(still)}, which must be closed first."
            if still := self._open_ones({"parent_id": issue.id}) if raw.get("children") else []:
                return what + f"Its subtasks {_numbers(still)} are still open."
        return (
            what
            + f"The workflow forbids {issue.status} → {wanted} for the bridge's roles and tracker {issue.tracker}; "
            f"allowed: {', '.join(allowed) or 'nothing'}."
        )

    def _open_ones(self, query: Raw) -> list[int]:
        page = self.client.issue_list({**query, "status_id": "open", "limit": 10, "sort": "id"})
        return [row["id"] for row in page.rows]


def _iso(issue: Issue) -> str:
    return issue.due.isoformat() if issue.due else ""


def _blocks(relation: Raw, issue_id: int) -> bool:
    return bool(relation["relation_type"] == "blocks" and relation["issue_to_id"] == issue_id)


def _numbers(ids: Iterable[int]) -> str:
    return ", ".join(f"#{number}" for number in ids)
