"""The sandbox as a program that runs until it is ended."""

from __future__ import annotations

import argparse
import signal
import sys
import threading
from collections.abc import Callable
from datetime import datetime

from bridge.sandbox.redmine.app import VERSIONS
from bridge.sandbox.sandbox import Sandbox


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def serve(
    host: str = "127.0.0.1",
    redmine_port: int = 0,
    itsm_port: int = 0,
    *,
    redmine_version: str = "5.0",
    clock_start: datetime | None = None,
    say: Callable[[str], None] = _say,
) -> None:
    """Serves until SIGINT or SIGTERM. `say` gets one line per address and key. Call it in the main thread."""
    ended = threading.Event()
    for name in (signal.SIGINT, signal.SIGTERM):
        signal.signal(name, lambda *_: ended.set())
    made = Sandbox(redmine_version, clock_start, host=host, redmine_port=redmine_port, itsm_port=itsm_port)
    with made as sandbox:
        say(f"REDMINE_URL={sandbox.redmine.url}")
        say(f"REDMINE_API_KEY={sandbox.redmine.key('itsm-sync')}")
        say(f"REDMINE_ADMIN_KEY={sandbox.redmine.key('admin')}")
        say(f"ITSM_URL={sandbox.itsm.url}")
        say(f"ITSM_TOKEN={sandbox.itsm.token('bridge')}")
        ended.wait()


def main(arguments: list[str] | None = None) -> None:
    """Redmine and the incident system of the sandbox, until Ctrl-C."""
    parser = argparse.ArgumentParser(prog="python -m bridge.sandbox", description=main.__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--redmine-port", type=int, default=0, help="0 picks a free one")
    parser.add_argument("--itsm-port", type=int, default=0, help="0 picks a free one")
    parser.add_argument("--redmine-version", default="5.0", choices=VERSIONS, help="the version played")
    parser.add_argument("--clock", type=datetime.fromisoformat, help="freeze the clock here, e.g. 2026-11-20T08:00:00Z")
    chosen = parser.parse_args(arguments)
    serve(
        chosen.host,
        chosen.redmine_port,
        chosen.itsm_port,
        redmine_version=chosen.redmine_version,
        clock_start=chosen.clock,
    )
