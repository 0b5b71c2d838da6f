"""Compares a candidate's form with its issue, pure: what people changed there, and what is to be written there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from bridge.directory.directory import Directory
from bridge.model.project import Issue
from bridge.model.promotion import Promotion
from bridge.usecases.candidates.form import FIELDS, LABELS, read_form

UNASSIGNED = "unassigned"
"""Where the agreed values keep an owner to whom Redmine does not assign the issue: not tried again and again."""


@dataclass(frozen=True, slots=True)
class Compared:
    """`take` is what people changed in the issue, `put` what changed here, by field, as an issue shows it."""

    take: Mapping[str, str]
    put: Mapping[str, str]


def issue_form(directory: Directory, issue: Issue) -> dict[str, str]:
    """The form as an issue shows it; the owner is a key of the directory, “#7” for a user it does not know."""
    owner = ""
    if issue.assignee_id is not None:
        person = directory.person_by_redmine(issue.assignee_id)
        owner = person.key if person else f"#{issue.assignee_id}"
    stated = read_form(issue.description)
    return {
        "owner": owner,
        "due": issue.due.isoformat() if issue.due else "",
        **{name: stated.get(name, "") for name in LABELS},
    }


def own_form(directory: Directory, promotion: Promotion, agreed: Mapping[str, str]) -> dict[str, str]:
    """The form as an issue would show it: a team's owner is who stands for it; a stranger's issue stays theirs."""
    owner = directory.stand_in(promotion.owner).person if promotion.owner else None
    stranger = agreed.get("owner", "") if agreed.get("owner", "").startswith("#") else ""
    shown = owner.key if owner else stranger
    if shown and shown == agreed.get(UNASSIGNED):
        shown = agreed.get("owner", "")
    return {
        "owner": shown,
        "due": promotion.due.isoformat() if promotion.due else "",
        "objective": promotion.objective,
        "template": promotion.template,
        "impact": promotion.impact or agreed.get("impact", ""),
    }


def compare(agreed: Mapping[str, str], theirs: Mapping[str, str], ours: Mapping[str, str]) -> Compared:
    """Field by field against what both last had; where both sides changed a field people's issue wins."""
    take, put = {}, {}
    for name in FIELDS:
        base = agreed.get(name, "")
        if theirs[name] != base:
            if theirs[name] != ours[name]:
                take[name] = theirs[name]
        elif ours[name] != base:
            put[name] = ours[name]
    return Compared(take, put)
