"""Projects that need a word: due, overdue, silent, slipping, and people with more work than hours."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime

from bridge.calendar.business import BusinessCalendar
from bridge.directory.directory import Directory
from bridge.model.notice import Notice, NoticeKind
from bridge.model.project_task import ProjectTask
from bridge.planning.experience import business_days
from bridge.planning.forecast import forecast
from bridge.planning.schedule import NoWorkingDays, Workdays
from bridge.planning.work import WorkItem
from bridge.ports import UnitOfWork
from bridge.usecases.configured import Configured
from bridge.usecases.notices import tell
from bridge.usecases.project_tasks import Owned, open_tasks
from bridge.usecases.telling.load import found_conflicts, told
from bridge.usecases.telling.policy import ReminderPolicy, lead_of

SYSTEM, SINCE, SLIPS = "reminders", "since", "slips"


@dataclass(frozen=True, slots=True)
class _Mark:
    """A day on which somebody is to be reminded: `days` before or after the due date, or without an update."""

    kind: NoticeKind
    days: int
    day: date
    above: int


def remind(uow: UnitOfWork, configured: Configured, now: datetime) -> int:
    """Tells what is due to be told of all projects as last read; returns how many messages are new.

    Marks that lie before the first call ever are history: nobody hears of them. Each mark reaches its people once.
    """
    policy = configured.notices.reminders
    if not policy.on:
        return 0
    began = uow.ledger.cursor(SYSTEM, SINCE)
    if began is None:
        uow.ledger.set_cursor(SYSTEM, SINCE, now.isoformat())
        began = now.isoformat()
    since = datetime.fromisoformat(began)
    new = 0
    owned = list(open_tasks(uow))
    for one in owned:
        person = whose(configured.directory, one)
        calendar = configured.directory.calendar_of(person or one.promotion.owner)
        for mark in marks(one.task, calendar, calendar.day_of(now), policy):
            if mark.day >= calendar.day_of(since):
                new += tell(uow, configured, _notice(configured, one, person, mark), now)
    new += _slips(uow, configured, owned, now)
    return new + _overloads(uow, configured, now)


def marks(task: ProjectTask, calendar: BusinessCalendar, today: date, policy: ReminderPolicy) -> list[_Mark]:
    """The marks of a task that are to be told by a day: of each kind the last one that was reached.

    `above` says how far up it goes: 0 whoever has the task, 1 with their lead, 2 with the lead's lead.
    """
    found = []
    if task.due is not None and today <= task.due:
        left = business_days(today, task.due, calendar)
        reached = min((days for days in policy.due if days >= left), default=None)
        if reached is not None:
            day = calendar.add_business_days(task.due, -reached) if reached else task.due
            found.append(_Mark(NoticeKind.TASK_DUE, left, day, 0))
    elif task.due is not None:
        late = _passed(task.due, today, calendar)
        reached = max((days for days in policy.overdue if days <= late), default=None)
        if reached is not None:
            above = 1 + sorted(policy.overdue).index(reached)
            found.append(_Mark(NoticeKind.TASK_OVERDUE, reached, calendar.add_business_days(task.due, reached), above))
    began = task.start is None or task.start <= today
    if task.updated_at is not None and began:
        last = calendar.day_of(task.updated_at)
        if _passed(last, today, calendar) >= policy.silent_days:
            day = calendar.add_business_days(last, policy.silent_days)
            found.append(_Mark(NoticeKind.NO_UPDATE, policy.silent_days, day, 0))
    return found


def whose(directory: Directory, one: Owned) -> str:
    """The key of the person who has a task; of the project's owner where nobody has it, or who has left."""
    person = directory.person_by_redmine(one.task.assignee_id) if one.task.assignee_id is not None else None
    return person.key if person is not None and person.active else one.promotion.owner


def _passed(start: date, today: date, calendar: BusinessCalendar) -> int:
    """How many business days have begun since a day: the days after it, today included."""
    passed = business_days(start, today, calendar)
    return passed if calendar.is_business_day(today) or not passed else passed - 1


