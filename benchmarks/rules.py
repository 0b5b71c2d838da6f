"""Rules over many incidents: replays against hand-written polars queries, and the index against asking every rule."""

from __future__ import annotations

import csv
import io
import os
import random
import time
import zipfile
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import polars as pl

from benchmarks.harness import ROOT, Check, Comparison, Report, Series, in_child, interleaved
from bridge.app.replay import file_history, uncollected
from bridge.configuration import load
from bridge.model.incident import Incident, State
from bridge.rules.history import History, table
from bridge.rules.matching import CompiledRule, compile_rule
from bridge.rules.ruleset import RuleSet
from bridge.rules.schema import Rule
from bridge.rules.sla import SlaTargets
from bridge.usecases.backtest.replay import AsOf, count_alone

SIZE = 1_000_000
RULES = 50
ASKED = 20_000
WITHIN = timedelta(days=14)
BEGIN = datetime(2025, 1, 1, tzinfo=UTC)
LOG = Path(os.environ.get("BRIDGE_UCI", ROOT.parent / "shared" / "data" / "uci")) / "incident_event_log.zip"
EXAMPLE = ROOT / "config" / "examples" / "uci" / "bridge.yaml"
UCI_RULE = "symptom-5-in-14d"

Firings = Counter[tuple[str, ...]]
"""How often each group fired."""


def run(runs: int, size: int | None = None) -> Report:
    """The measurements; `size` instead of 1,000,000 incidents is for trying them out."""
    size = size or SIZE
    report = Report(
        "rules",
        "Firings of a rule (5 of a group within 14 days, counted anew after each), the same of both, in one process "
        f"each. One rule over {size:,} incidents in memory: match by service, priority and a regular expression, group "
        "by service and CI; for ours in columns, for polars in a DataFrame of strings and times. Polars says which "
        "rows end a window, the counting anew is a Python loop over those groups.",
    )
    report.comparisons.append(
        _compare("One rule over incidents in memory", runs, (peer_memory, own_memory), size, 1 / 4)
    )
    if LOG.exists():
        title = "UCI, one rule, reading the zipped CSV included (peer: bare csv.reader loop, then polars)"
        report.comparisons.append(_compare(title, runs, (peer_uci, own_uci), 0, 1 / 1.3))
    else:
        report.notes.append(f"The public log is not here: {LOG.name}.")
    report.comparisons.append(
        _compare(f"{RULES} rules, incidents as the daemon sees them", runs, (peer_index, own_index), ASKED, 5)
    )
    report.checks.append(Check("results of all pairs", "compared", "equal", holds=True))
    return report


def _compare(
    what: str, runs: int, pair: tuple[Callable[[int], Any], Callable[[int], Any]], size: int, goal: float
) -> Comparison:
    found: list[Any] = []

    def measured(function: Callable[[int], Any]) -> float:
        seconds, result = in_child(function, size)
        found.append(result)
        return 1 / seconds

    peer, ours = interleaved(runs, lambda: measured(pair[0]), lambda: measured(pair[1]))
    if any(result != found[0] for result in found):
        raise RuntimeError(f"{what}: the results differ")
    return Comparison(what, "runs per second", Series("peer", tuple(peer)), Series("ours", tuple(ours)), goal=goal)


@cache
def incidents(size: int) -> dict[str, list[Any]]:
    """Incidents of two years: 40 services, 2,000 CIs of which some have many, 32,000 different summaries."""
    chance = random.Random(7)
    services = [f"Service {number}" for number in range(40)]
    kinds = [
        f"{what} on {where}" for what in ("CPU load", "Disk full", "Login fails", "路由器 CPU") for where in "ABCDEFGH"
    ]
    opened = sorted(BEGIN + timedelta(seconds=chance.randrange(63_072_000)) for _ in range(size))
    return {
        "opened_at": opened,
        "service": chance.choices(services, k=size),
        "ci": [f"CI-{int(2000 * chance.random() ** 2)}" for _ in range(size)],
        "priority": chance.choices([1, 2, 3, 4, 5], k=size),
        "summary": [f"{kind} {chance.randrange(1000)}" for kind in chance.choices(kinds, k=size)],
    }


def own_rule() -> CompiledRule:
    """One that covers a few percent."""
    return _rule(
        {
            "all": [
                {"field": "service", "in": ["Service 1", "Service 2", "Service 3", "Service 4"]},
                {"field": "priority", "at_most": 3},
                {"field": "summary", "regex": "(?i)cpu"},
            ]
        },
        ["service", "ci"],
    )


def _rule(match: dict[str, Any], group_by: list[str], number: int = 0) -> CompiledRule:
    return compile_rule(
        Rule.model_validate(
            {
                "id": f"rule-{number}",
                "title": "A rule",
                "mode": "auto",
                "match": match,
                "group_by": group_by,
                "when": {"any": [{"recurs": {"at_least": 5, "within": "14d"}}]},
                "project": {"template": "standard-project", "owner": "owner"},
            }
        )
    )


