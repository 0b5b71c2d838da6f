"""Who has more work than hours: found exactly when the work cannot be done, and with ways out that work."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from bridge.planning.resource_conflicts import Load, ResourceConflict, conflicts

MONDAY = date(2026, 3, 2)
UNTIL = MONDAY + timedelta(days=18)


def day(number: int) -> date:
    return MONDAY + timedelta(days=number)


def eight(_who: str, on: date) -> float:
    """Eight hours on weekdays."""
    return 8.0 if on.weekday() < 5 else 0.0


def load(issue: int, start: int, due: int, hours: float, who: str = "ann", rank: int = 0) -> Load:
    return Load(issue, f"task {issue}", "VPN", who, day(start), day(due), hours, rank)


def found(*loads: Load, incidents: float = 0.0, colleagues: tuple[str, ...] = ()) -> list[ResourceConflict]:
    """The conflicts when incidents take a part of every day."""

    def capacity(who: str, on: date) -> float:
        return eight(who, on) * (1 - incidents)

    def freed(who: str, start: date, end: date) -> float:
        days = [start + timedelta(days=number) for number in range((end - start).days + 1)]
        return sum(eight(who, one) for one in days) * incidents

    return conflicts(loads, capacity, MONDAY, UNTIL, {"ann": colleagues}, freed)


def test_two_tasks_in_one_week_that_need_more_than_its_hours_are_a_conflict():
    (one,) = found(load(1, 0, 4, 30), load(2, 0, 4, 20), load(3, 7, 11, 8))
    assert (one.who, one.start, one.end, one.hours, one.capacity) == ("ann", day(0), day(4), 50, 40)
    assert [task.issue_id for task in one.tasks] == [1, 2]


def test_tasks_that_fit_one_after_the_other_are_none():
    assert found(load(1, 0, 4, 30), load(2, 0, 8, 26)) == []


def test_one_task_alone_is_a_wrong_estimate_and_no_conflict():
    assert found(load(1, 0, 4, 60)) == []


def test_incidents_take_hours_away_and_freeing_them_is_a_way_out():
    tasks = (load(1, 0, 4, 18), load(2, 0, 4, 18))
    assert found(*tasks) == []
    (one,) = found(*tasks, incidents=0.25)
    assert one.capacity == 30
    assert ("free", 6.0) in [(way.kind, way.hours) for way in one.proposals]


def test_the_task_that_may_wait_is_moved_to_the_first_day_on_which_nothing_lacks():
    (one,) = found(load(1, 0, 4, 30, rank=0), load(2, 0, 4, 20, rank=5))
    way = next(way for way in one.proposals if way.kind == "move")
    assert (way.issue_id, way.day) == (2, day(8))  # ten hours are left: Monday and Tuesday
    assert found(load(1, 0, 4, 30), replace(load(2, 0, 4, 20), due=way.day)) == []
    earlier = replace(load(2, 0, 4, 20), due=day(7))
    assert found(load(1, 0, 4, 30), earlier) != []


def test_a_colleague_with_hours_left_is_proposed_and_one_without_is_not():
    work = (load(1, 0, 4, 30), load(2, 0, 4, 20))
    (one,) = found(*work, load(9, 0, 4, 39, who="busy"), colleagues=("busy", "free"))
    way = next(way for way in one.proposals if way.kind == "give")
    assert (way.issue_id, way.who) == (2, "free")
    (one,) = found(*work, load(9, 0, 4, 39, who="busy"), colleagues=("busy",))
    assert "give" not in [way.kind for way in one.proposals]


def test_at_most_three_ways_out_are_named():
    (one,) = found(load(1, 0, 4, 30), load(2, 0, 4, 20), incidents=0.0, colleagues=("free",))
    assert {way.kind for way in one.proposals} == {"move", "give", "cut"}


def test_an_overdue_task_may_take_the_days_that_are_left():
    assert found(load(1, -5, -1, 20), load(2, 0, 4, 40)) == []


def test_a_named_resource_is_found_like_a_person():
    (one,) = found(load(1, 0, 1, 10, who="Lab bench"), load(2, 0, 1, 10, who="Lab bench"))
    assert one.who == "Lab bench"


def can_be_done(loads: list[Load]) -> bool:
    """Day by day, always the task that is due first: that does everything whenever anything can."""
    left = {one.issue_id: one.hours for one in loads}
    for number in range((UNTIL - MONDAY).days + 1):
        hours = eight("ann", day(number))
        for one in sorted(loads, key=lambda load: load.due):
            if one.start <= day(number) <= one.due:
                done = min(hours, left[one.issue_id])
                left[one.issue_id] -= done
                hours -= done
    return all(rest < 1e-6 for rest in left.values())


@settings(max_examples=60)
@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 8), st.integers(1, 20)), min_size=2, max_size=6))
def test_a_conflict_is_found_exactly_when_the_work_cannot_be_done(drawn):
    loads = []
    for number, (start, length, hours) in enumerate(drawn):
        one = load(number, start, start + length, hours)
        if can_be_done([one]):  # one alone is no conflict
            loads.append(one)
    assert bool(found(*loads)) is not can_be_done(loads)
