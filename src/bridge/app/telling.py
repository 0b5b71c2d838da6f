"""Telling people: how fast each system may be written to."""

from __future__ import annotations

from bridge.queue.limits import Limit
from bridge.settings import Settings
from bridge.usecases.notices import endpoint_of
from bridge.usecases.policy import TRACKER_ENDPOINT

SECONDS = 60.0


def limits(settings: Settings) -> dict[str, Limit]:
    """The rate limit of each endpoint that has one: Redmine's where it is set, and every channel's own."""
    rate = settings.redmine.requests_per_second
    found = {TRACKER_ENDPOINT: Limit(rate, max(1, int(rate)))} if rate else {}
    for name, options in settings.notify.channels.items():
        found[endpoint_of(name)] = Limit(options.per_minute / SECONDS, max(1, int(options.per_minute / 4)))
    return found
