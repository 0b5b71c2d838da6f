"""`check`: what is wrong with the files and the connections."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bridge.app import App, Use
from bridge.app.opening import is_ready
from bridge.cli.common import (
    DEFAULT_CONFIG,
    FINDINGS,
    UNREACHABLE,
    USAGE,
    ConfigOption,
    JsonOption,
    open_app,
)
from bridge.cli.output import print_json, say
from bridge.configuration import Configuration, load_with_warnings
from bridge.model.errors import Problem
from bridge.rules.stories import load_stories
from bridge.usecases.sync_check import sync_problems


def check(
    config: ConfigOption = DEFAULT_CONFIG,
    offline: Annotated[bool, typer.Option("--offline", help="Only the files, no connection.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Checks every file and every connection without writing anything.

    Exit code 1 when something is wrong, 2 when it is in a file, 3 when a system cannot be reached.
    """
    configuration, problems = all_files(config)
    wrong = any(problem.severity == "error" for problem in problems)
    if configuration is not None and not offline:
        with open_app(config, Use.NOTHING) as app:
            problems = [*problems, *app.check(), *_sync(app)]
    print_problems("bridge/check/1", problems, as_json=as_json)
    if wrong:
        raise typer.Exit(USAGE)
    if any(problem.unreachable for problem in problems):
        raise typer.Exit(UNREACHABLE)
    if any(problem.severity == "error" for problem in problems):
        raise typer.Exit(FINDINGS)


def all_files(config: Path) -> tuple[Configuration | None, list[Problem]]:
    """The configuration, None when one of its files is wrong, and the problems of all files with those of rule tests.

    Rule tests are read with the rules that they are about: only where these are right.
    """
    configuration, problems = load_with_warnings(config)
    if configuration is not None:
        problems += load_stories(configuration.rule_tests(), configuration.rules)[1]
    return configuration, problems


def _sync(app: App) -> list[Problem]:
    """What keeps fields and statuses from being kept in step."""
    policy = app.configured.policy
    names = {name for table in policy.tables.tables for name in table.custom_fields}
    store = app.database if is_ready(app.database) else None
    found = sync_problems(store, app.tracker, app.sources, policy)
    return [*app.tracker.check_custom_fields("sync.fields", sorted(names)), *found]


def print_problems(schema: str, problems: list[Problem], *, as_json: bool) -> None:
    """All problems, or that there are none."""
    if as_json:
        rows = [{"severity": p.severity, "where": p.where, "what": p.what, "advice": p.advice} for p in problems]
        print_json(schema, problems=rows)
    else:
        for problem in problems:
            say(f"{problem.severity}: {problem}")
        if not problems:
            say("All is well.")
