"""A person says what helps until a project is done."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from hashlib import sha256

from bridge.model.errors import NotPossible
from bridge.model.promotion import RUNNING, Promotion
from bridge.ports import UnitOfWork
from bridge.rules.incident_part import IncidentPart
from bridge.usecases.deliver.effects import incident_effect
from bridge.usecases.workaround import SAID

LONGEST = next(m.max_length for m in IncidentPart.model_fields["workaround"].metadata if hasattr(m, "max_length"))
TEXT = "incident_workaround_known"


def say_workaround(
    uow: UnitOfWork, promotion_id: int, text: str, actor: str, now: datetime, *, tell_open: bool = False
) -> Promotion:
    """Keeps a workaround with a running project: incidents that join from now on get it in their private note.

    It comes before the rule's and the wiki's; "" takes it back. With `tell_open` those that are open now are told, too,
    each text once. Raises NotFound, NotPossible for a promotion that is not running or a text that is too long.
    """
    promotion = uow.promotions.get(promotion_id)
    where = f"promotion {promotion.id} “{promotion.name}”"
    if promotion.state not in RUNNING:
        raise NotPossible(where, f"is {promotion.state}: only a running project has a workaround.")
    text = text.strip()
    if len(text) > LONGEST:
        advice = "Write it into the wiki under the heading “Workaround”."
        raise NotPossible(where, f"the workaround has {len(text)} characters, more than {LONGEST}.", advice)
    terms = {name: value for name, value in promotion.terms.items() if name != SAID}
    said = replace(promotion, terms={**terms, SAID: text} if text else terms)
    if said != promotion:
        uow.promotions.save(said)
        uow.ledger.audit(now, actor, "workaround", f"promotion {promotion.id}", {"text": text[:200]})
    if text and tell_open:
        _tell_open(uow, said, text)
    return said


def _tell_open(uow: UnitOfWork, promotion: Promotion, text: str) -> None:
    name = f"workaround {sha256(text.encode('utf-8', 'surrogatepass')).hexdigest()[:8]}"
    links = [link for link in uow.links.all(promotion.id) if link.ended_at is None]
    found = uow.incidents.many(link.incident_id for link in links)
    uow.effects.enqueue(
        [
            incident_effect(link, "incident.tell", name, text=TEXT, what=name, values={"workaround": text})
            for link in links
            if found[link.incident_id].state.is_open
        ]
    )
