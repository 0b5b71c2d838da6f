"""Ways through intermediate statuses: the shortest that is known, never through what would tell something else."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bridge.model.incident import State
from bridge.sync.mapping import StatusMapping
from bridge.sync.paths import path

OPEN = {"New", "In Progress", "Feedback"}
SEEN = {"In Progress": {"Feedback", "Resolved"}, "Resolved": {"Closed"}, "Rejected": {"Closed"}}
MAPPING = StatusMapping(
    {"New": State.NEW, "In Progress": State.IN_PROGRESS, "Resolved": State.RESOLVED, "Closed": State.RESOLVED},
    {State.RESOLVED: "Closed", State.CANCELLED: "Rejected"},
)


def passable(wanted: str):
    return lambda status: MAPPING.may_pass(status, wanted)


@pytest.mark.parametrize(
    ("allowed", "chains", "expected"),
    [
        ({"Closed", "In Progress"}, (), ("Closed",)),
        (None, (), ("Closed",)),
        ({"In Progress"}, (), ("In Progress", "Resolved", "Closed")),
        ({"Rejected"}, (), None),
        ({"Rejected"}, (("New", "Rejected", "Closed"),), ("Rejected", "Closed")),
        ({"In Progress"}, (("New", "Feedback", "Closed"),), ("In Progress", "Resolved", "Closed")),
        (set(), (("New", "In Progress", "Closed"),), None),
    ],
)
def test_the_way_to_closed(allowed, chains, expected):
    assert path("New", "Closed", allowed, chains, SEEN, passable("Closed")) == expected


statuses = st.sampled_from(["A", "B", "C", "D", "E"])
graphs = st.dictionaries(statuses, st.frozensets(statuses, max_size=3))


@settings(max_examples=60)
@given(statuses, statuses, st.frozensets(statuses, max_size=3), graphs)
def test_every_step_is_known_and_the_last_one_is_wanted(now, wanted, allowed, seen):
    found = path(now, wanted, allowed, (), seen, lambda _: True)
    if found is None:
        assert wanted not in allowed
        return
    assert found[-1] == wanted
    assert found[0] in allowed
    assert len(set(found)) == len(found)
    assert all(after in seen[before] for before, after in pairwise(found))


def test_several_statuses_for_one_state_need_the_one_that_is_written():
    assert MAPPING.ambiguous() == {}
    assert StatusMapping(MAPPING.to_state, {}).ambiguous() == {State.RESOLVED: ["Resolved", "Closed"]}


def test_a_status_that_stands_for_another_state_than_it_is_written_for():
    assert MAPPING.turned() == {}
    assert StatusMapping(MAPPING.to_state, {State.ON_HOLD: "New"}).turned() == {State.ON_HOLD: "New"}
