"""The agenda of the meeting that decides: what waits, by impact; what is overdue; what comes back; what comes near."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from bridge.model.errors import NotPossible
from bridge.model.promotion import WAITING, Promotion, PromotionState
from bridge.ports import ProjectTracker, Store, UnitOfWork
from bridge.usecases.candidates.form import lacking
from bridge.usecases.candidates.impact import Impact, impact_of
from bridge.usecases.candidates.lapse import reminder_of, waiting_since
from bridge.usecases.candidates.shown import impact_text
from bridge.usecases.configured import Configured
from bridge.usecases.evidence import evidence_of
from bridge.usecases.near_misses import NearMiss, near_misses

PAGE, SECTION = "Agenda", "agenda"


@dataclass(frozen=True, slots=True)
class Item:
    """A candidate on the agenda. `reminded` is whom it was brought to by now, empty when it is not overdue."""

    promotion: Promotion
    impact: Impact
    impact_text: str
    waiting_since: datetime
    expires_at: datetime
    reminded: str
    lacking: tuple[str, ...]
    issue_id: int | None
    issue_url: str


@dataclass(frozen=True, slots=True)
class Agenda:
    """`history` are candidates that a new rule found in the past: one digest for each rule."""

    waiting: tuple[Item, ...]
    history: tuple[Item, ...]
    deferred: tuple[Item, ...]
    near: tuple[NearMiss, ...]


def agenda_of(uow: UnitOfWork, configured: Configured, near: Iterable[NearMiss], now: datetime) -> Agenda:
    """Everything that there is to decide, the worst first; what is deferred by the day it comes back."""
    items = [_item(uow, configured, promotion, now) for promotion in uow.promotions.in_states(WAITING)]
    items.sort(key=lambda item: (item.impact.rank, -item.promotion.id), reverse=True)
    waiting = [item for item in items if item.promotion.state is PromotionState.CANDIDATE]
    deferred = [item for item in items if item.promotion.state is PromotionState.DEFERRED]
    deferred.sort(key=lambda item: item.promotion.deferred_until or now)
    return Agenda(
        waiting=tuple(item for item in waiting if not item.promotion.from_history),
        history=tuple(item for item in waiting if item.promotion.from_history),
        deferred=tuple(deferred),
        near=tuple(near),
    )


def _item(uow: UnitOfWork, configured: Configured, promotion: Promotion, now: datetime) -> Item:
    impact = impact_of(evidence_of(uow, promotion), now)
    intake = uow.intakes.of_promotion(promotion.id)
    since = waiting_since(promotion)
    overdue = promotion.state is PromotionState.CANDIDATE and not promotion.from_history
    reminder = reminder_of(uow, configured, promotion, now) if overdue else None
    return Item(
        promotion=promotion,
        impact=impact,
        impact_text=impact_text(configured, promotion, impact),
        waiting_since=since,
        expires_at=since + configured.policy.candidates.expire_after,
        reminded=reminder.person.display if reminder else "",
        lacking=tuple(lacking(promotion)),
        issue_id=intake.issue_id if intake else None,
        issue_url=configured.policy.issue_url(intake.issue_id) if intake else "",
    )


def write_agenda(store: Store, tracker: ProjectTracker, configured: Configured, now: datetime) -> str:
    """Writes the agenda into its part of a wiki page of the intake project; returns the page's address.

    Raises NotPossible when no intake project is configured.
    """
    project = configured.policy.candidates.intake_project
    if not project:
        advice = "Name a Redmine project in the settings: redmine.intake_project."
        raise NotPossible("agenda", "there is no project for its wiki page.", advice)
    with store.reading() as uow:
        agenda = agenda_of(uow, configured, near_misses(uow, configured, now), now)
    text = configured.texts.render("agenda", agenda=agenda, at=now)
    tracker.write_page(tracker.project(project).id, PAGE, SECTION, text)
    return configured.policy.page_url(project, PAGE)
