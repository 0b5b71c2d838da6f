"""The rule by which a promotion is opened: the configured one as a person has filled in its form."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

from bridge.model.promotion import Promotion
from bridge.rules.durations import Due
from bridge.rules.matching import CompiledRule, compile_rule
from bridge.rules.schema import Rule
from bridge.usecases.configured import Configured

NOMINATION = "nomination"
"""Stands for the rule in identifiers of projects that no rule asked for."""


def rule_for(configured: Configured, promotion: Promotion, today: date) -> CompiledRule | None:
    """The rule with owner, template and due date of the form; None when it is configured no more.

    A person's nomination has no rule: it gets one that matches nothing by itself and says what the form says.
    """
    rule = configured.rules.get(promotion.rule_id) if promotion.rule_id else nomination_rule(promotion)
    if rule is None:
        return None
    update: dict[str, Any] = {}
    if promotion.owner:
        update["owner"] = promotion.owner
    if promotion.template:
        update["template"] = promotion.template
    if promotion.due is not None:
        update["due"] = Due(max((promotion.due - today).days, 0), business=False)
    project = rule.project.model_copy(update=update)
    return replace(rule, rule=rule.rule.model_copy(update={"project": project}))


def nomination_rule(promotion: Promotion) -> CompiledRule:
    """What stands for the rule of a promotion that a person nominated."""
    return compile_rule(
        Rule.model_validate(
            {
                "id": NOMINATION,
                "title": promotion.label[:200] or "Nomination",
                "match": {"field": "summary", "exists": True},
                "group_by": ["source"],
                "when": {"any": [{"recurs": {"at_least": 2, "within": "1d"}}]},
                "project": {"template": promotion.template or "-", "owner": promotion.owner or "-"},
            }
        )
    )
