"""The promotion's life cycle is data, and no step outside the table is possible."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.model.errors import InvalidTransition
from bridge.model.promotion import RUNNING, TRANSITIONS, WAITING, Promotion, PromotionState, move


def promotion(state: PromotionState) -> Promotion:
    now = datetime(2026, 11, 1, tzinfo=UTC)
    return Promotion(7, "router-cpu", "abc", "rt", "k", "core", "Router CPU", state, "5 in 14 d", now)


def test_every_state_has_its_row():
    assert set(TRANSITIONS) == set(PromotionState)


@given(st.sampled_from(PromotionState), st.lists(st.sampled_from(PromotionState), max_size=12))
def test_no_walk_leaves_the_table(start, steps):
    current = promotion(start)
    for step in steps:
        before = current.state
        try:
            current = move(current, step)
        except InvalidTransition:
            assert step not in TRANSITIONS[before]
            assert current.state == before
        else:
            assert step == before or step in TRANSITIONS[before]


def test_every_state_can_be_reached_from_a_candidate():
    reached, todo = {PromotionState.CANDIDATE}, [PromotionState.CANDIDATE]
    while todo:
        for step in TRANSITIONS[todo.pop()] - reached:
            reached.add(step)
            todo.append(step)
    assert reached == set(PromotionState)


def test_a_rejected_candidate_is_never_opened():
    with pytest.raises(InvalidTransition, match="is rejected and cannot become opening"):
        move(promotion(PromotionState.REJECTED), PromotionState.OPENING)


def test_waiting_and_running_do_not_overlap():
    assert not WAITING & RUNNING
