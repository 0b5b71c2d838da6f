"""Plans: dates over the working calendar that Redmine leaves alone when the relations are created."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.planning import redmine_dates
from tests.unit.planning.planning_strategies import templates

from bridge.calendar.business import BusinessCalendar, default_calendar
from bridge.calendar.spec import OFF, CalendarSpec, Span
from bridge.directory.directory import Directory, Person, Team
from bridge.planning.plan import Plan, Relation, people_for_roles, plan_tasks
from bridge.planning.schedule import Workdays
from bridge.planning.template import WbsTask, WbsTemplate, blocked_by, leaves, numbered, predecessors
from bridge.planning.tracker_days import WEEKEND, add_working_days, next_working_date

OFFICE = (Span(540, 1020),)
MONDAY = datetime(2026, 3, 2, 9, tzinfo=UTC)


def network() -> WbsTemplate:
    """Two days of analysis in two steps, then a fix and, beside it, a short report; a last task waits for both."""
    steps = (WbsTask("look", "Look", estimate=4), WbsTask("prove", "Prove", estimate=8, after=("look",)))
    return WbsTemplate(
        "network",
        "Network",
        (
            WbsTask("analysis", "Analysis", children=steps),
            WbsTask("fix", "Fix", estimate=16, after=("analysis",), role="engineer"),
            WbsTask("report", "Report", estimate=1, after=("analysis",), role="owner"),
            WbsTask("close", "Close", estimate=2, after=("fix", "report")),
        ),
        roles={"engineer": "network-team"},
    )


def dates(plan: Plan) -> dict[str, tuple[date, date]]:
    return {task.key: (task.start, task.due) for task in plan.tasks}


@st.composite
def holidays_and_templates(draw):
    """A template and a calendar with half days, worked Saturdays and many days off."""
    begin = date(2026, 1, 1)
    days = draw(
        st.dictionaries(st.integers(0, 120), st.sampled_from([OFF, OFF, OFFICE, (Span(540, 780),)]), max_size=25)
    )
    week = draw(
        st.sampled_from([(OFFICE,) * 5 + (OFF,) * 2, (OFFICE,) * 7, (OFFICE,) * 2 + (OFF,) * 2 + (OFFICE,) * 3])
    )
    own = {begin + timedelta(days=number): spans for number, spans in days.items()}
    zone = draw(st.sampled_from(["UTC", "Europe/Berlin", "Asia/Shanghai"]))
    start = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=draw(st.integers(0, 100 * 24 * 60)))
    return BusinessCalendar(CalendarSpec("drawn", zone, week, own)), draw(templates()), start


def in_redmine(plan: Plan) -> dict[str, redmine_dates.Issue]:
    issues: dict[str, redmine_dates.Issue] = {}
    for task in plan.tasks:
        issues[task.key] = redmine_dates.Issue(task.key, task.start, task.due, issues.get(task.parent))
    return issues


@settings(deadline=None, max_examples=300)
@given(holidays_and_templates())
def test_creating_the_relations_moves_nothing_in_redmine(drawn):
    calendar, template, start = drawn
    plan = plan_tasks(template, start, calendar)
    issues = in_redmine(plan)
    for relation in plan.relations:
        if relation.kind == "precedes":
            redmine_dates.precede(issues[relation.task], issues[relation.follower], relation.delay_days)
        assert not [issue.key for issue in issues.values() if issue.moved], relation
    assert {key: (issue.start, issue.due) for key, issue in issues.items()} == dates(plan)


@settings(deadline=None, max_examples=200)
@given(holidays_and_templates())
def test_a_plan_keeps_order_parents_and_working_days(drawn):
    calendar, template, start = drawn
    plan = plan_tasks(template, start, calendar)
    found = dates(plan)
    workdays = Workdays(calendar, WEEKEND)
    for entry in numbered(template.tasks):
        below = [found[leaf.key] for leaf in leaves(entry.task)]
        assert found[entry.task.key] == (min(a for a, _ in below), max(b for _, b in below))
    for key, before in predecessors(template.tasks).items():
        task_start, task_due = found[key]
        assert calendar.day_of(start) <= task_start <= task_due <= plan.end
        assert workdays.counts(task_start)
        assert workdays.counts(task_due)
        assert all(found[other][1] < task_start for other in before)
    assert [task.key for task in plan.tasks if not task.parent or task.parent in found] == [t.key for t in plan.tasks]
    pairs = [(relation.task, relation.follower) for relation in plan.relations]
    assert len(pairs) == len(set(pairs)), "Redmine keeps one relation of a pair"
    wanted = {(key, entry.task.key) for entry in numbered(template.tasks) for key in entry.task.after}
    gated = {(gate, leaf) for leaf, gates in blocked_by(template.tasks).items() for gate in gates}
    assert {(r.task, r.follower) for r in plan.relations if r.kind == "blocks"} == gated
    added = set(pairs) - gated - wanted
    assert wanted <= set(pairs)
    assert len(added) <= len({follower for _, follower in gated}), "at most one that keeps a blocked task's start"


@settings(deadline=None, max_examples=200)
@given(templates(), st.data())
def test_one_more_day_moves_the_end_exactly_when_the_task_is_on_the_critical_path(template, data):
    plan = plan_tasks(template, MONDAY, default_calendar())
    work = [task for task in plan.tasks if task.estimate_hours is not None]
    assert {task.key for task in work if task.critical} == set(plan.critical_path)
    task = data.draw(st.sampled_from(work))

    def longer(one: WbsTask) -> WbsTask:
        children = tuple(longer(child) for child in one.children)
        # a task of no length has its day already
        more = (8 if one.estimate else 16) if one.key == task.key else 0
        return replace(one, children=children, estimate=one.estimate + more)

    slower = replace(template, tasks=tuple(longer(one) for one in template.tasks))
    moved = plan_tasks(slower, MONDAY, default_calendar()).end > plan.end
    assert moved == task.critical


def test_followers_start_on_the_next_working_day_and_parents_span_their_children():
    plan = plan_tasks(network(), MONDAY, default_calendar())
    assert dates(plan) == {
        "analysis": (date(2026, 3, 2), date(2026, 3, 3)),
        "look": (date(2026, 3, 2), date(2026, 3, 2)),
        "prove": (date(2026, 3, 3), date(2026, 3, 3)),
        "fix": (date(2026, 3, 4), date(2026, 3, 5)),
        "report": (date(2026, 3, 4), date(2026, 3, 4)),
        "close": (date(2026, 3, 6), date(2026, 3, 6)),
    }
    assert [(task.number, task.parent) for task in plan.tasks[:3]] == [
        ("1", ""),
        ("1.1", "analysis"),
        ("1.2", "analysis"),
    ]
    assert plan.critical_path == ("look", "prove", "fix", "close")
    assert plan.hours == 31
    assert plan.tasks[0].estimate_hours is None
    assert (plan.start, plan.due, plan.end) == (date(2026, 3, 2), date(2026, 3, 6), date(2026, 3, 6))
    assert plan.relations[-1] == Relation("report", "close"), "the one with slack comes last"


def test_a_holiday_that_redmine_does_not_know_becomes_a_delay():
    own = {date(2026, 3, 4): OFF, date(2026, 3, 5): OFF}
    calendar = BusinessCalendar(CalendarSpec("office", "UTC", (OFFICE,) * 5 + (OFF,) * 2, own))
    plan = plan_tasks(network(), MONDAY, calendar)
    assert dates(plan)["fix"] == (date(2026, 3, 6), date(2026, 3, 9))
    assert Relation("analysis", "fix", delay_days=2) in plan.relations


def test_a_moment_late_in_the_day_leaves_less_of_it_and_after_hours_it_is_the_next_day():
    afternoon = plan_tasks(network(), MONDAY.replace(hour=14), default_calendar())
    assert dates(afternoon)["look"] == (date(2026, 3, 2), date(2026, 3, 3))
    evening = plan_tasks(network(), MONDAY.replace(hour=18), default_calendar())
    assert dates(evening)["look"] == (date(2026, 3, 3), date(2026, 3, 3))
    friday_evening = plan_tasks(network(), datetime(2026, 3, 6, 17, tzinfo=UTC), default_calendar())
    assert friday_evening.start == date(2026, 3, 9)
    whole_day = plan_tasks(network(), date(2026, 3, 2), default_calendar())
    assert dates(whole_day)["look"] == (date(2026, 3, 2), date(2026, 3, 2))


def test_a_later_due_date_is_the_roots_and_an_earlier_one_is_reported():
    later = plan_tasks(network(), MONDAY, default_calendar(), due=date(2026, 3, 30))
    assert (later.due, later.end, later.problems) == (date(2026, 3, 30), date(2026, 3, 6), ())
    earlier = plan_tasks(network(), MONDAY, default_calendar(), due=date(2026, 3, 4))
    assert earlier.due == earlier.end == date(2026, 3, 6)
    (problem,) = earlier.problems
    assert problem.severity == "warning"
    assert "end on 2026-03-06, after the due date of 2026-03-04" in problem.what


def test_a_calendar_that_works_only_on_redmines_free_days_is_reported_and_planned_anyway():
    weekend = BusinessCalendar(CalendarSpec("weekend", "UTC", (OFF,) * 5 + (OFFICE,) * 2))
    plan = plan_tasks(network(), MONDAY, weekend)
    assert plan.end == date(2026, 3, 6)
    assert "no working day that Redmine counts" in plan.problems[0].what


def test_redmine_without_free_days_plans_weekends_too():
    always = BusinessCalendar(CalendarSpec("always", "UTC", (OFFICE,) * 7))
    plan = plan_tasks(network(), datetime(2026, 3, 6, 9, tzinfo=UTC), always, tracker_free=frozenset())
    assert dates(plan)["prove"] == (date(2026, 3, 7), date(2026, 3, 7))
    all_free = plan_tasks(network(), datetime(2026, 3, 6, 9, tzinfo=UTC), always, tracker_free=frozenset(range(7)))
    assert dates(all_free) == dates(plan)


def test_a_template_without_tasks_is_a_plan_of_one_day():
    plan = plan_tasks(WbsTemplate("empty", "Empty", ()), MONDAY, default_calendar())
    assert (plan.tasks, plan.start, plan.due) == ((), date(2026, 3, 2), date(2026, 3, 2))


@settings(deadline=None)
@given(st.dates(date(2020, 1, 1), date(2030, 1, 1)), st.integers(-2, 400))
def test_working_days_are_reckoned_as_in_redmine(day, count):
    assert add_working_days(day, count, WEEKEND) == redmine_dates.add_working_days(day, count)
    assert next_working_date(day, WEEKEND) == redmine_dates.next_working_date(day)


def directory() -> Directory:
    return Directory(
        [Person("jane", redmine_id=1), Person("mia", redmine_id=2), Person("ben", redmine_id=3)],
        [Team("network-team", members=("ben",), lead="mia")],
    )


def test_roles_are_filled_by_the_template_then_by_the_rule_and_the_owner_is_the_owner():
    plan = plan_tasks(network(), MONDAY, default_calendar())
    assert plan.roles == {"engineer": "network-team", "owner": ""}
    staffing = people_for_roles(plan, directory(), owner="jane")
    assert {role: person.key for role, person in staffing.people.items()} == {"engineer": "mia", "owner": "jane"}
    assert staffing.reports == ()
    chosen = people_for_roles(plan, directory(), owner="jane", roles={"engineer": "ben"})
    assert chosen.people["engineer"].key == "ben"


def test_a_role_that_nobody_can_fill_is_reported_and_stays_open():
    plan = plan_tasks(network(), MONDAY, default_calendar())
    locked = people_for_roles(plan, directory(), owner="jane", locked=frozenset({2}))
    assert "engineer" not in locked.people
    assert [problem.what for problem in locked.reports] == [
        "mia has Redmine account 2, which is locked or cannot be used.",
        "there is nobody to ask for team network-team up to the top team.",
    ]
    unnamed = WbsTemplate("unnamed", "Unnamed", network().tasks)
    open_role = people_for_roles(plan_tasks(unnamed, MONDAY, default_calendar()), directory(), owner="jane")
    assert list(open_role.people) == ["owner"]
    assert "its tasks stay unassigned" in open_role.reports[0].what


def test_the_plan_of_ten_thousand_tasks_is_not_quadratic():
    """Counted in lookups of the calendar, not in seconds."""

    class Counting(BusinessCalendar):
        asked = 0

        def is_business_day(self, day: date) -> bool:
            self.asked += 1
            return super().is_business_day(day)

    calendar = Counting(default_calendar().spec)
    tasks = tuple(WbsTask(f"t{n}", "T", estimate=1, after=(f"t{n - 1}",) if n % 50 else ()) for n in range(2000))
    plan = plan_tasks(WbsTemplate("long", "Long", tasks), MONDAY, calendar)
    assert len(plan.tasks) == 2000
    assert calendar.asked < 2000 * 10


@pytest.mark.parametrize("hours", [0.0, 0.25, 7.75, 8.0])
def test_what_fits_into_a_day_is_due_on_it(hours):
    plan = plan_tasks(WbsTemplate("one", "One", (WbsTask("a", "A", estimate=hours),)), MONDAY, default_calendar())
    assert dates(plan)["a"] == (date(2026, 3, 2), date(2026, 3, 2))
