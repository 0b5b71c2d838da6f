"""`backfill`: builds history, here or in the running daemon, with a bar that shows how far it is."""

from __future__ import annotations

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

from bridge.app import App
from bridge.cli.common import DEFAULT_CONFIG, ConfigOption, JsonOption, change, in_order, open_app
from bridge.cli.output import errors, print_json, print_table, say

LEFT_TO_POLLS = (
    "left to the daemon's polls, which decide about such incidents. What was there before its first poll comes with "
    "a backfill a few minutes later."
)
Day = Annotated[
    datetime | None, typer.Option(formats=["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S"], help="UTC; the end is not included.")
]


def backfill(
    since: Annotated[datetime, typer.Option(formats=["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S"], help="UTC.")],
    until: Day = None,
    source: Annotated[list[str] | None, typer.Option(help="Only these sources; may be repeated.")] = None,
    propose: Annotated[bool, typer.Option("--propose", help="Store what the rules find as candidates.")] = False,
    config: ConfigOption = DEFAULT_CONFIG,
    as_json: JsonOption = False,
) -> None:
    """Builds history: reads past incidents, writes nothing remotely and notifies nobody. Goes on where it stopped."""
    in_order(since, until)
    args = {
        "since": since.replace(tzinfo=UTC).isoformat(),
        "until": until.replace(tzinfo=UTC).isoformat() if until else None,
        "sources": source or [],
        "propose": propose,
    }
    with open_app(config) as app, _bar() as bar:
        _known_sources(app, source or [])
        result = change(app, "backfill", args, Shown(bar))
    if as_json:
        print_json("bridge/backfill/1", **result)
        return
    for name, done in result["sources"].items():
        say(f"{name}: {done['incidents']} incident(s) read, {done['changed']} new or changed, {done['parked']} parked.")
        if done["left_to_polls"]:
            say(f"{done['left_to_polls']} more changed a moment ago: {LEFT_TO_POLLS}")
    print_table(
        ("rule", "group", "why"),
        [(found["rule"], found["group"], "; ".join(found["why"])) for found in result["proposals"]],
        empty="The rules propose nothing.",
    )


class Shown:
    """Shows how far a backfill is, whoever carries it out; a bar for each source."""

    def __init__(self, bar: Progress) -> None:
        self._bar = bar
        self._tasks: dict[str, TaskID] = {}

    def __call__(self, progress: Mapping[str, Any]) -> None:
        """Moves the bar of the source on."""
        name, total = progress["source"], progress["total"]
        if name not in self._tasks:
            self._tasks[name] = self._bar.add_task(name, total=total)
        self._bar.update(self._tasks[name], completed=progress["incidents"], total=total)


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
