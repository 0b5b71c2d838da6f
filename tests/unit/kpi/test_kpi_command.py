"""`kpi report` through the public command: a made-up log, the store, and the public log's reference figures."""

from __future__ import annotations

import csv
import json
from datetime import datetime, timedelta
from pathlib import Path

import pytest
import yaml
from tests.unit.backtest.uci import EXAMPLES, LOG, needs_log
from typer.testing import CliRunner, Result

from bridge.cli.main import cli

COLUMNS = [
    *("number", "incident_state", "opened_at", "sys_updated_at", "assignment_group", "priority", "resolved_at"),
    *("reopen_count", "reassignment_count", "made_sla"),
]
BEGIN = datetime(2026, 3, 2, 9)  # noqa: DTZ001 - the log has no zone
DAY = timedelta(days=1)


def written(moment: datetime | None) -> str:
    return "?" if moment is None else f"{moment.day}/{moment.month}/{moment:%Y %H:%M}"


def log(path: Path) -> Path:
    """Ten incidents of a day, one of 40 days, one that came back, one still open; the last rows know the end."""
    rows = []

    def life(
        number: int, *changes: tuple[float, str, str], end: float | None, reopened: int = 0, sla: bool = True
    ) -> None:
        resolved = None if end is None else BEGIN + end * DAY
        for days, state, team in changes:
            at = BEGIN + days * DAY
            made = "true" if sla else "false"
            rows.append(
                [
                    *(f"INC{number:03}", state, written(BEGIN), written(at), team, "2 - High", written(resolved)),
                    *(reopened, len({one[2] for one in changes}) - 1, made),
                ]
            )

    for number in range(10):
        life(number, (0, "New", "Desk"), (0.5, "Active", "Desk"), (1, "Resolved", "Desk"), (6, "Closed", "Desk"), end=1)
    life(
        10,
        *((0, "New", "Desk"), (1, "Active", "Noc"), (10, "Awaiting Vendor", "Noc"), (20, "Active", "Noc")),
        *((39, "Resolved", "Noc"), (44, "Closed", "Noc")),
        end=40,
        sla=False,
    )
    life(
        11, (0, "New", "Desk"), (1, "Resolved", "Desk"), (2, "Active", "Desk"), (3, "Closed", "Desk"), end=3, reopened=1
    )
    life(12, (0, "New", "Desk"), (45, "Active", "Noc"), end=None)
    with path.open("w", newline="", encoding="utf-8") as stream:
        csv.writer(stream).writerows([COLUMNS, *rows])
    return path


def example(folder: Path, name: str, **more: object) -> Path:
    """A shipped example that reads the made-up log's columns."""
    settings = yaml.safe_load((EXAMPLES / f"{name}.yaml").read_text(encoding="utf-8"))
    source = settings["sources"][0]
    keep = {"id", "opened_at", "updated_at", "state", "hold_reason", "priority", "team", "resolved_at"}
    keep |= {"reopen_count", "reassignment_count", "resolution_breached"}
    source["columns"] = {field: column for field, column in source["columns"].items() if field in keep}
    source |= {"fields": [], "final": ["resolved_at"], "path": "log.csv"}
    settings |= {"rules": [str(EXAMPLES / one) for one in settings["rules"]], **more}
    settings["directory"] = str(EXAMPLES / settings["directory"])
    settings["store"] = {"url": "sqlite:///bridge.sqlite3"}
    path = folder / f"{name}.yaml"
    path.write_text(yaml.safe_dump(settings), encoding="utf-8")
    return path


@pytest.fixture
def here(tmp_path: Path) -> Path:
    log(tmp_path / "log.csv")
    return tmp_path


def run(config: Path, *options: str) -> Result:
    return CliRunner().invoke(cli, ["kpi", "report", "-c", str(config), *options])


def told(config: Path, *options: str) -> dict:
    done = run(config, "--json", *options)
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


