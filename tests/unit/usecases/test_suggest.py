"""Rules that a history suggests: what was planted is found, noise is not, and what is printed loads."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.unit.backtest.uci import EXAMPLES, LOG, needs_log
from typer.testing import CliRunner

from bridge.cli.main import cli
from bridge.configuration import load
from bridge.model.incident import State
from bridge.rules.fields import FINGERPRINT, KINDS, OWN_FIELD
from bridge.rules.history import History, table
from bridge.rules.loader import KnownNames, read_rules
from bridge.rules.matching import compile_rule
from bridge.rules.ruleset import RuleSet
from bridge.rules.schema import Mode, Rule
from bridge.usecases.backtest.replay import Asked
from bridge.usecases.mining import EVERYWHERE, Threshold
from bridge.usecases.suggest import Suggested, suggest, without
from bridge.yamlfile import parse

BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
DAYS = 200
SETTINGS = load(EXAMPLES / "bridge.yaml")
NAMES = replace(SETTINGS.names, fills=None, sources=None)
NOTHING_PRESENT = replace(SETTINGS.configured("000000"), rules=RuleSet([]))

Row = tuple[datetime, str, str, str, str]
COLUMNS = ("service", "category", "site", "fields.Cause")


def noise(count: int, seed: int) -> list[Row]:
    """Incidents without any pattern: every value as likely as any other, at any time."""
    dice = random.Random(seed)
    return [
        (
            BEGIN + timedelta(hours=dice.uniform(0, DAYS * 24)),
            f"service {dice.randrange(20)}",
            f"category {dice.randrange(15)}",
            f"site {dice.randrange(12)}",
            f"cause {dice.randrange(30)}",
        )
        for _ in range(count)
    ]


def planted(seed: int) -> list[Row]:
    """The same service and category, at all sites and of any cause, again and again for two months."""
    dice = random.Random(seed)
    return [
        (BEGIN + timedelta(days=40, hours=30 * n), "service 3", "category 7", f"site {n % 12}", f"cause {n % 30}")
        for n in range(45)
        if dice.random() < 0.95
    ]


def busy(seed: int) -> list[Row]:
    """A large office: 3 pairs of service and category come four times a day, 12 others less, all else now and then."""
    dice = random.Random(seed)
    pairs = [(f"service {n}", f"category {n}", 250) for n in range(3)]
    pairs += [(f"service {n}", f"category {(n + 5) % 15}", 90) for n in range(3, 15)]
    pairs += [(f"service {dice.randrange(20)}", f"category {dice.randrange(15)}", 1) for _ in range(3600)]
    return [
        (BEGIN + timedelta(hours=dice.uniform(0, 60 * 24)), service, category, f"site {dice.randrange(12)}", "cause 1")
        for service, category, count in pairs
        for _ in range(count)
    ]


def history_of(rows: Sequence[Row]) -> History:
    """Incidents that took four hours each."""
    rows = sorted(rows)
    columns: dict[str, Sequence[Any]] = {
        name: [row[number] for row in rows] for number, name in enumerate(COLUMNS, start=1)
    }
    opened = [row[0] for row in rows]
    resolved = [at + timedelta(hours=4) for at in opened]
    columns |= {
        "source": ["desk"] * len(rows),
        "external_id": [str(number) for number in range(len(rows))],
        "state": [State.RESOLVED] * len(rows),
        "summary": [""] * len(rows),
        "resolved_at": resolved,
        "updated_at": resolved,
    }
    return table(opened, columns, ends=lambda: resolved)


def suggested(rows: Sequence[Row], rules: RuleSet | None = None, top: int = 5) -> Suggested:
    """What these incidents suggest."""
    configured = NOTHING_PRESENT if rules is None else replace(NOTHING_PRESENT, rules=rules)
    return suggest(history_of(rows), configured, NAMES, ["Cause"], Asked(), top)


def loaded(text: str, names: KnownNames = NAMES) -> RuleSet:
    """The rules of a printed file, which must have no problem at all."""
    marked, problems = parse(text, "printed.yaml")
    assert marked is not None, problems
    rules, problems = read_rules([marked], names)
    assert rules is not None, problems
    assert problems == []
    return rules


def rule(at_least: int) -> RuleSet:
    """A present rule about the planted group's fields."""
    return RuleSet(
        [
            compile_rule(
                Rule.model_validate(
                    {
                        "id": "same-service-category-5-in-14d",
                        "title": "Present",
                        "match": {"field": "service", "exists": True},
                        "group_by": ["service", "category"],
                        "when": {"any": [{"recurs": {"at_least": at_least, "within": "14d"}}]},
                        "project": {"template": "production-change", "owner": "owner"},
                    }
                )
            )
        ]
    )


