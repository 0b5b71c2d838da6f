"""`escalations`: clocks that ran out, who was told, and stopping that."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from bridge.app import Use
from bridge.cli.common import DEFAULT_CONFIG, ConfigOption, JsonOption, actor, change, open_app
from bridge.cli.output import print_json, print_table, say

commands = typer.Typer(no_args_is_help=True, help="Response and resolution due times that were missed.")

Number = Annotated[int, typer.Argument(help="The escalation, as `escalations list` shows it.")]


@commands.command("list")
def list_running(config: ConfigOption = DEFAULT_CONFIG, as_json: JsonOption = False) -> None:
    """Lists the clocks that ran out and were not met yet."""
    with open_app(config, Use.READ) as app, app.database.reading() as uow:
        running = uow.escalations.running()
        incidents = uow.incidents.many([one.incident_id for one in running])
    rows: list[dict[str, Any]] = [
        {
            "escalation": one.id,
            "incident": str(incidents[one.incident_id].ref),
            "summary": incidents[one.incident_id].summary,
            "clock": one.clock,
            "due": one.due_at,
            "steps": one.level,
            "told": list(one.told),
            "acknowledged_by": one.acknowledged_by,
            "snoozed_until": one.snoozed_until,
        }
        for one in running
    ]
    if as_json:
        print_json("bridge/escalations/1", escalations=rows)
        return
    columns = ("escalation", "incident", "summary", "clock", "due", "told", "acknowledged_by", "snoozed_until")
    told = [[", ".join(row["told"]) if c == "told" else row[c] for c in columns] for row in rows]
    print_table(columns, told, empty="No clock ran out.")


@commands.command()
def ack(number: Number, config: ConfigOption = DEFAULT_CONFIG, as_json: JsonOption = False) -> None:
    """Says that somebody sees to it: nobody further up is told."""
    with open_app(config) as app:
        result = change(app, "escalation", {"escalation": number, "actor": actor()})
    if as_json:
        print_json("bridge/escalation/1", **result)
    else:
        say(f"escalation {number} is acknowledged: no further step is told.")


@commands.command()
def snooze(
    number: Number,
    length: Annotated[str, typer.Option("--for", help="For how long, as 30m, 4h or 2d.")],
    config: ConfigOption = DEFAULT_CONFIG,
    as_json: JsonOption = False,
) -> None:
    """Tells nobody for a while; what became due meanwhile is told afterwards."""
    with open_app(config) as app:
        result = change(app, "escalation", {"escalation": number, "actor": actor(), "for": length})
    if as_json:
        print_json("bridge/escalation/1", **result)
    else:
        say(f"escalation {number} is silent until {result['snoozed_until']}.")
