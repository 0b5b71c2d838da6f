"""What the history of a candidate's issue says about its decision, pure."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date

from bridge.model.project import Issue, Journal
from bridge.usecases.candidates.policy import CandidatePolicy, Outcome

_DAY = re.compile(r"\b(\d{4}-\d\d-\d\d)\b")
_ISSUE = re.compile(r"#(\d{1,9})\b")


@dataclass(frozen=True, slots=True)
class Step:
    """Somebody set a status. `note` is what they wrote with it or after it, before anybody set another one."""

    journal: int
    user_id: int
    user: str
    old: str
    new: str
    note: str

    @property
    def day(self) -> date | None:
        """The first date in the note."""
        for found in _DAY.findall(self.note):
            try:
                return date.fromisoformat(found)
            except ValueError:
                continue
        return None

    @property
    def issues(self) -> tuple[int, ...]:
        """The issues that the note names."""
        return tuple(int(number) for number in _ISSUE.findall(self.note))


@dataclass(frozen=True, slots=True)
class Ruling:
    """`decision` is the last one by somebody who may decide that still stands; `refused` are those of others."""

    decision: Step | None = None
    outcome: Outcome | None = None
    refused: tuple[Step, ...] = ()


def steps(issue: Issue, after: int, ours: Collection[str], names: Mapping[str, str]) -> list[Step]:
    """The status changes in an issue's history that are not the bridge's own; `names` maps ids of statuses."""
    fresh = [j for j in issue.journals if j.id > after and str(j.id) not in ours]
    found = []
    for position, journal in enumerate(fresh):
        if "status_id" not in journal.changes:
            continue
        old, new = (names.get(value, value) for value in journal.changes["status_id"])
        note = _note(journal, fresh[position + 1 :])
        found.append(Step(journal.id, journal.user_id, journal.user_name, old, new, note))
    return found


def _note(journal: Journal, later: Iterable[Journal]) -> str:
    """Redmine keeps a private note in a journal of its own, behind that of the change it came with."""
    notes = [journal.notes]
    for other in later:
        if "status_id" in other.changes:
            break
        if other.user_id == journal.user_id:
            notes.append(other.notes)
    return "\n".join(filter(None, (note.strip() for note in notes)))


def ruling(found: Iterable[Step], approvers: Collection[int], policy: CandidatePolicy) -> Ruling:
    """What stands at the end: somebody who may decide, or who made the decision, can take it back before it is seen."""
    decision: Step | None = None
    refused: list[Step] = []
    for step in found:
        may = step.user_id in approvers
        outcome = policy.outcome_of(step.new)
        if outcome is not None and may:
            decision = step
        elif outcome is not None:
            refused.append(step)
        elif may:
            decision, refused = None, []
        else:
            refused = [other for other in refused if other.user_id != step.user_id]
    if decision is not None:
        return Ruling(decision, policy.outcome_of(decision.new))
    return Ruling(refused=tuple(refused))
