"""`kpi`: reports on incidents, and the proof that their facts are those of the timeline."""

from __future__ import annotations

from datetime import datetime
from importlib import import_module
from pathlib import Path
from typing import Annotated

import typer

from bridge.app import Use
from bridge.cli.common import DEFAULT_CONFIG, FINDINGS, ConfigOption, JsonOption, change, in_order, open_app, writing
from bridge.cli.kpi_output import document, print_report, write_csv
from bridge.cli.output import print_json, say
from bridge.cli.projects import CsvOption, HtmlOption, WikiOption, extra, write_files, write_wiki
from bridge.cli.rules_backtest import SourceOption, utc
from bridge.clock import SystemClock
from bridge.configuration import Configuration, load
from bridge.kpi.report_model import Asked, Basis, By, Month, OperationsReport
from bridge.model.errors import ConfigurationError, Problem
from bridge.usecases.backtest.replay import AsOf
from bridge.usecases.operations.rebuild import rebuilt
from bridge.usecases.reports.policy import What

SCHEMA = "bridge/kpi-report/1"

commands = typer.Typer(no_args_is_help=True, help="Key figures of incidents.")

DAY = ["%Y-%m-%d"]
SinceOption = Annotated[datetime | None, typer.Option("--since", formats=DAY, help="UTC; this day is in it.")]
UntilOption = Annotated[datetime | None, typer.Option("--until", formats=DAY, help="UTC; this day is not in it.")]


@commands.command()
def report(
    history: Annotated[
        str | None, typer.Option("--history", help="A file of past incidents instead of the store; rules are replayed.")
    ] = None,
    as_of: Annotated[AsOf, typer.Option(help="With --history: since when values count for rules.")] = AsOf.EVENT,
    source: SourceOption = None,
    since: SinceOption = None,
    until: UntilOption = None,
    by: Annotated[By | None, typer.Option(help="What to break the figures down by.")] = None,
    month: Annotated[Month, typer.Option(help="By which moment an incident counts in a month.")] = Month.RESOLVED,
    basis: Annotated[Basis, typer.Option(help="Whose word on the resolution counts.")] = Basis.REPORTED,
    csv: CsvOption = None,
    html: HtmlOption = None,
    wiki: WikiOption = False,
    config: ConfigOption = DEFAULT_CONFIG,
    as_json: JsonOption = False,
) -> None:
    """Reports on incidents: clocks, targets, backlog, raw and adjusted side by side. Writes nothing anywhere else."""
    in_order(since, until)
    asked = Asked(basis, month, utc(since), utc(until), by)
    configuration = load(config)
    _allowed(configuration, by)
    if wiki:
        _to_wiki(config, asked, history, as_json=as_json)
        return
    made = make(configuration, config, asked, history, source, as_of)
    if csv is not None:
        with writing(csv):
            written = write_csv(made, csv)
        if not as_json:
            say(f"{len(written)} files are written into {csv}.")
    if html is not None:
        publishing = extra("kpi report --html")
        shown = publishing.shown_operations(configuration, made)
        write_files(shown, publishing.renderer_of(configuration), html, None, quiet=as_json)
    if as_json:
        print_json(SCHEMA, **document(made))
    elif csv is None and html is None:
        print_report(made)


@commands.command()
def rebuild(
    only_check: Annotated[bool, typer.Option("--check", help="Only compare, write nothing.")] = False,
    config: ConfigOption = DEFAULT_CONFIG,
    as_json: JsonOption = False,
) -> None:
    """Makes all facts anew from the timelines, and says which were not equal. Exit code 1 when any was not."""
    if only_check:
        with open_app(config, Use.READ) as app:
            found = rebuilt(app.database, mend=False)
    else:
        with open_app(config) as app:
            found = change(app, "rebuild", {})
    if as_json:
        print_json("bridge/kpi-rebuild/1", **found)
    else:
        done = "differ" if only_check else "differed and are mended"
        say(f"{found['incidents']} incident(s) compared with their timelines: the facts of {found['wrong']} {done}.")
        say(f"Sums per day: {found['days']} {done}.")
    if found["wrong"] or found["days"]:
        raise typer.Exit(FINDINGS)


def make(
    configuration: Configuration, config: Path, asked: Asked, history: str | None, source: str | None, as_of: AsOf
) -> OperationsReport:
    """The report of a file or of the store. Raises ConfigurationError without the package numpy."""
    try:
        reporting = import_module("bridge.app.reporting")
    except ModuleNotFoundError as error:
        if error.name != "numpy":
            raise
        advice = "install redmine-itsm-bridge[report]"
        raise ConfigurationError([Problem("kpi report", "needs the package numpy", advice)]) from None
    if history is not None:
        made: OperationsReport = reporting.report_of_file(
            configuration, history, source, as_of, asked, SystemClock().now()
        )
        return made
    with open_app(config, Use.READ) as app:
        stored: OperationsReport = reporting.report_of_store(app, asked)
        return stored


def _to_wiki(config: Path, asked: Asked, history: str | None, *, as_json: bool) -> None:
    if history is not None:
        what, advice = "a report on a file is not written to the wiki", "use --html, or leave out --history"
        raise ConfigurationError([Problem("kpi report --wiki", what, advice)])
    row = extra("kpi report --wiki").asked_row(asked)
    write_wiki(config, What.OPERATIONS, asked=row, as_json=as_json)


def _allowed(configuration: Configuration, by: By | None) -> None:
    if by is By.PERSON and not configuration.settings.kpi.by_person:
        what = "figures of single persons are not allowed"
        raise ConfigurationError([Problem("kpi.by_person", what, "set kpi: {by_person: true} if that is agreed on")])
