"""`links`: which incident is kept in step with which issue."""

from __future__ import annotations

from typing import Annotated

import typer

from bridge.app import Use
from bridge.cli.common import DEFAULT_CONFIG, ConfigOption, JsonOption, change, open_app
from bridge.cli.output import print_json, print_table, say

commands = typer.Typer(no_args_is_help=True, help="Incidents and their own issues.")


@commands.command()
def compare(config: ConfigOption = DEFAULT_CONFIG, as_json: JsonOption = False) -> None:
    """Compares the next links closely, for what no poll can see: notes edited or deleted, changes without a trace."""
    with open_app(config) as app:
        result = change(app, "compare", {})
    if as_json:
        print_json("bridge/compare/1", **result)
        return
    say(f"{result['links']} link(s): {result['differing']} differ, {result['compared']} have notes to compare.")
    if result["suspected"] or result["stopped"]:
        say(f"Far fewer linked items than there are: {', '.join([*result['suspected'], *result['stopped']])}.")


@commands.command("list")
def list_links(
    config: ConfigOption = DEFAULT_CONFIG,
    promotion: Annotated[int | None, typer.Option(help="Only those of one promotion.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Lists links, ended ones too, with what a person should know about them."""
    with open_app(config, Use.READ) as app, app.database.reading() as uow:
        policy = app.configured.policy
        rows = [
            {
                "id": link.id,
                "incident": str(link.ref),
                "issue": policy.issue_url(link.issue_id) if link.issue_id else None,
                "promotion": link.promotion_id,
                "agreed": dict(link.agreed),
                "attention": link.attention,
                "ended_at": link.ended_at,
                "ended_because": link.ended_because,
            }
            for link in uow.links.all(promotion)
        ]
    if as_json:
        print_json("bridge/links/1", links=rows)
        return
    columns = ("id", "incident", "issue", "promotion", "attention", "ended_because")
    print_table(columns, [[row[c] for c in columns] for row in rows], empty="No link yet.")
