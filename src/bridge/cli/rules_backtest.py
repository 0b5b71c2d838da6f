"""`rules backtest`: what rules would have done with a history."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Annotated

import typer

from bridge.app.replay import replay_file
from bridge.cli.backtest_output import COLUMNS, document, head, page, table
from bridge.cli.common import DEFAULT_CONFIG, ConfigOption, JsonOption
from bridge.cli.output import print_json, print_table, say
from bridge.configuration import load
from bridge.usecases.backtest.figures import Figures
from bridge.usecases.backtest.replay import Asked, AsOf, Counting

SCHEMA = "bridge/rules-backtest/1"

RulesOption = Annotated[
    list[str] | None,
    typer.Option("--rules", help="Files of rules instead of the configured ones; a pattern, may be repeated."),
]


def backtest(
    history: Annotated[str, typer.Option(help="A file of past incidents, read as a source of kind file says.")],
    rules: RulesOption = None,
    source: Annotated[str | None, typer.Option(help="The source that says what the file's columns mean.")] = None,
    as_of: Annotated[AsOf, typer.Option(help="Since when values count.")] = AsOf.EVENT,
    counting: Annotated[Counting, typer.Option(help="How firings are counted.")] = Counting.LIVE,
    takes: Annotated[int | None, typer.Option(min=1, max=3650, help="Days that a project takes; without: all.")] = None,
    html: Annotated[Path | None, typer.Option(help="Write a page into this file.")] = None,
    config: ConfigOption = DEFAULT_CONFIG,
    as_json: JsonOption = False,
) -> None:
    """Replays rules over past incidents in the order of time, without seeing the future. Writes nothing anywhere."""
    configuration = load(config)
    if rules:
        configuration = configuration.with_rules(rules)
    asked = Asked(as_of, counting, timedelta(days=takes) if takes else None)
    figures = replay_file(configuration, history, source, asked)
    if html is not None:
        html.write_text(page(figures), encoding="utf-8")
    if as_json:
        print_json(SCHEMA, **document(figures))
    else:
        _print(figures)


def _print(figures: Figures) -> None:
    for line in head(figures):
        say(line)
    print_table(COLUMNS, table(figures), empty="There is no rule.")
