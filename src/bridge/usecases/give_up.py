"""A person gives up a write that cannot be delivered, so that what waits behind it goes on."""

from __future__ import annotations

from datetime import datetime

from bridge.model.effect import Effect
from bridge.model.errors import NotPossible
from bridge.ports import UnitOfWork
from bridge.usecases.trouble import unblocked


def given_up(uow: UnitOfWork, effect: Effect, actor: str, reason: str, now: datetime) -> None:
    """A person gives the effect up: audited; its complaint goes, and what waited for it goes on.

    Raises NotPossible for the opening of a project, without which nothing that waits could go on.
    """
    if effect.kind == "project.open":
        what = "is the opening of the project itself: nothing that waits for it could go on."
        raise NotPossible(f"effect {effect.id}", what, "Mend what stopped it, then `queue retry`.")
    about = f"effect {effect.id}" if effect.promotion_id is None else f"promotion {effect.promotion_id}"
    evidence = {"effect": effect.id, "kind": effect.kind, "key": effect.key, "why": reason, "error": effect.error}
    uow.ledger.audit(now, actor, "effect given up", about, evidence)
    unblocked(uow, effect)
