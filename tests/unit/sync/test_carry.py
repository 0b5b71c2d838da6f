"""Which notes are carried over: those written since the link, none of those from before it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from bridge.model.incident import Note
from bridge.sync.carry import is_new

NOON = datetime(2026, 11, 2, 12, 0, tzinfo=UTC)


def note(seconds: float) -> Note:
    return Note("1", "alice", NOON + timedelta(seconds=seconds), "text", private=True)


@pytest.mark.parametrize(("seconds", "new"), [(-1, False), (0, True), (1, True)])
def test_a_note_of_the_second_in_which_the_incident_was_read_and_linked_is_new(seconds, new):
    assert is_new(note(seconds), NOON, NOON + timedelta(seconds=5)) is new
    assert is_new(note(seconds), NOON, NOON - timedelta(minutes=9)) is new, "our clock may be slow"


def test_a_source_that_tells_fractions_and_dates_its_notes_in_whole_seconds_loses_none():
    assert is_new(note(0), NOON + timedelta(milliseconds=700), NOON + timedelta(seconds=5))


@pytest.mark.parametrize(("seconds", "new"), [(-1, False), (0, False), (1, True)])
def test_a_note_that_was_the_last_thing_to_happen_long_before_the_link_is_not_new(seconds, new):
    assert is_new(note(seconds), NOON, NOON + timedelta(days=3)) is new
