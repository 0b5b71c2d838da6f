"""`rules diff`: what other rules would make of what the store knows."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from bridge.app import Use
from bridge.cli.common import DEFAULT_CONFIG, FINDINGS, ConfigOption, JsonOption, open_app
from bridge.cli.output import print_json, print_table, say
from bridge.configuration import Configuration, load
from bridge.model.errors import ConfigurationError, Problem
from bridge.rules.compared import ChangeKind
from bridge.rules.ruleset import RuleSet
from bridge.store.scratch import scratch_groups
from bridge.usecases.rule_diff import CandidateChange, KeptTerms, RuleDiff, Standing, rule_diff
from bridge.usecases.rule_side import Where

SCHEMA = "bridge/rules-diff/1"
_FILES = "A file or folder of rules, or a pattern."


def diff(
    old: Annotated[str, typer.Argument(help=_FILES)],
    new: Annotated[str, typer.Argument(help=_FILES)],
    config: ConfigOption = DEFAULT_CONFIG,
    as_json: JsonOption = False,
) -> None:
    """Tells which rules differ, and what that means for open incidents, candidates and exclusions. Writes nothing.

    Exit code 0 when there is no difference, 1 when there is, 2 when a file is wrong.
    """
    rules = _both(load(config), old, new)
    with open_app(config, Use.READ) as app, app.database.reading() as uow:
        told = rule_diff(uow, app.configured, *rules, app.clock.now(), scratch_groups)
    if as_json:
        print_json(SCHEMA, **_document(told))
    else:
        _print(told)
    if told.compared.differs:
        raise typer.Exit(FINDINGS)


def _both(configuration: Configuration, old: str, new: str) -> tuple[RuleSet, RuleSet]:
    """The rules of both. Raises ConfigurationError with the problems of both."""
    found: list[RuleSet] = []
    problems: list[Problem] = []
    for pattern in (old, new):
        try:
            found.append(configuration.with_rules([pattern]).rules)
        except ConfigurationError as error:
            problems += error.problems
    if problems:
        raise ConfigurationError(list(dict.fromkeys(problems)))
    return found[0], found[1]


def _document(told: RuleDiff) -> dict[str, Any]:
    return {
        "differs": told.compared.differs,
        "reordered": told.compared.reordered,
        "rules": [
            {"id": one.rule_id, "change": one.kind, "before": one.before, "after": one.after, "what": list(one.what)}
            for one in told.compared.rules
        ],
        "incidents": [
            {
                "incident": one.ref,
                "summary": one.summary,
                "before": _covering(one.before),
                "after": _covering(one.after),
            }
            for one in told.incidents
        ],
        "incidents_in_all": told.moved,
        "findings": [
            {"rule": one.rule_id, "group": one.label, "before": one.before, "after": one.after, "why": one.why}
            for one in told.findings
        ],
        "findings_in_all": told.found,
        "candidates": [_candidate(one) for one in told.candidates],
        "exclusions": {
            "policies": [
                {"rule": rule, "before": was or None, "after": now or None} for rule, was, now in told.policies
            ],
            "running": [_running(one) for one in told.running],
        },
    }


def _covering(where: Where) -> list[dict[str, str]]:
    return [{"rule": rule, "group_key": key, "group": label} for rule, key, label in where]


def _candidate(one: CandidateChange) -> dict[str, Any]:
    return {**_promotion(one), "before": _standing(one.before), "after": _standing(one.after)}


def _standing(one: Standing) -> dict[str, Any]:
    return {"justified": one.justified, "what": one.what, "incidents": one.incidents}


def _running(one: KeptTerms) -> dict[str, Any]:
    new = {"before": one.before or None, "after": one.after or None}
    return {**_promotion(one), "kept": one.kept, "new_ones": new, "takes_later_incidents": one.grows}


def _promotion(one: CandidateChange | KeptTerms) -> dict[str, Any]:
    about = one.promotion
    return {"promotion": about.id, "rule": about.rule_id, "group": about.label, "state": about.state}


def _print(told: RuleDiff) -> None:
    _print_rules(told)
    if not told.compared.differs:
        say("There is no difference.")
        return
    rows = [(one.ref, one.summary[:60], _told(one.before), _told(one.after)) for one in told.incidents]
    _part("Open incidents that other rules cover, in another order, or in another group", len(rows), told.moved)
    print_table(("incident", "summary", "before", "after"), rows, empty="None.")
    found = [(one.rule_id, one.label, one.before, one.after, one.why) for one in told.findings]
    _part("Groups about which something else is decided now", len(found), told.found)
    print_table(("rule", "group", "before", "after", "why"), found, empty="None.")
    _part("Candidates that wait")
    waiting = [
        (one.promotion.id, one.promotion.rule_id, one.promotion.label, _stands(one.before), _stands(one.after))
        for one in told.candidates
    ]
    print_table(("#", "rule", "group", "before", "after"), waiting, empty="None of a rule that differs.")
    _print_exclusions(told)


def _print_rules(told: RuleDiff) -> None:
    rows = [
        (one.rule_id, one.kind, one.before, one.after, "; ".join(one.what))
        for one in told.compared.rules
        if one.kind is not ChangeKind.UNCHANGED
    ]
    say(f"Rules: {len(told.compared.rules) - len(rows)} unchanged, {len(rows)} not")
    if rows:
        print_table(("rule", "change", "before", "after", "what"), rows, empty="")
    if told.compared.reordered:
        say("The rules that both have look at incidents in another order.")


def _print_exclusions(told: RuleDiff) -> None:
    _part("Exclusions from the KPIs")
    rows = [(rule, was or None, now or None) for rule, was, now in told.policies]
    print_table(("rule", "new projects before", "after"), rows, empty="New projects' incidents count as before.")
    if told.running:
        say("Running projects keep the terms that they were opened with:")
        kept = [
            (one.promotion.id, one.promotion.rule_id, one.promotion.label, one.kept, "yes" if one.grows else "no")
            for one in told.running
        ]
        print_table(("#", "rule", "group", "kept", "takes later incidents"), kept, empty="")


def _part(title: str, listed: int = 0, count: int = 0) -> None:
    say("")
    say(title + (f" ({count})" if count == listed and count else f" ({count}, the first {listed})" if count else ""))


def _told(where: Where) -> str:
    return ", ".join(f"{rule}: {label}" for rule, _, label in where) or "no rule"


def _stands(one: Standing) -> str:
    return f"{'justified' if one.justified else 'not justified'}, {one.incidents} incidents: {one.what}"
