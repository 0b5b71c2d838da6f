"""Projects that need a word: told on the right business day, to the right people, once. Frozen time."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from tests.contract.store.fixtures import incident
from tests.unit.notify.world import MONDAY, World, calendar, days, route, world

from bridge.model.errors import RemoteUnavailable
from bridge.model.incident import Snapshot, State
from bridge.model.notice import NoticeKind
from bridge.model.project_task import ProjectTask
from bridge.usecases.project_tasks import open_tasks, refresh
from bridge.usecases.telling.load import as_plain, found_conflicts
from bridge.usecases.telling.policy import ReminderPolicy
from bridge.usecases.telling.reminders import marks, remind

ON = ReminderPolicy(on=True)
FRIDAY = date(2026, 3, 6)


def task(number: int = 12, **values: Any) -> ProjectTask:
    """bob's task, due on Friday, touched today."""
    given: dict[str, Any] = {
        "issue_id": number, "project_id": 70, "subject": f"task {number}", "status": "New", "closed": False,
        "parent_id": 1, "due": FRIDAY, "assignee_id": 6, "assignee_name": "Bob", "updated_at": MONDAY, **values,
    }  # fmt: skip
    return ProjectTask(**given)


ROOT = task(1, parent_id=None, assignee_id=5, subject="VPN drops")


@pytest.fixture
def made(tmp_path):
    with world(tmp_path, route(), reminders=ON) as one:
        one.project()
        one.tasks.projects[70] = [ROOT, task()]
        yield one


def look(made: World, moment: datetime, *tasks: ProjectTask) -> list[tuple[str, str]]:
    """Reads the tasks and reminds at a moment; who got what by it."""
    made.until(moment)
    if tasks:
        made.tasks.projects[70] = [ROOT, *tasks]
    refresh(made.database, _Tracker(made), made.clock, timedelta(0))
    made.mail.messages.clear()
    with made.database.transaction() as uow:
        remind(uow, made.configured, moment)
    made.deliver()
    return [(address.partition("@")[0], subject.partition(":")[0]) for address, subject in made.mail.told]


class _Tracker:
    """As far as reading tasks needs one."""

    def __init__(self, made: World) -> None:
        self.tasks = made.tasks


def test_before_and_after_the_due_date_it_goes_from_the_owner_to_the_lead_to_the_manager(made):
    heard = {}
    for number in range(12):
        moment = days(MONDAY, number)
        if got := look(made, moment, task(updated_at=moment)):
            heard[moment.date().isoformat()] = got
    assert heard == {
        "2026-03-03": [("bob", "A task is due soon")],  # three business days before
        "2026-03-05": [("bob", "A task is due soon")],
        "2026-03-09": [("bob", "A task is overdue"), ("lea", "A task is overdue")],  # a weekend lies between
        "2026-03-11": [("bob", "A task is overdue"), ("lea", "A task is overdue"), ("max", "A task is overdue")],
    }


def test_a_look_every_hour_tells_nothing_twice(made):
    look(made, MONDAY)
    moment = datetime(2026, 3, 3, 7, 0, tzinfo=UTC)
    assert [len(look(made, moment + timedelta(hours=number))) for number in range(5)] == [1, 0, 0, 0, 0]


def test_a_new_due_date_is_reminded_of_anew(made):
    look(made, MONDAY)
    moment = datetime(2026, 3, 5, 9, 0, tzinfo=UTC)
    assert len(look(made, moment, task(updated_at=moment))) == 1
    later = datetime(2026, 3, 10, 9, 0, tzinfo=UTC)
    told = look(made, later, task(due=date(2026, 3, 13), updated_at=later))
    assert ("bob", "A task is due soon") in told


def test_without_an_update_for_three_business_days(made):
    look(made, MONDAY)
    quiet = task(due=None)
    assert look(made, days(MONDAY, 2), quiet) == []
    assert look(made, days(MONDAY, 3), quiet) == [("bob", "A task without an update")]
    assert look(made, days(MONDAY, 7), quiet) == []
    assert look(made, days(MONDAY, 8), task(due=None, updated_at=days(MONDAY, 7))) == []


def test_a_task_that_has_not_begun_may_be_quiet_and_a_closed_or_parent_one_is_nobodys_work(made):
    look(made, MONDAY)
    later = days(MONDAY, 10)
    tasks = (
        task(12, due=None, start=later.date() + timedelta(days=1)),
        task(13, due=None, closed=True),
        task(14, due=None, updated_at=later),
        task(15, due=None, parent_id=14, updated_at=later),
    )
    assert look(made, later, *tasks) == []
    with made.database.reading() as uow:
        assert [one.task.issue_id for one in open_tasks(uow)] == [12, 15]


