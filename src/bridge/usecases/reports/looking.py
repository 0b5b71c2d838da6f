"""Looks at a project: its tasks in the tracker, the plan as it was made, and whether it helped."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from bridge.calendar.business import BusinessCalendar
from bridge.calendar.spec import OFF, CalendarSpec, Span
from bridge.kpi.effect_of_project import EffectOfProject, effect_of_project
from bridge.model.project_task import ProjectTask
from bridge.model.promotion import RUNNING, Promotion, PromotionState, Task, TaskKind
from bridge.planning.progress import History, Progress, progress
from bridge.planning.schedule import NoWorkingDays, Workdays
from bridge.planning.tracker_days import WEEKEND
from bridge.planning.work import Baseline, WorkItem
from bridge.ports import ProjectTracker, Store, UnitOfWork
from bridge.rules.project_part import Place
from bridge.usecases.configured import Configured
from bridge.usecases.place import place_of
from bridge.usecases.policy import ROOT_TASK

LOOKED_BACK = timedelta(days=365)
"""So long before a promotion its group's incidents are counted, where the store has them."""
MOST_COUNTED = 1000
DONE = (PromotionState.DELIVERED, PromotionState.VERIFIED, PromotionState.INEFFECTIVE)


@dataclass(frozen=True, slots=True)
class ProjectView:
    """A project as reports show it. `other_hours` were spent on its root and on incidents' own issues.

    `effect` is None as long as it is not delivered, and where no rule groups its incidents.
    """

    promotion: Promotion
    progress: Progress
    items: tuple[WorkItem, ...]
    baseline: Baseline | None
    effect: EffectOfProject | None
    other_hours: float = 0.0

    @property
    def hours_spent(self) -> float:
        """All effort that was booked."""
        return self.progress.hours_spent + self.other_hours


@dataclass(frozen=True, slots=True)
class _Stored:
    promotion: Promotion
    tasks: Mapping[str, Task]
    baseline: Baseline | None
    history: History
    effect: EffectOfProject | None


def look(
    store: Store, tracker: ProjectTracker, configured: Configured, promotion_id: int, now: datetime
) -> ProjectView | None:
    """A project as it stands, read from the tracker; None while it has no project there.

    Raises NotFound or Forbidden when the project is no longer visible.
    """
    with store.reading() as uow:
        promotion = uow.promotions.get(promotion_id)
        stored = _Stored(
            promotion,
            uow.promotions.tasks(promotion_id),
            uow.project_figures.baseline(promotion_id),
            uow.project_figures.days(promotion_id),
            did_it_help(uow, promotion, now),
        )
    if promotion.project_id is None:
        return None
    return _view(configured, stored, tracker.tasks.of(promotion.project_id), now)


def running(uow: UnitOfWork) -> list[int]:
    """The promotions with a project that is worked on."""
    return [one.id for one in uow.promotions.in_states(RUNNING) if one.project_id is not None]


def did_it_help(uow: UnitOfWork, promotion: Promotion, now: datetime) -> EffectOfProject | None:
    """The group's incidents before the promotion and after the delivery; None where that cannot be asked.

    Counting begins with the first incident known within a year, which itself does not count: else the very incident
    that begins the span would raise its rate.
    """
    opened, delivered = promotion.opened_at, promotion.delivered_at
    if not promotion.rule_id or opened is None or delivered is None:
        return None
    known = uow.groups.latest(promotion.rule_id, promotion.group_key, MOST_COUNTED, opened)
    times = sorted(incident.opened_at for _, incident in known)
    since = max([opened - LOOKED_BACK, *times[:1]])
    before = sum(since < at < opened for at in times)
    after = uow.groups.opened(promotion.rule_id, promotion.group_key, delivered, now, 100 * MOST_COUNTED)
    return effect_of_project(before, _days(opened - since), after, _days(max(now - delivered, timedelta())))


def work_items(
    listed: Sequence[ProjectTask], promotion: Promotion, tasks: Mapping[str, Task], refused: Iterable[str]
) -> tuple[list[WorkItem], float]:
    """The project's work, and the hours spent on what is none: its root and incidents' own issues.

    In a standing project only what stands below the promotion's root counts.
    """
    kinds = {task.issue_id: task for task in tasks.values() if task.issue_id is not None}
    parents = {one.issue_id: one.parent_id for one in listed}
    no_work = {number for number, task in kinds.items() if task.kind is not TaskKind.WORK}
    no_work |= {promotion.root_issue_id or 0}
    own = place_of(promotion) is Place.PROJECT
    mine = [one for one in listed if own or _is_below(one.issue_id, promotion.root_issue_id, parents)]
    dropped = frozenset(refused)
    items = [
        WorkItem(
            issue_id=one.issue_id,
            subject=one.subject,
            key=kinds[one.issue_id].key if one.issue_id in kinds else "",
            start=one.start,
            due=one.due,
            estimate=one.estimate,
            spent=one.spent or 0.0,
            done=1.0 if one.closed else one.done_ratio / 100,
            closed=one.closed,
            dropped=one.status in dropped,
            created_on=_day(one.created_at),
            closed_on=_day(one.closed_at) if one.closed else None,
            assignee=one.assignee_name,
            milestone=one.version,
            parent_id=one.parent_id if one.parent_id not in no_work else None,
            after=one.after,
        )
        for one in mine
        if one.issue_id not in no_work
    ]
    return items, sum(one.spent or 0.0 for one in mine if one.issue_id in no_work)


def workdays_of(calendar: BusinessCalendar, today: date) -> Workdays:
    """The days on which work can be planned; Monday to Friday where the calendar has none that Redmine has."""
    found = Workdays(calendar, WEEKEND)
    try:
        found.first(today)
    except NoWorkingDays:
        week = (*((Span(9 * 60, 17 * 60),),) * 5, OFF, OFF)
        return Workdays(BusinessCalendar(CalendarSpec("Monday to Friday", "UTC", week)), WEEKEND)
    return found


def _view(configured: Configured, stored: _Stored, listed: Sequence[ProjectTask], now: datetime) -> ProjectView:
    promotion, tasks = stored.promotion, stored.tasks
    items, other = work_items(listed, promotion, tasks, configured.policy.refused)
    calendar = configured.directory.calendar_of(promotion.owner)
    root = tasks[ROOT_TASK].issue_id if ROOT_TASK in tasks else promotion.root_issue_id
    due = promotion.due or next((one.due for one in listed if one.issue_id == root), None)
    delivered = promotion.delivered_at if promotion.state in DONE else None
    today = calendar.day_of(now)
    made = progress(
        stored.baseline,
        items,
        today,
        workdays_of(calendar, today),
        due=due,
        delivered=calendar.day_of(delivered) if delivered else None,
        history=stored.history,
    )
    return ProjectView(configured.shown(promotion), made, tuple(items), stored.baseline, stored.effect, other)


def _is_below(issue_id: int, root: int | None, parents: Mapping[int, int | None]) -> bool:
    at: int | None = issue_id
    for _ in range(len(parents)):
        if at is None or at == root:
            break
        at = parents.get(at)
    return at is not None and at == root


def _days(length: timedelta) -> float:
    return length / timedelta(days=1)


def _day(at: datetime | None) -> date | None:
    return at.astimezone(UTC).date() if at else None
