"""`rules test`: plays the cases beside the rules."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bridge.cli.common import DEFAULT_CONFIG, FINDINGS, USAGE, ConfigOption, JsonOption
from bridge.cli.output import complain, print_json, say
from bridge.configuration import load
from bridge.model.errors import ConfigurationError
from bridge.rules.stories import load_stories
from bridge.usecases.exercised import Gap, not_exercised
from bridge.usecases.rule_tests import Played, play


def play_cases(
    files: Annotated[
        list[Path] | None,
        typer.Argument(help="Files of cases; without: tests/*.yaml and *.test.yaml beside the rules."),
    ] = None,
    exercised: Annotated[
        bool, typer.Option("--exercised", help="Fail as well when a condition or reason is exercised by no case.")
    ] = False,
    config: ConfigOption = DEFAULT_CONFIG,
    as_json: JsonOption = False,
) -> None:
    """Plays test cases with the rules as they are; writes nothing and connects to nothing.

    Exit code 1 when a case fails, 2 when a file is wrong.
    """
    configuration = load(config)
    stories, problems = load_stories(files or configuration.rule_tests(), configuration.rules)
    wrong = [problem for problem in problems if problem.severity == "error"]
    if wrong:
        raise ConfigurationError(wrong)
    for problem in problems:
        complain(f"{problem.severity}: {problem}")
    if not stories:
        complain("There is no case: write some into tests/*.yaml beside the rules, see docs/rules.md.")
        raise typer.Exit(USAGE)
    configured = configuration.configured("")
    played = [play(story, configured) for story in stories]
    gaps = not_exercised(configuration.rules.rules, played)
    if as_json:
        _print_json(played, gaps)
    else:
        _print(played, gaps)
    if not all(one.passed for one in played) or (exercised and gaps):
        raise typer.Exit(FINDINGS)


def _print(played: list[Played], gaps: list[Gap]) -> None:
    for one in played:
        say(f"{'pass' if one.passed else 'FAIL'}  {one.story.case.rule}: {one.story.case.name}")
        for difference in one.differences:
            say(f"      {difference.where}: {difference.what}")
    failed = sum(not one.passed for one in played)
    say(f"{len(played) - failed} passed, {failed} failed.")
    if gaps:
        say("Not exercised:")
    for gap in gaps:
        say(f"      {' '.join(filter(None, (gap.rule_id, gap.path)))}: {gap.what}")


def _print_json(played: list[Played], gaps: list[Gap]) -> None:
    print_json(
        "bridge/rules-test/1",
        passed=sum(one.passed for one in played),
        failed=sum(not one.passed for one in played),
        cases=[
            {
                "name": one.story.case.name,
                "rule": one.story.case.rule,
                "where": one.story.where,
                "passed": one.passed,
                "differences": [{"where": each.where, "what": each.what} for each in one.differences],
            }
            for one in played
        ],
        not_exercised=[{"rule": gap.rule_id, "where": gap.path, "what": gap.what} for gap in gaps],
    )
