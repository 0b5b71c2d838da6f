"""`rules backtest`: what rules would have done with a history."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer

from bridge.app import Use
from bridge.app.replay import replay_file, replay_store
from bridge.cli.backtest_output import COLUMNS, document, head, page, table
from bridge.cli.common import DEFAULT_CONFIG, ConfigOption, JsonOption, open_app, writing
from bridge.cli.output import print_json, print_table, say
from bridge.clock import SystemClock
from bridge.configuration import load
from bridge.usecases.backtest.figures import Figures
from bridge.usecases.backtest.replay import Asked, AsOf, Counting

SCHEMA = "bridge/rules-backtest/1"

RulesOption = Annotated[
    list[str] | None,
    typer.Option("--rules", help="Files of rules instead of the configured ones; a pattern, may be repeated."),
]

HistoryOption = Annotated[
    str | None, typer.Option("--history", help="A file of past incidents, read as a source of kind file says.")
]
SinceOption = Annotated[
    datetime | None,
    typer.Option("--since", formats=["%Y-%m-%d"], help="UTC; instead of a file: the store's incidents since then."),
]
SourceOption = Annotated[
    str | None, typer.Option("--source", help="The source that says what the file's columns mean.")
]


def backtest(
    history: HistoryOption = None,
    since: SinceOption = None,
    rules: RulesOption = None,
    source: SourceOption = None,
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
    if one_of(history, since):
        figures = replay_file(configuration, str(history), source, asked)
    else:
        with open_app(config, Use.READ) as app:
            figures = replay_store(app, configuration.rules, utc(since), asked)
    if html is not None:
        shown = page(figures, SystemClock().now())
        with writing(html):
            html.write_text(shown, encoding="utf-8")
    if as_json:
        print_json(SCHEMA, **document(figures))
    else:
        _print(figures)


def one_of(history: str | None, since: datetime | None) -> bool:
    """Whether a file is meant, not the store. Refuses both, and neither."""
    if (history is None) == (since is None):
        raise typer.BadParameter("say either --history FILE, or --since DAY for what the store has")
    return history is not None


def utc(day: datetime | None) -> datetime | None:
    """The moment as it was meant."""
    return None if day is None else day.replace(tzinfo=UTC)


def _print(figures: Figures) -> None:
    for line in head(figures):
        say(line)
    print_table(COLUMNS, table(figures), empty="There is no rule.")
