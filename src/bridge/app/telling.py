"""Telling people: how fast each system may be written to, and the rounds that find what is to be told."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from bridge.configuration import Configuration
from bridge.model.effect import Effect
from bridge.model.errors import BridgeError
from bridge.ports import Clock, ProjectTracker, Store, UnitOfWork
from bridge.queue.contract import OnDead
from bridge.queue.limits import Limit
from bridge.settings import Settings
from bridge.settings.sla import calendars_of
from bridge.usecases.configured import Configured
from bridge.usecases.notices import endpoint_of
from bridge.usecases.policy import TRACKER_ENDPOINT
from bridge.usecases.project_tasks import refresh
from bridge.usecases.telling.clocks import DueTimes, PolicyDueTimes
from bridge.usecases.telling.escalate import escalate, is_due
from bridge.usecases.telling.happenings import tell_dead_letter, tell_happenings
from bridge.usecases.telling.reminders import remind
from bridge.usecases.trouble import blocked

SECONDS = 60.0
REMIND_EVERY = timedelta(hours=1)


def limits(settings: Settings) -> dict[str, Limit]:
    """The rate limit of each endpoint that has one: Redmine's where it is set, and every channel's own."""
    rate = settings.redmine.requests_per_second
    found = {TRACKER_ENDPOINT: Limit(rate, max(1, int(rate)))} if rate else {}
    for name, options in settings.notify.channels.items():
        found[endpoint_of(name)] = Limit(options.per_minute / SECONDS, max(1, int(options.per_minute / 4)))
    return found


def due_times(configuration: Configuration) -> DueTimes:
    """When clocks are due, by the SLA policies of the settings."""
    return PolicyDueTimes(configuration.sla, calendars_of(configuration.directory))


def when_dead(configured: Callable[[], Configured], clock: Clock) -> OnDead:
    """What happens when a write cannot be delivered: its promotion shows it, and people are told."""

    def dead(uow: UnitOfWork, effect: Effect, error: BridgeError) -> None:
        blocked(uow, effect, error)
        tell_dead_letter(uow, configured(), effect, error, clock.now())

    return dead


def tell_people(
    store: Store, tracker: ProjectTracker, configured: Configured, due_times: DueTimes, clock: Clock
) -> int:
    """Escalates clocks that ran out and, every hour, reminds people of their projects; how many messages are new.

    Raises RemoteUnavailable when Redmine cannot tell its tasks; what ran out is told all the same.
    """
    with store.transaction() as uow:
        new = tell_happenings(uow, configured, clock.now())
    with store.reading() as uow:
        late = is_due(uow, configured, due_times, clock.now())
    if late:
        with store.transaction() as uow:
            new += escalate(uow, configured, due_times, clock.now())
    if configured.notices.reminders.on and refresh(store, tracker, clock, REMIND_EVERY):
        with store.transaction() as uow:
            new += remind(uow, configured, clock.now())
    return new
