"""A new issue in the intake project is somebody's nomination."""

from __future__ import annotations

import re
from datetime import datetime

from bridge.model.incident import Incident, IncidentRef
from bridge.model.intake import Intake
from bridge.model.project import Issue
from bridge.model.promotion import Promotion
from bridge.ports import UnitOfWork
from bridge.usecases.candidates.effects import tell, write_form
from bridge.usecases.candidates.form import edit
from bridge.usecases.candidates.nominate import Nomination, acceptable, nominated
from bridge.usecases.candidates.sync import issue_form
from bridge.usecases.claims import claimed_by
from bridge.usecases.configured import Configured

LONGEST_REASON = 2000
_REF = re.compile(r"\b([a-z][a-z0-9_-]{0,30})\s?#\s?([A-Za-z0-9][A-Za-z0-9_-]{0,60})")


def is_nomination(configured: Configured, issue: Issue, since: datetime) -> bool:
    """Whether a person made this issue as a nomination: open, made after the project was first looked at, not by us."""
    if issue.closed or issue.created_at is None or issue.created_at < since:
        return False
    return configured.policy.origin_prefix not in issue.description


def nominate_issue(uow: UnitOfWork, configured: Configured, issue: Issue, now: datetime) -> Promotion | None:
    """Makes an issue a candidate with the incidents that it names; None when it is one already."""
    if uow.intakes.of_issue(issue.id) is not None:
        return None
    person = configured.directory.person_by_redmine(issue.author_id)
    actor = person.key if person else issue.author_name or f"Redmine user {issue.author_id}"
    incidents, remarks = _named(uow, f"{issue.subject}\n{issue.description}")
    reason = issue.description.strip()[:LONGEST_REASON] or issue.subject
    asked = Nomination(actor, reason, name=issue.subject)
    promotion = nominated(uow, configured, f"issue:{issue.id}", incidents, asked, now)
    theirs = issue_form(configured.directory, issue)
    given = {name: value for name, value in theirs.items() if value}
    values, problems = acceptable(configured, f"promotion {promotion.id}", given, now)
    if values:
        promotion = edit(uow, configured, promotion.id, values, actor, now)
    last = max((journal.id for journal in issue.journals), default=0)
    # What cannot be right counts as seen and is written over; a person whom the directory does not know stays.
    uow.intakes.save(Intake(promotion.id, issue.id, theirs, last))
    role = configured.policy.candidates.approver_role
    tell(uow, promotion, "taken", "candidate_taken", remarks=[*remarks, *problems], role=role)
    write_form(uow, promotion)
    return promotion


def _named(uow: UnitOfWork, text: str) -> tuple[dict[int, Incident], list[str]]:
    """The incidents that a text names and that are free, and what is to be said about the others."""
    refs = dict.fromkeys(IncidentRef(source, number) for source, number in _REF.findall(text))
    free: list[int] = []
    remarks: list[str] = []
    for ref in refs:
        incident_id = uow.incidents.find(ref)
        if incident_id is None:
            continue
        claimed = claimed_by(uow, incident_id, "")
        if claimed is None:
            free.append(incident_id)
        else:
            remarks.append(f"{ref} belongs to promotion {claimed.id} “{claimed.name}” ({claimed.state}).")
    return uow.incidents.many(free), remarks
