"""The command `itsm-bridge`. Exit codes: 0 fine, 1 findings, 2 usage or configuration, 3 a remote is unreachable."""

from __future__ import annotations

import os
import sys
from typing import Annotated, NoReturn

import typer

from bridge import __version__
from bridge.cli import (
    backfill,
    check,
    conflicts,
    demo,
    escalations,
    kpi,
    kpi_ledger,
    life,
    links,
    notify,
    projects,
    queue,
    resources,
    rules,
    rules_backtest,
    rules_diff,
    rules_suggest,
    rules_test,
    sandbox,
    sources,
    work,
)
from bridge.cli.common import DEFAULT_CONFIG, FINDINGS, FINE, UNREACHABLE, USAGE, ConfigOption, JsonOption, open_app
from bridge.cli.output import complain, print_json, say, take_any_text
from bridge.model.errors import (
    AuthenticationFailed,
    BridgeError,
    ConfigurationError,
    RemoteUnavailable,
    WrongArgument,
)

cli = typer.Typer(
    name="itsm-bridge",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Moves project-like work out of the incident system into Redmine and keeps both in step.",
)
database = typer.Typer(no_args_is_help=True, help="The store.")
cli.add_typer(life.commands, name="promotions")
rules.commands.command()(rules_backtest.backtest)
rules.commands.command("test")(rules_test.play_cases)
rules.commands.command()(rules_diff.diff)
rules.commands.command()(rules_suggest.suggest)
cli.add_typer(projects.commands, name="projects")
cli.add_typer(rules.commands, name="rules")
cli.add_typer(links.commands, name="links")
cli.add_typer(conflicts.commands, name="conflicts")
cli.add_typer(sources.commands, name="sources")
kpi.commands.add_typer(kpi_ledger.commands, name="ledger")
kpi.commands.command()(kpi_ledger.findings)
cli.add_typer(kpi.commands, name="kpi")
cli.add_typer(queue.commands, name="queue")
cli.add_typer(notify.commands, name="notify")
cli.add_typer(escalations.commands, name="escalations")
cli.add_typer(resources.commands, name="resources")
cli.add_typer(database, name="db")
cli.command()(work.run)
cli.command()(work.once)
cli.command()(backfill.backfill)
cli.command()(check.check)
cli.command()(demo.demo)
cli.command()(sandbox.sandbox)


@database.command()
def upgrade(config: ConfigOption = DEFAULT_CONFIG, as_json: JsonOption = False) -> None:
    """Makes the store, or brings its tables to this version; commands that only look do not."""
    with open_app(config):
        pass
    if as_json:
        print_json("bridge/upgrade/1", upgraded=True)
    else:
        say("The store is up to date.")


@cli.command()
def version(as_json: JsonOption = False) -> None:
    """Prints the version."""
    if as_json:
        print_json("bridge/version/1", version=__version__)
    else:
        say(f"itsm-bridge {__version__}")


def _version(asked: bool) -> None:
    if asked:
        version()
        raise typer.Exit


@cli.callback()
def whole(
    _version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    """Moves project-like work out of the incident system into Redmine and keeps both in step."""


def main() -> NoReturn:
    """Runs the command line and ends the process with its exit code."""
    take_any_text()
    code = FINE
    try:
        cli()
    except ConfigurationError as error:
        for problem in error.problems:
            complain(str(problem))
        code = USAGE
    except (RemoteUnavailable, AuthenticationFailed) as error:
        complain(str(error))
        code = UNREACHABLE
    except BridgeError as error:
        complain(str(error))
        code = USAGE if isinstance(error, WrongArgument) else FINDINGS
    except BrokenPipeError:
        # Somebody closed the pipe (`| head`): nothing is left to say, and nothing went wrong.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = FINE
    sys.exit(code)
