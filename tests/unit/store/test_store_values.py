"""How values stand in columns."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from types import MappingProxyType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.store.values import KEY_BYTES, clean, micros, moment, short, to_json


@given(st.datetimes(datetime(1900, 1, 1), datetime(2100, 1, 1), timezones=st.timezones()))  # noqa: DTZ001 - bounds
def test_a_moment_survives_to_the_microsecond(value: datetime) -> None:
    assert moment(micros(value)) == value.astimezone(UTC)
    assert moment(micros(value)).tzinfo is UTC


def test_moments_are_microseconds_since_1970() -> None:
    assert micros(datetime(1970, 1, 1, 0, 0, 1, 5, tzinfo=UTC)) == 1_000_005
    assert micros(datetime(1969, 12, 31, 23, 59, 59, tzinfo=UTC)) == -1_000_000


@given(st.text(st.characters()))
def test_a_clean_text_can_be_stored_anywhere_and_is_clean(text: str) -> None:
    cleaned = clean(text)
    assert "\0" not in cleaned
    assert cleaned.encode().decode() == cleaned
    assert clean(cleaned) == cleaned


@given(st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])))
def test_a_decent_text_stays_as_it_is(text: str) -> None:
    assert clean(text) == text


def test_two_halves_of_a_character_become_one() -> None:
    assert clean("\ud83d\ude00") == "😀"


@given(st.text(max_size=3), st.integers(0, 2000))
def test_a_short_key_fits_and_is_shortened_once(text: str, times: int) -> None:
    key = short(text * times)
    assert len(key.encode()) <= KEY_BYTES
    assert short(key) == key


def test_long_keys_that_differ_only_at_the_end_stay_different() -> None:
    assert short("x" * 5000 + "1") != short("x" * 5000 + "2")
    assert short("x" * KEY_BYTES) == "x" * KEY_BYTES


def test_json_is_the_same_text_for_the_same_value() -> None:
    one = {"b": 1, "a": MappingProxyType({"ü": frozenset({"y", "x"})})}
    assert to_json(one) == '{"a": {"ü": ["x", "y"]}, "b": 1}'
    assert to_json(dict(reversed(one.items()))) == to_json(one)


def test_what_json_cannot_hold_is_refused() -> None:
    with pytest.raises(TypeError, match="timedelta"):
        to_json({"a": timedelta(1)})
