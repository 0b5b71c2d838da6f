"""The daemon: polls both sides, decides and delivers until it is told to stop."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Collection, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

import structlog
from sqlalchemy.exc import SQLAlchemyError

from bridge.app import App, Cycle
from bridge.app.drifting import compared, quietly
from bridge.app.hook_service import open_hooks
from bridge.app.publishing import turn
from bridge.app.service_manager import ServiceManager, Vigil
from bridge.model.errors import BridgeError, WrongArgument
from bridge.queue.contract import Stats
from bridge.queue.embedded import EmbeddedEngine
from bridge.scheduler import Job, run_jobs
from bridge.store.commands import Command
from bridge.store.locks import Held, LockLost
from bridge.usecases.policy import TRACKER_ENDPOINT

if TYPE_CHECKING:
    from bridge.app.hooks import Hooks

log = structlog.get_logger()

STOP_SECONDS = 8.0
"""How long a delivery under way may take to its end: with what else ends, the process is gone after ten seconds."""
COMMAND_SECONDS = 0.5
RELOAD_SECONDS = 5.0
TICK_SECONDS = 60.0
RESUME_SECONDS = 1.0
UNABLE_SECONDS = 10.0
LONGEST_REST = 3600.0
LOCK_SECONDS = 2.0
PROGRESS_SECONDS = 0.5
JUDGE_SECONDS = 1.0
FORGET_SECONDS = 3600.0
STATUS_SECONDS = 10.0
STATUS_CHARACTERS = 200
LONG_COMMANDS = frozenset({"backfill"})
"""Commands that take too long for others to wait behind them."""


def run(app: App, stop: threading.Event, lock: Held) -> None:
    """Works until `stop` is set; then finishes what is running, within ten seconds.

    The caller holds the store's lock. Raises LockLost, after the same end, when it is lost.
    """
    watch = Watch(lock, stop)
    with app.database.transaction() as uow:
        uow.commands.lose_running()
    app.activate(Cycle())
    engine = app.engine()
    delivery = threading.Thread(target=_deliver, args=(engine, stop), name="delivery", daemon=True)
    delivery.start()
    manager = ServiceManager(os.environ)
    vigil = Vigil(manager, engine.idle_seconds)
    hooks = open_hooks(app, lambda: _unready(app, stop, delivery) + vigil.stuck())
    if hooks is not None:
        hooks.start(stop)
    log.info("the bridge is running", sources=sorted(app.sources), tracker=app.configuration.settings.redmine.url)
    watches = [Job("lock", LOCK_SECONDS, watch.look), Job("signs of life", vigil.seconds, vigil.look)]
    if manager.listens:
        watches.append(Job("status", STATUS_SECONDS, lambda: manager.tell(STATUS=status(engine.stats()))))
    run_jobs([*_jobs(app, hooks), *watches], stop)
    manager.tell(STOPPING="1", STATUS="Stopping: what is being delivered is finished; the rest is stored.")
    engine.wake()
    if hooks is not None:
        hooks.stop()
    delivery.join(timeout=STOP_SECONDS)
    log.info("the bridge has stopped; what was not delivered is stored and goes on at the next start")
    if watch.lost is not None:
        raise watch.lost


def status(queue: Stats) -> str:
    """A line for an operator: how many writes wait, to which systems nothing is sent now, what needs a person."""
    said = [f"{queue.ready + queue.running} write(s) wait"]
    said += [
        f"{each.name} rests for {each.paused_for:.0f} s: {each.last_error[:STATUS_CHARACTERS]}"
        for each in queue.endpoints
        if each.paused_for
    ]
    if queue.dead:
        said.append(f"{queue.dead} need(s) a person: itsm-bridge queue dead")
    return "Running. " + "; ".join(said) + "."


class Watch:
    """Stops the daemon when its lock is gone, before a second one delivers the same."""

    def __init__(self, lock: Held, stop: threading.Event) -> None:
        self.lost: LockLost | None = None
        self._lock = lock
        self._stop = stop

    def look(self) -> None:
        """Looks whether the lock is still held."""
        if self._stop.is_set():
            return
        try:
            self._lock.require()
        except LockLost as error:
            self.lost = error
            log.critical("the lock on the store is lost: stopping", error=str(error))
            self._stop.set()


def _deliver(engine: EmbeddedEngine, stop: threading.Event) -> None:
    """Delivers until told to stop. What breaks the engine off (a locked or restarted database) must not end it."""
    while True:
        try:
            engine.run(stop)
        except BridgeError as error:
            log.warning("delivery was interrupted and goes on in ten seconds; nothing is lost", error=str(error))
            stop.wait(UNABLE_SECONDS)
        except Exception as error:
            log.exception("delivery was interrupted and goes on in a second; nothing is lost", error=str(error))
            stop.wait(RESUME_SECONDS)
        if stop.is_set():
            return


def _unready(app: App, stop: threading.Event, delivery: threading.Thread) -> list[str]:
    """What keeps the daemon from its work."""
    reasons = ["it is stopping"] if stop.is_set() else []
    reasons += [] if delivery.is_alive() else ["nothing is delivered"]
    try:
        with app.database.reading() as uow:
            uow.ledger.known_instance()
    except (SQLAlchemyError, BridgeError) as error:
        reasons.append(f"the store cannot be read: {error.__class__.__name__}")
    return reasons


def _jobs(app: App, hooks: Hooks | None) -> list[Job]:
    seconds, slow = app.configuration.settings.poll_seconds, app.configuration.settings.drift
    polls: list[tuple[str, Callable[[Cycle], None]]] = [(TRACKER_ENDPOINT, app.poll_tracker)]
    polls += [(source.name, partial(app.poll_source, source)) for source in app.sources.values()]
    more = [Job("hooks", JUDGE_SECONDS, hooks.judge), Job("old hooks", FORGET_SECONDS, hooks.forget)] if hooks else []
    return [
        *(_poll(name, seconds, poll, hooks) for name, poll in polls),
        *more,
        Job("drift", slow.every_seconds, lambda: quietly(lambda: compared(app))),
        Job("tick", min(TICK_SECONDS, seconds), lambda: app.tick(Cycle())),
        Job("people", TICK_SECONDS, lambda: app.tell(Cycle())),
        Job("commands", COMMAND_SECONDS, lambda: perform_waiting(app, but=LONG_COMMANDS)),
        Job("long commands", COMMAND_SECONDS, lambda: perform_waiting(app, only=LONG_COMMANDS)),
        Job("reports", TICK_SECONDS, lambda: turn(app)),
        Job("reload", RELOAD_SECONDS, app.reload_changed),
    ]


def _poll(system: str, seconds: float, poll: Callable[[Cycle], None], hooks: Hooks | None) -> Job:
    """A poll that leaves the system alone for as long as it asked when it was last polled (Retry-After).

    While its changes come by hook it is polled seldom.
    """
    rest_until = time.monotonic()

    def unless_it_rests() -> None:
        nonlocal rest_until
        if time.monotonic() < rest_until or (hooks is not None and not hooks.is_due(system)):
            return
        cycle, began = Cycle(), time.monotonic()
        poll(cycle)
        if hooks is not None:
            hooks.polled(system, cycle, time.monotonic() - began)
        error = cycle.failures.get(system)
        if error is not None and error.retry_after is not None:
            rest_until = time.monotonic() + min(error.retry_after, LONGEST_REST)

    return Job(f"poll {system}", seconds, unless_it_rests)


def perform_waiting(app: App, *, only: Collection[str] = (), but: Collection[str] = ()) -> None:
    """Carries out every command that a command line has left and still waits for; `only` and `but` are names."""
    while True:
        with app.database.transaction() as uow:
            command = uow.commands.take(only=only, but=but)
        if command is None:
            return
        try:
            result, failed = dict(_performed(app, command)), False
        except BridgeError as error:
            result, failed = {"error": str(error), "usage": isinstance(error, WrongArgument)}, True
        except Exception as error:
            log.exception("a fault in the bridge; please report it", command=command.name)
            result, failed = {"error": f"a fault in the bridge: {type(error).__name__}: {error}"}, True
        _finish(app, command, result, failed=failed)


def _finish(app: App, command: Command, result: dict[str, Any], *, failed: bool) -> None:
    """Ends the command's row whatever happens: nobody shall wait for an answer that never comes."""
    for last in (False, False, True):
        try:
            with app.database.transaction() as uow:
                uow.commands.finish(command.id, result, failed=failed)
        except Exception as error:
            tell = log.warning if isinstance(error, BridgeError) else log.exception
            tell("the result of a command could not be stored", command=command.name, error=str(error))
            if last:
                raise
            if not isinstance(error, (BridgeError, SQLAlchemyError)):  # the result itself cannot be stored
                what = "it was carried out" if not failed else "it failed"
                result = {"error": f"{what}, but its result cannot be shown: {type(error).__name__}: {error}"}
                failed = True
        else:
            return


def _performed(app: App, command: Command) -> Mapping[str, Any]:
    if command.name == "once":
        # The engine is running already: it delivers what this poll stores.
        return app.poll().summary()
    told = Progress(app, command.id)
    return app.perform(command.name, {**command.args, "beside_polls": True}, told)


class Progress:
    """Tells the command line how far its command is, at most every PROGRESS_SECONDS."""

    def __init__(self, app: App, command_id: int) -> None:
        self._app = app
        self._id = command_id
        self._next = time.monotonic()

    def __call__(self, progress: Any) -> None:
        """Stores it."""
        if time.monotonic() >= self._next:
            self._next = time.monotonic() + PROGRESS_SECONDS
            with self._app.database.transaction() as uow:
                uow.commands.tell(self._id, progress)