def test_what_was_due_before_the_first_look_is_history(tmp_path):
    with world(tmp_path, route(), reminders=ON) as made:
        made.project()
        old = task(due=date(2026, 2, 20), updated_at=days(MONDAY, -20))
        assert look(made, MONDAY, old) == []


def test_off_nobody_is_reminded(tmp_path):
    with world(tmp_path, route()) as made:
        made.project()
        assert look(made, days(MONDAY, 3), task()) == []


def test_a_task_of_nobody_is_the_projects_owners(made):
    look(made, MONDAY)
    moment = days(MONDAY, 3)
    assert look(made, moment, task(assignee_id=None, updated_at=moment)) == [("ann", "A task is due soon")]


def test_a_task_of_somebody_who_left_is_the_projects_owners(made):
    look(made, MONDAY)
    moment = days(MONDAY, 3)
    assert look(made, moment, task(assignee_id=10, updated_at=moment)) == [("ann", "A task is due soon")]


def test_a_slip_on_the_critical_path_is_told_and_one_with_days_to_spare_is_not(made):
    made.configured = made.configured.__class__(
        *(getattr(made.configured, name) for name in ("rules", "directory", "templates", "texts", "policy")),
        notices=_only(made, NoticeKind.SLIP),
    )
    first = task(12, estimate=30.0, due=FRIDAY)
    spare = task(14, estimate=1.0, due=date(2026, 3, 3))
    last = task(13, estimate=8.0, due=date(2026, 3, 10), after=(12,), start=date(2026, 3, 9))
    assert look(made, MONDAY, first, spare, last) == []
    assert look(made, days(MONDAY, 1), first, task(14, estimate=1.0, due=date(2026, 3, 4)), last) == []
    moved = task(13, estimate=8.0, due=date(2026, 3, 17), after=(12,), start=date(2026, 3, 9))
    told = look(made, days(MONDAY, 1), first, task(14, estimate=1.0, due=date(2026, 3, 4)), moved)
    assert told == [("ann", "The critical path slips"), ("bob", "The critical path slips")]
    assert "moved from 2026-03-10 to 2026-03-17" in made.mail.messages[0].text
    assert look(made, days(MONDAY, 2), first, moved) == []


def _only(made: World, *kinds: NoticeKind):
    policy = made.configured.notices
    return policy.__class__(policy.channels, (route(*kinds),), policy.quiet, policy.digest_at, reminders=ON)


def test_a_resource_conflict_names_tasks_hours_and_ways_out_and_goes_to_person_and_lead(made):
    tasks = tuple(
        task(number, estimate=30.0, start=MONDAY.date(), done_ratio=ratio, due=FRIDAY)
        for number, ratio in ((12, 0), (13, 50))
    )
    told = look(made, MONDAY, *tasks)
    assert told == [("bob", "Somebody has more work than hours"), ("lea", "Somebody has more work than hours")]
    text = made.mail.messages[0].text
    assert "45.0 hours of work and 40.0 hours" in text
    assert "#13 task 13: 15.0 h" in text
    assert "give #13 (15.0 h) to" in text
    assert {kind for _, kind in look(made, days(MONDAY, 1), *tasks)} == {"A task is due soon"}


@pytest.mark.parametrize(
    ("redmine_id", "who"),
    [(8, ["li", "max"]), (7, ["lea", "max"]), (77, ["ann"])],
    ids=["whose lead has left", "who leads", "a thing, whose conflict is the projects' owners'"],
)
def test_a_resource_conflict_reaches_somebody_who_can_decide(made, redmine_id, who):
    mine = {"assignee_id": redmine_id, "assignee_name": "Lab bench", "estimate": 60.0, "start": MONDAY.date()}
    told = look(made, MONDAY, *(task(number, **mine) for number in (12, 13)))
    assert [name for name, _ in told] == who


