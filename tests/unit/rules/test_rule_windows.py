"""Maintenance and change windows: from lists, weekly hours and iCalendar files."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from importlib.abc import MetaPathFinder
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.rules.incidents import RULE, moments, ticket

from bridge.rules.icalfile import merged
from bridge.rules.loader import KnownNames, read_rules
from bridge.rules.windows import Window, Windows, load_windows
from bridge.yamlfile import Marked

CONFIG = Path(__file__).parents[3] / "config"


def event(**lines: str) -> str:
    given = {"UID": "1", "DTSTART;TZID=Europe/Berlin": "20260110T220000", "SUMMARY": "Patch day"} | lines
    inside = "\n".join(f"{name.replace('__', ';').replace('_', '-')}:{value}" for name, value in given.items() if value)
    return f"BEGIN:VEVENT\n{inside}\nEND:VEVENT\n"


def calendar(*events: str) -> str:
    return "BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:-//test//\n" + "".join(events) + "END:VCALENDAR\n"


def loaded(folder: Path, text: str, **files: str | bytes) -> tuple[Windows | None, list[str]]:
    path = folder / "windows.yaml"
    path.write_text("version: 1\nwindows:\n" + text)
    for name, content in files.items():
        raw = content.encode() if isinstance(content, str) else content
        (folder / f"{name}.ics").write_bytes(raw)
    windows, problems = load_windows(path)
    return windows, [str(one).replace(f"{path}:", "") for one in problems]


def window(folder: Path, text: str, **files: str | bytes) -> Window:
    windows, problems = loaded(folder, f"  w: {text}\n", **files)
    assert problems == []
    assert windows is not None
    return windows.by_name["w"]


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


def test_a_list_of_times_is_in_the_zone_of_its_window_and_ends_before_its_end(tmp_path: Path) -> None:
    patch = window(tmp_path, "{zone: Europe/Berlin, times: [{from: 2026-07-01T22:00, to: 2026-07-02T02:00}]}")
    assert patch.covers(at("2026-07-01T20:00Z"))
    assert patch.covers(at("2026-07-01T23:59:59Z"))
    assert not patch.covers(at("2026-07-02T00:00Z"))
    assert not patch.covers(at("2026-07-01T19:59:59Z"))


def test_days_and_moments_with_their_own_zone(tmp_path: Path) -> None:
    both = window(
        tmp_path, "{times: [{from: 2026-07-01, to: 2026-07-02}, {from: 2026-08-01T00:00+08:00, to: 2026-08-01}]}"
    )
    assert both.covers(at("2026-07-01T12:00Z"))
    assert both.covers(at("2026-07-31T16:00Z"))
    assert not both.covers(at("2026-07-31T15:59Z"))


def test_weekly_hours_follow_the_wall_clock(tmp_path: Path) -> None:
    night = window(tmp_path, '{zone: Europe/Berlin, weekly: {sun: "02:00-06:00"}}')
    assert night.covers(at("2026-01-11T02:00+01:00"))
    assert night.covers(at("2026-07-12T05:59+02:00"))
    assert not night.covers(at("2026-07-12T06:00+02:00"))
    assert not night.covers(at("2026-07-13T03:00+02:00"))
    assert not night.covers(datetime(2500, 1, 3, 3, tzinfo=UTC))


def test_events_recur_in_their_zone(tmp_path: Path) -> None:
    text = calendar(event(**{"DTEND;TZID=Europe/Berlin": "20260111T040000", "RRULE": "FREQ=MONTHLY;BYDAY=2SA"}))
    patch = window(tmp_path, "{file: a.ics}", a=text)
    assert patch.covers(at("2026-01-10T22:00+01:00"))
    assert patch.covers(at("2026-07-11T22:00+02:00"))
    assert patch.covers(at("2026-07-12T03:59+02:00"))
    assert not patch.covers(at("2026-07-12T04:00+02:00"))
    assert not patch.covers(at("2026-07-18T23:00+02:00"))
    assert not patch.covers(at("2025-12-13T23:00+01:00"))
    assert patch.covers(at("2099-01-10T23:00+01:00"))
    assert not patch.covers(datetime(2500, 1, 1, tzinfo=UTC))


def test_an_event_over_new_year_is_seen_from_both_years(tmp_path: Path) -> None:
    text = calendar(
        event(**{"DTSTART;TZID=Europe/Berlin": "20261220T180000", "DTEND;TZID=Europe/Berlin": "20270104T060000"})
    )
    freeze = window(tmp_path, "{file: a.ics}", a=text)
    assert freeze.covers(at("2026-12-31T23:30Z"))
    assert freeze.covers(at("2027-01-01T00:30Z"))
    assert not freeze.covers(at("2027-01-04T05:00Z"))


def test_days_and_floating_times_are_in_the_zone_of_their_window_and_cancelled_events_do_not_count(
    tmp_path: Path,
) -> None:
    none = {"DTSTART;TZID=Europe/Berlin": ""}
    text = calendar(
        event(UID="a", **none, DTSTART__VALUE_DATE="", **{"DTSTART;VALUE=DATE": "20260401"}),
        event(UID="b", **none, DTSTART="20260501T080000", DURATION="PT2H"),
        event(UID="c", **none, DTSTART="20260601T080000Z", DURATION="PT2H", STATUS="CANCELLED"),
    )
    mixed = window(tmp_path, "{zone: Asia/Shanghai, file: a.ics}", a=text)
    assert mixed.covers(at("2026-04-01T00:00+08:00"))
    assert mixed.covers(at("2026-04-01T23:59+08:00"))
    assert not mixed.covers(at("2026-04-02T00:00+08:00"))
    assert mixed.covers(at("2026-05-01T09:59+08:00"))
    assert not mixed.covers(at("2026-05-01T09:59Z"))
    assert not mixed.covers(at("2026-06-01T09:00Z"))


def test_the_parts_of_a_window_are_taken_together(tmp_path: Path) -> None:
    text = calendar(event(**{"DTEND;TZID=Europe/Berlin": "20260111T040000"}))
    whole = window(
        tmp_path, '{times: [{from: 2026-03-01, to: 2026-03-02}], weekly: {mon: "01:00-02:00"}, file: a.ics}', a=text
    )
    assert whole.covers(at("2026-03-01T12:00Z"))
    assert whole.covers(at("2026-03-09T01:30Z"))
    assert whole.covers(at("2026-01-10T22:30Z"))
    assert not whole.covers(at("2026-03-10T01:30Z"))


@given(st.lists(st.tuples(moments, st.integers(0, 3000).map(lambda n: timedelta(minutes=n))), max_size=10), moments)
def test_merged_stretches_cover_the_same_time(given_: list[tuple[datetime, timedelta]], moment: datetime) -> None:
    stretches = [(start, start + length) for start, length in given_ if start.year < 9000]
    found = merged(stretches)
    assert any(start <= moment < end for start, end in found) == any(a <= moment < b for a, b in stretches)
    assert all(one[1] < other[0] for one, other in pairwise(found))


WRONG: list[tuple[str, str]] = [
    ("{}", "3:6: “w”: is a window without any time (add times, weekly or file)"),
    ("{zone: Berlin, times: []}", "3:13: “zone”: “Berlin” is not an IANA time zone (did you mean “Europe/Berlin”?)"),
    (
        "{times: [{from: 2026-07-02, to: 2026-07-01}]}",
        "3:38: ends before it begins (write the later moment under to)",
    ),
    (
        "{times: [{from: 2026-07-02, to: 2026-07-02}]}",
        "3:38: ends when it begins, so it has no time at all (write the later moment under to)",
    ),
    (
        "{times: [{from: 0001-01-01T00:00+14:00, to: 2026-07-02}]}",
        (
            "3:15: lies outside the years that can be counted (right would be 2026-01-31, or 2026-01-31T22:00 in the "
            "window's zone, or 2026-01-31T22:00Z)"
        ),
    ),
    (
        "{times: [{from: soon, to: 2026-07-02}]}",
        (
            "3:22: “from”: must be a date or a date and time (right would be 2026-01-31, or 2026-01-31T22:00 in the "
            "window's zone, or 2026-01-31T22:00Z)"
        ),
    ),
    ('{weekly: {sun: "6-2"}}', "3:21: “6-2” is not a span of hours; right would be “09:00-17:00” or “off”"),
    ('{weekly: {sun: "off"}}', "3:21: has no hours (write them as 22:00-24:00, or leave the day out)"),
    (
        '{weekly: {day: "01:00-02:00"}}',
        "3:16: “day” is not a weekday; right would be mon, tue, wed, thu, fri, sat, sun or mon-fri",
    ),
    (
        '{weekly: {mon-wed: "01:00-02:00", tue: "03:00-04:00"}}',
        "3:40: tue has hours twice (keep one of them)",
    ),
    (
        "{file: gone.ics}",
        "3:13: the file gone.ics cannot be read: No such file or directory (check the path and the rights)",
    ),
    ("{files: a.ics}", "3:7: unknown key “files” (did you mean “file”?)"),
]


@pytest.mark.parametrize(("text", "told"), WRONG)
def test_what_is_wrong_with_a_window_is_told_with_its_place(tmp_path: Path, text: str, told: str) -> None:
    windows, problems = loaded(tmp_path, f"  w: {text}\n")
    assert windows is None
    assert problems == [told]


BERLIN = "DTSTART;TZID=Europe/Berlin"
UNUSABLE: list[tuple[str | bytes, str]] = [
    (
        "hello",
        (
            "a.ics is no iCalendar file: Content line could not be parsed into parts: 'hello': Invalid content line"
            " (export the calendar anew as .ics)"
        ),
    ),
    (b"\xff\xfe", "a.ics:1 is not UTF-8 text (save it as UTF-8)"),
    (b"x" * (2 * 1024 * 1024 + 1), "a.ics is larger than 2 MiB (leave out what is long over)"),
    (calendar(), "a.ics has no events, so the window would never be (export the calendar with its events)"),
    (calendar(event(STATUS="CANCELLED")), "a.ics has only cancelled events, so the window would never be"),
    (
        calendar(event(**{BERLIN: ""})),
        "a.ics:5 the event “Patch day”: has no DTSTART (mend it in the calendar it comes from)",
    ),
    (
        calendar(event(**{BERLIN: "", "DTSTART;TZID=Nowhere/City": "20260110T220000"})),
        (
            "a.ics:5 the event “Patch day”: its time zone “Nowhere/City” is not known"
            " (use an IANA zone such as Europe/Berlin)"
        ),
    ),
    (
        calendar(event(RRULE="FREQ=SECONDLY")),
        (
            "a.ics:5 the event “Patch day”: recurs more often than daily (write one event per day that lasts "
            "as long as the window)"
        ),
    ),
    (
        calendar(event(RRULE="FREQ=DAILY;INTERVAL=0")),
        "a.ics:5 the event “Patch day”: its INTERVAL is less than 1 (mend it in the calendar it comes from)",
    ),
    (
        calendar(event(RRULE=f"FREQ=DAILY;BYMINUTE={','.join(map(str, range(60)))}")),
        (
            "a.ics:5 the event “Patch day”: recurs more than 24 times a day (write one event per day that "
            "lasts as long as the window)"
        ),
    ),
    (
        calendar(event(RRULE="FREQ=FOO")),
        (
            "a.ics:5 the event “Patch day”: RRULE cannot be understood: Expected frequency, got: FOO (mend it in the "
            "calendar it comes from)"
        ),
    ),
]


@pytest.mark.parametrize(("content", "told"), UNUSABLE)
def test_an_icalendar_file_that_is_of_no_use_is_told(tmp_path: Path, content: str | bytes, told: str) -> None:
    windows, problems = loaded(tmp_path, "  w: {file: a.ics}\n", a=content)
    assert windows is None
    assert [one.removeprefix("3:13: ") for one in problems] == [told]


@pytest.mark.timeout(60)
@pytest.mark.parametrize("rule", ["FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30", "FREQ=DAILY;BYMONTH=2;BYMONTHDAY=31"])
def test_an_event_that_recurs_never_does_not_take_for_ever(tmp_path: Path, rule: str) -> None:
    never = window(tmp_path, "{file: a.ics}", a=calendar(event(RRULE=rule, DURATION="PT1H")))
    assert not never.covers(at("2027-02-28T12:00Z"))


@given(
    st.lists(
        st.sampled_from(
            [
                "BEGIN:VEVENT",
                "END:VEVENT",
                "BEGIN:VCALENDAR",
                "END:VCALENDAR",
                "UID:1",
                "DTSTART:20260110T220000Z",
                "DTSTART:x",
                "DTEND:20250110T220000Z",
                "DURATION:-P1D",
                "RRULE:FREQ=DAILY;COUNT=3",
                "RRULE:FREQ=DAILY;UNTIL=x",
                "EXDATE:2026",
                "RDATE:20260111T220000Z",
                "RECURRENCE-ID:20260110T220000Z",
                "X-WR-TIMEZONE:Mars/Base",
                "DTSTART;VALUE=DATE:20260110",
                "BEGIN:VTIMEZONE",
                "END:VTIMEZONE",
                "TZID:x",
                "\x00",
                "SEQUENCE:x",
                "STATUS:",
            ]
        ),
        max_size=12,
    )
)
def test_any_file_is_a_window_or_refused(tmp_path_factory: pytest.TempPathFactory, lines: list[str]) -> None:
    folder = tmp_path_factory.mktemp("windows")
    for text in ("\n".join(lines), calendar("\n".join(["BEGIN:VEVENT", *lines, "END:VEVENT", ""]))):
        windows, problems = loaded(folder, "  w: {file: a.ics}\n", a=text)
        assert (windows is None) == bool(problems)
        if windows is not None:
            assert windows.by_name["w"].covers(at("2026-01-10T22:30Z")) in {True, False}


@contextmanager
def without(*packages: str) -> Iterator[None]:
    """As if these packages were not installed."""

    class Hidden(MetaPathFinder):
        def find_spec(self, name: str, path: Any = None, target: Any = None) -> None:
            if name.partition(".")[0] in packages:
                raise ModuleNotFoundError(name)

    finder = Hidden()
    kept = {name: module for name, module in sys.modules.items() if name.partition(".")[0] in packages}
    for name in kept:
        del sys.modules[name]
    sys.meta_path.insert(0, finder)
    try:
        yield
    finally:
        sys.meta_path.remove(finder)
        sys.modules.update(kept)


def test_without_the_extra_a_calendar_file_says_what_to_install(tmp_path: Path) -> None:
    with without("icalendar", "recurring_ical_events"):
        windows, problems = loaded(tmp_path, "  w: {file: a.ics}\n", a=calendar(event()))
    assert windows is None
    assert problems == [
        (
            "3:13: a.ics cannot be read: the Python packages “icalendar” and “recurring-ical-events” are not installed"
            " (install redmine-itsm-bridge[windows], or list the times under times or weekly)"
        )
    ]


def asked(windows: dict[str, Window] | None, *names: str) -> tuple[Any, list[str]]:
    node = {"field": "opened_at", "in_window": list(names)}
    rules, problems = read_rules(
        [Marked({"version": 1, "rules": [RULE | {"unless": node}]}, "f")], KnownNames(windows=windows)
    )
    return rules, [f"{one.what} ({one.advice})" for one in problems]


def test_rules_ask_for_windows_by_name(tmp_path: Path) -> None:
    night = window(tmp_path, '{weekly: {mon-sun: "00:00-06:00"}}')
    rules, problems = asked({"night": night}, "night")
    assert problems == []
    assert rules.matching(ticket())
    assert not rules.matching(ticket(opened_at=at("2026-10-13T05:00Z")))


def test_windows_that_there_are_not_are_told(tmp_path: Path) -> None:
    night = Window("night", lambda _: True)
    assert asked({"night": night}, "night", "nihgt")[1] == ["no window is called “nihgt” (did you mean “night”?)"]
    assert asked({}, "night")[1] == [
        "no window is called “night” (there are none: name their file as `windows` in the settings)"
    ]
    assert asked(None, "night")[1] == []


def test_the_example_loads_as_it_stands() -> None:
    windows, problems = load_windows(CONFIG / "windows.yaml")
    assert problems == []
    assert windows is not None
    assert windows.by_name["patch-night"].covers(at("2026-07-15T03:00+02:00"))
    assert windows.files == (CONFIG / "windows.yaml",)


def test_calendar_files_are_among_the_files_to_watch(tmp_path: Path) -> None:
    windows, _ = loaded(tmp_path, "  w: {file: a.ics}\n", a=calendar(event(DURATION="PT1H")))
    assert windows is not None
    assert windows.files == (tmp_path / "windows.yaml", tmp_path / "a.ics")