def _notice(configured: Configured, one: Owned, person: str, mark: _Mark) -> Notice:
    task, directory = one.task, configured.directory
    up = [key for above in range(mark.above) for key in lead_of(directory, person, above)]
    due = task.due.isoformat() if task.due else ""
    since = task.updated_at.astimezone(UTC).date().isoformat() if task.updated_at else ""
    unique = f"{task.issue_id}:{since if mark.kind is NoticeKind.NO_UPDATE else due}:{mark.day}"
    return Notice(
        kind=mark.kind,
        unique=unique,
        name=f"#{task.issue_id} {task.subject} ({one.promotion.name})",
        url=configured.policy.issue_url(task.issue_id),
        owner=person,
        concerned=tuple(dict.fromkeys([person, *up])),
        values={"due": due, "since": since, "days": mark.days},
    )


def _slips(uow: UnitOfWork, configured: Configured, owned: Iterable[Owned], now: datetime) -> int:
    """Tasks of a critical path whose due day is later than when it was last looked at."""
    new = 0
    by_promotion: dict[int, list[Owned]] = {}
    for one in owned:
        by_promotion.setdefault(one.promotion.id, []).append(one)
    for number, mine in by_promotion.items():
        before = _stored_days(uow.ledger.cursor(SLIPS, str(number)))
        after = {one.task.issue_id: one.task.due for one in mine if one.task.due}
        uow.ledger.set_cursor(SLIPS, str(number), " ".join(f"{key}:{day}" for key, day in sorted(after.items())))
        moved = [one for one in mine if (day := before.get(one.task.issue_id)) and one.task.due and one.task.due > day]
        if not moved:
            continue
        critical = _critical(configured, mine, before, now)
        for one in moved:
            if one.task.issue_id in critical and one.task.due is not None:
                new += tell(uow, configured, _slip(configured, one, before[one.task.issue_id]), now)
    return new


def _slip(configured: Configured, one: Owned, before: date) -> Notice:
    task = one.task
    return Notice(
        kind=NoticeKind.SLIP,
        unique=f"{task.issue_id}:{before}:{task.due}",
        name=f"#{task.issue_id} {task.subject}",
        url=configured.policy.issue_url(task.issue_id),
        owner=one.promotion.owner,
        concerned=tuple(dict.fromkeys([one.promotion.owner, whose(configured.directory, one)])),
        values={"project": one.promotion.name, "before": before.isoformat(), "after": str(task.due)},
    )


def _critical(configured: Configured, mine: Iterable[Owned], before: dict[int, date], now: datetime) -> set[int]:
    """The tasks without a day to spare: by the forecast, and those that end last."""
    mine = list(mine)
    calendar = configured.directory.calendar_of(mine[0].promotion.owner)
    last = max(before.values(), default=None)
    latest = {one.task.issue_id for one in mine if last is not None and one.task.due and one.task.due > last}
    items = [
        WorkItem(
            issue_id=one.task.issue_id,
            subject=one.task.subject,
            start=one.task.start,
            due=one.task.due,
            estimate=one.task.estimate,
            done=one.task.done_ratio / 100,
            after=one.task.after,
        )
        for one in mine
    ]
    try:
        return latest | forecast(items, calendar.day_of(now), Workdays(calendar, frozenset())).critical
    except NoWorkingDays:
        return latest


def _stored_days(text: str | None) -> dict[int, date]:
    pairs = (entry.partition(":") for entry in (text or "").split())
    return {int(key): date.fromisoformat(day) for key, _, day in pairs}


def _overloads(uow: UnitOfWork, configured: Configured, now: datetime) -> int:
    """Resource conflicts: each once for the tasks that are in it."""
    new = 0
    for one in found_conflicts(uow, configured, now):
        new += tell(uow, configured, told(configured, one), now)
    return new
