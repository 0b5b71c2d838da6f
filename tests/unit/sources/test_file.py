"""The source `file`: growing, rewritten, torn, packed and broken files."""

from __future__ import annotations

import csv
import gzip
import io
import json
import os
import zipfile
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from bridge.model import errors
from bridge.model.incident import EventKind, Page, State
from bridge.sources.file.options import FileOptions
from bridge.sources.file.source import FileSource

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)
HEADER = ["number", "opened", "updated", "state", "title"]


class Fixed:
    def now(self) -> datetime:
        return NOW


def nobody(_ids: Sequence[str]) -> frozenset[str]:
    return frozenset()


def source_on(path: Path | str, **chosen: Any) -> FileSource:
    columns = {"id": "number", "opened_at": "opened", "updated_at": "updated", "state": "state", "summary": "title"}
    states = {"new": "new", "open": "in_progress", "held": "on_hold", "done": "resolved"}
    options = {"path": str(path), "states": states, **chosen, "columns": columns | chosen.get("columns", {})}
    return FileSource("export", FileOptions.model_validate(options), Fixed())


def line(number: int | str, day: int = 1, state: str = "open", title: str = "t") -> list[str]:
    return [str(number), f"2026-11-{day:02}T10:00:00Z", f"2026-11-{day:02}T11:00:00Z", state, title]


def as_csv(rows: Sequence[Sequence[str]], header: Sequence[str] | None = HEADER) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([*([header] if header else []), *rows])
    return text.getvalue()


def ids(pages: Iterator[Page]) -> list[str]:
    return [one.incident.external_id for page in pages for one in page.snapshots]


def touch(path: Path, at: int) -> None:
    """Files written in one tick of a coarse clock have the same time."""
    os.utime(path, ns=(at * 10**9, at * 10**9))


# --- growing and changing files --------------------------------------------------------------------------------------


def test_only_what_is_added_comes(tmp_path) -> None:
    path = tmp_path / "a.csv"
    path.write_text(as_csv([line(1), line(2)]), encoding="utf-8")
    source = source_on(path)
    cursor = source.start_cursor()
    assert list(source.changes(cursor, nobody)) == []
    with path.open("a", encoding="utf-8") as file:
        file.write(as_csv([line(3), line(4)], None))
    pages = list(source.changes(cursor, nobody))
    assert ids(iter(pages)) == ["3", "4"]
    assert list(source.changes(pages[-1].cursor, nobody)) == []


def test_a_line_that_is_still_being_written_is_waited_for(tmp_path) -> None:
    path = tmp_path / "a.csv"
    whole = as_csv([line(1), line(2, title='with "quotes"\nand a line')])
    seen: list[str] = []
    cursor = "{}"
    for end in range(1, len(whole) + 1):
        path.write_text(whole[:end], encoding="utf-8")
        touch(path, end)
        for page in source_on(path).changes(cursor, nobody):
            assert page.poison == ()
            seen += [one.incident.summary for one in page.snapshots]
            cursor = page.cursor
    assert "t" in seen
    assert seen[-1] == 'with "quotes"\nand a line'
    assert list(source_on(path).changes(cursor, nobody)) == []


def test_a_last_line_without_an_end_is_read_all_the_same(tmp_path) -> None:
    path = tmp_path / "a.csv"
    path.write_text(as_csv([line(1), line(2)]).rstrip("\n"), encoding="utf-8")
    source = source_on(path)
    pages = list(source.changes("{}", nobody))
    assert ids(iter(pages)) == ["1", "2"]
    assert list(source.changes(pages[-1].cursor, nobody)) == []


@pytest.mark.parametrize("rows", [[line(1, state="done"), line(2), line(3)], [line(7)]])
def test_a_file_written_anew_is_read_from_its_beginning(tmp_path, rows: list[list[str]]) -> None:
    """An export by night: also when the new one is longer."""
    path = tmp_path / "a.csv"
    path.write_text(as_csv([line(1), line(2)]), encoding="utf-8")
    source = source_on(path)
    cursor = source.start_cursor()
    path.write_text(as_csv(rows), encoding="utf-8")
    touch(path, 1)
    assert ids(source.changes(cursor, nobody)) == [row[0] for row in rows]


