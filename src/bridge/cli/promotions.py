"""`promotions`: candidates and projects, and a person's decision about them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from bridge.app import Use
from bridge.cli.common import DEFAULT_CONFIG, ConfigOption, JsonOption, actor, change, open_app
from bridge.cli.output import print_details, print_json, print_table, say
from bridge.model.promotion import Promotion, PromotionState
from bridge.ports import UnitOfWork
from bridge.usecases.evidence import evidence_of

commands = typer.Typer(no_args_is_help=True, help="Candidates and the projects they became.")
Number = Annotated[int, typer.Argument(help="The promotion's number, as `promotions list` shows it.")]


@commands.command("list")
def list_promotions(
    config: ConfigOption = DEFAULT_CONFIG,
    state: Annotated[list[PromotionState] | None, typer.Option(help="Only these states; may be repeated.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Lists promotions, oldest first."""
    with open_app(config, Use.READ) as app, app.database.reading() as uow:
        found = uow.promotions.in_states(state or None)
        rows = [_row(uow, app.configured.policy.project_url, promotion) for promotion in found]
    if as_json:
        print_json("bridge/promotions/1", promotions=rows)
        return
    columns = ("state", "name", "owner", "incidents", "open", "project", "attention")
    print_table(("#", *columns), [[row["id"], *(row[c] for c in columns)] for row in rows], empty="No promotion yet.")


@commands.command()
def show(number: Number, config: ConfigOption = DEFAULT_CONFIG, as_json: JsonOption = False) -> None:
    """Shows one promotion: why, which incidents, which project."""
    with open_app(config, Use.READ) as app, app.database.reading() as uow:
        promotion = uow.promotions.get(number)
        row = _row(uow, app.configured.policy.project_url, promotion)
        evidence = [
            {
                "incident": str(e.incident.ref),
                "role": str(e.role),
                "state": str(e.incident.state),
                "opened_at": e.incident.opened_at,
                "summary": e.incident.summary,
                "url": e.incident.url,
            }
            for e in evidence_of(uow, promotion)
        ]
        details = {"reason": promotion.reason, "rule_version": promotion.rule_version, "terms": promotion.terms}
    if as_json:
        print_json("bridge/promotion/1", **row, **details, evidence=evidence)
        return
    print_details({**row, **details})
    columns = ("incident", "role", "state", "opened_at", "summary", "url")
    print_table(columns, [[e[c] for c in columns] for e in evidence], empty="No incident.")


@commands.command()
def approve(number: Number, config: ConfigOption = DEFAULT_CONFIG, as_json: JsonOption = False) -> None:
    """Approves a candidate: its project is opened."""
    _decide(config, "approve", {"promotion": number, "actor": actor()}, as_json=as_json)


@commands.command()
def reject(
    number: Number,
    reason: Annotated[str, typer.Option(help="Why; kept with the promotion.")],
    config: ConfigOption = DEFAULT_CONFIG,
    as_json: JsonOption = False,
) -> None:
    """Rejects a candidate."""
    _decide(config, "reject", {"promotion": number, "actor": actor(), "reason": reason}, as_json=as_json)


def _decide(config: Path, name: str, args: dict[str, Any], *, as_json: bool) -> None:
    with open_app(config) as app:
        result = change(app, name, args)
    if as_json:
        print_json("bridge/decision/1", **result)
    else:
        say(f"promotion {result['promotion']} “{result['name']}” is {result['state']}.")


def _row(uow: UnitOfWork, project_url: Any, promotion: Promotion) -> dict[str, Any]:
    evidence = evidence_of(uow, promotion)
    return {
        "id": promotion.id,
        "state": str(promotion.state),
        "name": promotion.name,
        "rule": promotion.rule_id,
        "group": promotion.label,
        "owner": promotion.owner,
        "incidents": len(evidence),
        "open": sum(e.is_open for e in evidence),
        "created_at": promotion.created_at,
        "opened_at": promotion.opened_at,
        "delivered_at": promotion.delivered_at,
        "approved_by": promotion.approved_by,
        "decision_note": promotion.decision_note,
        "project": project_url(promotion.identifier) if promotion.project_id else None,
        "attention": promotion.attention,
    }
