"""What texts about a candidate are made from."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from bridge.model.promotion import Promotion
from bridge.ports import UnitOfWork
from bridge.usecases.candidates.form import LABELS, label
from bridge.usecases.candidates.impact import Impact, impact_of
from bridge.usecases.candidates.policy import Outcome
from bridge.usecases.configured import Configured
from bridge.usecases.evidence import evidence_of
from bridge.usecases.experience import offered


def impact_text(configured: Configured, promotion: Promotion, impact: Impact) -> str:
    """The business impact in one line: a person's words, else what the evidence shows."""
    return promotion.impact or " ".join(configured.texts.render("candidate_impact", impact=impact).split())


def candidate_text(uow: UnitOfWork, configured: Configured, promotion: Promotion, now: datetime) -> str:
    """The description of a candidate's issue, with the form in it."""
    evidence = evidence_of(uow, promotion)
    policy, language = configured.policy.candidates, configured.policy.language
    values = {
        "objective": promotion.objective,
        "template": promotion.template,
        "impact": impact_text(configured, promotion, impact_of(evidence, now)),
    }
    return configured.texts.render(
        "candidate_issue",
        promotion=configured.shown(promotion),
        evidence=evidence,
        form=[(label(name, language), values[name], not getattr(promotion, name)) for name in LABELS],
        experience=offered(uow, configured, promotion),
        role=policy.approver_role,
        statuses={str(outcome): list(policy.statuses.get(outcome, ())) for outcome in Outcome},
    )


def note_values(uow: UnitOfWork, configured: Configured, promotion: Promotion, now: datetime) -> dict[str, Any]:
    """What every note on a candidate's issue may say."""
    policy = configured.policy
    return {
        "promotion": configured.shown(promotion),
        "impact": impact_text(configured, promotion, impact_of(evidence_of(uow, promotion), now)),
        "project_url": policy.project_url(promotion.identifier) if promotion.identifier else "",
    }
