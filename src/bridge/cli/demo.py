"""`demo`: five weeks of operations in fast time, on the built-in sandbox, with a real bridge in between."""

from __future__ import annotations

import os
import shutil
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape

from bridge.app import App
from bridge.cli.common import FINDINGS, JsonOption
from bridge.cli.demo_facts import Run, gather
from bridge.cli.demo_tables import print_facts
from bridge.cli.demo_telling import Teller, Watched
from bridge.cli.output import console, errors, print_json
from bridge.configuration import load
from bridge.log import configure_logging
from bridge.model.errors import NotPossible
from bridge.model.promotion import WAITING
from bridge.sandbox import Sandbox
from bridge.sandbox.story import BEGIN, Decision, StoryError, play
from bridge.shipped import shipped

PACE = 0.25
"""Seconds between two events when a person is watching."""
FILE_WIDTH = 120
"""Columns where the narration goes into a file or a pipe."""
_OWN_VARIABLES = "BRIDGE_"


def demo(
    end: Annotated[bool, typer.Option("--exit", help="End after the story instead of serving until Ctrl-C.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Plays five weeks in about half a minute on a built-in Redmine and incident system; nothing else is touched."""
    for number in (signal.SIGINT, signal.SIGTERM):  # SIGINT too: a shell may have started us with it ignored
        signal.signal(number, signal.default_int_handler)
    told = errors if as_json else console
    if not told.is_terminal:
        told.width = FILE_WIDTH
    _forget_environment(told)
    with Sandbox(clock_start=BEGIN) as sandbox, _configuration(sandbox) as config:
        teller = Teller(told, PACE if told.is_terminal and not end else 0)
        try:
            facts = _play(sandbox, config, teller)
        except StoryError as error:
            raise NotPossible("demo", f"the story cannot go on: {error}.", "Please report this.") from error
        if as_json:
            print_json("bridge/demo/1", **facts)
            sys.stdout.flush()
        else:
            print_facts(told, facts)
        if not end:
            _serve(sandbox, config, told)
    if facts["queue"]["dead"] or facts["story"]["failures"]:
        raise typer.Exit(FINDINGS)


def _forget_environment(told: Console) -> None:
    """What is set for a real bridge must not lead the demo to a real server."""
    names = [name for name in os.environ if name.upper().startswith(_OWN_VARIABLES)]
    for name in names:
        del os.environ[name]
    if names:
        told.print(escape(f"The demo ignores {', '.join(sorted(names))} of the environment."))


@contextmanager
def _configuration(sandbox: Sandbox) -> Iterator[Path]:
    """The settings file of a copy of config/demo with this sandbox's addresses and keys."""
    with tempfile.TemporaryDirectory(prefix="itsm-bridge-demo-") as folder:
        copy = Path(folder) / "config"
        shutil.copytree(shipped("demo"), copy)
        path = copy / "bridge.yaml"
        text = path.read_text(encoding="utf-8")
        for written, real in (
            ("http://127.0.0.1:8081", sandbox.redmine.url),
            ("http://127.0.0.1:8082", sandbox.itsm.url),
            ("sandbox-redmine-key", sandbox.redmine.key("itsm-sync")),
            ("sandbox-itsm-token", sandbox.itsm.token("bridge")),
        ):
            if written not in text:
                raise NotPossible("demo", f"{written} is not in {shipped('demo', 'bridge.yaml')}.", "Restore the file.")
            text = text.replace(written, real)
        path.write_text(text, encoding="utf-8")
        yield path


def _play(sandbox: Sandbox, config: Path, teller: Teller) -> dict[str, Any]:
    began = time.monotonic()
    configuration = load(config)
    log = configuration.settings.log
    configure_logging(log.level, log.format)
    watched, run = Watched(sandbox), Run()
    with App(configuration, boundary=watched.boundary) as app, app.database.lock():
        teller.begin(sandbox, app)
        run.add(app.once())
        for event in play(sandbox):
            teller.event(event)
            teller.before(app)
            if event.decision:
                _decide(app, event.who, event.decision)
            cycle = app.once()
            run.add(cycle)
            teller.after(app, event, cycle, watched)
        return gather(app, sandbox, run, time.monotonic() - began)


def _decide(app: App, who: str, decision: Decision) -> None:
    """What `promotions approve` and `reject` do, as the same command."""
    with app.database.reading() as uow:
        (promotion,) = [p for p in uow.promotions.in_states(WAITING) if decision.name in p.name]
    args: dict[str, Any] = {"promotion": promotion.id, "actor": who.lower(), "reason": decision.reason}
    if decision.verb == "approve":
        args["form"] = {"objective": decision.reason}
    app.perform(decision.verb, args)


def _serve(sandbox: Sandbox, config: Path, told: Console) -> None:
    """Keeps the sandbox up, its clock running on from the end of the story, until Ctrl-C."""
    sandbox.clock.tick()
    program = sys.argv[0] if shutil.which("itsm-bridge") is None else "itsm-bridge"
    told.print(
        "\nThe sandbox keeps running until [bold]Ctrl-C[/]. In another terminal you can ask the bridge, for example:"
    )
    for command in ("promotions list", "links list", "queue stats", "check", "once --dry-run"):
        told.print(escape(f"  {program} {command} -c {config}"))
    with suppress(KeyboardInterrupt):
        threading.Event().wait()
