"""Tables, times and texts, as all sources use them."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, SecretStr, ValidationError

from bridge.model.errors import ConfigurationError
from bridge.model.incident import State
from bridge.sources.build import clean, count_of, level_of, state_of
from bridge.sources.connection import read_secret
from bridge.sources.html_text import to_text
from bridge.sources.json_text import loads
from bridge.sources.rt.options import RT_PRIORITIES, RtOptions
from bridge.sources.tables import Priorities, PriorityTable, StateTable
from bridge.sources.times import TimeCodec, Times


class Holder(BaseModel):
    priorities: Priorities


def test_states_do_not_mind_case_and_space() -> None:
    table = StateTable({"On Hold": State.ON_HOLD, "new": State.NEW})
    assert table.get(" on hold ") is State.ON_HOLD
    assert table.get("held") is None


def test_the_word_for_a_state_is_the_configured_one_else_the_first() -> None:
    table = StateTable({"Done": State.RESOLVED, "Fixed": State.RESOLVED, "Open": State.IN_PROGRESS}, {})
    assert table.word(State.RESOLVED) == "Done"
    assert StateTable({"Done": State.RESOLVED}, {State.RESOLVED: "Fixed"}).word(State.RESOLVED) == "Fixed"
    assert table.word(State.CLOSED) is None


def test_an_unknown_state_is_never_guessed() -> None:
    with pytest.raises(ValueError, match="“parked” is in no table"):
        state_of(StateTable({"new": State.NEW}), "parked")


@pytest.mark.parametrize(("raw", "level"), [("0", 5), ("19", 5), ("20", 4), ("79", 2), ("100", 1), ("80.5", 1)])
def test_ranges_of_numbers(raw: str, level: int) -> None:
    assert PriorityTable(RT_PRIORITIES).get(raw) == level


def test_what_no_priority_table_covers_is_reported() -> None:
    unknown: list[tuple[str, str]] = []
    table = PriorityTable({"1 - Critical": 1, "80-100": 2})
    assert level_of(table, "priority", "1 - critical", unknown) == 1
    assert level_of(table, "priority", "", unknown) is None
    assert level_of(table, "priority", "Highest", unknown) is None
    assert level_of(table, "priority", "101", unknown) is None
    assert unknown == [("priority", "Highest"), ("priority", "101")]


def test_levels_outside_one_to_five_are_refused() -> None:
    with pytest.raises(ValidationError, match="0 is not between 1"):
        Holder(priorities={"P0": 0})


@pytest.mark.parametrize(
    ("times", "raw"),
    [
        (Times(), "2026-07-01T10:00:00Z"),
        (Times(), "2026-07-01T19:00:00.000+09:00"),
        (Times(zone="Europe/Paris"), "2026-07-01 12:00:00"),
        (Times(format="epoch"), 1782900000),
        (Times(format="epoch"), "1782900000"),
        (Times(format="epoch_ms"), 1782900000000),
        (Times(format="%d/%m/%Y %H:%M", zone="Asia/Seoul"), "1/7/2026 19:00"),
        (Times(format="%Y-%m-%d %H:%M:%S %z"), "2026-07-01 06:00:00 -0400"),
    ],
)
def test_times_in_every_format_and_zone(times: Times, raw: object) -> None:
    codec = TimeCodec(times)
    for _ in range(2):
        assert codec.read(raw) == datetime(2026, 7, 1, 10, tzinfo=UTC)
    assert codec.read(codec.write(codec.read(raw))) == datetime(2026, 7, 1, 10, tzinfo=UTC)


@pytest.mark.parametrize(
    ("zone", "at", "down", "up"),
    [
        ("Europe/Paris", (2026, 10, 25, 0, 30), "01:30", "03:30"),  # 02:30 for the first time
        ("Europe/Paris", (2026, 10, 25, 1, 30), "01:30", "03:30"),  # 02:30 again
        ("Europe/Paris", (2026, 10, 25, 2, 0), "03:00", "03:00"),
        ("Europe/Paris", (2026, 3, 29, 1, 0), "03:00", "03:00"),
        ("UTC", (2026, 10, 25, 0, 30), "00:30", "00:30"),
    ],
)
def test_an_hour_that_occurs_twice_loses_nothing(zone: str, at: tuple[int, ...], down: str, up: str) -> None:
    """A system may read 02:30 as either of the two."""
    codec = TimeCodec(Times(format="%H:%M", zone=zone))
    moment = datetime(*at, tzinfo=UTC)
    assert (codec.write(moment), codec.write(moment, up=True)) == (down, up)


@pytest.mark.parametrize(
    "raw",
    ["", "soon", "2026-13-01T00:00:00Z", None, {}, "9999-12-31T23:59:59-05:00", "0001-01-01T00:00:00+08:00"],
)
def test_what_is_no_time_says_so(raw: object) -> None:
    """“For ever” in a zone behind UTC is no moment in UTC: such a value parks its incident, not its whole source."""
    with pytest.raises(ValueError, match="is not a time in the format iso"):
        TimeCodec(Times()).read(raw)


def test_for_ever_in_a_local_time_zone_is_no_time() -> None:
    codec = TimeCodec(Times(format="%Y-%m-%d %H:%M", zone="America/New_York"))
    with pytest.raises(ValueError, match="is not a time in the format"):
        codec.read("9999-12-31 23:59")


def test_a_time_read_by_two_threads_is_each_ones_own() -> None:
    """The poll and the workers share a codec; the second thread comes in the middle of the first one's look."""
    codec = TimeCodec(Times())

    class Meanwhile(str):
        __slots__ = ()
        __hash__ = str.__hash__

        def __eq__(self, other: object) -> bool:
            codec.read("2026-01-31T00:00:00Z")
            return str.__eq__(self, other)

    codec.read("2026-07-01T10:00:00Z")
    assert codec.read(Meanwhile("2026-07-01T10:00:00Z")) == datetime(2026, 7, 1, 10, tzinfo=UTC)


