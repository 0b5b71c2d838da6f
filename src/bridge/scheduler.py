"""APScheduler wakes jobs, nothing else."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import structlog
from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler

from bridge.model.errors import BridgeError

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Job:
    """Something to be done every `seconds`, never twice at the same time; the first time at once."""

    name: str
    seconds: float
    run: Callable[[], object]


def run_jobs(jobs: Sequence[Job], stop: threading.Event) -> None:
    """Runs jobs in threads of their own until `stop` is set; an error in one is told and its next turn comes."""
    scheduler = BackgroundScheduler(
        executors={"default": ThreadPoolExecutor(max_workers=len(jobs))},
        job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None},
        timezone=UTC,
    )
    for job in jobs:
        scheduler.add_job(_guarded(job), "interval", seconds=job.seconds, id=job.name, next_run_time=datetime.now(UTC))
    scheduler.start()
    try:
        stop.wait()
    finally:
        scheduler.shutdown(wait=False)


def _guarded(job: Job) -> Callable[[], None]:
    def guarded() -> None:
        try:
            job.run()
        except BridgeError as error:
            log.warning("not now, nothing is lost", job=job.name, error=str(error))
        except Exception:
            log.exception("a fault in the bridge, nothing is lost; please report it", job=job.name)

    return guarded