def test_new_files_join_in(tmp_path) -> None:
    source = source_on(tmp_path / "**" / "*.csv")
    (tmp_path / "1.csv").write_text(as_csv([line(1)]), encoding="utf-8")
    cursor = source.start_cursor()
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "2.csv").write_text(as_csv([line(2)]), encoding="utf-8")
    assert ids(source.changes(cursor, nobody)) == ["2"]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50)
@given(
    sizes=st.lists(st.integers(0, 4), min_size=1, max_size=6),
    page=st.integers(1, 3),
    stop=st.integers(0, 5),
    log=st.booleans(),
)
def test_nothing_is_missed_however_a_file_grows(tmp_path, sizes: list[int], page: int, stop: int, log: bool) -> None:
    """And however often reading is broken off after a page."""
    path = tmp_path / "a.csv"
    path.write_text(as_csv([]), encoding="utf-8")
    rows = "event_log" if log else "incidents"
    cursor, seen, written = "{}", set(), 0
    for step, size in enumerate(sizes):
        with path.open("a", encoding="utf-8") as file:
            file.write(as_csv([line(written + one) for one in range(size)], None))
        touch(path, step)
        written += size
        for count, got in enumerate(source_on(path, page_size=page, rows=rows).changes(cursor, nobody)):
            seen |= {one.incident.external_id for one in got.snapshots}
            cursor = got.cursor
            if count == stop:
                break
    for got in source_on(path, page_size=page, rows=rows).changes(cursor, nobody):
        seen |= {one.incident.external_id for one in got.snapshots}
    assert seen == {str(number) for number in range(written)}


# --- forms -----------------------------------------------------------------------------------------------------------


