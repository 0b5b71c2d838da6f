"""How effects are named and ordered. The unique names here are identities for ever: change none of them."""

from __future__ import annotations

from typing import Any

from bridge.model.effect import EffectSpec
from bridge.model.link import Link
from bridge.ports import UnitOfWork
from bridge.usecases.policy import TRACKER_ENDPOINT, endpoint_of

TRACKER_SYSTEM = "tracker"
ACTIVATE = "promotion.activate"


def project_effect(
    promotion_id: int, kind: str, name: str, /, *, after: tuple[str, ...] = (), **payload: Any
) -> EffectSpec:
    """An effect on a promotion's project; all of one project run one after the other."""
    return EffectSpec(
        kind=kind,
        key=f"project:{promotion_id}",
        unique=f"promotion:{promotion_id}:{kind}:{name}",
        endpoint=TRACKER_ENDPOINT,
        payload={"promotion": promotion_id, **payload},
        after=after,
        promotion_id=promotion_id,
    )


def activation(promotion_id: int) -> str:
    """The unique name of the effect that ends the opening of a project."""
    return f"promotion:{promotion_id}:{ACTIVATE}:"


def incident_effect(link: Link, kind: str, name: str, /, *, after: tuple[str, ...] = (), **payload: Any) -> EffectSpec:
    """An effect on a linked incident; all of one incident and its own issue run one after the other."""
    return _link_effect(link, kind, name, endpoint_of(link.ref.source), after, payload)


def issue_effect(link: Link, kind: str, name: str, /, *, after: tuple[str, ...] = (), **payload: Any) -> EffectSpec:
    """An effect on an incident's own issue; all of one incident and its own issue run one after the other."""
    return _link_effect(link, kind, name, TRACKER_ENDPOINT, after, payload)


def field_effect(link: Link, name: str, field: str, value: str, shown: str, issue_tracker: str) -> EffectSpec:
    """Sets one field of an incident, which shows `shown`; both as the merge compares them."""
    said: dict[str, Any] = {"field": field, "shown": {field: shown}, "tracker": issue_tracker, field: value}
    return incident_effect(link, "incident.field", f"{field}:{name}", **said)


def _link_effect(
    link: Link, kind: str, name: str, endpoint: str, after: tuple[str, ...], payload: dict[str, Any]
) -> EffectSpec:
    return EffectSpec(
        kind=kind,
        key=f"link:{link.id}",
        unique=f"link:{link.id}:{kind}:{name}",
        endpoint=endpoint,
        payload={"link": link.id, **payload},
        after=after,
        promotion_id=link.promotion_id,
    )


def nothing(_uow: UnitOfWork) -> None:
    """Nothing but “done” is to be stored."""
