"""`promotions owner`, `workaround`, `demote`, `merge`: what people do with running projects."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from bridge.app import Use
from bridge.app.rehearsal import rehearse_command
from bridge.cli.candidates import Reason, commands
from bridge.cli.common import DEFAULT_CONFIG, ConfigOption, JsonOption, actor, change, open_app
from bridge.cli.output import print_json, print_table, say
from bridge.cli.promotions import Number

__all__ = ["commands"]

DryRun = Annotated[bool, typer.Option("--dry-run", help="Print what would be written, and change nothing.")]


@commands.command()
def owner(
    number: Number,
    new: Annotated[str, typer.Argument(help="A person of the directory, or a team, whose lead it then is.")],
    reason: Reason,
    dry_run: DryRun = False,
    config: ConfigOption = DEFAULT_CONFIG,
    as_json: JsonOption = False,
) -> None:
    """Gives a running project to another owner; both are told."""
    args = {"promotion": number, "new": new, "reason": reason}
    result = _carry_out(config, "owner", args, dry_run=dry_run, as_json=as_json)
    if result is not None:
        say(f"promotion {result['promotion']} “{result['name']}” belongs to {result['owner']}.")


@commands.command()
def workaround(
    number: Number,
    text: Annotated[str, typer.Argument(help='What helps until the project is done; "" takes it back.')],
    tell_open: Annotated[bool, typer.Option("--tell-open", help="Tell incidents that are open now, too.")] = False,
    dry_run: DryRun = False,
    config: ConfigOption = DEFAULT_CONFIG,
    as_json: JsonOption = False,
) -> None:
    """Says what helps until a running project is done: incidents that join it get that in a private note."""
    args = {"promotion": number, "text": text, "tell_open": tell_open}
    result = _carry_out(config, "workaround", args, dry_run=dry_run, as_json=as_json)
    if result is not None:
        done = "is told to incidents that join" if text.strip() else "is taken back for"
        say(f"The workaround {done} promotion {result['promotion']} “{result['name']}”.")


@commands.command()
def demote(
    number: Number,
    reason: Reason,
    dry_run: DryRun = False,
    config: ConfigOption = DEFAULT_CONFIG,
    as_json: JsonOption = False,
) -> None:
    """Undoes a wrong promotion: unlinks its incidents, lets their clocks run, closes the project; deletes nothing."""
    args = {"promotion": number, "reason": reason}
    _tell_state(_carry_out(config, "demote", args, dry_run=dry_run, as_json=as_json))


@commands.command()
def merge(
    number: Number,
    into: Annotated[int, typer.Argument(help="The number of the promotion whose open project takes it in.")],
    reason: Annotated[str, typer.Option(help="Why; a running project needs one. Kept with the promotion.")] = "",
    dry_run: DryRun = False,
    config: ConfigOption = DEFAULT_CONFIG,
    as_json: JsonOption = False,
) -> None:
    """Lets an open project take in a candidate or another project: its incidents, and later ones of its group."""
    args = {"promotion": number, "into": into, "reason": reason}
    _tell_state(_carry_out(config, "merge", args, dry_run=dry_run, as_json=as_json))


def _tell_state(result: dict[str, Any] | None) -> None:
    if result is not None:
        say(f"promotion {result['promotion']} “{result['name']}” is {result['state']}.")


def _carry_out(config: Path, name: str, args: dict[str, Any], *, dry_run: bool, as_json: bool) -> dict[str, Any] | None:
    """The result that is still to be told; None when everything has been printed."""
    args = {**args, "actor": actor()}
    if dry_run:
        _rehearse(config, name, args, as_json=as_json)
        return None
    with open_app(config) as app:
        result = dict(change(app, name, args))
    if as_json:
        print_json("bridge/decision/1", **result)
        return None
    return result


def _rehearse(config: Path, name: str, args: dict[str, Any], *, as_json: bool) -> None:
    with open_app(config, Use.COPY) as app:
        result, planned = rehearse_command(app, name, args)
    rows = [
        {"kind": one.effect.kind, "about": one.about, "key": one.effect.key, "payload": dict(one.effect.payload)}
        for one in planned
    ]
    if as_json:
        print_json("bridge/decision-plan/1", **result, writes=rows)
        return
    say(f"promotion {result['promotion']} “{result['name']}” would be {result['state']}. Nothing was changed.")
    print_table(("kind", "about"), [(row["kind"], row["about"]) for row in rows], empty="Nothing would be written.")