@pytest.mark.parametrize(("value", "count"), [("", 0), ("0", 0), ("3", 3), ("3.0", 3), ("1000000", 1_000_000)])
def test_counts(value: str, count: int) -> None:
    assert count_of(value) == count


@pytest.mark.parametrize("value", ["x", "true", "-1", "2.5", "nan", "inf", "99999999999999999999"])
def test_what_is_no_count_says_so(value: str) -> None:
    """More than a column can hold would stop the source at this incident."""
    with pytest.raises(ValueError, match="is no count"):
        count_of(value)


@pytest.mark.parametrize("zone", ["Mars/Olympus", "", "../etc/passwd"])
def test_an_unknown_zone_is_refused(zone: str) -> None:
    with pytest.raises(ValidationError):
        Times(zone=zone)
    with pytest.raises(ValidationError):
        RtOptions(url="http://rt", token=SecretStr("t"), timezone=zone)


@given(st.text())
def test_clean_texts_can_be_stored(text: str) -> None:
    cleaned = clean(text + "\0\ud800")
    assert "\0" not in cleaned
    cleaned.encode()


def test_html_becomes_what_a_person_sees() -> None:
    html = "<style>p{}</style><p>a &lt;b&gt;\n c</p><p></p><p></p><p>d<br>e</p><pre>x\n  y</pre>"
    assert to_text(html) == "a <b> c\n\nd\ne\n\nx\n  y"


def test_secrets_come_from_files(tmp_path) -> None:
    file = tmp_path / "token"
    file.write_text("s3cret\n", encoding="utf-8")
    assert read_secret(None, file, "source x") == "s3cret"
    assert read_secret(SecretStr("direct"), None, "source x") == "direct"
    for missing in (tmp_path / "none", None):
        with pytest.raises(ConfigurationError, match="source x"):
            read_secret(None, missing, "source x")


def test_a_token_appears_nowhere() -> None:
    options = RtOptions(url="http://rt", token=SecretStr("1-35-hush"))
    assert "hush" not in repr(options) + str(options) + options.model_dump_json()


@pytest.mark.parametrize("wrong", [{}, {"token": "a", "token_file": "b"}, {"token": "a", "url": "rt.example.com"}])
def test_rt_options_that_cannot_work(wrong: dict[str, str]) -> None:
    with pytest.raises(ValidationError):
        RtOptions.model_validate({"url": "http://rt", **wrong})


def test_a_format_that_could_read_nothing_is_refused() -> None:
    with pytest.raises(ValidationError, match="“isoo” is neither iso, epoch, epoch_ms nor a pattern"):
        Times(format="isoo")


def test_an_answer_of_brackets_only_is_no_json() -> None:
    with pytest.raises(ValueError, match="nested too deeply"):
        loads(b"[" * 100_000)
