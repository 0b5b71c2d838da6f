"""`conflicts`: fields that both sides changed and a person has to settle."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any

import typer

from bridge.app import Use
from bridge.cli.common import DEFAULT_CONFIG, USAGE, ConfigOption, JsonOption, actor, change, open_app
from bridge.cli.output import complain, print_details, print_json, print_table, say
from bridge.model.conflict import Conflict
from bridge.model.link import Link
from bridge.sync.fields import name_for_people
from bridge.usecases.conflicts import RESOLVE
from bridge.usecases.policy import Policy

commands = typer.Typer(no_args_is_help=True, help="Fields that both sides changed and a person has to settle.")
Number = Annotated[int, typer.Argument(help="The conflict's number, as `conflicts list` shows it.")]


class Taken(StrEnum):
    """Whose value stays."""

    INCIDENT = "incident"
    PROJECT = "project"


@commands.command("list")
def list_conflicts(
    config: ConfigOption = DEFAULT_CONFIG,
    everything: Annotated[bool, typer.Option("--all", help="Also those that are settled.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Lists conflicts; such a field stays as it is on both sides, the rest goes on."""
    with open_app(config, Use.READ) as app, app.database.reading() as uow:
        policy = app.configured.policy
        rows = [_row(one, uow.links.get(one.link_id), policy) for one in uow.conflicts.all(resolved=everything)]
    if as_json:
        print_json("bridge/conflicts/1", conflicts=rows)
        return
    columns = ("id", "incident", "issue", "field", "on_incident", "on_issue", "why", "resolution")
    print_table(columns, [[row[c] for c in columns] for row in rows], empty="No conflict.")


@commands.command()
def show(number: Number, config: ConfigOption = DEFAULT_CONFIG, as_json: JsonOption = False) -> None:
    """Shows a conflict: both values, and why nobody but a person can tell which is right."""
    with open_app(config, Use.READ) as app, app.database.reading() as uow:
        conflict = uow.conflicts.get(number)
        row = _row(conflict, uow.links.get(conflict.link_id), app.configured.policy)
    if as_json:
        print_json("bridge/conflict/1", conflict=row)
    else:
        print_details(row)


@commands.command()
def resolve(
    number: Number,
    config: ConfigOption = DEFAULT_CONFIG,
    take: Annotated[Taken | None, typer.Option(help="Whose value stays.")] = None,
    value: Annotated[str | None, typer.Option(help="Another value, for both sides.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Settles a conflict: the value of a side, or another one, for both."""
    if (take is None) == (value is None):
        complain("Say which value stays: --take incident, --take project, or --value with another one.")
        raise typer.Exit(USAGE)
    with open_app(config) as app:
        asked = {"conflict": number, "take": take and take.value, "value": value, "actor": actor()}
        told = change(app, RESOLVE, asked)
    if as_json:
        print_json("bridge/conflict-settled/1", **told)
        return
    name = name_for_people(str(told["field"]))
    say(f"Settled: {name} of {told['incident']} will be “{told['value'] or 'nothing'}” on both sides.")


def _row(conflict: Conflict, link: Link, policy: Policy) -> dict[str, Any]:
    return {
        "id": conflict.id,
        "incident": str(link.ref),
        "issue": policy.issue_url(link.issue_id) if link.issue_id else None,
        "field": conflict.field,
        "on_incident": conflict.incident_value,
        "on_issue": conflict.project_value,
        "why": str(conflict.why),
        "told": conflict.told,
        "found_at": conflict.found_at,
        "resolved_at": conflict.resolved_at,
        "resolved_by": conflict.resolved_by,
        "resolution": str(conflict.resolution or ""),
        "value": conflict.value,
    }
