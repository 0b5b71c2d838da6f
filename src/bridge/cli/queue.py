"""`queue`: what is waiting to be written, and what could not be."""

from __future__ import annotations

from typing import Annotated

import typer

from bridge.app import Use
from bridge.cli.common import DEFAULT_CONFIG, FINDINGS, ConfigOption, JsonOption, actor, change, open_app
from bridge.cli.output import print_json, print_table, say

commands = typer.Typer(no_args_is_help=True, help="Writes that wait, and writes that need a person.")


@commands.command()
def stats(config: ConfigOption = DEFAULT_CONFIG, as_json: JsonOption = False) -> None:
    """Counts effects by state."""
    with open_app(config, Use.READ) as app:
        found = app.engine().stats()
    values = {"ready": found.ready, "running": found.running, "done": found.done, "dead": found.dead, "due": found.due}
    if as_json:
        print_json("bridge/queue/1", **values, oldest_due=found.oldest_due)
        return
    print_table(tuple(values), [list(values.values())], empty="")
    if found.oldest_due:
        say(f"The oldest has been due since {found.oldest_due:%Y-%m-%d %H:%M} UTC.")


@commands.command()
def dead(config: ConfigOption = DEFAULT_CONFIG, as_json: JsonOption = False) -> None:
    """Lists dead letters: writes that need a person first. Exit code 1 when there are any."""
    with open_app(config, Use.READ) as app:
        letters = app.engine().dead()
    rows = [
        {
            "effect": letter.effect.id,
            "kind": letter.effect.kind,
            "promotion": letter.effect.promotion_id,
            "died_at": letter.died_at,
            "attempts": letter.attempts,
            "error": letter.error,
        }
        for letter in letters
    ]
    if as_json:
        print_json("bridge/dead/1", dead=rows)
    else:
        columns = ("effect", "kind", "promotion", "died_at", "attempts", "error")
        print_table(columns, [[row[c] for c in columns] for row in rows], empty="No dead letter.")
    if rows:
        raise typer.Exit(FINDINGS)


@commands.command()
def retry(
    effect: Annotated[int | None, typer.Argument(help="One effect; all dead ones when left out.")] = None,
    config: ConfigOption = DEFAULT_CONFIG,
    as_json: JsonOption = False,
) -> None:
    """Makes dead letters ready again, after what stopped them was mended."""
    with open_app(config) as app:
        result = change(app, "retry", {"effect": effect})
    if as_json:
        print_json("bridge/retry/1", **result)
    else:
        say(f"{result['requeued']} effect(s) will be tried again.")


@commands.command()
def drop(
    effect: Annotated[int, typer.Argument(help="The effect, as `queue dead` shows it.")],
    reason: Annotated[str, typer.Option(help="Why; kept in the audit trail.")],
    config: ConfigOption = DEFAULT_CONFIG,
    as_json: JsonOption = False,
) -> None:
    """Gives up one dead letter for good: it is never written, and what waits behind it goes on."""
    with open_app(config) as app:
        result = change(app, "drop", {"effect": effect, "actor": actor(), "reason": reason})
    if as_json:
        print_json("bridge/drop/1", **result)
    else:
        say(f"effect {result['dropped']} ({result['kind']}) is given up; what waited for it goes on.")
