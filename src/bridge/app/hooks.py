"""Hooks in the daemon: received, followed, measured; and how often is polled while they work."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from datetime import timedelta

import structlog

from bridge.app.app import App
from bridge.app.cycle import Cycle
from bridge.clock import SystemClock
from bridge.model.coverage import Coverage
from bridge.model.errors import BridgeError
from bridge.model.hint import HintEnd
from bridge.settings.hooks import HookSettings, RedmineHooks
from bridge.usecases.coverage import Meter, Trust, silence
from bridge.usecases.hints import Followed
from bridge.usecases.policy import TRACKER_ENDPOINT
from bridge.web.formats import Sender, Way
from bridge.web.metrics import Metrics, Moment
from bridge.web.receiver import REDMINE, Receiver
from bridge.web.server import Server
from bridge.web.writer import GroupWriter

log = structlog.get_logger()

BATCH = 200
AT_ONCE, SOON, LATER = 0.0, 0.2, 1.0


class Hooks:
    """Everything in a running daemon that has to do with hooks. Listens from its making on.

    `unready` says what keeps the daemon from working. Raises ConfigurationError when it cannot listen.
    """

    def __init__(self, app: App, settings: HookSettings, unready: Callable[[], list[str]]) -> None:
        self._app = app
        self._settings = settings
        self._trust = Trust(settings.trust_after, settings.silent_after)
        self._meter = Meter(app.database, timedelta(seconds=settings.grace_seconds))
        self._metering = threading.Lock()
        with app.database.reading() as uow:
            self._coverage: dict[str, Coverage] = dict(uow.inbox.coverage())
        senders = {name or REDMINE: found for name, found in _senders(settings).items()}
        self.systems = tuple(sender.system for sender in senders.values())
        self._woken = {system: threading.Event() for system in self.systems}
        self._polled_at: dict[str, float] = {}
        self._hurried: set[str] = set()
        self._metrics = Metrics(self._figures)
        self._writer = GroupWriter(app.database, app.clock, settings.queue, self.wake)
        # Signatures carry the real time, also where a sandbox's clock stands for it elsewhere.
        self._unready = unready
        receiver = Receiver(senders, settings.max_body, self._writer, self._metrics, SystemClock(), self._missing)
        self._server = Server(receiver.application(), self._writer, settings.address)

    def start(self, stop: threading.Event) -> None:
        """Answers and follows from now on, until `stop` is set."""
        self._server.start()
        for system in self.systems:
            threading.Thread(target=self._run, args=(system, stop), name=f"hooks {system}", daemon=True).start()

    def stop(self) -> None:
        """Answers no more; what was accepted is on disk."""
        self._server.stop()
        self.wake()

    def wake(self) -> None:
        """Has stored hints looked at."""
        for event in self._woken.values():
            event.set()

    def _run(self, system: str, stop: threading.Event) -> None:
        seconds = AT_ONCE
        while not stop.is_set():
            self._woken[system].wait(seconds)
            self._woken[system].clear()
            try:
                seconds = self._follow(system)
            except BridgeError as error:
                log.warning("hooks could not be followed; the poll brings what they told", error=str(error))
                seconds = LATER
            except Exception as error:
                log.exception("hooks could not be followed; the poll brings what they told", error=str(error))
                seconds = LATER

    def _follow(self, system: str) -> float:
        """Looks at what hooks of a system point at; how many seconds until it should be done again at the latest."""
        with self._app.database.reading() as uow:
            hints = uow.inbox.waiting(system, BATCH)
            stopped = uow.stops.of(system)
        if not hints or stopped is not None:
            return LATER
        followed = self._app.follow(system, hints)
        self._tell(system, followed)
        if followed.waiting:
            return SOON
        return AT_ONCE if len(hints) == BATCH else LATER

    def is_due(self, system: str) -> bool:
        """Whether a system is to be polled: at every turn, seldom while its changes come by hook."""
        last = self._polled_at.get(system)
        if last is None or system in self._hurried:
            return True
        # half a turn early rather than a whole one late
        return time.monotonic() - last >= self._interval(system) - self._app.configuration.settings.poll_seconds / 2

    def polled(self, system: str, cycle: Cycle, seconds: float) -> None:
        """A poll has ended."""
        self._polled_at[system] = time.monotonic()
        self._hurried.discard(system)
        self._metrics.poll(system, seconds, time.time(), failed=system in cycle.failures)
        if system in self.systems:
            with self._metering:
                self._meter.polled(system, cycle.told, self._app.clock.now())

    def judge(self) -> None:
        """Counts which of the changes that polls told came by hook; tells when a system's hooks went silent."""
        with self._metering:
            judged = self._meter.judge(self._app.clock.now())
        for system, coverage in judged.items():
            before = self._coverage.get(system, Coverage(system))
            self._coverage[system] = coverage
            if self._trust.is_silent(coverage) and not self._trust.is_silent(before):
                log.warning(silence(coverage), system=system)
            elif self._trust.is_silent(before) and not self._trust.is_silent(coverage):
                log.info("hooks come again", system=system)

    def forget(self) -> None:
        """Removes hooks that are too old to be sent again."""
        with self._app.database.transaction() as uow:
            uow.inbox.forget(self._app.clock.now() - self._settings.keep)

    def _missing(self) -> list[str]:
        """What keeps the bridge from working; hooks that cannot be stored are part of it."""
        return self._unready() + ([] if self._writer.is_alive else ["no hook can be stored"])

    def _tell(self, system: str, followed: Followed) -> None:
        counts = {end: list(followed.ends.values()).count(end) for end in HintEnd}
        for end, count in counts.items():
            if count:
                self._metrics.hints(system, end, count)
        if followed.error is not None:
            log.warning("what a hook told of could not be read; the poll brings it", error=str(followed.error))
        intake = bool(self._app.configuration.settings.redmine.intake_project)
        missed = counts[HintEnd.UNREADABLE] + (counts[HintEnd.UNKNOWN] if system != TRACKER_ENDPOINT or intake else 0)
        if missed:
            self._hurried.add(system)

    def _interval(self, system: str) -> float:
        usual = self._app.configuration.settings.poll_seconds
        coverage = self._coverage.get(system)
        if coverage is None or system not in self.systems or not self._trust.is_trusted(coverage):
            return usual
        return max(usual, self._settings.poll_seconds)

    def _figures(self) -> Moment:
        now, stats = self._app.clock.now(), self._app.engine().stats()
        with self._app.database.reading() as uow:
            states = [str(promotion.state) for promotion in uow.promotions.in_states()]
            unread = uow.inbox.depth()
        known = {system: self._coverage.get(system, Coverage(system)) for system in self.systems}
        return Moment(
            effects={"ready": stats.ready, "running": stats.running, "dead": stats.dead},
            oldest_effect_seconds=(now - stats.oldest_due).total_seconds() if stats.oldest_due else 0.0,
            promotions={state: states.count(state) for state in set(states)},
            hooks_to_commit=self._writer.depth(),
            hooks_to_read=unread,
            duplicates=dict(self._writer.duplicates),
            heard={system: coverage.heard for system, coverage in known.items()},
            missed={system: coverage.missed for system, coverage in known.items()},
            silent={system: self._trust.is_silent(coverage) for system, coverage in known.items()},
            intervals={system: self._interval(system) for system in (*self._app.sources, TRACKER_ENDPOINT)},
        )


def _senders(settings: HookSettings) -> Mapping[str, Sender]:
    """Everybody who may send, by the source's name, "" for Redmine."""
    found = {}
    for where, name, entry in settings.senders():
        way = Way.SOURCE
        if isinstance(entry, RedmineHooks):
            way = Way.REDMINE if entry.format == "redmine" else Way.PLUGIN
        system = name or TRACKER_ENDPOINT
        found[name] = Sender(system, way, entry.secrets(where), settings.window, settings.keep)
    return found
