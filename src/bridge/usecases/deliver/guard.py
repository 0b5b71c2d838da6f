"""Stands before every delivery: may its systems be written to, is it still wanted, and is its project open?"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from bridge.model.effect import Effect
from bridge.model.errors import BridgeError, Forbidden, NotFound, Postponed
from bridge.model.link import Link
from bridge.model.project import Project
from bridge.model.promotion import HANDED_OVER, Promotion
from bridge.ports import Clock, Handler, ProjectTracker, Store, UnitOfWork
from bridge.usecases.deliver.effects import nothing
from bridge.usecases.life.parting import OVER, is_wanted
from bridge.usecases.life.place import SHUT, open_again, shut
from bridge.usecases.policy import TRACKER_ENDPOINT
from bridge.usecases.stopping import raise_if_stopped, systems_of

Save = Callable[[UnitOfWork], None]
LOOK_AGAIN = 600.0
"""Seconds until a write to a closed project is tried again."""


@dataclass(frozen=True, slots=True)
class Guard:
    """Wraps handlers."""

    store: Store
    tracker: ProjectTracker
    clock: Clock

    def around(self, handlers: Mapping[str, Handler]) -> dict[str, Handler]:
        """The handlers, each leaving alone what is not wanted, or waits for its project or a system that is stopped."""
        return {kind: self._guarded(deliver) for kind, deliver in handlers.items()}

    def _guarded(self, deliver: Handler) -> Handler:
        def handler(effect: Effect) -> Save:
            with self.store.reading() as uow:
                raise_if_stopped(uow, *systems_of(effect.endpoint))
                promotion = uow.promotions.get(effect.promotion_id) if effect.promotion_id is not None else None
            if promotion is None:
                return deliver(effect)
            if not is_wanted(effect, promotion):
                return nothing
            if effect.endpoint != TRACKER_ENDPOINT:
                return deliver(effect)
            try:
                done = deliver(effect)
            except Forbidden as error:
                return self._refused(effect, promotion, error)
            if SHUT in promotion.attention and project_status(self.tracker, promotion) == "active":
                return self._again(promotion, done)
            return done

        return handler

    def _refused(self, effect: Effect, promotion: Promotion, error: Forbidden) -> Save:
        """A write to a project that people closed waits, and is told once; after the delivery it falls away."""
        status = project_status(self.tracker, promotion)
        if status == "active":
            raise error
        if promotion.state in HANDED_OVER | OVER:
            return self._left(effect, promotion, status)
        with self.store.transaction() as uow:
            shut(uow, uow.promotions.get(promotion.id), status, self.clock.now())
        raise Postponed(error.where, f"waits: the project is {status}.", retry_after=LOOK_AGAIN) from error

    def _left(self, effect: Effect, promotion: Promotion, status: str) -> Save:
        def save(uow: UnitOfWork) -> None:
            detail = {"kind": effect.kind, "project": status}
            uow.ledger.audit(self.clock.now(), "bridge", "left alone", f"promotion {promotion.id}", detail)

        return save

    def _again(self, promotion: Promotion, done: Save) -> Save:
        def save(uow: UnitOfWork) -> None:
            done(uow)
            open_again(uow, uow.promotions.get(promotion.id), self.clock.now())

        return save


def project_status(tracker: ProjectTracker, promotion: Promotion) -> str:
    """`active` where a promotion's project can be written to; else in words why not."""
    if promotion.project_id is None:
        return "active"
    found = project_or_why(tracker, promotion.project_id)
    return found if isinstance(found, str) else found.status


def project_or_why(tracker: ProjectTracker, project_id: int) -> Project | str:
    """A project as it is; in words why not where it is not seen."""
    try:
        return tracker.project(project_id)
    except Forbidden:
        return "archived, or hidden from the bridge's account"
    except NotFound:
        return "gone, or hidden from the bridge's account"


def raise_if_shut(store: Store, tracker: ProjectTracker, link: Link, error: BridgeError) -> None:
    """Raises a refusal again where a link's project is closed: it waits until people reopen it, and is not final."""
    with store.reading() as uow:
        promotion = uow.promotions.get(link.promotion_id)
    if isinstance(error, Forbidden) and project_status(tracker, promotion) != "active":
        raise error
