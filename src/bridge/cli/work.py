"""The commands that do the work: `run`, `once`, `backfill`, `check`."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Any

import typer
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    Task,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
)
from rich.text import Text

from bridge import daemon
from bridge.app import App, Cycle
from bridge.cli.common import (
    DEFAULT_CONFIG,
    FINDINGS,
    FINE,
    UNREACHABLE,
    USAGE,
    ConfigOption,
    JsonOption,
    ask_daemon,
    open_app,
)
from bridge.cli.output import complain, errors, print_json, print_table, say
from bridge.configuration import load_with_warnings
from bridge.model.errors import Problem, StoreLocked
from bridge.usecases.backfill import Progress as Done
from bridge.usecases.promote import Finding

Day = Annotated[
    datetime | None, typer.Option(formats=["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S"], help="UTC; the end is not included.")
]


def run(config: ConfigOption = DEFAULT_CONFIG) -> None:
    """Runs the daemon: polls both sides, decides, delivers, until SIGTERM or Ctrl-C."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    with open_app(config) as app, app.database.lock():
        daemon.run(app, stop)
        # A poll that is under way would keep the process for as long as it takes; what it read is read again.
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(FINE)


def once(
    config: ConfigOption = DEFAULT_CONFIG,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Read, decide, print what would be written, and write nothing.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Polls both sides, decides, and delivers until nothing is left."""
    with open_app(config) as app:
        if dry_run:
            _print_rehearsal(app, as_json=as_json)
            return
        try:
            with app.database.lock():
                result: Mapping[str, Any] = app.once().summary()
        except StoreLocked:
            result = ask_daemon(app, "once", {}, patience=600)
    _print_cycle(result, as_json=as_json)


def _print_rehearsal(app: App, *, as_json: bool) -> None:
    effects, cycle = app.rehearse()
    rows = [{"kind": e.kind, "key": e.key, "endpoint": e.endpoint, "payload": dict(e.payload)} for e in effects]
    if as_json:
        print_json("bridge/dry-run/1", effects=rows, **cycle.summary())
    else:
        print_table(
            ("kind", "key", "what"),
            [(e.kind, e.key, _short(e.payload)) for e in effects],
            empty="Nothing would be written.",
        )
    _exit(cycle)


def _short(payload: Mapping[str, Any]) -> str:
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
        say(f"{delivered['done']} write(s) done, {delivered['retry']} to be tried again, {delivered['dead']} dead.")
        if delivered["dead"]:
            say("What is dead needs a person: `queue dead` says why.")
        for system, error in result["failures"].items():
            complain(f"{system}: {error}")
    if result["failures"]:
        raise typer.Exit(UNREACHABLE)
    if result["delivered"]["dead"]:
        raise typer.Exit(FINDINGS)


def _exit(cycle: Cycle) -> None:
    if cycle.failures:
        raise typer.Exit(UNREACHABLE)


def backfill(
    since: Annotated[datetime, typer.Option(formats=["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S"], help="UTC.")],
    until: Day = None,
    source: Annotated[list[str] | None, typer.Option(help="Only these sources; may be repeated.")] = None,
    propose: Annotated[bool, typer.Option("--propose", help="Store what the rules find as candidates.")] = False,
    config: ConfigOption = DEFAULT_CONFIG,
    as_json: JsonOption = False,
) -> None:
    """Builds history: reads past incidents, writes nothing remotely and notifies nobody. Goes on where it stopped."""
    start = since.replace(tzinfo=UTC)
    end = until.replace(tzinfo=UTC) if until else None
    with open_app(config) as app, app.database.lock(), _bar() as bar:
        _known_sources(app, source or [])
        tasks: dict[str, TaskID] = {}

        def told(name: str, done: Done) -> None:
            if name not in tasks:
                tasks[name] = bar.add_task(name, total=done.total)
            bar.update(tasks[name], completed=done.incidents, total=done.total)

        result, findings = app.backfill(start, end, source, told, store=propose)
    if as_json:
        print_json("bridge/backfill/1", sources=result, proposals=[_finding(f) for f in findings], stored=propose)
        return
    for name, done in result.items():
        say(f"{name}: {done['incidents']} incident(s) read, {done['changed']} new or changed, {done['parked']} parked.")
    print_table(
        ("rule", "group", "why"),
        [(f.rule.id, f.label, "; ".join(f.decision.reasons_met())) for f in findings],
        empty="The rules propose nothing.",
    )


def _known_sources(app: App, names: list[str]) -> None:
    for name in names:
        if name not in app.sources:
            there = ", ".join(sorted(app.sources))
            raise typer.BadParameter(f"there is no source “{name}”; there is: {there}", param_hint="--source")


def _bar() -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        RateColumn(),
        TimeRemainingColumn(),
        console=errors,
        transient=True,
    )


class RateColumn(ProgressColumn):
    """Incidents per second."""

    def render(self, task: Task) -> Text:
        """The rate so far, empty before there is one."""
        return Text(f"{task.speed:,.0f}/s" if task.speed else "")


def _finding(finding: Finding) -> dict[str, Any]:
    return {"rule": finding.rule.id, "group": finding.label, "why": finding.decision.reasons_met()}


def check(
    config: ConfigOption = DEFAULT_CONFIG,
    offline: Annotated[bool, typer.Option("--offline", help="Only the files, no connection.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Checks every file and every connection without writing anything.

    Exit code 1 when something is wrong, 2 when it is in a file, 3 when a system cannot be reached.
    """
    configuration, problems = load_with_warnings(config)
    if configuration is not None and not offline:
        with open_app(config) as app:
            problems = [*problems, *app.check()]
    _print_problems(problems, as_json=as_json)
    if configuration is None:
        raise typer.Exit(USAGE)
    if any(problem.unreachable for problem in problems):
        raise typer.Exit(UNREACHABLE)
    if any(problem.severity == "error" for problem in problems):
        raise typer.Exit(FINDINGS)


def _print_problems(problems: list[Problem], *, as_json: bool) -> None:
    if as_json:
        rows = [{"severity": p.severity, "where": p.where, "what": p.what, "advice": p.advice} for p in problems]
        print_json("bridge/check/1", problems=rows)
    else:
        for problem in problems:
            say(f"{problem.severity}: {problem}")
        if not problems:
            say("All is well.")
