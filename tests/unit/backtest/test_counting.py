"""Counting anew after each firing, and the histories it is done on."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.backtest.worlds import BEGIN, HOUR, SOURCE
from tests.unit.rules.incidents import rule
from typer.testing import CliRunner

from bridge.cli.main import cli
from bridge.model.incident import EventKind, Incident, State, TimelineEvent
from bridge.rules.history import History, table
from bridge.rules.sla import SlaTargets
from bridge.usecases.backtest.alone import Alone
from bridge.usecases.backtest.members import Known
from bridge.usecases.backtest.places import Places
from bridge.usecases.backtest.replay import count_alone
from bridge.usecases.backtest.stored import versions
from bridge.usecases.backtest.walk import Walk

GROUPED: dict[str, Any] = {"match": {"field": "service", "in": ["a", "b"]}, "group_by": ["service"]}
histories = st.lists(st.tuples(st.integers(0, 100), st.sampled_from(["a", "b", "c", ""])), max_size=40)


def history(openings: list[tuple[int, str]]) -> History:
    """Incidents of services, opened so many hours after the beginning."""
    columns = {
        "source": [SOURCE] * len(openings),
        "external_id": [str(number) for number in range(len(openings))],
        "state": [State.NEW] * len(openings),
        "service": [service for _, service in openings],
    }
    return table([BEGIN + hours * HOUR for hours, _ in openings], columns, ends=lambda: [None] * len(openings))


def by_hand(openings: list[tuple[int, str]], at_least: int, within: int) -> list[tuple[int, str]]:
    """The definition: the last so many since the previous firing fit the window."""
    since: dict[str, list[int]] = {}
    fired = []
    for hours, service in sorted(openings, key=lambda one: one[0]):
        if service not in {"a", "b"}:
            continue
        those = since.setdefault(service, [])
        those.append(hours)
        if len(those) >= at_least and hours - those[-at_least] <= within:
            fired.append((hours, service))
            those.clear()
    return fired


@settings(deadline=None)
@given(histories, st.integers(1, 4), st.sampled_from([1, 6, 24]))
def test_firings_are_those_of_the_definition(openings: list[tuple[int, str]], at_least: int, within: int) -> None:
    """By the short way that only looks at openings, and by the long one that looks at everything."""
    asked = rule(when={"any": [{"recurs": {"at_least": at_least, "within": f"{within}h"}}]}, **GROUPED)
    short = count_alone(history(openings), asked, SlaTargets())
    past = history(openings)
    known = Known(past, [asked], SlaTargets())
    long = Alone(asked, known, Walk(Places(past, [asked]), known, together=False))
    long.walk.go(long)
    wanted = by_hand(openings, at_least, within)
    for counted in (short, long):
        assert sorted((round((one.at - BEGIN) / HOUR), one.trace.label) for one in counted.firings) == sorted(wanted)
    assert [one.evidence for one in short.firings] == [one.evidence for one in long.firings]


def event(kind: EventKind, value: str, hours: float) -> TimelineEvent:
    """Something that happened so many hours after the beginning."""
    at = BEGIN + timedelta(hours=hours)
    return TimelineEvent(kind, value, at, at)


def test_a_stored_timeline_tells_what_was_known_when() -> None:
    """States, teams and counts as they came; the rest of the last snapshot only with its last change."""
    last = Incident(
        source=SOURCE,
        external_id="1",
        summary="S",
        state=State.CLOSED,
        opened_at=BEGIN,
        updated_at=BEGIN + 9 * HOUR,
        team="B",
        resolved_at=BEGIN + 8 * HOUR,
        closed_at=BEGIN + 9 * HOUR,
        reopen_count=1,
        reassignment_count=1,
        effort=4.0,
    )
    events = [
        event(EventKind.STATE, "new", 0),
        event(EventKind.TEAM, "A", 0),
        event(EventKind.STATE, "resolved", 2),
        event(EventKind.STATE, "in_progress", 3),
        event(EventKind.TEAM, "B", 4),
        event(EventKind.STATE, "resolved", 8),
        event(EventKind.REPORTED_RESOLUTION, (BEGIN + 8 * HOUR).isoformat(), 8),
        event(EventKind.STATE, "closed", 9),
    ]
    told = [
        ((at - BEGIN) / HOUR, str(one.state), one.team, one.reopen_count, one.reassignment_count, one.effort)
        for at, one in versions(last, events)
    ]
    assert told == [
        (0, "new", "A", 0, 0, 0),
        (2, "resolved", "A", 0, 0, 0),
        (3, "in_progress", "A", 1, 0, 0),
        (4, "in_progress", "B", 1, 1, 0),
        (8, "resolved", "B", 1, 1, 0),
        (9, "closed", "B", 1, 1, 4),
    ]
    assert [one.resolved_at for _, one in versions(last, events)][:4] == [None] * 4


def small(folder: Path) -> Path:
    """A configuration with a table of five incidents of a service, its rule, and nobody to connect to."""
    rows = "".join(f"{n},closed,2026-03-0{n}T08:00:00Z,2026-03-0{n}T12:00:00Z,VPN <b>\n" for n in range(1, 6))
    (folder / "past.csv").write_text("id,state,opened,done,service\n" + rows, encoding="utf-8")
    (folder / "directory.yaml").write_text("version: 1\npeople: {owner: {name: O, redmine: {id: 5}}}\n")
    columns = {"id": "id", "state": "state", "opened_at": "opened", "updated_at": "done", "resolved_at": "done"}
    source = {
        "name": "past",
        "kind": "file",
        "path": "past.csv",
        "columns": {**columns, "service": "service"},
        "states": {"closed": "closed"},
    }
    asked = {
        "id": "vpn",
        "title": "VPN",
        "match": {"field": "service", "exists": True},
        "group_by": ["service"],
        "when": {"any": [{"recurs": {"at_least": 3, "within": "14d"}}]},
        "project": {"template": "standard-project", "owner": "owner"},
    }
    (folder / "rules.yaml").write_text(yaml.safe_dump({"version": 1, "rules": [asked]}), encoding="utf-8")
    settings_ = {
        "version": 1,
        "redmine": {"url": "http://127.0.0.1:9", "api_key": "none", "parent_project": "operations"},
        "sources": [source],
        "rules": ["rules.yaml"],
    }
    (folder / "bridge.yaml").write_text(yaml.safe_dump(settings_), encoding="utf-8")
    return folder / "bridge.yaml"


def backtest(config: Path, *options: str) -> Any:
    """The command's result."""
    return CliRunner().invoke(cli, ["rules", "backtest", "-c", str(config), *options], catch_exceptions=False)