@pytest.mark.parametrize("seed", range(3))
def test_the_planted_group_is_suggested_first_and_loads(seed: int) -> None:
    found = suggested([*noise(1500, seed), *planted(seed)])
    first = found.suggestions[0]
    assert first.finding.group_by == ("service", "category")
    assert first.figures.promotions[0].group == "service 3 · category 7"
    assert first.figures.firings == first.finding.hot == 1
    assert first.figures.covered == len(first.finding.covered) >= 35
    rules = loaded(found.file)
    assert [one.id for one in rules.rules] == [one.figures.id for one in found.suggestions]
    assert rules.rules[0].mode is Mode.PROPOSE
    assert (rules.rules[0].project.template, rules.rules[0].project.owner) == ("standard-project", "owner")


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("count", [60, 600, 2500])
def test_nothing_in_noise(count: int, seed: int) -> None:
    assert suggested(noise(count, seed)).suggestions == ()


@pytest.mark.parametrize("seed", range(2))
def test_no_rule_takes_much_of_what_there_is(seed: int) -> None:
    """Where a lot comes in, a rule asks for more of the same instead of opening a project for everything."""
    rows = busy(seed)
    found = suggested(rows)
    first = found.suggestions[0]
    assert (first.finding.group_by, first.finding.threshold) == (("service", "category"), Threshold(80, 30))
    assert first.figures.firings == first.finding.hot == 3
    assert all(one.figures.covered <= EVERYWHERE * len(rows) for one in found.suggestions)
    told = found.file.splitlines()[2:4]
    assert re.fullmatch(r"  # 3 project\(s\) from 2026-01-\d\d to 2026-0[12]-\d\d, at most [123] in a week", told[0])
    share = 100 * first.figures.covered / len(rows)
    assert told[1] == (
        f"  # {first.figures.covered} of {len(rows)} incident(s) ({share:.1f} %), {len(rows)} have these fields"
    )


def test_no_history_suggests_nothing() -> None:
    assert suggested([]).suggestions == ()


def test_what_a_present_rule_takes_is_left_out() -> None:
    rows = [*noise(1500, 1), *planted(1)]
    left = suggested(rows, rule(5))
    assert left.taken >= 35
    assert left.incidents == len(rows) - left.taken
    assert left.suggestions == ()


def test_a_present_rule_gives_template_and_owner_and_keeps_its_id() -> None:
    found = suggested([*noise(1500, 1), *planted(1)], rule(60))
    first = loaded(found.file).rules[0]
    assert (first.project.template, first.project.owner) == ("production-change", "owner")
    assert first.id not in rule(60).ids


def test_the_same_history_suggests_the_same() -> None:
    rows = [*noise(1500, 2), *planted(2)]
    assert suggested(rows).file == suggested(list(reversed(rows))).file


def test_odd_field_names_are_written_so_that_they_load() -> None:
    """Names with spaces, quotes and colons, and names that are no Latin letters."""
    rows = noise(300, 3)
    rows += [(BEGIN + timedelta(days=40, hours=8 * n), f"service {n % 20}", "", "", "odd") for n in range(40)]
    history = history_of(rows)
    for name in ('Cause: "x"', "# cause", "故障原因"):
        odd = OWN_FIELD + name
        columns = {"source": ["desk"] * len(rows), odd: history.column("fields.Cause").every()}
        columns |= {field: history.column(field).every() for field in ("state", "external_id", "updated_at")}
        found = suggest(table(history.opened, columns), NOTHING_PRESENT, NAMES, [name], Asked(), 5)
        assert loaded(found.file).rules[0].rule.group_by == (odd,)


