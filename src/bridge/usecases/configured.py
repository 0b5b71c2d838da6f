"""What admins configured, as one value that is replaced as a whole when files change."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from bridge.directory.directory import Directory
from bridge.model.promotion import Promotion
from bridge.planning.template import WbsTemplate
from bridge.ports import Texts
from bridge.rules.ruleset import RuleSet
from bridge.usecases.policy import Policy
from bridge.usecases.telling.policy import NO_NOTICES, NoticePolicy


@dataclass(frozen=True, slots=True)
class Configured:
    """Rules, people, templates, texts, policy and who is told: what deciding needs beside the store and the time."""

    rules: RuleSet
    directory: Directory
    templates: Mapping[str, WbsTemplate]
    texts: Texts
    policy: Policy
    notices: NoticePolicy = NO_NOTICES

    def shown(self, promotion: Promotion) -> Promotion:
        """The promotion as texts show it: with the owner's name instead of the directory's key."""
        person = self.directory.person(promotion.owner)
        return replace(promotion, owner=person.display) if person else promotion