def test_packed_files_are_read_as_what_they_contain(tmp_path) -> None:
    with gzip.open(tmp_path / "a.csv.gz", "wt", encoding="utf-8") as packed:
        packed.write(as_csv([line(1)]))
    with zipfile.ZipFile(tmp_path / "b.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("x.csv", as_csv([line(2), line(3)]))
        archive.writestr("y.jsonl", json.dumps(dict(zip(HEADER, line(4), strict=True))))
    source = source_on(tmp_path / "*", page_size=1)
    pages = list(source.history(LONG_AGO, None, None))
    assert ids(iter(pages)) == ["1", "2", "3", "4"]
    for done, page in enumerate(pages, start=1):
        assert ids(source.history(LONG_AGO, None, page.cursor)) == ["1", "2", "3", "4"][done:]


def test_a_spreadsheet_of_the_western_world(tmp_path) -> None:
    """Semicolons, a byte order mark, another encoding, times of a country."""
    row = ["1", "1.2.2026 9:05", "01.02.2026 10:00", "HELD", "Drücker; „kaputt“"]
    text = ";".join(HEADER) + "\r\n" + ";".join([*row[:4], f'"{row[4]}"']) + "\r\n"
    times = {"format": "%d.%m.%Y %H:%M", "zone": "Europe/Berlin"}
    for encoding in ("utf-8-sig", "cp1252"):
        (tmp_path / "a.csv").write_bytes(text.encode(encoding))
        incident = source_on(tmp_path / "a.csv", delimiter=";", encoding=encoding, times=times).read("1")
        assert incident.opened_at == datetime(2026, 2, 1, 8, 5, tzinfo=UTC)
        assert (incident.state, incident.summary) == (State.ON_HOLD, "Drücker; „kaputt“")


def test_json_lines_keep_what_they_are(tmp_path) -> None:
    value = dict(zip(HEADER, line(1, title="😀 \0x"), strict=True)) | {
        "number": 1,
        "tags": ["a", "b"],
        "vip": True,
        "n": None,
    }
    (tmp_path / "a.jsonl").write_text(json.dumps(value) + "\n\n", encoding="utf-8")
    incident = source_on(tmp_path / "a.jsonl", columns={"tags": "tags"}, fields=["*"]).read("1")
    assert (incident.summary, incident.tags) == ("😀 x", ("a", "b"))
    assert incident.fields == {"vip": "true", "n": ""}


def test_columns_can_be_joined(tmp_path) -> None:
    (tmp_path / "a.csv").write_text(as_csv([line(1, title="?")]), encoding="utf-8")
    options = {"columns": {"summary": "{state} / {title}"}, "missing": ["?"]}
    assert source_on(tmp_path / "a.csv", **options).read("1").summary == "open / "


# --- what is broken --------------------------------------------------------------------------------------------------


def test_broken_rows_are_parked_and_the_others_go_on(tmp_path) -> None:
    rows = [line(1), line(2)[:3], line(3, state="?!"), ["", *line(4)[1:]], line(5)]
    (tmp_path / "a.csv").write_text(as_csv(rows) + '6,"a"b,c,d,e\n' + as_csv([line(7)], None), encoding="utf-8")
    (page,) = source_on(tmp_path / "a.csv").changes("{}", nobody)
    assert [one.incident.external_id for one in page.snapshots] == ["1", "5", "7"]
    assert [one.error.split(":")[0] for one in page.poison] == [
        "has 3 of 5 columns",
        "state “?!” is in no table",
        "has nothing in the column number",
        "',' expected after '\"'",
    ]


def test_broken_json_lines_are_parked(tmp_path) -> None:
    good = json.dumps(dict(zip(HEADER, line(1), strict=True)))
    (tmp_path / "a.jsonl").write_text(f"{good}\nnonsense\n[1]\n", encoding="utf-8")
    (page,) = source_on(tmp_path / "a.jsonl").changes("{}", nobody)
    assert len(page.snapshots) == 1
    assert [one.error.split(":")[0] for one in page.poison] == ["is not JSON", "is not an object"]


def test_check_says_what_is_missing(tmp_path) -> None:
    assert "no file matches" in source_on(tmp_path / "none.csv").check()[0].what
    (tmp_path / "a.csv").write_text(as_csv([line(1), line(2, state="odd")]), encoding="utf-8")
    options = {"columns": {"priority": "prio"}}
    problems = source_on(tmp_path / "a.csv", **options).check()
    assert {one.what for one in problems} == {
        "there is no column prio",
        "state “odd” is in no table: add it to the source's `states`",
    }
    with pytest.raises(errors.RemoteUnavailable, match="no file matches"):
        source_on(tmp_path / "none.csv").start_cursor()


def test_check_takes_a_file_of_columns_only_and_empty_lines(tmp_path) -> None:
    """An export without incidents, and one whose last line is empty, are as they should be."""
    (tmp_path / "a.csv").write_text(as_csv([]), encoding="utf-8")
    (tmp_path / "b.csv").write_text("\n".join([as_csv([line(1)]), as_csv([line(2)], None), ""]), encoding="utf-8")
    source = source_on(tmp_path / "*.csv")
    assert source.check() == []
    pages = list(source.history(LONG_AGO, None, None))
    assert (ids(iter(pages)), [page.poison for page in pages]) == (["1", "2"], [(), ()])


def test_check_finds_another_encoding(tmp_path) -> None:
    """Chinese spreadsheets are saved as GBK: without a word their texts would be stored as question marks."""
    (tmp_path / "a.csv").write_text(as_csv([line(1, title="路由器")]), encoding="gbk")
    (problem,) = source_on(tmp_path / "a.csv").check()
    assert (problem.severity, problem.what) == ("warning", "there are characters that are not utf-8")
    assert "gb18030" in problem.advice
    assert source_on(tmp_path / "a.csv", encoding="gb18030").check() == []


def _torn_zip(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a.csv", as_csv([line(1)]))
    path.write_bytes(path.read_bytes()[:-30])


def _damaged_zip(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a.csv", as_csv([line(1)]))
    path.write_bytes(path.read_bytes().replace(b"10:00", b"11:00", 1))


@pytest.mark.parametrize(
    ("name", "write"),
    [
        ("a.zip", _torn_zip),
        ("a.zip", _damaged_zip),
        ("a.csv.gz", lambda path: path.write_bytes(gzip.compress(as_csv([line(1)] * 99).encode())[:60])),
        ("a.csv.gz", lambda path: path.write_text(as_csv([line(1)]), encoding="utf-8")),
        ("a.csv", lambda path: path.write_bytes(as_csv([line(1)]).replace("\n", "\r").encode())),
    ],
)
def test_a_file_that_cannot_be_read_is_told_by_name(tmp_path, name: str, write: Callable[[Path], object]) -> None:
    """One that is still being copied is read at a later turn; a check goes on with the others."""
    write(tmp_path / name)
    source = source_on(tmp_path / name)
    (problem,) = source.check()
    assert problem.what.startswith("cannot be read: ")
    with pytest.raises(errors.RemoteUnavailable, match=rf"{name}.*cannot be read.*still being written"):
        list(source.changes("{}", nobody))


def test_what_macos_hides_in_archives_is_no_data(tmp_path) -> None:
    with zipfile.ZipFile(tmp_path / "A.ZIP", "w") as archive:
        archive.writestr("a.csv", as_csv([line(1)]))
        archive.writestr("__MACOSX/._a.csv", b"\0\5\x16\7\n\n")
        archive.writestr(".DS_Store", b"\0\0\0\1")
        archive.writestr("b/c.csv", as_csv([line(2)]))
    source = source_on(tmp_path / "*.*")
    assert source.check() == []
    assert ids(source.changes("{}", nobody)) == ["1", "2"]


def test_nothing_can_be_written(tmp_path) -> None:
    (tmp_path / "a.csv").write_text(as_csv([line(1)]), encoding="utf-8")
    source = source_on(tmp_path / "a.csv")
    assert source.capabilities == frozenset()
    for write in (
        lambda: source.add_note("1", "x", private=True),
        lambda: source.add_link("1", "http://x", "x"),
        lambda: source.set_state("1", State.RESOLVED, ""),
        lambda: source.assign("1", "x"),
    ):
        with pytest.raises(errors.NotPossible, match="export #1: files are only read"):
            write()
    assert (source.notes("1", ""), source.links("1"), source.find_note("1", "x")) == ((), frozenset(), None)
    with pytest.raises(errors.NotFound):
        source.read("2")


@pytest.mark.parametrize(
    "wrong",
    [
        {"encoding": "utf-16"},
        {"encoding": "klingon"},
        {"final": ["updated"]},
        {"states": {"x": "y"}},
        {"delimiter": ""},
    ],
)
def test_options_that_cannot_work_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        source_on("a.csv", **wrong)


# --- event logs ------------------------------------------------------------------------------------------------------


LOG_HEADER = ["number", "opened", "updated", "state", "title", "who", "prio", "solved"]
TRAIL = [
    ["1", "2026-11-01T10:00Z", "2026-11-01T10:05Z", "new", "t", "?", "high", "2026-11-01T15:00Z"],
    ["1", "2026-11-01T10:00Z", "2026-11-01T11:00Z", "open", "t", "anna", "high", "2026-11-01T15:00Z"],
    ["1", "2026-11-01T10:00Z", "2026-11-01T12:00Z", "held", "t", "anna", "odd", "2026-11-01T15:00Z"],
    ["1", "2026-11-01T10:00Z", "2026-11-01T13:00Z", "-100", "t", "anna", "odd", "2026-11-01T15:00Z"],
    ["1", "2026-11-01T10:00Z", "2026-11-01T16:00Z", "done", "t", "", "low", "2026-11-01T15:00Z"],
]


def log_on(path: Path, **chosen: Any) -> FileSource:
    columns = {"person": "who", "priority": "prio", "resolved_at": "solved", "hold_reason": "state"}
    return source_on(
        path, rows="event_log", columns=columns, missing=["", "?"], priorities={"high": 2, "low": 4}, **chosen
    )


def test_a_log_tells_the_timeline(tmp_path) -> None:
    path = tmp_path / "log.csv"
    path.write_text(as_csv(TRAIL, LOG_HEADER), encoding="utf-8")
    (page,) = log_on(path, final=["solved"]).history(LONG_AGO, None, None)
    (snapshot,) = page.snapshots
    assert [(one.kind, one.value, one.occurred_at.hour) for one in snapshot.events] == [
        (EventKind.STATE, "new", 10),
        (EventKind.PRIORITY, "2", 10),
        (EventKind.STATE, "in_progress", 11),
        (EventKind.PERSON, "anna", 11),
        (EventKind.STATE, "on_hold", 12),
        (EventKind.HOLD, "held", 12),
        (EventKind.STATE, "resolved", 16),
        (EventKind.PRIORITY, "4", 16),
        (EventKind.PERSON, "", 16),
        (EventKind.REPORTED_RESOLUTION, "2026-11-01T15:00:00+00:00", 16),
    ]
    assert snapshot.incident.state is State.RESOLVED
    assert snapshot.incident.unknown == (("state", "-100"),)
    assert all(one.observed_at == NOW for one in snapshot.events)


def test_without_final_a_value_is_known_when_it_is_first_seen(tmp_path) -> None:
    path = tmp_path / "log.csv"
    path.write_text(as_csv(TRAIL, LOG_HEADER), encoding="utf-8")
    (page,) = log_on(path).history(LONG_AGO, None, None)
    (event,) = [one for one in page.snapshots[0].events if one.kind is EventKind.REPORTED_RESOLUTION]
    assert event.occurred_at.hour == 10


def test_a_resolution_that_a_log_takes_back_is_taken_back(tmp_path) -> None:
    way = ((10, "new", "?"), (12, "done", "2026-11-01T12:00Z"), (13, "open", "?"), (14, "held", "?"))
    rows = [["1", "2026-11-01T10:00Z", f"2026-11-01T{h}:00Z", state, "t", "", "", solved] for h, state, solved in way]
    path = tmp_path / "log.csv"
    path.write_text(as_csv(rows, LOG_HEADER), encoding="utf-8")
    (page,) = log_on(path).history(LONG_AGO, None, None)
    told = [one for one in page.snapshots[0].events if one.kind is EventKind.REPORTED_RESOLUTION]
    assert [(one.value, one.occurred_at.hour) for one in told] == [("2026-11-01T12:00:00+00:00", 12), ("", 13)]


def test_a_hold_whose_reason_changes_is_told_in_parts(tmp_path) -> None:
    way = ((10, "user"), (12, "vendor"), (13, "vendor"), (14, "?"))
    rows = [["1", "2026-11-01T10:00Z", f"2026-11-01T{hour}:00Z", "held", "t", why, "", "?"] for hour, why in way]
    path = tmp_path / "log.csv"
    path.write_text(as_csv(rows, LOG_HEADER), encoding="utf-8")
    source = source_on(path, rows="event_log", columns={"hold_reason": "who"}, missing=["", "?"])
    (page,) = source.history(LONG_AGO, None, None)
    told = [one for one in page.snapshots[0].events if one.kind is EventKind.HOLD]
    assert [(one.value, one.occurred_at.hour) for one in told] == [("user", 10), ("vendor", 12), ("", 14)]


def test_a_growing_log_repeats_its_last_incident_with_the_same_ids(tmp_path) -> None:
    """So that a store that knows the events adds only the new ones."""
    path = tmp_path / "log.csv"
    path.write_text(as_csv(TRAIL[:2], LOG_HEADER), encoding="utf-8")
    source = log_on(path)
    (first,) = source.changes("{}", nobody)
    with path.open("a", encoding="utf-8") as file:
        file.write(as_csv([*TRAIL[2:], ["2", *TRAIL[0][1:]]], None))
    (second,) = source.changes(first.cursor, nobody)
    before = [(one.kind, one.remote_id) for one in first.snapshots[0].events]
    after = [(one.kind, one.remote_id) for one in second.snapshots[0].events]
    assert after[: len(before)] == before
    assert len(set(after)) == len(after)
    assert [one.incident.external_id for one in second.snapshots] == ["1", "2"]


def test_an_incident_whose_state_is_never_known_is_parked(tmp_path) -> None:
    path = tmp_path / "log.csv"
    path.write_text(as_csv([TRAIL[3]], LOG_HEADER), encoding="utf-8")
    (page,) = log_on(path).history(LONG_AGO, None, None)
    assert page.snapshots == ()
    assert "“-100”" in page.poison[0].error
