"""Who delivers which kind of effect."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import structlog

from bridge.model.effect import Effect
from bridge.ports import Clock, Handler, IncidentSource, Notifier, ProjectTracker, Store, UnitOfWork
from bridge.usecases.broadcast import Broadcasts
from bridge.usecases.candidates.intake import IntakeDelivery
from bridge.usecases.comparing import Comparison
from bridge.usecases.configured import Configured
from bridge.usecases.deliver.change import ChangeDelivery
from bridge.usecases.deliver.effects import ACTIVATE
from bridge.usecases.deliver.field import FieldDelivery
from bridge.usecases.deliver.file import FileDelivery
from bridge.usecases.deliver.gate import GateDelivery
from bridge.usecases.deliver.guard import Guard
from bridge.usecases.deliver.incident import IncidentDelivery
from bridge.usecases.deliver.issue import IssueDelivery
from bridge.usecases.deliver.knowledge import KnowledgeDelivery
from bridge.usecases.deliver.look import ProjectLook
from bridge.usecases.deliver.owner import OwnerDelivery
from bridge.usecases.deliver.parting import Parting
from bridge.usecases.deliver.place import PlaceDelivery
from bridge.usecases.deliver.project import ProjectDelivery
from bridge.usecases.deliver.relation import RelationDelivery
from bridge.usecases.deliver.reopening import Reopening
from bridge.usecases.deliver.work_log import WorkLogDelivery
from bridge.usecases.deliver.workaround import Workarounds
from bridge.usecases.farewell import Farewell
from bridge.usecases.files import TO_INCIDENT, TO_ISSUE
from bridge.usecases.ledger.publish import Publication
from bridge.usecases.reconcile import Reconciliation
from bridge.usecases.relations import ON_INCIDENT, ON_ISSUE
from bridge.usecases.resolving import Turns
from bridge.usecases.telling.deliver import NoticeDelivery
from bridge.usecases.work_log import BOOK

log = structlog.get_logger()


def handlers(
    store: Store,
    sources: Mapping[str, IncidentSource],
    tracker: ProjectTracker,
    notifiers: Mapping[str, Notifier],
    configured: Callable[[], Configured],
    clock: Clock,
) -> dict[str, Handler]:
    """The handler of each kind of effect; `configured` is asked at each delivery."""
    workarounds = Workarounds(store, tracker, clock)
    files = FileDelivery(store, sources, tracker, configured, clock)
    relations = RelationDelivery(store, sources, tracker, clock)
    on_issues = {TO_ISSUE: files.to_issue, ON_ISSUE: relations.on_issue}
    booking = WorkLogDelivery(store, sources, configured, clock)
    on_incidents = {TO_INCIDENT: files.to_incident, ON_INCIDENT: relations.on_incident, BOOK: booking.book}
    on_incidents |= FieldDelivery(store, sources, configured, clock).handlers()
    found: dict[str, Handler] = {
        **PlaceDelivery(store, tracker, configured, clock).handlers(),
        **ProjectDelivery(store, tracker, configured, clock).handlers(),
        **Reopening(store, tracker, configured, clock).handlers(),
        **GateDelivery(store, sources, tracker, configured, clock).handlers(),
        **ChangeDelivery(store, sources, tracker, configured, clock).handlers(),
        **IntakeDelivery(store, tracker, configured, clock).handlers(),
        **IssueDelivery(store, tracker, configured, clock).handlers(on_issues),
        **IncidentDelivery(store, sources, configured, clock, workarounds.known).handlers(on_incidents),
        **Turns(store, clock).handlers(),
        **workarounds.handlers(),
        **KnowledgeDelivery(store, tracker, configured, clock).handlers(),
        **OwnerDelivery(store, tracker, configured, clock).handlers(),
        **Parting(store, tracker, clock).handlers(),
        **ProjectLook(store, tracker, configured, clock).handlers(),
        **NoticeDelivery(store, notifiers, configured, clock).handlers(),
        **Publication(store, tracker, configured, clock).handlers(),
        **Reconciliation(store, sources, tracker, configured, clock).handlers(),
        **Comparison(store, sources, tracker, configured, clock).handlers(),
        **Broadcasts(store, sources, tracker, configured, clock).handlers(),
        **Farewell(store, sources, tracker, configured).handlers(),
    }
    found[ACTIVATE] = _logged(found[ACTIVATE], configured)
    return Guard(store, tracker, clock).around(found)


def _logged(activate: Handler, configured: Callable[[], Configured]) -> Handler:
    """A line in the log for whoever watches the daemon: a project is open."""

    def handler(effect: Effect) -> Callable[[UnitOfWork], None]:
        done = activate(effect)

        def save(uow: UnitOfWork) -> None:
            done(uow)
            promotion = uow.promotions.get(effect.payload["promotion"])
            incidents = [str(link.ref) for link in uow.links.all(promotion.id)]
            address = configured().policy.project_url(promotion.identifier)
            log.info(
                "a project was opened", promotion=promotion.id, name=promotion.name, incidents=incidents, see=address
            )

        return save

    return handler
