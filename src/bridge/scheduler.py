"""APScheduler wakes use cases, nothing else."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime

import structlog
from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler

from bridge.app import App, Cycle
from bridge.model.errors import BridgeError

log = structlog.get_logger()

COMMAND_SECONDS = 1
RELOAD_SECONDS = 5
TICK_SECONDS = 60


def run(app: App, stop: threading.Event) -> None:
    """Polls, decides and delivers until `stop` is set; then finishes what is running, within ten seconds.

    The caller holds the store's lock.
    """
    engine = app.engine()
    app.database.on_enqueued(engine.wake)
    with app.database.transaction() as uow:
        uow.commands.lose_running()
    scheduler = _scheduler(app, engine.wake)
    worker = threading.Thread(target=engine.run, args=(stop,), name="delivery")
    worker.start()
    scheduler.start()
    log.info("the bridge is running", sources=sorted(app.sources), tracker=app.configuration.settings.redmine.url)
    try:
        stop.wait()
    finally:
        stop.set()
        scheduler.shutdown(wait=False)
        worker.join(timeout=10)
        log.info("the bridge has stopped; what was not delivered is stored and goes on at the next start")


def _scheduler(app: App, wake: Callable[[], None]) -> BackgroundScheduler:
    settings = app.configuration.settings
    scheduler = BackgroundScheduler(
        executors={"default": ThreadPoolExecutor(max_workers=4 + len(app.sources))},
        job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None},
        timezone="UTC",
    )

    def every(seconds: float, job: Callable[[], object], name: str) -> None:
        scheduler.add_job(
            _guarded(job, name), "interval", seconds=seconds, id=name, next_run_time=datetime.now().astimezone()
        )

    for source in app.sources.values():
        every(settings.poll_seconds, lambda source=source: app.poll_source(source, Cycle()), f"poll {source.name}")
    every(settings.poll_seconds, lambda: app.poll_tracker(Cycle()), "poll redmine")
    every(min(TICK_SECONDS, settings.poll_seconds), app.tick, "tick")
    every(COMMAND_SECONDS, lambda: app.perform_waiting(wake), "commands")
    every(RELOAD_SECONDS, app.reload_changed, "reload")
    return scheduler


def _guarded(job: Callable[[], object], name: str) -> Callable[[], None]:
    """The job, so that an error in it is told and the next turn comes all the same."""

    def guarded() -> None:
        try:
            job()
        except BridgeError as error:
            log.warning("postponed, nothing is lost", job=name, error=str(error))
        except Exception:
            log.exception("a fault in the bridge, nothing is lost; please report it", job=name)

    return guarded


