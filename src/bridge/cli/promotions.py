"""`promotions list` and `show`: candidates and projects as they are. The rest is in bridge.cli.candidates."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any

import typer

from bridge.app import App, Use
from bridge.cli.common import DEFAULT_CONFIG, ConfigOption, JsonOption, open_app
from bridge.cli.output import print_details, print_json, print_table
from bridge.model.promotion import Promotion, PromotionState
from bridge.ports import UnitOfWork
from bridge.usecases.candidates.impact import impact_of
from bridge.usecases.candidates.shown import impact_text
from bridge.usecases.evidence import evidence_of
from bridge.usecases.reports.helped import verdict_text
from bridge.usecases.reports.looking import did_it_help
from bridge.usecases.reports.words import words_of

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
        details = {
            "reason": promotion.reason,
            "rule_version": promotion.rule_version,
            "terms": promotion.terms,
            **_form(uow, app, promotion),
        }
        helped = did_it_help(uow, promotion, app.clock.now())
        words = words_of(app.configured.texts, app.configured.policy.language)
    if as_json:
        counted = {**asdict(helped), "verdict": helped.verdict.value} if helped else None
        print_json("bridge/promotion/1", **row, **details, did_it_help=counted, evidence=evidence)
        return
    print_details({**row, **details, "did_it_help": verdict_text(helped, words) if helped else None})
    columns = ("incident", "role", "state", "opened_at", "summary", "url")
    print_table(columns, [[e[c] for c in columns] for e in evidence], empty="No incident.")


def _form(uow: UnitOfWork, app: App, promotion: Promotion) -> dict[str, Any]:
    """What a candidate's form says, and where it is decided."""
    impact = impact_of(evidence_of(uow, promotion), app.clock.now())
    intake = uow.intakes.of_promotion(promotion.id)
    return {
        "proposed_by": promotion.proposed_by or f"rule {promotion.rule_id}",
        "objective": promotion.objective,
        "due": promotion.due,
        "template": promotion.template,
        "impact": impact_text(app.configured, promotion, impact),
        "deferred_until": promotion.deferred_until,
        "merged_into": promotion.merged_into,
        "issue": app.configured.policy.issue_url(intake.issue_id) if intake else None,
    }


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