def test_a_history_without_some_incidents_has_the_others() -> None:
    """Also where incidents have several rows."""
    opened = [BEGIN + timedelta(days=n) for n in range(3)]
    at = [opened[0], opened[0] + timedelta(hours=1), opened[1], opened[2], opened[2] + timedelta(hours=2)]
    whole = table(opened, {"site": ["a", "b", "c", "d", "e"]}, first=[0, 2, 3], known=at)
    rest = without(whole, {1})
    assert (rest.incidents, rest.rows) == (2, 4)
    assert [rest.column("site")[row] for row in rest.rows_of(1)] == ["d", "e"]
    assert [rest.since(row) for row in rest.rows_of(1)] == at[3:]


CONFIG = """
version: 1
redmine: {url: "https://redmine.example.com", api_key: unused, parent_project: operations}
directory: directory.yaml
rules: [rules/*.yaml]
sources:
  - name: desk
    kind: file
    path: none.csv
    columns: {id: id, opened_at: opened, updated_at: updated, state: state, resolved_at: updated,
              service: service, category: category, site: site}
    fields: [Cause]
    states: {Closed: closed}
"""


def office(folder: Path, rows: Sequence[Row]) -> list[str]:
    """A configuration without rules and a file of incidents; returns the command."""
    (folder / "bridge.yaml").write_text(CONFIG)
    (folder / "directory.yaml").write_text((EXAMPLES / "directory.yaml").read_text())
    lines = ["id,opened,updated,state,service,category,site,Cause"]
    for number, (at, *values) in enumerate(rows):
        lines.append(",".join([str(number), at.isoformat(), (at + timedelta(hours=4)).isoformat(), "Closed", *values]))
    (folder / "past.csv").write_text("\n".join(lines) + "\n")
    config = str(folder / "bridge.yaml")
    return ["rules", "suggest", "-c", config, "--history", str(folder / "past.csv")]


def told(command: Sequence[str]) -> str:
    """What a command prints."""
    done = CliRunner().invoke(cli, list(command), catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.stdout


def test_the_command_prints_a_file_of_rules(tmp_path: Path) -> None:
    command = office(tmp_path, [*noise(1200, 4), *planted(4)])
    text = told([*command, "--top", "1"])
    assert "group_by: [service, category]" in text
    assert "# 1 project(s)" in text
    folder = tmp_path / "rules"
    folder.mkdir()
    (folder / "suggested.yaml").write_text(text)
    assert told(["rules", "check", "-c", str(tmp_path / "bridge.yaml")]) == "All is well.\n"
    said = told(command)
    assert said.startswith("Nothing is worth a rule: ")
    assert "belong to projects of present rules." in said


def test_the_command_tells_the_same_as_json(tmp_path: Path) -> None:
    out = json.loads(told([*office(tmp_path, [*noise(1200, 5), *planted(5)]), "--json"]))
    assert (out["schema"], out["as_of"], out["counting"]) == ("bridge/rules-suggest/1", "event", "live")
    first = out["suggestions"][0]
    assert (first["group_by"], first["hot_groups"]) == (["service", "category"], 1)
    assert first["backtest"]["firings"] == 1
    assert loaded(first["yaml"]).rules[0].id == first["id"]


def test_the_command_says_that_noise_is_noise(tmp_path: Path) -> None:
    assert told(office(tmp_path, noise(800, 6))) == (
        "Nothing is worth a rule: in 800 incident(s) no group stands out from chance.\n"
    )


def test_the_command_asks_the_store(tmp_path: Path) -> None:
    office(tmp_path, [*noise(600, 4), *planted(4)])
    config = tmp_path / "bridge.yaml"
    config.write_text(CONFIG.replace("none.csv", "past.csv"))
    told(["backfill", "-c", str(config), "--since", "2025-12-01"])
    command = ["rules", "suggest", "-c", str(config), "--since"]
    assert "group_by: [service, category]" in told([*command, "2025-12-01"])
    assert told([*command, "2027-01-01"]).startswith("Nothing is worth a rule: in 0 incident(s)")


@needs_log
def test_the_public_log_suggests_rules_that_load() -> None:
    config = EXAMPLES / "open-pause.yaml"
    command = ["rules", "suggest", "-c", str(config), "--history", str(LOG), "--as-of", "final", "--top", "2"]
    rules = loaded(told(command), load(config).names).rules
    assert 1 <= len(rules) <= 2
    assert all(
        one in {*KINDS, FINGERPRINT} or one.startswith(OWN_FIELD) for rule in rules for one in rule.rule.group_by
    )
