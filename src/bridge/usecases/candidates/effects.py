"""How effects on a candidate's issue are named and ordered. The unique names are identities for ever."""

from __future__ import annotations

from typing import Any

from bridge.model.effect import EffectSpec
from bridge.model.promotion import Promotion
from bridge.ports import UnitOfWork
from bridge.usecases.configured import Configured
from bridge.usecases.policy import TRACKER_ENDPOINT

OPEN, READ, SYNC, WRITE, TELL = "intake.open", "intake.read", "intake.sync", "intake.write", "intake.tell"


def intake_effect(
    promotion_id: int, kind: str, name: str, /, *, after: tuple[str, ...] = (), **payload: Any
) -> EffectSpec:
    """An effect on a candidate's issue; all of one candidate run one after the other."""
    return EffectSpec(
        kind=kind,
        key=f"candidate:{promotion_id}",
        unique=f"candidate:{promotion_id}:{kind}:{name}",
        endpoint=TRACKER_ENDPOINT,
        payload={"promotion": promotion_id, **payload},
        after=after,
        promotion_id=promotion_id,
    )


def nomination_effect(issue_id: int) -> EffectSpec:
    """Asks to look whether an issue of the intake project is a person's nomination; once for each, in their order."""
    return EffectSpec(
        kind=READ,
        key="nomination",
        unique=f"nomination:{issue_id}:{READ}",
        endpoint=TRACKER_ENDPOINT,
        payload={"issue": issue_id},
    )


def has_issue(uow: UnitOfWork, promotion: Promotion) -> bool:
    """Whether the candidate has an issue in the intake project, or one is about to be created."""
    if uow.intakes.of_promotion(promotion.id) is not None:
        return True
    return uow.effects.is_stored(intake_effect(promotion.id, OPEN, "").unique)


def announce(uow: UnitOfWork, configured: Configured, promotion: Promotion) -> None:
    """Has an issue made for a waiting candidate, unless it has one or there is no project for it."""
    if configured.policy.candidates.intake_project and not has_issue(uow, promotion):
        uow.effects.enqueue([intake_effect(promotion.id, OPEN, "")])


def write_form(uow: UnitOfWork, promotion: Promotion) -> None:
    """Has the form written into the candidate's issue, where it has one."""
    if has_issue(uow, promotion):
        uow.effects.enqueue_if_idle(intake_effect(promotion.id, WRITE, "form"))


def tell(
    uow: UnitOfWork,
    promotion: Promotion,
    name: str,
    text: str,
    *,
    status: str = "",
    was: str = "",
    after: tuple[str, ...] = (),
    **values: Any,
) -> None:
    """Has a note written on the candidate's issue, where it has one; `name` tells it from the others, for ever.

    With `status` the issue is set to it, too; with `was` only if it still has that one.
    """
    if has_issue(uow, promotion):
        effect = intake_effect(
            promotion.id, TELL, name, name=name, text=text, status=status, was=was, values=values, after=after
        )
        uow.effects.enqueue([effect])