def test_a_backtest_as_json_and_as_a_page(tmp_path: Path) -> None:
    config, html = small(tmp_path), tmp_path / "out.html"
    done = backtest(config, "--history", str(tmp_path / "past.csv"), "--json", "--html", str(html))
    (told,) = json.loads(done.stdout)["rules"]
    (project,) = told["promotions"]
    assert (told["groups"], told["hot_groups"], told["firings"], told["covered"]) == (1, 1, 1, 5)
    assert project["found_at"] == "2026-03-03T08:00:00+00:00"
    assert (project["lead_hours"], project["evidence"], project["incidents"]) == (48, 3, 5)
    assert (told["mttr"]["kpi"], told["mttr"]["raw_hours"], told["mttr"]["resolved"]) == ("pause", 4, 5)
    assert told["mttr"]["excluded_hours"] == 12, "one was open when its project was opened, two came later"
    page = html.read_text(encoding="utf-8")
    assert "as of: event, counting: live" in page
    assert "VPN &lt;b&gt;" in page
    assert "<b>" not in page
    assert "<script" not in page


def test_where_the_incidents_come_from_is_said_once(tmp_path: Path) -> None:
    config = small(tmp_path)
    for options in ((), ("--history", "x.csv", "--since", "2026-01-01")):
        done = backtest(config, *options)
        assert done.exit_code == 2
        assert "say either --history FILE, or --since DAY" in " ".join(done.output.replace("│", " ").split())


def test_a_backtest_over_the_store_finds_the_same(tmp_path: Path) -> None:
    config = small(tmp_path)
    filled = CliRunner().invoke(cli, ["backfill", "-c", str(config), "--since", "2026-01-01"], catch_exceptions=False)
    assert filled.exit_code == 0, filled.output
    by_file = json.loads(backtest(config, "--history", str(tmp_path / "past.csv"), "--json").stdout)
    by_store = json.loads(backtest(config, "--since", "2026-01-01", "--json").stdout)
    assert by_store["rules"] == by_file["rules"]
    assert json.loads(backtest(config, "--since", "2026-03-04", "--json").stdout)["rules"][0]["firings"] == 0
