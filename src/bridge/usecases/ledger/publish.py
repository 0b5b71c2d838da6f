"""The head of the ledger is published daily, so that its owner cannot write it anew unnoticed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from bridge.kpi.ledger import Head
from bridge.model.effect import Effect, EffectSpec
from bridge.model.errors import Forbidden, NotApplied, NotFound, Rejected
from bridge.model.notice import Notice, NoticeKind
from bridge.ports import Clock, ProjectTracker, Store, UnitOfWork
from bridge.usecases.configured import Configured
from bridge.usecases.notices import tell
from bridge.usecases.policy import TRACKER_ENDPOINT

KIND = "ledger.publish"
SECTION = "heads"
MOST_SHOWN = 400
"""So many heads stand on the page; what went is in the page's history and in the store."""


def publish_daily(uow: UnitOfWork, configured: Configured, now: datetime) -> bool:
    """Asks for the head to be published, once a day, when rows of an earlier day are under no published head yet.

    It goes to the page of the settings, and to those whom routes name; without a page it counts as published when
    there is anybody to be told.
    """
    policy = configured.policy
    newest = uow.kpi_ledger.newest()
    heads = uow.kpi_ledger.heads()
    covered = heads[-1].seq if heads else 0
    if newest is None or newest.seq <= covered:
        return False
    (first,) = uow.kpi_ledger.rows(covered, 1)
    today = now.astimezone(UTC).date()
    if first.recorded_at.astimezone(UTC).date() >= today:
        return False
    effect = EffectSpec(
        kind=KIND,
        key="ledger",
        unique=f"ledger:head:{today}",
        endpoint=TRACKER_ENDPOINT,
        payload={"seq": newest.seq, "hash": newest.hash},
    )
    if policy.ledger.page and not uow.effects.enqueue([effect]):
        return False
    name = f"row {newest.seq}: {newest.hash}"
    told = tell(uow, configured, Notice(NoticeKind.LEDGER_HEAD, str(today), name, url=_url(configured)), now)
    if told and not policy.ledger.page:
        uow.kpi_ledger.published(Head(newest.seq, newest.hash, now), NoticeKind.LEDGER_HEAD)
    return bool(told or policy.ledger.page)


@dataclass(frozen=True, slots=True)
class Publication:
    """The handler of `ledger.publish`."""

    store: Store
    tracker: ProjectTracker
    configured: Callable[[], Configured]
    clock: Clock

    def handlers(self) -> Mapping[str, Callable[[Effect], Callable[[UnitOfWork], None]]]:
        """Kinds of effects and who delivers them."""
        return {KIND: self.publish}

    def publish(self, effect: Effect) -> Callable[[UnitOfWork], None]:
        """Writes the heads into their section of a page of the parent project; repeated it changes nothing.

        A page that may not be written is reported, and tried again with the next day's head.
        """
        configured, now = self.configured(), self.clock.now()
        head = Head(effect.payload["seq"], effect.payload["hash"], now)
        with self.store.reading() as uow:
            heads = uow.kpi_ledger.heads()
        shown = [*reversed([*heads[-MOST_SHOWN + 1 :], head])]
        text = configured.texts.render("ledger_heads", heads=shown)
        policy = configured.policy
        try:
            project = self.tracker.project(policy.parent_project)
            self.tracker.write_page(project.id, policy.ledger.page, SECTION, text)
        except (Forbidden, NotFound, NotApplied, Rejected) as error:
            what = str(error)

            def failed(uow: UnitOfWork) -> None:
                uow.ledger.audit(now, "bridge", "ledger head not published", policy.ledger.page, {"why": what})

            return failed

        def save(uow: UnitOfWork) -> None:
            uow.kpi_ledger.published(head, _url(configured))

        return save


def _url(configured: Configured) -> str:
    policy = configured.policy
    return policy.page_url(policy.parent_project, policy.ledger.page.replace(" ", "_")) if policy.ledger.page else ""
