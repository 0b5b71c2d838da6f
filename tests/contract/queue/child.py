"""A process that delivers and can be told where to die. Started by test_queue_kill.py.

Arguments: the store's address, the file that plays the remote system, and `boundary` or `handler`, `unique` of the
effect at which it kills itself (or `-`). Each line of the file is one write: unique, attempt, unsure.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path

from bridge.clock import SystemClock
from bridge.model.effect import Effect
from bridge.ports import UnitOfWork
from bridge.queue.embedded import EmbeddedEngine
from bridge.store.database import Database


def die() -> None:
    """As if the power went."""
    os.kill(os.getpid(), signal.SIGKILL)


def main(url: str, remote: Path, point: str, unique: str) -> None:
    """Delivers everything that is due and prints the summary."""

    def handler(effect: Effect) -> Callable[[UnitOfWork], None]:
        written = remote.read_text().splitlines() if effect.unsure else []
        if not any(json.loads(line)["unique"] == effect.unique for line in written):
            if (point, unique) == ("before", effect.unique):
                die()
            with remote.open("a") as file:
                file.write(
                    json.dumps({"unique": effect.unique, "attempt": effect.attempt, "unsure": effect.unsure}) + "\n"
                )
            if (point, unique) == ("after", effect.unique):
                die()
        return lambda uow: uow.own_writes.add("remote", "note", effect.unique)

    def boundary(name: str, effect: Effect) -> None:
        if (name, effect.unique) == (point, unique):
            die()

    database = Database.open(url, SystemClock())
    with database.lock():
        engine = EmbeddedEngine(database, {"note": handler}, SystemClock(), workers=2, boundary=boundary)
        summary = engine.run_until_idle(deadline=60)
        engine.close()
    database.close()
    print(summary.done, summary.retry, summary.dead, summary.waiting)


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), sys.argv[3], sys.argv[4])