def test_measured_incident_load_takes_hours_of_everybody_in_the_team(made):
    with made.database.transaction() as uow:
        done = incident(3, team="Network", effort=144.0, state=State.RESOLVED, resolved_at=days(MONDAY, -3))
        uow.incidents.save([Snapshot(done)], MONDAY)
    look(made, MONDAY, *(task(number, estimate=14.0, start=MONDAY.date(), updated_at=MONDAY) for number in (12, 13)))
    with made.database.reading() as uow:
        assert found_conflicts(uow, made.configured, MONDAY) == []
    with made.database.transaction() as uow:
        more = incident(4, team="Network", effort=144.0, state=State.RESOLVED, resolved_at=days(MONDAY, -4))
        uow.incidents.save([Snapshot(more)], MONDAY)
    with made.database.reading() as uow:
        (one,) = found_conflicts(uow, made.configured, MONDAY)
    # 288 of the 480 hours that three people worked in four weeks went into incidents
    assert as_plain(made.configured, one)["capacity"] == 16.0
    assert {way["kind"] for way in as_plain(made.configured, one)["proposals"]} >= {"free"}


def test_a_conflict_with_an_overdue_task_is_told_once_not_every_day(made):
    def tasks(moment: datetime) -> tuple[ProjectTask, ...]:
        mine = {"estimate": 200.0, "start": MONDAY.date() - timedelta(days=9), "updated_at": moment}
        return tuple(task(number, due=MONDAY.date() - timedelta(days=4), **mine) for number in (12, 13))

    told = [look(made, days(MONDAY, day), *tasks(days(MONDAY, day))) for day in (0, 1, 2)]
    assert [sum("hours" in subject or "more" in subject for _, subject in got) for got in told] == [2, 0, 0], told


def test_a_named_resource_that_is_no_person_is_found_too(made):
    bench = {"assignee_id": 77, "assignee_name": "Lab bench", "estimate": 10.0, "start": MONDAY.date()}
    look(made, MONDAY, *(task(number, due=date(2026, 3, 3), **bench) for number in (12, 13)))
    with made.database.reading() as uow:
        (one,) = found_conflicts(uow, made.configured, MONDAY)
    assert one.who == "Lab bench"


def test_tasks_are_read_once_an_hour_and_one_list_for_each_project(made):
    tracker = _Tracker(made)
    assert [refresh(made.database, tracker, made.clock, timedelta(hours=1)) for _ in range(3)] == [1, 0, 0]
    made.clock.advance(hours=1)
    assert refresh(made.database, tracker, made.clock, timedelta(hours=1)) == 1
    assert made.tasks.asked == 2


def test_while_redmine_is_down_the_last_snapshot_stays(made):
    refresh(made.database, _Tracker(made), made.clock, timedelta(0))
    made.tasks.down = True
    with pytest.raises(RemoteUnavailable):
        refresh(made.database, _Tracker(made), made.clock, timedelta(0))
    with made.database.reading() as uow:
        assert len(uow.workload.tasks(70)[0]) == 2


def test_in_a_standing_project_a_task_belongs_to_the_promotion_it_stands_below(tmp_path):
    with world(tmp_path, route(), reminders=ON) as made:
        made.project(70, root_issue_id=1)
        made.project(70, root_issue_id=2, name="Mail", group_key="b", owner="lea")
        below = task(13, parent_id=2)
        made.tasks.projects[70] = [ROOT, task(2, parent_id=None), task(12), below, task(99, parent_id=None)]
        refresh(made.database, _Tracker(made), made.clock, timedelta(0))
        with made.database.reading() as uow:
            owned = {one.task.issue_id: one.promotion.name for one in open_tasks(uow)}
        assert owned == {12: "VPN drops", 13: "Mail"}


def test_other_peoples_tasks_in_a_standing_project_are_not_the_only_promotions(tmp_path):
    with world(tmp_path, route(), reminders=ON) as made:
        made.project(70, root_issue_id=1, terms={"to": "issue"})
        made.tasks.projects[70] = [ROOT, task(12), task(99, parent_id=None)]
        refresh(made.database, _Tracker(made), made.clock, timedelta(0))
        with made.database.reading() as uow:
            assert [one.task.issue_id for one in open_tasks(uow)] == [12]


@pytest.mark.parametrize(
    ("due", "today", "days_told"),
    [
        (FRIDAY, date(2026, 3, 2), []),
        (FRIDAY, date(2026, 3, 3), [3]),
        (FRIDAY, date(2026, 3, 6), [0]),
        (FRIDAY, date(2026, 3, 7), []),  # a Saturday after: no business day has passed
        (FRIDAY, date(2026, 3, 9), [1]),
        (FRIDAY, date(2026, 3, 30), [3]),
        (date(2026, 3, 8), date(2026, 3, 6), [1]),  # due on a Sunday
    ],
)
def test_marks_count_business_days(due, today, days_told):
    found = marks(task(due=due, updated_at=None), calendar("berlin", "Europe/Berlin"), today, ON)
    assert [mark.days for mark in found] == days_told