def on_file(here: Path, name: str, *options: str, **more: object) -> dict:
    return told(example(here, name, **more), "--history", str(here / "log.csv"), *options)


def test_both_bases_and_what_a_removed_incident_does(here: Path) -> None:
    reported = on_file(here, "open-remove", "--as-of", "final")
    assert (reported["schema"], reported["incidents"], reported["resolved"]) == ("bridge/kpi-report/1", 13, 12)
    assert reported["resolution"]["mean"] == pytest.approx((10 * 24 + 40 * 24 + 72) / 12)
    assert reported["adjusted"]["mean"] == pytest.approx((10 * 24 + 72) / 11)
    assert reported["removed"] == 1
    timeline = on_file(here, "open-remove", "--as-of", "final", "--basis", "timeline")
    assert timeline["resolution"]["mean"] == pytest.approx((10 * 24 + 39 * 24 + 24) / 12)
    assert timeline["resolution"]["meaning"]["basis"] == "timeline"


def test_a_paused_clock_stands_from_day_30(here: Path) -> None:
    paused = on_file(here, "open-pause", "--as-of", "final")
    assert paused["notes"][:4] == [
        "exclusions are what the rules would have done, as of final, each acting by itself",
        "what a rule proposes is approved at once",
        "what its limits hold back waits for a decision, and expires after 30d",
        "no project ends",
    ]
    assert paused["excluded_hours"] == pytest.approx(10 * 24, abs=0.01)
    assert paused["work"]["planned_hours"] == pytest.approx(10 * 24, abs=0.01)
    (one,) = [one for one in paused["explained"] if one["paused_hours"]]
    assert one["difference"] == pytest.approx(paused["resolution"]["mean"] - paused["adjusted"]["mean"])


def test_holds_routing_counts_and_the_sources_verdict(here: Path) -> None:
    made = on_file(here, "open-remove")
    assert (made["on_hold"]["incidents"], made["on_hold"]["hours"]) == (1, 240)
    assert made["on_hold"]["reasons"] == [{"reason": "Awaiting Vendor", "incidents": 1, "hours": 240}]
    assert made["on_hold"]["net"]["mean"] == pytest.approx(made["resolution"]["mean"] - 20)
    assert made["routing"]["ways"] == [{"first": "Desk", "last": "Noc", "incidents": 2}]
    assert (made["reopened"]["incidents"], made["reopened"]["counted_by"]) == (1, "the source")
    assert made["sla"][1]["told_share"] == pytest.approx(12 / 13)
    assert (made["backlog"]["open"], made["cancelled"]) == (1, 0)
    assert [one["name"] for one in made["months"]] == ["2026-03", "2026-04"]


def test_our_targets_are_shown_beside_the_sources(here: Path) -> None:
    sla = on_file(here, "open-remove", sla={"resolution": {2: "48h"}})["sla"][1]
    assert (sla["judged"], sla["met"], sla["told"], sla["told_met"], sla["differ"]) == (13, 10, 13, 12, 2)
    assert {(one["incident"], one["ours"], one["theirs"]) for one in sla["differences"]} == {
        ("uci #INC011", "broken", "kept"),
        ("uci #INC012", "broken", "kept"),
    }


def test_broken_down_by_team_and_by_rule(here: Path) -> None:
    parts = on_file(here, "open-remove", "--by", "team")["parts"]
    assert [(one["name"], one["incidents"], one["open"]) for one in parts] == [("Desk", 11, 0), ("Noc", 2, 1)]
    (rule,) = on_file(here, "open-remove", "--by", "rule")["parts"]
    assert (rule["name"], rule["removed"]) == ("open-remove", 1)


def test_a_span_after_everything_that_is_known_is_an_empty_report(here: Path) -> None:
    made = on_file(here, "open-remove", "--since", "2031-01-01")
    assert (made["incidents"], made["days"], made["months"]) == (0, [], [])


