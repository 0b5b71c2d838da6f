"""The knowledge page of a project: what people write down for the next one, beside what the bridge knows of it."""

from __future__ import annotations

import hashlib
from datetime import date, datetime, timedelta

from bridge.model.effect import EffectSpec
from bridge.model.promotion import RUNNING, Promotion, PromotionState
from bridge.model.report import Cell, Link, Section, Table, Text
from bridge.planning.knowledge import KNOWLEDGE_PAGE
from bridge.ports import ReportRenderer, UnitOfWork
from bridge.rules.project_part import Place
from bridge.usecases.configured import Configured
from bridge.usecases.deliver.effects import project_effect
from bridge.usecases.evidence import evidence_of
from bridge.usecases.place import page_name, place_of
from bridge.usecases.reports.helped import helped_section, verdict_text
from bridge.usecases.reports.looking import DONE, did_it_help
from bridge.usecases.reports.words import Words, words_of

KIND = "page.knowledge"
MOST_SIMILAR = 10
KEPT_UP = timedelta(days=180)
"""So long after the delivery the page goes on telling whether it helped."""
PARTS = ("cause", "workaround", "fix", "rollback", "lessons")
_ENDS = (*DONE, PromotionState.DEMOTED)


def knowledge_effect(promotion_id: int, name: str = "", *, after: tuple[str, ...] = ()) -> EffectSpec:
    """The effect that brings the page up to date; `name` tells one time from another."""
    return project_effect(promotion_id, KIND, name, after=after)


def refresh(uow: UnitOfWork, configured: Configured, renderer: ReportRenderer, now: datetime) -> int:
    """Asks for the pages whose text has changed: each text of a page is asked for once; how many were."""
    asked = 0
    for promotion in uow.promotions.in_states((*RUNNING, *DONE)):
        over = promotion.delivered_at is not None and now - promotion.delivered_at > KEPT_UP
        if promotion.root_issue_id is None or over:
            continue
        text = knowledge_text(uow, configured, renderer, promotion, now)
        digest = hashlib.sha256(text.encode()).hexdigest()[:12]
        asked += uow.effects.enqueue([knowledge_effect(promotion.id, digest)])
    return asked


def first_text(configured: Configured, renderer: ReportRenderer) -> str:
    """What a new page begins with: headings for people to fill in."""
    word = words_of(configured.texts, configured.policy.language)
    return renderer.wiki_headings(tuple(word(f"knowledge.{part}") for part in PARTS))


def knowledge_text(
    uow: UnitOfWork, configured: Configured, renderer: ReportRenderer, promotion: Promotion, now: datetime
) -> str:
    """The bridge's section of the page: what happened when, whether it helped, and similar projects."""
    word = words_of(configured.texts, configured.policy.language)
    known = promotion.terms.get("workaround", "")
    parts = [
        Section(word("knowledge"), (Text(word("knowledge.about")),)),
        *([Section(word("knowledge.rule_workaround"), (Text(known),), 3)] if known else []),
        Section(word("knowledge.timeline"), (_timeline(uow, promotion, word),), 3),
    ]
    if promotion.delivered_at is not None:
        section = helped_section(did_it_help(uow, promotion, _this_week(now)), word)
        parts.append(Section(section.heading, section.blocks, 3))
    parts.append(Section(word("knowledge.similar"), (_similar(uow, configured, promotion, word, now),), 3))
    return "\n\n".join(renderer.wiki_section(part) for part in parts)


def _this_week(now: datetime) -> datetime:
    """So that the page is written anew once a week at most for nothing but days that have passed."""
    return (now - timedelta(days=now.weekday())).replace(hour=0, minute=0, second=0, microsecond=0)


def _timeline(uow: UnitOfWork, promotion: Promotion, word: Words) -> Table:
    evidence = evidence_of(uow, promotion)
    rows: list[tuple[datetime | None, str]] = [
        (promotion.created_at, word("knowledge.found", why=(promotion.reason.splitlines() or [""])[0])),
        (promotion.opened_at, word("knowledge.opened", who=promotion.approved_by)),
        (promotion.delivered_at, word("knowledge.delivered")),
    ]
    if evidence:
        rows.append((evidence[0].incident.opened_at, word("knowledge.first", what=str(evidence[0].incident.ref))))
        count = len(evidence)
        last = word("knowledge.latest", what=str(evidence[-1].incident.ref), count=count)
        rows += [(evidence[-1].incident.opened_at, last)] if count > 1 else []
    told = sorted(((at, what) for at, what in rows if at is not None), key=lambda row: row[0])
    return Table("timeline", (word("column.when"), word("column.what")), tuple((at.date(), what) for at, what in told))


def _similar(uow: UnitOfWork, configured: Configured, promotion: Promotion, word: Words, now: datetime) -> Table:
    """Ended projects of the same rule or about the same thing, the latest first, those about the same thing before."""
    ended = [
        one
        for one in uow.promotions.in_states(_ENDS)
        if one.id != promotion.id
        and one.project_id is not None
        and (one.label == promotion.label or (one.rule_id and one.rule_id == promotion.rule_id))
    ]
    ended.sort(key=lambda one: (one.label != promotion.label, -one.id))
    rows = [_row(uow, configured, one, word, now) for one in ended[:MOST_SIMILAR]]
    columns = tuple(word(f"column.{name}") for name in ("project", "state", "delivered", "took", "helped"))
    return Table("similar", columns, tuple(rows), word("knowledge.none_similar"))


def _row(uow: UnitOfWork, configured: Configured, one: Promotion, word: Words, now: datetime) -> tuple[Cell, ...]:
    page = configured.policy.page_url(one.identifier, page_name(one, KNOWLEDGE_PAGE))
    calendar = configured.directory.calendar_of(one.owner)
    took = None
    ended: date | None = None
    if one.opened_at and one.delivered_at:
        ended = calendar.day_of(one.delivered_at)
        took = (ended - calendar.day_of(one.opened_at)).days
    effect = did_it_help(uow, one, _this_week(now))
    state = word(f"state.{one.state}")
    where = one.name if place_of(one) is Place.PROJECT else f"{one.name} ({one.identifier})"
    return Link(where, page), state, ended, took, verdict_text(effect, word) if effect else None