def own_memory(size: int) -> tuple[float, Firings]:
    """A replay over columns in memory."""
    data = incidents(size)
    columns = {name: values for name, values in data.items() if name != "opened_at"}
    columns["source"] = ["desk"] * size
    columns["external_id"] = list(map(str, range(size)))
    columns["state"] = [State.NEW] * size
    history = table(data["opened_at"], columns, ends=lambda: [None] * size)
    rule = own_rule()
    for name in ("source", "external_id", "state", "service", "ci", "priority", "summary"):
        history.column(name)
    with uncollected():
        began = time.perf_counter()
        found = firings(history, rule)
        return time.perf_counter() - began, found


def firings(history: History, rule: CompiledRule) -> Firings:
    """What the command does with `--counting reset`."""
    counted = count_alone(history, rule, SlaTargets())
    return Counter((one.trace.label,) for one in counted.firings)


def peer_memory(size: int) -> tuple[float, Firings]:
    """Polars, written by hand for this one rule."""
    data = pl.DataFrame(incidents(size))
    began = time.perf_counter()
    found = (
        data.lazy()
        .filter(
            pl.col("service").is_in(["Service 1", "Service 2", "Service 3", "Service 4"])
            & (pl.col("priority") <= 3)
            & pl.col("summary").str.contains("(?i)cpu")
        )
        .collect()
    )
    result = _anew(found, ["service", "ci"])
    return time.perf_counter() - began, result


def _anew(found: pl.DataFrame, group_by: list[str]) -> Firings:
    """Groups with a window of five, and how often each fires when it is counted anew."""
    hot = (
        found.sort("opened_at")
        .with_columns(fits=(pl.col("opened_at") - pl.col("opened_at").shift(4).over(group_by)) <= WITHIN)
        .filter(pl.col("fits").any().over(group_by))
        .group_by(group_by, maintain_order=True)
        .agg(pl.col("opened_at"), pl.col("fits").fill_null(value=False))
    )
    result: Firings = Counter()
    for *names, fits in hot.select(*group_by, "fits").iter_rows():
        count, next_at = 0, 4
        for position, fit in enumerate(fits):
            if fit and position >= next_at:
                count, next_at = count + 1, position + 5
        result[(" · ".join(names),)] = count
    return result


def own_uci(_: int) -> tuple[float, Firings]:
    """The shipped example's first rule, from the file to the firings."""
    configuration = load(EXAMPLE)
    rule = next(one for one in configuration.rules.rules if one.id == UCI_RULE)
    chosen = replace(configuration, rules=RuleSet([rule]))
    with uncollected():
        began = time.perf_counter()
        history, _ = file_history(chosen, str(LOG), None, AsOf.FINAL)
        found = firings(history, rule)
        return time.perf_counter() - began, found


def peer_uci(_: int) -> tuple[float, Firings]:
    """A csv.reader loop that keeps each incident's last row, and polars for the rest."""
    group_by = ["category", "subcategory", "u_symptom"]
    began = time.perf_counter()
    last: dict[str, list[str]] = {}
    with zipfile.ZipFile(LOG) as archive, archive.open("incident_event_log.csv") as packed:
        reader = csv.reader(io.TextIOWrapper(packed, "utf-8", newline=""))
        header = next(reader)
        number = header.index("number")
        for row in reader:
            last[row[number]] = row
    places = [header.index(name) for name in ("opened_at", *group_by)]
    rows = [[row[place] for place in places] for row in last.values()]
    data = pl.DataFrame(rows, schema=["opened_at", *group_by], orient="row")
    found = data.filter(pl.all_horizontal(pl.col(name) != "?" for name in group_by)).with_columns(
        pl.col("opened_at").str.to_datetime("%d/%m/%Y %H:%M")
    )
    result = _anew(found, group_by)
    return time.perf_counter() - began, result


def _fifty() -> RuleSet:
    """Rules of which most ask for one service."""
    return RuleSet(
        [
            _rule(
                {"all": [{"field": "service", "equals": f"Service {n}"}, {"field": "priority", "at_most": 3}]},
                ["ci"],
                n,
            )
            for n in range(RULES)
        ]
    )


def _some(size: int) -> list[Incident]:
    data = incidents(size)
    names = ("service", "ci", "priority", "summary", "opened_at")
    rows = zip(*(data[name] for name in names), strict=True)
    return [
        Incident("desk", str(n), state=State.NEW, updated_at=row[-1], **dict(zip(names, row, strict=True)))
        for n, row in enumerate(rows)
    ]


def own_index(size: int) -> tuple[float, int]:
    """The daemon's way to the rules of an incident."""
    rules, those = _fifty(), _some(size)
    began = time.perf_counter()
    found = sum(len(rules.matching(one)) for one in those)
    return time.perf_counter() - began, found


def peer_index(size: int) -> tuple[float, int]:
    """Every rule is asked about every incident."""
    rules, those = _fifty().rules, _some(size)
    began = time.perf_counter()
    found = sum(rule.matches(one) for one in those for rule in rules)
    return time.perf_counter() - began, found
