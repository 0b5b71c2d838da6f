"""`promotions propose`, `edit`, `approve`, `reject`, `defer`, `agenda`: what people do with candidates."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from bridge.app import Use
from bridge.cli.common import DEFAULT_CONFIG, ConfigOption, JsonOption, actor, change, open_app
from bridge.cli.output import print_json, print_table, say
from bridge.cli.promotions import Number, commands
from bridge.usecases.candidates.agenda import Agenda, Item, agenda_of
from bridge.usecases.near_misses import near_misses

__all__ = ["commands"]

Day = Annotated[datetime, typer.Argument(formats=["%Y-%m-%d"], help="2026-12-31.")]
Owner = Annotated[str | None, typer.Option(help="A person or team of the directory.")]
Objective = Annotated[str | None, typer.Option(help="What is to be reached.")]
Due = Annotated[str | None, typer.Option(help='By when, as 2026-12-31; "" for the template\'s own pace.')]
Template = Annotated[str | None, typer.Option(help="The work breakdown that the project begins with.")]
Impact = Annotated[str | None, typer.Option(help="The business impact, instead of what the evidence shows.")]
Reason = Annotated[str, typer.Option(help="Why; kept with the promotion.")]


@commands.command()
def propose(
    reason: Reason,
    incident: Annotated[list[str] | None, typer.Option(help="SOURCE#ID; may be repeated.")] = None,
    group: Annotated[str, typer.Option(help="RULE:KEY, a group of a rule by its key or label.")] = "",
    name: Annotated[str, typer.Option(help="What it is to be called.")] = "",
    owner: Owner = None,
    objective: Objective = None,
    due: Due = None,
    template: Template = None,
    impact: Impact = None,
    config: ConfigOption = DEFAULT_CONFIG,
    as_json: JsonOption = False,
) -> None:
    """Nominates incidents, or a rule's group, for a project: a candidate that people then decide about."""
    form = _form(owner=owner, objective=objective, due=due, template=template, impact=impact)
    args = {"incidents": incident or [], "group": group, "name": name, "reason": reason, "form": form}
    _decide(config, "propose", args, as_json=as_json)


@commands.command()
def edit(
    number: Number,
    owner: Owner = None,
    objective: Objective = None,
    due: Due = None,
    template: Template = None,
    impact: Impact = None,
    config: ConfigOption = DEFAULT_CONFIG,
    as_json: JsonOption = False,
) -> None:
    """Fills in a candidate's form."""
    form = _form(owner=owner, objective=objective, due=due, template=template, impact=impact)
    if not form:
        raise typer.BadParameter("say what to change: --owner, --objective, --due, --template or --impact")
    _decide(config, "edit", {"promotion": number, "form": form}, as_json=as_json)


@commands.command()
def approve(
    number: Number,
    owner: Owner = None,
    objective: Objective = None,
    due: Due = None,
    template: Template = None,
    config: ConfigOption = DEFAULT_CONFIG,
    as_json: JsonOption = False,
) -> None:
    """Approves a candidate: its project is opened. Without an owner and an objective it is refused."""
    form = _form(owner=owner, objective=objective, due=due, template=template)
    _decide(config, "approve", {"promotion": number, "form": form}, as_json=as_json)


@commands.command()
def reject(number: Number, reason: Reason, config: ConfigOption = DEFAULT_CONFIG, as_json: JsonOption = False) -> None:
    """Rejects a candidate: its group stays silent for the rule's `quiet_for`."""
    _decide(config, "reject", {"promotion": number, "reason": reason}, as_json=as_json)


@commands.command()
def defer(
    number: Number,
    until: Day,
    reason: Annotated[str, typer.Option(help="Why; kept with the promotion.")] = "",
    config: ConfigOption = DEFAULT_CONFIG,
    as_json: JsonOption = False,
) -> None:
    """Puts a candidate off until a day, when it comes back by itself."""
    args = {"promotion": number, "until": until.date().isoformat(), "reason": reason}
    _decide(config, "defer", args, as_json=as_json)


@commands.command()
def agenda(
    wiki: Annotated[bool, typer.Option("--wiki", help="Write it into the intake project's wiki, too.")] = False,
    config: ConfigOption = DEFAULT_CONFIG,
    as_json: JsonOption = False,
) -> None:
    """Prints what the next meeting has to decide, the greatest impact first."""
    page = ""
    with open_app(config, Use.CHANGE if wiki else Use.READ) as app:
        if wiki:
            page = str(change(app, "agenda", {})["page"])
        with app.database.reading() as uow:
            now = app.clock.now()
            found = agenda_of(uow, app.configured, near_misses(uow, app.configured, now), now)
    if as_json:
        print_json("bridge/agenda/1", page=page or None, **_rows(found))
        return
    _print(found)
    if page:
        say(f"It stands on {page}")


def _rows(agenda: Agenda) -> dict[str, Any]:
    return {
        "waiting": [_row(item) for item in agenda.waiting],
        "history": [_row(item) for item in agenda.history],
        "deferred": [_row(item) for item in agenda.deferred],
        "near_misses": [{"rule": miss.rule_id, "group": miss.label, "what": miss.what} for miss in agenda.near],
    }


def _row(item: Item) -> dict[str, Any]:
    return {
        "id": item.promotion.id,
        "name": item.promotion.name,
        "rule": item.promotion.rule_id,
        "owner": item.promotion.owner,
        "missing": list(item.lacking),
        "impact": item.impact_text,
        "hours": item.impact.hours,
        "callers": item.impact.callers,
        "incidents": item.impact.incidents,
        "waiting_since": item.waiting_since,
        "expires_at": item.expires_at,
        "reminded": item.reminded,
        "deferred_until": item.promotion.deferred_until,
        "issue": item.issue_url or None,
    }


def _print(agenda: Agenda) -> None:
    columns = ("name", "impact", "owner", "missing", "waiting_since", "reminded", "issue")
    rows = [_row(item) | {"missing": ", ".join(item.lacking)} for item in agenda.waiting]
    print_table(("#", *columns), [[r["id"], *(r[c] for c in columns)] for r in rows], empty="Nothing waits.")
    if agenda.deferred:
        say("Deferred:")
        told = [(i.promotion.id, i.promotion.name, i.promotion.deferred_until) for i in agenda.deferred]
        print_table(("#", "name", "comes back"), told, empty="")
    if agenda.history:
        say("Found in the past by new rules:")
        found = [(i.promotion.id, i.promotion.rule_id, i.promotion.name, i.impact_text) for i in agenda.history]
        print_table(("#", "rule", "name", "impact"), found, empty="")
    if agenda.near:
        say("Near misses:")
        print_table(("rule", "group", "what"), [(n.rule_id, n.label, n.what) for n in agenda.near], empty="")


def _form(**given: str | None) -> dict[str, str]:
    return {name: value for name, value in given.items() if value is not None}


def _decide(config: Path, name: str, args: dict[str, Any], *, as_json: bool) -> None:
    with open_app(config) as app:
        result = change(app, name, {**args, "actor": actor()})
    if as_json:
        print_json("bridge/decision/1", **result)
    else:
        then = ": the daemon, or the next `once`, opens its project" if result["state"] == "opening" else ""
        say(f"promotion {result['promotion']} “{result['name']}” is {result['state']}{then}.")
