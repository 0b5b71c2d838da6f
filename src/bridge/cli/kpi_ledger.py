"""`kpi ledger` and `kpi findings`: who excluded what from the KPIs and why, proved, and what asks for a second look."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import typer

from bridge.app import App, Use
from bridge.app.telling import due_times
from bridge.cli.common import DEFAULT_CONFIG, FINDINGS, ConfigOption, JsonOption, actor, change, open_app, writing
from bridge.cli.output import print_json, print_table, say
from bridge.kpi.ledger import Head, Row, verify
from bridge.model.errors import ConfigurationError, Problem
from bridge.shipped import shipped
from bridge.usecases.ledger.export import all_rows, export
from bridge.usecases.ledger.look import look, not_looked_for

commands = typer.Typer(no_args_is_help=True, help="The ledger of exclusions from the KPIs.")
_HEAD = re.compile(r"(?<!\d)(\d{1,9})[^0-9a-fA-F]{1,20}([0-9a-f]{64})(?![0-9a-f])")
COLUMNS = ("row", "at", "kind", "incident", "promotion", "policy", "because", "approver", "expires")


@commands.command("list")
def list_rows(
    incident: Annotated[str, typer.Option(help="Only those of one incident, such as “rt #17”.")] = "",
    promotion: Annotated[int | None, typer.Option(help="Only those of one promotion.")] = None,
    config: ConfigOption = DEFAULT_CONFIG,
    as_json: JsonOption = False,
) -> None:
    """Lists the rows of the ledger, with the persons' names as far as they are not forgotten."""
    with open_app(config, Use.READ) as app, app.database.reading() as uow:
        names = uow.kpi_ledger.names()
        wanted = incident.replace(" ", "")
        found = [
            row
            for row in all_rows(uow)
            if promotion in {None, row.promotion_id} and wanted in {"", row.incident.replace(" ", "")}
        ]
        rows = [_shown(row, names) for row in found]
        if as_json:
            print_json("bridge/ledger/1", rows=rows)
            return
    print_table(COLUMNS, [[row[name] for name in COLUMNS] for row in rows], empty="Nothing was ever excluded.")


@commands.command("verify")
def verify_rows(
    heads: Annotated[
        list[Path] | None, typer.Option("--heads", help="A saved wiki page or mail: every head in it is compared.")
    ] = None,
    config: ConfigOption = DEFAULT_CONFIG,
    as_json: JsonOption = False,
) -> None:
    """Finds any row that was changed, removed or moved, up to the last published head. Exit code 1 when one was."""
    known = [head for path in heads or [] for head in _heads_in(path)]
    with open_app(config, Use.READ) as app, app.database.reading() as uow:
        stored = uow.kpi_ledger.heads()
        faults = verify(all_rows(uow), [*stored, *known])
        newest = uow.kpi_ledger.newest()
    rows, published = newest.seq if newest else 0, max((head.seq for head in [*stored, *known]), default=0)
    if as_json:
        told = [{"row": fault.seq, "what": fault.what} for fault in faults]
        print_json("bridge/ledger-verify/1", rows=rows, published=published, heads_given=len(known), faults=told)
    else:
        for fault in faults:
            say(f"error: {fault.what}")
        if not faults:
            say(f"All {rows} rows are as they were written; {min(rows, published)} of them under a published head.")
    if faults:
        raise typer.Exit(FINDINGS)


@commands.command("export")
def export_rows(
    folder: Annotated[Path, typer.Argument(help="Where to; it is made when it is not there.")],
    config: ConfigOption = DEFAULT_CONFIG,
    as_json: JsonOption = False,
) -> None:
    """Writes the ledger, the incidents' moments and the figures as CSV and JSON, and how the figures are made.

    What is there of these names is overwritten.
    """
    description = shipped("ledger", "README.md").read_text(encoding="utf-8")
    written = []
    with open_app(config, Use.READ) as app, app.database.reading() as uow, writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
        for file in export(uow, app.clock.now(), description):
            with (folder / file.name).open("w", encoding="utf-8", newline="") as out:
                out.writelines(file.parts)
            written.append(file.name)
    if as_json:
        print_json("bridge/ledger-export/1", folder=str(folder), files=written)
    else:
        say(f"{len(written)} files are written into {folder}; begin with README.md.")


@commands.command()
def forget(
    person: Annotated[str, typer.Argument(help="The name as `kpi ledger list` shows it.")],
    config: ConfigOption = DEFAULT_CONFIG,
    as_json: JsonOption = False,
) -> None:
    """Erases a person's name, and reasons in which it stands, from the ledger; its rows and hashes stay as they are."""
    with open_app(config) as app:
        result = change(app, "forget", {"person": person, "actor": actor()})
    if as_json:
        print_json("bridge/ledger-forget/1", **result)
    else:
        say(f"{result['erased']} entries are erased.")


def findings(config: ConfigOption = DEFAULT_CONFIG, as_json: JsonOption = False) -> None:
    """What in exclusions and projects asks for a second look, each with its threshold and the incidents behind it.

    Exit code 1 when there is any.
    """
    with open_app(config, Use.READ) as app:
        told = _findings(app)
        missing = not_looked_for(app.configured.policy.ledger, app.configuration.sla)
    if as_json:
        print_json("bridge/findings/1", findings=told, not_looked_for=missing)
    else:
        for one in told:
            say(f"{one['kind']}: {one['about']} (threshold: {one['threshold']})")
            say(f"  {one['explanation']}")
            if one["incidents"]:
                say(f"  {_shortened(one['incidents'])}")
        if not told:
            say("Nothing asks for a second look.")
        for what in missing:
            say(f"Not looked for: {what}.")
    if told:
        raise typer.Exit(FINDINGS)


def _findings(app: App) -> list[dict[str, Any]]:
    with app.database.reading() as uow:
        found = look(uow, app.configured, due_times(app.configuration), app.clock.now())
    return [
        {
            "kind": one.kind.value,
            "about": one.about,
            "threshold": one.threshold,
            "explanation": one.explanation,
            "incidents": list(one.incidents),
            "promotions": list(one.promotions),
            "figures": dict(one.figures),
        }
        for one in found
    ]


def _shortened(incidents: list[str], most: int = 12) -> str:
    more = f" and {len(incidents) - most} more" if len(incidents) > most else ""
    return ", ".join(incidents[:most]) + more


def _shown(row: Row, names: Any) -> dict[str, Any]:
    return {
        "row": row.seq,
        "at": row.at,
        "recorded_at": row.recorded_at,
        "kind": row.kind,
        "exclusion": row.exclusion,
        "incident": row.incident,
        "promotion": row.promotion_id,
        "policy": row.policy,
        "rule": row.rule_id,
        "rule_version": row.rule_version,
        "because": row.because,
        "approver": names.get(row.approver, row.approver),
        "actor": names.get(row.actor, row.actor),
        "evidence": row.evidence,
        "expires": row.expires_at,
        "hash": row.hash,
    }


def _heads_in(path: Path) -> Iterator[Head]:
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        raise ConfigurationError(
            [Problem(str(path), f"cannot be read: {error.strerror}", "correct the name")]
        ) from None
    found = {(int(seq), hashed) for seq, hashed in _HEAD.findall(text)}
    if not found:
        what = "has no published head in it: a row's number and the 64 hexadecimal digits of its hash"
        raise ConfigurationError([Problem(str(path), what, "save the wiki page or the mail as text")])
    yield from (Head(seq, hashed) for seq, hashed in sorted(found))
