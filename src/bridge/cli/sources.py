"""`sources`: which are exchanged with, and which were stopped and wait for a person."""

from __future__ import annotations

from typing import Annotated

import typer

from bridge.app import Use
from bridge.cli.common import DEFAULT_CONFIG, FINDINGS, ConfigOption, JsonOption, actor, change, open_app
from bridge.cli.output import print_json, print_table, say
from bridge.usecases.policy import TRACKER_ENDPOINT

commands = typer.Typer(no_args_is_help=True, help="The systems that the bridge exchanges with.")


@commands.command("list")
def list_sources(config: ConfigOption = DEFAULT_CONFIG, as_json: JsonOption = False) -> None:
    """Lists the sources and Redmine. Exit code 1 when one is stopped."""
    with open_app(config, Use.READ) as app, app.database.reading() as uow:
        stops = {stop.system: stop for stop in uow.stops.all()}
        names = [
            *sorted(app.sources),
            TRACKER_ENDPOINT,
            *sorted(stops.keys() - app.sources.keys() - {TRACKER_ENDPOINT}),
        ]
    rows = [
        {
            "source": name,
            "stopped_at": stops[name].at if name in stops else None,
            "code": stops[name].code if name in stops else "",
            "why": stops[name].why if name in stops else "",
        }
        for name in names
    ]
    if as_json:
        print_json("bridge/sources/1", sources=rows)
    else:
        columns = ("source", "stopped_at", "code", "why")
        print_table(columns, [[row[c] for c in columns] for row in rows], empty="No source.")
    if stops:
        raise typer.Exit(FINDINGS)


@commands.command()
def resume(
    name: Annotated[str, typer.Argument(help="The source's name, or redmine.")],
    reason: Annotated[str, typer.Option(help="What was found, for the audit trail.")],
    config: ConfigOption = DEFAULT_CONFIG,
    as_json: JsonOption = False,
) -> None:
    """Exchanges with a stopped system again. What it shows now is taken for granted for a day."""
    with open_app(config) as app:
        result = change(app, "resume", {"source": name, "actor": actor(), "reason": reason})
    if as_json:
        print_json("bridge/resume/1", **result)
    else:
        say(f"{result['source']} is exchanged with again. It was stopped because {result['was']}")
