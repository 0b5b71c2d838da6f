"""The directory file: everything that is wrong with it is reported at once, with its place."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest

from bridge.directory.loader import load_directory
from bridge.shipped import shipped

HEAD = "version: 1\npeople:\n  jane: {redmine: {id: 1}}\n  mia: {redmine: {id: 2}}\n"


def marked(text: str) -> tuple[str, str]:
    """The text without its § and the line and column where that stood."""
    before = text.partition("§")[0]
    return text.replace("§", ""), f"{before.count(chr(10)) + 1}:{len(before) - before.rfind(chr(10))}"


def loaded(tmp_path: Path, text: str, sources=("rt",)):
    path = tmp_path / "directory.yaml"
    path.write_text(text, "utf-8")
    directory, problems = load_directory(path, sources)
    return directory, {problem.where.removeprefix(f"{path}:"): problem for problem in problems}


def test_the_shipped_example_loads_without_a_word():
    directory, problems = load_directory(shipped("directory.yaml"), ["rt"])
    assert problems == []
    assert directory.stand_in("network-team").person.key == "mia"
    assert directory.stand_in("gone").person.key == "mia"
    assert directory.team_of(service="Network", site="Shanghai").key == "network-shanghai"
    berlin, shanghai = directory.calendar("berlin"), directory.calendar_of("li")
    assert (berlin.hours_on(date(2026, 3, 6)), berlin.hours_on(date(2026, 12, 24))) == (6, 4)
    assert not berlin.is_business_day(date(2031, 10, 3))
    assert shanghai.hours_on(date(2026, 2, 14)) == shanghai.hours_on(date(2026, 3, 2)) == 7.5
    assert not shanghai.is_business_day(date(2026, 10, 5))


@pytest.mark.parametrize(
    ("text", "what", "advice"),
    [
        ("  ben: {§emial: x}\n", "unknown key “emial”", "did you mean “mail”?"),
        ("  ben: {redmine: {id: §1}}\n", "Redmine id 1 belongs to jane already", "directory.yaml:3:24"),
        (
            "  a: {logins: {rt: x}}\n  b: {logins: {rt: §X}}\n",
            "login “X” at rt belongs to a already",
            "directory.yaml:5:20",
        ),
        (
            "  a: {redmine: {login: x}}\n  b: {redmine: {login: §X}}\n",
            "Redmine login “X” belongs to a already",
            "directory.yaml:5:24",
        ),
        ("  a: {logins: {§rtt: x}}\n", "there is no source “rtt”", "did you mean “rt”?"),
        ("teams:\n  t: {lead: §jnae}\n", "there is no person “jnae”", "did you mean “jane”?"),
        ("teams:\n  t: {lead: jane, members: [mia, §bne]}\n", "there is no person “bne”", "people are: jane, mia"),
        ("teams:\n  t: {lead: jane, parent: §tt}\n", "there is no team “tt”", "did you mean “t”?"),
        ("teams:\n  t: {lead: jane, calendar: §c}\n", "there is no calendar “c”", "calendars are: none"),
        (
            "teams:\n  t: {lead: jane, parent: §u}\n  u: {lead: jane, parent: t}\n",
            "teams are each other's parents: t → u → t",
            "cut it",
        ),
        ("teams:\n  t: {lead: jane, parent: §t}\n", "parents: t → t", "cut it"),
        ("teams:\n  §t: {members: [jane]}\n", "team t has no lead, and no team above it has one", "name a lead"),
        ("teams:\n  §jane: {lead: jane}\n", "“jane” is a person, too", "a key of its own"),
        (
            "teams:\n  t: {lead: jane, names: {rt: A}}\n  u: {lead: jane, names: {rt: §a}}\n",
            "team name “a” at rt belongs to t already",
            "directory.yaml:6:31",
        ),
        (
            "teams:\n  t: {lead: jane, redmine_group: 7}\n  u: {lead: jane, redmine_group: §7}\n",
            "Redmine group 7 belongs to t",
            "directory.yaml:6:34",
        ),
        ("services:\n  - {service: X, team: §t}\n", "there is no team “t”", "teams are: none"),
        (
            "teams: {t: {lead: jane}}\nservices:\n  - §{team: t}\n",
            "needs either a service or a category",
            "write service: … or category: …",
        ),
        (
            "teams: {t: {lead: jane}}\nservices:\n  - {service: X, team: t}\n  - §{service: x, team: t}\n",
            "this service and site are listed twice",
            "directory.yaml:7:5",
        ),
    ],
)
def test_each_mistake_is_named_with_its_place_and_what_would_be_right(tmp_path, text, what, advice):
    text, where = marked(HEAD + text)
    directory, problems = loaded(tmp_path, text)
    assert directory is None
    assert list(problems) == [where]
    assert what in problems[where].what
    assert advice in problems[where].advice
    assert problems[where].severity == "error"


@pytest.mark.parametrize(
    ("teams", "what"),
    [
        ("{§t: {deputy: jane}}", "team t has no lead; the deputy is asked"),
        ("{§t: {parent: u}, u: {lead: jane}}", "team t has no lead; the lead or deputy of u is asked"),
        ("{t: {lead: §gone}}", "gone is not active and cannot be asked"),
        ("{t: {lead: jane, deputy: §new}}", "new has no Redmine id and cannot be given work"),
    ],
)
def test_what_is_unwise_is_a_warning(tmp_path, teams, what):
    people = "people: {jane: {redmine: {id: 1}}, gone: {redmine: {id: 3}, active: false}, new: {}}"
    text, where = marked(f"version: 1\n{people}\nteams: {teams}\n")
    directory, problems = loaded(tmp_path, text)
    assert directory is not None
    found = [(place, problem.what, problem.severity) for place, problem in problems.items()]
    assert found == [(where, what, "warning")]


@pytest.mark.parametrize(
    ("calendar", "what"),
    [
        ("zone: §Europe/Berln, hours: {mon: 09:00-17:00}", "“Europe/Berln” is not an IANA time zone"),
        ("zone: §../../etc/passwd, hours: {mon: 09:00-17:00}", "is not an IANA time zone"),
        ("zone: UTC, hours: {mon: §9-17}", "right would be “09:00-17:00”"),
        ("zone: UTC, hours: {mon: 09:00-17:00, §mno: 09:00-17:00}", "“mno” is not a weekday"),
        ("zone: UTC, hours: {mon-fri: 09:00-17:00, §tue: 'off'}", "tue has hours twice"),
        ("zone: UTC, hours: §{}", "the calendar has no working hours"),
        ("zone: UTC, hours: {mon: 09:00-17:00}, days_off: [§2026-02-30]", "“2026-02-30” is not a day"),
        ("zone: UTC, hours: {mon: 09:00-17:00}, days_off: [§13-01]", "“13-01” is not a day"),
        ("zone: UTC, hours: {mon: 09:00-17:00}, days_off: [§2026-01-02..2026-01-01]", "runs backwards"),
        ("zone: UTC, hours: {mon: 09:00-17:00}, days_off: [12-24], half_days: {§12-24: 09:00-12:00}", "listed twice"),
        ("zone: UTC, hours: {mon: 09:00-17:00}, half_days: {12-24: §9}", "must be a text, not 9"),
        ("zone: UTC, hours: {mon: 09:00-17:00}, holidays: §{country: XX}", "“XX” is not a country"),
    ],
)
def test_each_mistake_in_a_calendar_is_named_with_its_place(tmp_path, calendar, what):
    text, where = marked(f"version: 1\ncalendars:\n  c: {{{calendar}}}\n")
    directory, problems = loaded(tmp_path, text)
    assert directory is None
    assert list(problems) == [where]
    assert what in problems[where].what


def test_wrong_shapes_do_not_hide_the_other_mistakes(tmp_path):
    text = (
        "version: 2\n"
        "people:\n"
        "  jane: {redmine: {id: one}, mial: x}\n"
        "  mia: 5\n"
        "  ben: {logins: {rt: ben}}\n"
        "  bob: {logins: {rt: ben}}\n"
        "teams:\n"
        "  t: {lead: jane, members: [mia, {}], parent: uu}\n"
        "  v: {laed: jane}\n"
        "calendars:\n"
        "  c: {hours: {mon: 9}}\n"
        "  d: {zone: UTC, hours: {mon: 9-17}}\n"
    )
    directory, problems = loaded(tmp_path, text)
    assert directory is None
    assert [(place.partition(":")[0], problem.what) for place, problem in problems.items()] == [
        ("1", "“version” cannot be 2"),
        ("3", "“id” must be a whole number, not “one”"),
        ("3", "unknown key “mial”"),
        ("4", "“mia” must be a mapping, not 5"),
        ("8", "“members” entry 2 must be a text, not a mapping"),
        ("9", "unknown key “laed”"),
        ("11", "“zone” is missing"),
        ("11", "“mon” must be a text, not 9"),
        ("8", "there is no team “uu”"),
        ("6", "login “ben” at rt belongs to ben already"),
        ("12", "“9-17” is not a span of hours; right would be “09:00-17:00” or “off”"),
    ]


@pytest.mark.parametrize(("language", "wrong"), [("cn", True), ("zhh", True), ("zh", False), ("zh-TW", False)])
def test_a_language_without_texts_is_named(tmp_path, language, wrong):
    """Who has it would silently get another."""
    path = tmp_path / "directory.yaml"
    path.write_text(f"{HEAD}  li: {{language: {language}}}\n", "utf-8")
    _, problems = load_directory(path, [], {"en", "zh"})
    told = [(one.where, one.what, one.severity) for one in problems]
    assert told == ([(f"{path}:5:18", f"there are no texts in “{language}”", "error")] if wrong else [])
    assert not wrong or "zh" in problems[0].advice


def test_a_missing_file_and_broken_yaml_are_problems(tmp_path):
    directory, (problem,) = load_directory(tmp_path / "none.yaml")
    assert directory is None
    assert "cannot be read" in problem.what
    directory, problems = loaded(tmp_path, "version: 1\npeople: {a: {}, a: {}}\n")
    assert directory is None
    assert "a second time" in problems["2:17"].what


def test_sources_that_are_not_known_yet_are_not_checked(tmp_path):
    directory, problems = loaded(tmp_path, HEAD + "  a: {logins: {anything: x}}\n", sources=None)
    assert directory is not None
    assert problems == {}


def test_country_holidays_are_used_where_the_package_is_there(tmp_path):
    calendar = (
        "{zone: Asia/Shanghai, hours: {mon-fri: 09:00-17:00}, holidays: {country: CN}, make_up_hours: 09:00-12:00}"
    )
    directory, problems = loaded(tmp_path, f"version: 1\ncalendars: {{c: {calendar}}}\n")
    assert problems == {}
    assert directory.calendar("c").hours_on(date(2026, 2, 14)) == 3
    assert not directory.calendar("c").is_business_day(date(2025, 10, 1))


def test_without_the_package_country_holidays_are_a_problem_and_nothing_else_is(tmp_path):
    """In a fresh interpreter whose `holidays` cannot be found."""
    (tmp_path / "holidays.py").write_text("raise ModuleNotFoundError('No module named holidays', name='holidays')\n")
    calendar = "{zone: Europe/Berlin, hours: {mon-fri: 09:00-17:00}, holidays: {country: DE}}"
    (tmp_path / "directory.yaml").write_text(f"version: 1\ncalendars: {{c: {calendar}}}\n")
    program = (
        "import pathlib\nfrom bridge.directory.loader import load_directory\n"
        f"for problem in load_directory(pathlib.Path({str(tmp_path)!r}) / 'directory.yaml')[1]:\n    print(problem)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        env=os.environ | {"PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    (line,) = done.stdout.splitlines()
    assert "directory.yaml:2:79" in line
    assert "install redmine-itsm-bridge[calendar]" in line
