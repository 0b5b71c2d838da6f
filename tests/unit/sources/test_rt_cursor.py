"""The place in RT's transactions: nothing is missed when ids become visible out of order."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.model.errors import ConfigurationError
from bridge.sources.rt.cursor import SETTLED, FeedCursor

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)


def poll(cursor: FeedCursor, visible: set[int], overlap: int, now: datetime) -> tuple[set[int], FeedCursor]:
    rows = [one for one in visible if one > cursor.begin(now)]
    fresh = {one for one in rows if cursor.fresh(one)}
    return fresh, FeedCursor.parse(str(cursor.advanced(rows, overlap, now)), "source rt")


@given(st.permutations(range(1, 30)), st.lists(st.integers(1, 5), min_size=8, max_size=29))
def test_every_transaction_is_read_once_whatever_the_order_of_commits(order: list[int], steps: list[int]) -> None:
    """With an overlap as wide as the disorder."""
    cursor, seen, now, visible = FeedCursor(0, NOW), [], NOW, set()
    remaining = list(order)
    for step in [*steps, len(remaining)]:
        visible |= set(remaining[:step])
        del remaining[:step]
        fresh, cursor = poll(cursor, visible, 30, now)
        seen += fresh
        now += timedelta(seconds=10)
    assert sorted(seen) == sorted(order)


def test_without_gaps_only_what_is_newer_is_asked_for() -> None:
    _, cursor = poll(FeedCursor(100, NOW), {101, 102, 103}, 50, NOW)
    assert cursor.begin(NOW) == 103


def test_a_gap_is_looked_at_again_until_it_is_too_old() -> None:
    fresh, cursor = poll(FeedCursor(100, NOW), {101, 103}, 50, NOW)
    assert fresh == {101, 103}
    assert cursor.begin(NOW + SETTLED) == 101
    assert cursor.begin(NOW + SETTLED + timedelta(seconds=1)) == 103
    fresh, cursor = poll(cursor, {101, 102, 103}, 50, NOW)
    assert fresh == {102}
    assert cursor.begin(NOW) == 103


def test_gaps_far_behind_are_given_up() -> None:
    _, cursor = poll(FeedCursor(100, NOW), {500}, 50, NOW)
    assert cursor.begin(NOW) == 449


def test_a_foreign_cursor_is_refused_with_the_source_named() -> None:
    with pytest.raises(ConfigurationError, match="source rt: “2026-11-20”"):
        FeedCursor.parse("2026-11-20", "source rt")