def test_what_happened_at_the_last_moment_of_a_file_has_happened(here: Path) -> None:
    """Many files know days only: whatever the last day tells is of one moment."""
    last = BEGIN + 45 * DAY
    with (here / "log.csv").open("a", newline="", encoding="utf-8") as stream:
        for number, state, opened, at in (
            ("INC013", "New", BEGIN, BEGIN),
            ("INC013", "Closed", BEGIN, last),
            ("INC014", "New", last, last),
            ("INC015", "New", last, last),
        ):
            row = [number, state, written(opened), written(at), "Desk", "2 - High", "?", 0, 0, "?"]
            csv.writer(stream).writerow(row)
    made = on_file(here, "open-remove", "--month", "opened")
    assert (made["backlog"]["open"], made["days"][-1]["backlog"], made["months"][-1]["open"]) == (3, 3, 3)
    assert made["backlog"]["oldest_age"] == pytest.approx(45 * 24)
    with (here / "log.csv").open("a", newline="", encoding="utf-8") as stream:  # an assignment to a person, say
        row = ["INC015", "New", written(last), written(last + 2 * DAY), "Desk", "2 - High", "?", 0, 0, "?"]
        csv.writer(stream).writerow(row)
    made = on_file(here, "open-remove")
    assert (made["backlog"]["oldest_age"], len(made["days"])) == (pytest.approx(47 * 24), 31)
    assert made["days"][-1]["day"] == f"{last + 2 * DAY:%Y-%m-%d}"


def test_an_incident_that_stands_in_several_exports_is_one_as_its_last_row_has_it(here: Path) -> None:
    settings = yaml.safe_load(example(here, "open-remove").read_text(encoding="utf-8"))
    settings["sources"][0] |= {"rows": "incidents", "final": [], "path": "week*.csv"}
    settings["sources"][0]["columns"] |= {"id": "{assignment_group}-{number}"}
    config = here / "weeks.yaml"
    config.write_text(yaml.safe_dump(settings), encoding="utf-8")
    end = BEGIN + 9 * DAY
    for week, rows in enumerate([[("1", "Active", None), ("2", "Active", None)], [("1", "Resolved", end)]]):
        with (here / f"week{week}.csv").open("w", newline="", encoding="utf-8") as stream:
            csv.writer(stream).writerow(COLUMNS)
            for number, state, resolved in rows:
                at = written(resolved or BEGIN + DAY)
                row = [number, state, written(BEGIN), at, "Desk", "2 - High", written(resolved), 0, 0, "?"]
                csv.writer(stream).writerow(row)
    for as_of in ("event", "final"):
        made = told(config, "--history", str(here / "week*.csv"), "--as-of", as_of)
        assert (made["incidents"], made["resolved"], made["resolution"]["mean"]) == (2, 1, pytest.approx(9 * 24)), as_of


def test_persons_are_shown_only_where_that_is_allowed(here: Path) -> None:
    refused = run(example(here, "open-remove"), "--history", str(here / "log.csv"), "--by", "person")
    assert refused.exit_code != 0
    assert "single persons are not allowed" in str(refused.exception)
    allowed = on_file(here, "open-remove", "--by", "person", kpi={"by_person": True})
    assert [one["name"] for one in allowed["parts"]] == ["(none)"]


def test_as_text_every_figure_names_what_it_is_about_and_as_csv_there_is_a_file_each(here: Path) -> None:
    config = example(here, "open-remove")
    shown = run(config, "--history", str(here / "log.csv"), "--since", "2026-03-01", "--until", "2026-05-01").stdout
    assert "2026-03-01 to before 2026-05-01, incidents by when they were resolved" in shown
    assert "MTTR adjusted" in shown
    assert "exclusions are what the rules would have done, as of event" in shown
    done = run(config, "--history", str(here / "log.csv"), "--csv", str(here / "out"))
    assert "8 files" in done.stdout or "9 files" in done.stdout
    for path in sorted((here / "out").iterdir()):
        assert path.read_bytes().startswith(b"\xef\xbb\xbf"), "else spreadsheets do not read Chinese"
        with path.open(encoding="utf-8-sig") as stream:
            rows = list(csv.DictReader(stream))
        assert all(row["population"] and row["basis"] and row["month by"] for row in rows), path


