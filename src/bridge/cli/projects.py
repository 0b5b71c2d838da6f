"""`projects`: how projects stand against their plans, and whether they helped."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from importlib import import_module
from pathlib import Path
from typing import Annotated, Any

import typer

from bridge.app import Use
from bridge.cli.common import DEFAULT_CONFIG, ConfigOption, JsonOption, change, open_app, writing
from bridge.cli.output import complain, print_details, print_json, print_table, say
from bridge.model.errors import ConfigurationError, NotFound, Problem
from bridge.model.report import Facts, Link, Report, Table, Text
from bridge.ports import ReportRenderer
from bridge.usecases.reports.looking import ProjectView
from bridge.usecases.reports.policy import What

SCHEMA = "bridge/projects-report/1"
commands = typer.Typer(no_args_is_help=True, help="Projects against their plans.")

HtmlOption = Annotated[Path | None, typer.Option("--html", help="Write one page that needs nothing else.")]
CsvOption = Annotated[Path | None, typer.Option("--csv", help="Write every table into this folder.")]
WikiOption = Annotated[bool, typer.Option("--wiki", help="Write it into its part of a wiki page in Redmine.")]


@commands.command()
def report(
    promotion: Annotated[
        int | None, typer.Option("--promotion", "-p", help="One project, as `promotions list` shows it; else all.")
    ] = None,
    html: HtmlOption = None,
    csv: CsvOption = None,
    wiki: WikiOption = False,
    config: ConfigOption = DEFAULT_CONFIG,
    as_json: JsonOption = False,
) -> None:
    """Reports on all open projects, or on one: time, effort, scope, forecast, what holds it up, and did it help."""
    what = What.PORTFOLIO if promotion is None else What.PROJECTS
    if wiki:
        write_wiki(config, what, promotion, as_json=as_json)
        return
    publishing = extra("projects report")
    with open_app(config, Use.READ) as app:
        reporting = publishing.reporting_of(app)
        made: Report | None = reporting.report(what, promotion)
        if made is None:
            raise NotFound(f"promotion {promotion}", "has no project yet.", "See `promotions show`.")
        write_files(made, reporting.renderer, html, csv, quiet=as_json)
        if as_json:
            views = reporting.views() if promotion is None else ([reporting.view(promotion)], [], [])
            print_json(SCHEMA, **_document(*views))
    if not as_json and html is None and csv is None:
        print_report(made)


def write_wiki(
    config: Path, what: What, promotion: int | None = None, asked: dict[str, str] | None = None, *, as_json: bool
) -> None:
    """Writes a report to its wiki page, by the running daemon where there is one."""
    extra("a report on a wiki page")
    with open_app(config) as app:
        done = change(app, "report", {"what": what.value, "promotion": promotion, "asked": asked})
    for warning in done["warnings"]:
        complain(warning)
    if as_json:
        print_json("bridge/report-page/1", **done)
    else:
        say(f"Written to {done['page']}")


def write_files(made: Report, renderer: ReportRenderer, html: Path | None, csv: Path | None, *, quiet: bool) -> None:
    """Writes a page and the tables where that was asked for, and says so."""
    if html is not None:
        shown = renderer.page(made)
        with writing(html):
            html.write_text(shown, encoding="utf-8")
        if not quiet:
            say(f"Written to {html}")
    if csv is not None:
        tables = renderer.tables(made)
        with writing(csv):
            csv.mkdir(parents=True, exist_ok=True)
            for name, text in tables.items():
                (csv / name).write_text(text, encoding="utf-8", newline="")
        if not quiet:
            say(f"{len(list(made.tables()))} tables are written into {csv}")


def print_report(made: Report) -> None:
    """A report without its charts, for a terminal."""
    say(made.title)
    for line in made.lead:
        say(line)
    for section in made.sections:
        say(f"\n{section.heading}")
        for block in section.blocks:
            if isinstance(block, Text):
                say(block.text)
            elif isinstance(block, Facts):
                print_details(
                    {one.label: f"{_shown(one.value)} {f'({one.note})' if one.note else ''}" for one in block.facts}
                )
            elif isinstance(block, Table):
                print_table(block.columns, [[_shown(cell) for cell in row] for row in block.rows], empty=block.empty)


def extra(what: str) -> Any:
    """The module that makes reports. Raises ConfigurationError without the packages of the extra `report`."""
    try:
        import_module("matplotlib")
        return import_module("bridge.app.publishing")
    except ModuleNotFoundError as error:
        if error.name not in {"numpy", "matplotlib"}:
            raise
        advice = "install redmine-itsm-bridge[report]"
        raise ConfigurationError([Problem(what, f"needs the package {error.name}", advice)]) from None


def _shown(value: object) -> object:
    return value.text if isinstance(value, Link) else value


def _document(
    running: Sequence[ProjectView], delivered: Sequence[ProjectView], unseen: Sequence[str]
) -> dict[str, Any]:
    return {
        "running": [_project(view) for view in running],
        "delivered": [_project(view) for view in delivered],
        "unseen": list(unseen),
    }


def _project(view: ProjectView) -> dict[str, Any]:
    now, promotion = view.progress, view.promotion
    told: dict[str, Any] = {
        "promotion": promotion.id,
        "name": promotion.name,
        "identifier": promotion.identifier,
        "state": str(promotion.state),
        "owner": promotion.owner,
        "standing": str(now.standing),
        "due": now.due,
        "expected": now.expected,
        "slip_days": now.slip,
        "done_share": now.done_share,
        "hours": {
            "planned": view.baseline.hours if view.baseline else None,
            "now": now.hours_now,
            "spent": view.hours_spent,
            "left": now.hours_left,
        },
        "pace": now.forecast.pace,
        "scope": asdict(now.scope),
        "milestones": [asdict(one) for one in now.milestones],
        "critical_path": sorted(now.forecast.critical),
        "delays": [
            {"issue": one.item.issue_id, "days": one.days, "reason": str(one.reason), "other": one.other}
            for one in now.delays
        ],
        "bottlenecks": [
            {
                "issue": one.item.issue_id if one.item else None,
                "person": one.person,
                "waiting": one.waiting,
                "hours": one.hours,
            }
            for one in now.bottlenecks
        ],
    }
    if view.effect is not None:
        told["did_it_help"] = {**asdict(view.effect), "verdict": str(view.effect.verdict)}
    return told
