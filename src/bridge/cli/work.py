"""The commands that do the work: `run` and `once`."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from bridge import daemon
from bridge.app import Planned, Use
from bridge.cli.common import (
    DEFAULT_CONFIG,
    FINDINGS,
    FINE,
    UNREACHABLE,
    ConfigOption,
    JsonOption,
    ask_daemon,
    open_app,
)
from bridge.cli.output import complain, print_json, print_table, say
from bridge.model.errors import StoreLocked
from bridge.store.locks import LockLost


def run(config: ConfigOption = DEFAULT_CONFIG) -> None:
    """Runs the daemon: polls both sides, decides, delivers, until SIGTERM or Ctrl-C."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    code = FINE
    with open_app(config) as app, app.database.lock() as lock:
        try:
            daemon.run(app, stop, lock)
        except LockLost as error:
            complain(str(error))
            code = UNREACHABLE
        # A poll that is under way would keep the process for as long as it takes; what it read is read again.
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def once(
    config: ConfigOption = DEFAULT_CONFIG,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Read, decide, print what would be written, and write nothing.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Polls both sides, decides, and delivers until nothing is left."""
    if dry_run:
        _rehearse(config, as_json=as_json)
        return
    with open_app(config) as app:
        try:
            with app.database.lock():
                result: Mapping[str, Any] = app.once().summary()
        except StoreLocked:
            result = ask_daemon(app, "once", {}, patience=600)
    _print_cycle(result, as_json=as_json)


def _rehearse(config: Path, *, as_json: bool) -> None:
    with open_app(config, Use.COPY) as app:
        planned, cycle = app.rehearse()
    if as_json:
        rows = [
            {
                "kind": one.effect.kind,
                "key": one.effect.key,
                "endpoint": one.effect.endpoint,
                "about": one.about,
                "payload": dict(one.effect.payload),
            }
            for one in planned
        ]
        print_json("bridge/dry-run/1", effects=rows, **cycle.summary())
    else:
        nothing = "Nothing would be written"
        print_table(
            ("kind", "about", "what"),
            [(one.effect.kind, one.about, _short(one)) for one in planned],
            empty=f"{nothing} as far as the systems that answered tell." if cycle.failures else f"{nothing}.",
        )
        for system, error in cycle.failures.items():
            complain(f"{system} could not be asked; what it would lead to is missing here: {error}")
    if cycle.failures:
        raise typer.Exit(UNREACHABLE)


def _short(planned: Planned) -> str:
    payload = {name: value for name, value in planned.effect.payload.items() if name not in {"link", "promotion"}}
    return ", ".join(f"{name}={str(value)[:60]!r}" for name, value in payload.items())


def _print_cycle(result: Mapping[str, Any], *, as_json: bool) -> None:
    if as_json:
        print_json("bridge/once/1", **result)
    else:
        delivered = result["delivered"]
        say(
            f"{result['incidents']} incident(s) and {result['issues']} issue(s) of ours changed, "
            f"{result['parked']} item(s) parked."
        )
        for decision in result["findings"]:
            say(f"{decision['rule']}: {decision['group']}: {decision['decision']}")
        for candidate in result["nominated"]:
            say(f"nominated: {candidate['name']}: candidate {candidate['promotion']}, because {candidate['reason']}")
        say(f"{delivered['done']} write(s) done, {delivered['retry']} to be tried again, {delivered['dead']} dead.")
        if delivered["dead"]:
            say("What is dead needs a person: `queue dead` says why.")
        for system, error in result["failures"].items():
            complain(f"{system}: {error}")
    if result["failures"]:
        raise typer.Exit(UNREACHABLE)
    if result["delivered"]["dead"]:
        raise typer.Exit(FINDINGS)