def test_the_store_tells_the_same_as_the_file_it_was_filled_from(here: Path) -> None:
    """One of them was called off, and its source gives a time of resolution: it is in no mean."""
    config = example(here, "open-remove")
    settings = yaml.safe_load(config.read_text(encoding="utf-8"))
    settings["sources"][0]["states"]["Called off"] = "cancelled"
    config.write_text(yaml.safe_dump(settings), encoding="utf-8")
    with (here / "log.csv").open("a", newline="", encoding="utf-8") as stream:
        for state, at in (("New", BEGIN), ("Called off", BEGIN + 35 * DAY)):
            row = ["INC099", state, written(BEGIN), written(at), "Desk", "2 - High", written(BEGIN + 35 * DAY)]
            csv.writer(stream).writerow([*row, 0, 0, "?"])
    done = CliRunner().invoke(cli, ["backfill", "-c", str(config), "--since", "2026-01-01"])
    assert done.exit_code == 0, done.output
    stored, file = told(config), told(config, "--history", str(here / "log.csv"))
    same = (
        "incidents",
        "resolved",
        "response",
        "resolution",
        "on_hold",
        "routing",
        "reopened",
        "reassigned",
        "first_time",
    )
    assert {name: stored[name] for name in same} == {name: file[name] for name in same}
    assert (stored["resolved"], stored["cancelled"], file["cancelled"]) == (12, 1, 1)
    assert stored["resolution"]["mean"] == pytest.approx((10 * 24 + 40 * 24 + 72) / 12)
    assert stored["sla"][1]["told_share"] == file["sla"][1]["told_share"]
    again = CliRunner().invoke(cli, ["kpi", "rebuild", "-c", str(config), "--json"])
    assert json.loads(again.stdout) == {"schema": "bridge/kpi-rebuild/1", "incidents": 14, "wrong": 0, "days": 0}


UCI = [
    ("open-remove", "final", "reported", 178.172, 85.702),
    ("open-pause", "final", "reported", 178.172, 116.898),
    ("open-remove", "event", "reported", 178.172, 86.113),
    ("open-pause", "event", "timeline", 162.842, None),
]


@needs_log
@pytest.mark.parametrize(("name", "as_of", "basis", "raw", "adjusted"), UCI)
def test_the_reference_figures_of_the_public_log(
    name: str, as_of: str, basis: str, raw: float, adjusted: float | None
) -> None:
    config = EXAMPLES / f"{name}.yaml"
    made = told(config, "--history", str(LOG), "--as-of", as_of, "--basis", basis)
    assert made["incidents"] == 24_918
    assert made["resolution"]["mean"] == pytest.approx(raw, abs=0.0005)
    if adjusted is not None:
        assert made["adjusted"]["mean"] == pytest.approx(adjusted, abs=0.0005)
        assert made["resolution"]["p50"] == pytest.approx(22.1)
        assert made["resolution"]["p90"] == pytest.approx(381.548, abs=0.0005)
        assert made["resolution"]["p99"] == pytest.approx(2843.401, abs=0.0005)
        assert made["on_hold"]["net"]["mean"] == pytest.approx(109.402, abs=0.0005)
    assert made["on_hold"]["incidents"] == 5_818
    assert made["on_hold"]["hours"] == pytest.approx(1_606_612.9, abs=0.06)
    assert (made["sla"][1]["told_met"], made["sla"][1]["told"]) == (15_803, 24_918)
    assert (made["reopened"]["incidents"], made["reassigned"]["incidents"]) == (275, 11_369)
    if (name, as_of) == ("open-remove", "final"):
        assert made["removed"] == 1_149
