"""What happened since it was last looked: candidates, projects, conflicts, stopped systems, dead letters."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from hashlib import sha256

from bridge.model.effect import Effect
from bridge.model.errors import BridgeError
from bridge.model.notice import Notice, NoticeKind
from bridge.model.promotion import HANDED_OVER, RUNNING, Promotion, PromotionState
from bridge.ports import UnitOfWork
from bridge.usecases import gates
from bridge.usecases.configured import Configured
from bridge.usecases.life import knowledge
from bridge.usecases.notices import tell

SYSTEM, SEEN = "people", "seen"
LOOKED_AT = (PromotionState.CANDIDATE, *sorted(RUNNING | HANDED_OVER))
Known = dict[str, list[str]]
"""What is known of each promotion, by number: state, owner, and what stands under attention in short."""


def tell_happenings(uow: UnitOfWork, configured: Configured, now: datetime) -> int:
    """Tells what is new about promotions, conflicts and stopped systems; returns how many messages are new.

    What is there at the first look ever is history: nobody hears of it. Told from what is stored, so that nothing is
    lost by a kill between what happened and this.
    """
    if not configured.notices.routes:
        return 0
    stored = uow.ledger.cursor(SYSTEM, SEEN)
    now_known = {str(one.id): _summary(one) for one in uow.promotions.in_states(LOOKED_AT)}
    others = _others(uow)
    seen = json.dumps({"promotions": now_known, "others": sorted(others)}, sort_keys=True)
    if stored == seen:
        return 0
    uow.ledger.set_cursor(SYSTEM, SEEN, seen)
    if stored is None:
        return 0
    before = json.loads(stored)
    changed = [key for key, summary in now_known.items() if before["promotions"].get(key) != summary]
    found = [
        *_promotions(uow, configured, [int(key) for key in changed], before["promotions"], now),
        *(notice for key, notice in sorted(others.items()) if key not in before["others"]),
    ]
    return sum(tell(uow, configured, notice, now) for notice in found)


def tell_dead_letter(uow: UnitOfWork, configured: Configured, effect: Effect, error: BridgeError, now: datetime) -> int:
    """Tells of a write that could not be delivered; returns how many messages are new.

    Messages themselves are left out: one that cannot be sent would only make another.
    """
    if effect.kind.startswith("notice."):
        return 0
    promotion = uow.promotions.get(effect.promotion_id) if effect.promotion_id is not None else None
    notice = Notice(
        kind=NoticeKind.DEAD_LETTER,
        unique=f"{effect.id}:{effect.attempt}",
        name=promotion.name if promotion else effect.key,
        detail=f"effect {effect.id} ({effect.kind}): {error} Nothing else waits for a person here but this; after "
        "mending: itsm-bridge queue retry.",
        url=_url(configured, promotion) if promotion else "",
        owner=promotion.owner if promotion else "",
    )
    return tell(uow, configured, notice, now)


def _summary(one: Promotion) -> list[str]:
    short = sha256(one.attention.encode()).hexdigest()[:12] if one.attention else ""
    return [str(one.state), one.owner, short]


def _promotions(
    uow: UnitOfWork, configured: Configured, numbers: list[int], before: Mapping[str, list[str]], now: datetime
) -> Iterator[Notice]:
    """What is new of promotions. What may happen again has the day in its name: the same is told once a day at most."""
    day = now.astimezone(UTC).date()
    history: dict[str, list[Promotion]] = defaultdict(list)
    for number in numbers:
        promotion = uow.promotions.get(number)
        state, owner, short = before.get(str(number), ["", "", ""])
        if promotion.state is PromotionState.CANDIDATE and promotion.from_history:
            history[promotion.rule_id].append(promotion)
            continue
        if promotion.state != state and (kind := _kind(promotion.state, state)):
            yield _notice(configured, promotion, kind, f"{number}:{promotion.waiting_since or promotion.delivered_at}")
        if owner and promotion.owner != owner:
            yield _notice(configured, promotion, NoticeKind.OWNER_CHANGED, f"{number}:{owner}:{promotion.owner}:{day}")
        if promotion.attention and _summary(promotion)[2] != short:
            held = any(start in promotion.attention for start in (gates.HELD, knowledge.HELD))
            kind = NoticeKind.DELIVERY_HELD_BACK if held else NoticeKind.ATTENTION
            yield _notice(configured, promotion, kind, f"{number}:{_summary(promotion)[2]}:{day}", promotion.attention)
    for rule, found in history.items():
        names = "\n".join(f"- {one.name}: {one.reason}" for one in found)
        unique = f"{rule}:{found[0].rule_version}:{found[0].id}"
        yield Notice(NoticeKind.CANDIDATE_DIGEST, unique, rule, names, owner=found[0].owner)


def _kind(state: PromotionState, before: str) -> NoticeKind | None:
    """What a new state means to people; None where nobody needs to hear of it."""
    if state is PromotionState.CANDIDATE:
        return NoticeKind.CANDIDATE
    if state is PromotionState.ACTIVE and before in {"", str(PromotionState.CANDIDATE), str(PromotionState.OPENING)}:
        return NoticeKind.PROMOTION_OPENED
    return NoticeKind.INEFFECTIVE if state is PromotionState.INEFFECTIVE else None


def _notice(configured: Configured, promotion: Promotion, kind: NoticeKind, unique: str, detail: str = "") -> Notice:
    return Notice(
        kind=kind,
        unique=unique,
        name=promotion.name,
        detail=detail or promotion.reason,
        url=_url(configured, promotion),
        owner=promotion.owner,
    )


def _url(configured: Configured, promotion: Promotion) -> str:
    if promotion.root_issue_id is not None:
        return configured.policy.issue_url(promotion.root_issue_id)
    return configured.policy.project_url(promotion.identifier) if promotion.identifier else ""


def _others(uow: UnitOfWork) -> dict[str, Notice]:
    """Conflicts that wait for a person, and systems that are stopped, by what tells one from the others."""
    found = {}
    for conflict in uow.conflicts.all():
        link = uow.links.get(conflict.link_id)
        promotion = uow.promotions.get(link.promotion_id)
        found[f"conflict:{conflict.id}"] = Notice(
            NoticeKind.CONFLICT, str(conflict.id), f"{link.ref}: {conflict.field}", conflict.told, owner=promotion.owner
        )
    for stop in uow.stops.all():
        unique = f"{stop.system}:{stop.at.isoformat()}"
        found[f"stop:{unique}"] = Notice(NoticeKind.BRAKE, unique, stop.system, stop.why)
    return found
