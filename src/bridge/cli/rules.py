"""`rules check`, `schema`, `explain` and `near-misses`: what admins ask about their rules."""

from __future__ import annotations

import sys
from typing import Annotated, Any

import typer

from bridge.app import Use
from bridge.cli.check import all_files, print_problems
from bridge.cli.common import DEFAULT_CONFIG, FINDINGS, USAGE, ConfigOption, JsonOption, open_app
from bridge.cli.output import print_json, print_table, say
from bridge.rules.answers import Answer
from bridge.rules.decision import Clause
from bridge.rules.jsonschema import cases_schema, rules_schema
from bridge.usecases.explaining import Explained, explain_incident, find_incident, lines_of
from bridge.usecases.near_misses import MOST_NEAR, near_misses

commands = typer.Typer(no_args_is_help=True, help="The rules: what they say, what they do, and why.")


@commands.command()
def check(config: ConfigOption = DEFAULT_CONFIG, as_json: JsonOption = False) -> None:
    """Tells every problem of all rule files, of everything they name, and of their tests. Connects to nothing.

    Exit code 1 when there are only warnings, 2 when anything is refused.
    """
    _, problems = all_files(config)
    print_problems("bridge/rules-check/1", problems, as_json=as_json)
    if any(problem.severity == "error" for problem in problems):
        raise typer.Exit(USAGE)
    if problems:
        raise typer.Exit(FINDINGS)


@commands.command()
def schema(
    tests: Annotated[bool, typer.Option("--tests", help="That of rule tests instead.")] = False,
) -> None:
    """Prints the JSON Schema of rule files, by which editors complete and check them."""
    sys.stdout.write(cases_schema() if tests else rules_schema())


@commands.command()
def explain(
    incident: Annotated[str, typer.Argument(help="SOURCE#ID, for example rt#17.")],
    config: ConfigOption = DEFAULT_CONFIG,
    as_json: JsonOption = False,
) -> None:
    """Tells why every rule does with an incident what it does: each condition, each reason, and what was found."""
    with open_app(config, Use.READ) as app, app.database.reading() as uow:
        now = app.clock.now()
        number, found = find_incident(uow, app.sources, incident)
        explained = explain_incident(uow, app.configured, number, found, now)
        promotion = uow.promotions.of_incident(number)
        scheduled = app.configured.rules.scheduled
    if as_json:
        belongs = promotion.id if promotion else None
        rows = [_explained(one) for one in explained]
        calendar = [{"id": rule.id, "schedule": str(rule.rule.when.schedule)} for rule in scheduled]
        told = {"incident": str(found.ref), "at": now, "promotion": belongs, "rules": rows, "scheduled": calendar}
        print_json("bridge/rules-explain/1", **told)
        return
    say(f"{found.ref} “{found.summary[:200]}” ({found.state}), as the bridge saw it last")
    if promotion is not None:
        say(f"It belongs to promotion {promotion.id} “{promotion.name}” ({promotion.state}).")
    for one in explained:
        say("")
        for line in lines_of(one, now):
            say(line)
    for rule in scheduled:
        say("")
        say(f"{rule.id} ({rule.mode}) comes round {rule.rule.when.schedule}: no incident matters to it")


@commands.command("near-misses")
def near(
    config: ConfigOption = DEFAULT_CONFIG,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="So many, the nearest ones.")] = MOST_NEAR,
    as_json: JsonOption = False,
) -> None:
    """Lists groups that nearly have a rule's reasons, the nearest first."""
    with open_app(config, Use.READ) as app, app.database.reading() as uow:
        found = near_misses(uow, app.configured, app.clock.now(), limit)
    if as_json:
        rows = [{"rule": m.rule_id, "group": m.label, "what": m.what, "nearness": m.nearness} for m in found]
        print_json("bridge/near-misses/1", near_misses=rows)
        return
    print_table(("rule", "group", "how near"), [(m.rule_id, m.label, m.what) for m in found], empty="No group is near.")


def _explained(one: Explained) -> dict[str, Any]:
    """`decision` is None where the rule does not cover the incident: what it decides is not about it then."""
    decided = one.decision if one.covered else None
    return {
        "id": one.rule.id,
        "mode": one.rule.mode,
        "version": one.rule.version,
        "covered": one.covered,
        "conditions": _answer(one.conditions),
        "lacking": list(one.lacking),
        "group": one.view.label if one.view else None,
        "group_key": one.view.key if one.view else None,
        "decision": decided.kind if decided else None,
        "why": decided.why if decided else None,
        "shadow": decided.shadow if decided else None,
        "reasons_needed": "all" if one.rule.needs_all else "any",
        "reasons": [_reason(clause) for clause in (one.decision.clauses if one.decision else ())],
    }


def _answer(one: Answer) -> dict[str, Any]:
    told: dict[str, Any] = {"taken": one.taken, "met": one.met}
    if one.parts:
        return {**told, "parts": [_answer(part) for part in one.parts]}
    return {**told, "where": ".".join(map(str, one.path)), "asked": one.asked, "found": one.found}


def _reason(clause: Clause) -> dict[str, Any]:
    return {
        "name": clause.name,
        "met": clause.met,
        "needed": clause.needed,
        "found": clause.found,
        "have": clause.have,
        "want": clause.want,
        "until": clause.until,
    }
