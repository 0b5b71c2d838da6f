"""Where a promotion stands in the tracker: a project of its own, or a root issue or a version in a standing project."""

from __future__ import annotations

import json
from collections.abc import Mapping

from bridge.model.promotion import Promotion, TaskKind
from bridge.rules.project_part import Place, ProjectPart

KNOWLEDGE_TERM = "knowledge"
"""Where a promotion keeps whether its knowledge page must be filled in, where its rule says so."""
OWN_VERSION = "own"
"""The key of the version that a promotion with `to: version` is."""


def place_terms(part: ProjectPart, values: Mapping[str, str]) -> dict[str, str]:
    """What is kept with a promotion about its place; `values` are its custom fields."""
    terms = {f"tracker.{kind}": name for kind, name in _trackers(part).items() if name}
    if part.knowledge:
        terms[KNOWLEDGE_TERM] = part.knowledge
    if part.to is not Place.PROJECT:
        terms["to"] = part.to.value
    if values:
        terms["fields"] = json.dumps(dict(values), ensure_ascii=False, sort_keys=True)
    return terms


def place_of(promotion: Promotion) -> Place:
    """What the promotion is in the tracker."""
    return Place(promotion.terms.get("to", Place.PROJECT.value))


def tracker_of(promotion: Promotion, kind: TaskKind, usual: str) -> str:
    """The name of the tracker for an issue of a kind: the rule's, else the settings'."""
    return promotion.terms.get(f"tracker.{kind.value}", "") or usual


def fields_of(promotion: Promotion) -> dict[str, str]:
    """The custom fields of the promotion's project and issues by name."""
    fields: dict[str, str] = json.loads(promotion.terms.get("fields", "{}"))
    return fields


def version_key(key: str) -> str:
    """How a version's id is kept under `Promotion.made`."""
    return f"version:{key}"


def version_of(promotion: Promotion, milestone: str) -> int | None:
    """The version that an issue belongs to: its milestone's, or the one that the promotion is."""
    key = OWN_VERSION if place_of(promotion) is Place.VERSION else milestone
    return promotion.made.get(version_key(key)) if key else None


def page_title(promotion: Promotion, title: str) -> str:
    """The title of one of the bridge's wiki pages: standing projects have one for each promotion."""
    return title if place_of(promotion) is Place.PROJECT else f"{title} {promotion.id}"


def page_name(promotion: Promotion, title: str) -> str:
    """The same as it stands in an address."""
    return page_title(promotion, title).replace(" ", "_")


def _trackers(part: ProjectPart) -> dict[str, str]:
    names = part.trackers
    return {
        TaskKind.ROOT.value: names.root,
        TaskKind.WORK.value: names.task,
        TaskKind.INCIDENT.value: names.incident,
    }
