"""`rules suggest`: rules that a history suggests, as a file of rules."""

from __future__ import annotations

import sys
from typing import Annotated, Any

import typer

from bridge.app import Use
from bridge.app.suggesting import suggest_from_file, suggest_from_store
from bridge.cli.backtest_output import head, rule_document
from bridge.cli.common import DEFAULT_CONFIG, ConfigOption, JsonOption, open_app
from bridge.cli.output import print_json, say
from bridge.cli.rules_backtest import HistoryOption, SinceOption, SourceOption, one_of, utc
from bridge.configuration import load
from bridge.usecases.backtest.replay import Asked, AsOf
from bridge.usecases.suggest import Suggested, Suggestion, document

SCHEMA = "bridge/rules-suggest/1"
MOST = 20


def suggest(
    history: HistoryOption = None,
    since: SinceOption = None,
    source: SourceOption = None,
    top: Annotated[int, typer.Option(min=1, max=MOST, help="So many rules, the best ones.")] = 5,
    as_of: Annotated[AsOf, typer.Option(help="Since when values count in the replays.")] = AsOf.EVENT,
    config: ConfigOption = DEFAULT_CONFIG,
    as_json: JsonOption = False,
) -> None:
    """Looks through past incidents for groups worth a rule, and prints a file of rules that would propose projects.

    What present rules take is left out. Writes nothing anywhere.
    """
    configuration = load(config)
    asked = Asked(as_of)
    if one_of(history, since):
        found = suggest_from_file(configuration, str(history), source, asked, top)
    else:
        with open_app(config, Use.READ) as app:
            found = suggest_from_store(app, configuration, utc(since), asked, top)
    if as_json:
        print_json(SCHEMA, **_document(found))
    elif not found.suggestions:
        say(
            f"Nothing is worth a rule: in {found.incidents} incident(s) no group stands out from chance.{_taken(found)}"
        )
        if found.skipped:
            say(f"{found.skipped}.")
    else:
        sys.stdout.write("".join(f"# {line}\n" for line in _head(found)) + found.file)


def _head(found: Suggested) -> list[str]:
    lines = head(found.replay) if found.replay else []
    return [*lines, "Each rule was replayed by itself; the best comes first.", *filter(None, [_taken(found).strip()])]


def _taken(found: Suggested) -> str:
    return f" {found.taken} other incident(s) belong to projects of present rules." if found.taken else ""


def _document(found: Suggested) -> dict[str, Any]:
    replay = found.replay
    return {
        "incidents": found.incidents,
        "taken_by_present_rules": found.taken,
        "skipped_rows": found.skipped.rows,
        "first_skipped": found.skipped.first or None,
        "as_of": replay.as_of if replay else None,
        "counting": replay.counting if replay else None,
        "assumed": list(replay.assumed) if replay else [],
        "suggestions": [_suggestion(one) for one in found.suggestions],
    }


def _suggestion(one: Suggestion) -> dict[str, Any]:
    finding = one.finding
    return {
        "id": one.figures.id,
        "group_by": list(finding.group_by),
        "at_least": finding.threshold.at_least,
        "within_days": finding.threshold.days,
        "score": round(finding.score, 3),
        "groups": finding.groups,
        "hot_groups": finding.hot,
        "remarkable_groups": finding.remarkable,
        "hours": round(finding.hours, 1),
        "yaml": document([one.entry]),
        "backtest": rule_document(one.figures),
    }
