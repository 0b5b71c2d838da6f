"""Delivers the place of a promotion: a project of its own or a standing one, its versions and categories."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from bridge.model.effect import Effect
from bridge.model.errors import NotFound
from bridge.model.project import Project, ProjectSpec, VersionSpec
from bridge.model.promotion import Promotion
from bridge.ports import Clock, ProjectTracker, Store, UnitOfWork
from bridge.usecases.configured import Configured
from bridge.usecases.deliver.effects import nothing
from bridge.usecases.place import fields_of, page_title, version_key
from bridge.usecases.plan_effects import PLAN_PAGE, PLAN_SECTION

Save = Callable[[UnitOfWork], None]


@dataclass(frozen=True, slots=True)
class PlaceDelivery:
    """Handlers of the effects that make what a promotion's issues stand in."""

    store: Store
    tracker: ProjectTracker
    configured: Callable[[], Configured]
    clock: Clock

    def handlers(self) -> Mapping[str, Callable[[Effect], Save]]:
        """Kinds of effects and who delivers them."""
        return {
            "project.open": self.open_project,
            "project.enter": self.enter_project,
            "project.version": self.make_version,
            "project.category": self.make_category,
            "page.plan": self.write_plan,
        }

    def open_project(self, effect: Effect) -> Save:
        """Creates the project or adopts the one an earlier attempt made."""
        promotion, payload = self._promotion(effect), effect.payload
        policy = self.configured().policy
        values: dict[str, Any] = {"modules": tuple(payload["modules"])} if payload.get("modules") else {}
        spec = ProjectSpec(
            identifier=payload["identifier"],
            name=payload["name"],
            description=payload["description"],
            parent=payload.get("parent") or policy.parent_project,
            origin=policy.promotion_origin(promotion),
            custom_fields=fields_of(promotion),
            **values,
        )
        return self._entered(promotion, self.tracker.open_project(spec, unsure=effect.unsure), "project opened")

    def enter_project(self, effect: Effect) -> Save:
        """Sees that the standing project may be written to."""
        promotion = self._promotion(effect)
        return self._entered(promotion, self.tracker.standing_project(effect.payload["identifier"]), "project entered")

    def _entered(self, promotion: Promotion, project: Project, action: str) -> Save:
        def save(uow: UnitOfWork) -> None:
            current = uow.promotions.get(promotion.id)
            uow.promotions.save(replace(current, project_id=project.id, identifier=project.identifier))
            uow.ledger.audit(self.clock.now(), "bridge", action, f"promotion {promotion.id}", {"url": project.url})

        return save

    def make_version(self, effect: Effect) -> Save:
        """Makes a milestone's version, or the one that the promotion is."""
        promotion, payload = self._promotion(effect), effect.payload
        key = version_key(payload["version"])
        spec = VersionSpec(
            project_id=_project(promotion),
            name=payload["name"],
            origin=self.configured().policy.origin(f"promotion {promotion.id}", f"version {payload['version']}"),
            number=promotion.id,
            description=payload["description"],
            due=date.fromisoformat(payload["due"]) if payload.get("due") else None,
        )
        number = self.tracker.ensure_version(spec, unsure=effect.unsure)

        def save(uow: UnitOfWork) -> None:
            current = uow.promotions.get(promotion.id)
            uow.promotions.save(replace(current, made={**current.made, key: number}))

        return save

    def make_category(self, effect: Effect) -> Save:
        """Makes an issue category."""
        self.tracker.ensure_category(_project(self._promotion(effect)), effect.payload["name"])
        return nothing

    def write_plan(self, effect: Effect) -> Save:
        """Writes the plan as it was made."""
        promotion = self._promotion(effect)
        title = page_title(promotion, PLAN_PAGE)
        self.tracker.write_page(_project(promotion), title, PLAN_SECTION, effect.payload["text"])
        return nothing

    def _promotion(self, effect: Effect) -> Promotion:
        with self.store.reading() as uow:
            return uow.promotions.get(effect.payload["promotion"])


def _project(promotion: Promotion) -> int:
    if promotion.project_id is None:
        where = f"promotion {promotion.id} “{promotion.name}”"
        raise NotFound(where, "its project does not exist yet.", "See `queue dead`.")
    return promotion.project_id
