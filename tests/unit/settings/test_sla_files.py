"""Files of SLA policies: read with their places, and calendars whose hours change from a day on."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from bridge.directory.loader import load_directory
from bridge.kpi.sla import AROUND_THE_CLOCK, Clock, Policy, Start, Stop
from bridge.settings.kpi import SlaSettings
from bridge.settings.sla import calendars_of, load_policies
from bridge.shipped import shipped

NAMES = ("berlin", "shanghai")


def loaded(folder: Path, text: str, **more: object):
    (folder / "sla.yaml").write_text(f"version: 1\npolicies:\n{text}", encoding="utf-8")
    return load_policies(SlaSettings(policies=("sla.yaml",), **more), folder, NAMES)


def test_the_shipped_example_loads_without_a_word() -> None:
    path = shipped("sla.yaml")
    (network, standard), problems = load_policies(SlaSettings(policies=(path.name,)), path.parent, NAMES)
    assert problems == []
    assert (network.start, network.stop, network.pauses) == (Start.RESPONDED, Stop.LEFT, {"waiting for customer"})
    assert standard.target(Clock.RESOLUTION, 5) == timedelta(hours=72)
    assert standard.pauses is None


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("  - {id: a, resolution: 24x}\n", "is not a length of time"),
        ("  - {id: a, calendar: berln}\n", "has no calendar “berln”"),
        ("  - {id: a}\n  - {id: a}\n", "“a” is the name of two policies"),
        ("  - {id: a, pause: {on_hold: sometimes}}\n", "on_hold"),
        ("  - {id: a, matsh: {}}\n", "unknown key “matsh”"),
    ],
)
def test_what_is_wrong_is_told_with_its_place(tmp_path: Path, text: str, what: str) -> None:
    _, problems = loaded(tmp_path, text)
    assert [problem for problem in problems if what in problem.what and "sla.yaml:" in problem.where], problems


def test_a_pattern_without_a_file_is_told_and_inline_targets_come_last(tmp_path: Path) -> None:
    found, problems = load_policies(SlaSettings(policies=("none*.yaml",), response={1: "30m"}), tmp_path, NAMES)
    assert [problem.what for problem in problems] == ["no file of policies was found"]
    assert [(one.id, one.pauses) for one in found] == [("settings", frozenset())]


def test_one_target_stands_for_every_priority(tmp_path: Path) -> None:
    (policy,), problems = loaded(tmp_path, "  - {id: a, match: {team: NOC, priority: 1}, resolution: 8h}\n")
    assert problems == []
    assert (policy.target(Clock.RESOLUTION, None), policy.match.teams) == (timedelta(hours=8), {"NOC"})


def test_a_policys_calendar_is_the_teams_a_named_one_or_every_hour() -> None:
    directory, _ = load_directory(shipped("directory.yaml"), ["rt"])
    assert directory is not None
    calendars = calendars_of(directory)
    assert calendars(Policy("a", calendar="team"), "rt", "Network").name == "berlin"
    assert calendars(Policy("a", calendar="shanghai"), "rt", "").name == "shanghai"
    assert calendars(Policy("a"), "rt", "").name == AROUND_THE_CLOCK
    assert calendars(Policy("a", calendar="team"), "rt", "nobody").name == "default"


def test_other_hours_from_a_day_on_leave_what_was_before_as_it_was(tmp_path: Path) -> None:
    later = "{2026-07-01: {mon-thu: 09:00-13:00}, 2026-09-01: {mon: 08:00-20:00}}"
    hours = f"hours: {{mon-fri: 09:00-17:00}}, hours_from: {later}"
    path = tmp_path / "directory.yaml"
    path.write_text(f"version: 1\ncalendars: {{c: {{zone: UTC, {hours}}}}}\n", encoding="utf-8")
    directory, problems = load_directory(path, [])
    assert problems == []
    assert directory is not None
    calendar = directory.calendar("c")
    days = (date(2026, 6, 30), date(2026, 7, 1), date(2026, 7, 3), date(2026, 9, 7))
    assert [calendar.hours_on(day) for day in days] == [8, 4, 0, 12]
    begin = datetime(2026, 6, 30, tzinfo=UTC)
    assert calendar.elapsed(begin, begin + timedelta(days=2)) == 12 * 3600


def test_a_wrong_day_of_a_change_is_told(tmp_path: Path) -> None:
    path = tmp_path / "directory.yaml"
    entry = "zone: UTC, hours: {mon: 09:00-17:00}, hours_from: {07-01: {mon: 09:00-12:00}}"
    path.write_text(f"version: 1\ncalendars: {{c: {{{entry}}}}}\n", encoding="utf-8")
    _, problems = load_directory(path, [])
    assert [problem.what for problem in problems] == ["“07-01” is not a day; right would be 2026-07-01"]
