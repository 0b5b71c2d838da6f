"""`resources`: who has more work than hours."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from bridge.app import Use
from bridge.cli.common import DEFAULT_CONFIG, FINDINGS, ConfigOption, JsonOption, change, open_app
from bridge.cli.output import print_json, say
from bridge.usecases.telling.load import as_plain, found_conflicts

commands = typer.Typer(no_args_is_help=True, help="People's and named resources' work in projects.")


@commands.command()
def conflicts(
    read: Annotated[bool, typer.Option("--read", help="Read the tasks from Redmine first.")] = False,
    config: ConfigOption = DEFAULT_CONFIG,
    as_json: JsonOption = False,
) -> None:
    """Lists who has more work within some days than hours, with ways out. Exit code 1 when anybody has.

    Tasks are as last read (every hour with notify.reminders.on).
    """
    with open_app(config, Use.CHANGE if read else Use.READ) as app:
        if read:
            change(app, "tasks", {})
        with app.database.reading() as uow:
            found = [as_plain(app.configured, one) for one in found_conflicts(uow, app.configured, app.clock.now())]
    if as_json:
        print_json("bridge/resource-conflicts/1", conflicts=found)
    else:
        for one in found:
            _print(one)
        if not found:
            say("Nobody has more work than hours.")
    if found:
        raise typer.Exit(FINDINGS)


def _print(one: dict[str, Any]) -> None:
    say(f"{one['who']}: {one['hours']} h of work from {one['start']} to {one['end']}, {one['capacity']} h to do it in")
    for task in one["tasks"]:
        say(f"  #{task['issue']} {task['subject']} ({task['project']}): {task['hours']} h, due {task['due']}")
    for way in one["proposals"]:
        say(f"  → {_words(way)}")


def _words(way: dict[str, Any]) -> str:
    match way["kind"]:
        case "move":
            return f"move #{way['issue']} to {way['day']}"
        case "give":
            return f"give #{way['issue']} ({way['hours']} h) to {way['who']}"
        case "free":
            return f"keep {way['hours']} h of these days free of incidents"
    return f"take {way['hours']} h of work out"
