"""A planned change of an incident's own issue, in the tracker's words."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import datetime
from typing import Any

from bridge.model.conflict import ClockOffset
from bridge.model.errors import NotApplied, NotPossible
from bridge.model.incident import IncidentRef, State
from bridge.model.project import Issue, IssueChange, Journal
from bridge.ports import ProjectTracker
from bridge.sync.clock_offset import measured
from bridge.sync.fields import CUSTOM, SyncTable, known_field, subject_for
from bridge.sync.plan import NOBODY, PERSON, STATE

Written = tuple[Issue, tuple[Journal, ...]]
"""An issue as it was read back, and the journals that the write made."""


@dataclass(frozen=True, slots=True)
class FieldChange:
    """`parts` are changes of one field each; `agreed` is what both sides agree on once all of them are written.

    `steps` are the statuses to set one after the other, the wanted one last; None when no way to it is known.
    """

    table: SyncTable
    ref: IncidentRef
    parts: Mapping[str, IssueChange]
    agreed: Mapping[str, str]
    steps: Sequence[str] | None

    @property
    def whole(self) -> IssueChange:
        """All parts as one change."""
        whole = IssueChange()
        for part in self.parts.values():
            custom = {**whole.custom, **part.custom}
            given = {one.name: getattr(part, one.name) for one in fields(part) if one.name not in {"custom", "note"}}
            whole = replace(whole, **{name: value for name, value in given.items() if value is not None}, custom=custom)
        return whole

    def overtaken(self, issue: Issue, was: Mapping[str, Any]) -> bool:
        """Whether a field to be written shows neither what it showed when this was planned nor what is wanted."""
        for name, part in self.parts.items():
            if name == STATE:
                on_the_way = {part.status, was.get("was_status", issue.status), *(self.steps or ())}
                moved = issue.status not in on_the_way
            elif name == PERSON:
                moved = issue.assignee_id not in {part.assignee_id or None, was.get("was_assignee", issue.assignee_id)}
            else:
                moved = self.table.on_issue(name, issue, self.ref) not in {self.agreed[name], was["shown"][name]}
            if moved:
                return True
        return False

    def steps_from(self, there: Issue | None) -> Sequence[str]:
        """The steps that are left where an earlier attempt may have taken some."""
        steps = list(self.steps or ())
        if there is not None and there.status in steps:
            return steps[steps.index(there.status) + 1 :]
        return steps


def field_change(
    table: SyncTable, ref: IncidentRef, payload: Mapping[str, Any], redmine_id: Callable[[str], int | None]
) -> FieldChange:
    """The change that an `issue.update` asks for; a person without an account is left out."""
    parts: dict[str, IssueChange] = {}
    if STATE in payload:
        parts[STATE] = IssueChange(status=table.statuses.status_of(State(payload[STATE])))
    person = payload.get(PERSON)
    user = 0 if person == NOBODY else redmine_id(person) if person else None
    if user is not None:
        parts[PERSON] = IssueChange(assignee_id=user)
    for name in payload:
        if known_field(name):
            parts[name] = _part(name, payload[name], ref)
    agreed = {name: payload[name] for name in parts}
    status = parts[STATE].status if STATE in parts else None
    steps = payload.get("steps", [status] if status else [])
    return FieldChange(table, ref, parts, agreed, steps)


def no_way(why: NotApplied) -> NotPossible:
    """The workflow has no step to the wanted status, and no way over other statuses is known."""
    advice = "Mend the workflow, name a way over other statuses in `sync.paths`, or set it in Redmine by hand once."
    return NotPossible(why.where, why.what, f"No way over other statuses is known. {advice}")


def clock_seen(
    tracker: ProjectTracker, written: Sequence[Written], asked: datetime, answered: datetime
) -> tuple[ClockOffset, datetime] | None:
    """What our own journal tells of a tracker's clock whose answers are not dated: it was made meanwhile."""
    journals = [journal for _, made in written for journal in made]
    if tracker.clock() is not None or not journals:
        return None
    return measured(journals[-1].created_at, asked, answered), answered


def _part(name: str, value: str, ref: IncidentRef) -> IssueChange:
    match name:
        case "priority":
            return IssueChange(priority=value)
        case "due":
            return IssueChange(due=value)
        case "subject":
            return IssueChange(subject=subject_for(ref, value))
        case "done_ratio":
            return IssueChange(done_ratio=int(value or 0))
        case "category":
            return IssueChange(category=value)
    return IssueChange(custom={name.removeprefix(CUSTOM): value})
