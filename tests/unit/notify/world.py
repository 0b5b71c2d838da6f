"""A small organisation, a store, and a clock that stands until it is moved."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from tests.contract.store.fixtures import HandClock

from bridge.calendar.business import BusinessCalendar
from bridge.calendar.spec import OFF, CalendarSpec, Span
from bridge.directory.directory import Directory, Person, Team
from bridge.model.errors import RemoteUnavailable
from bridge.model.notice import Message, NoticeKind
from bridge.model.project_task import ProjectTask
from bridge.model.promotion import Promotion, PromotionState
from bridge.ports import Notifier
from bridge.queue.contract import Boundary, no_boundary
from bridge.queue.embedded import EmbeddedEngine
from bridge.rules.ruleset import RuleSet
from bridge.store.database import Database
from bridge.sync.mapping import StatusMapping
from bridge.texts import load_texts
from bridge.usecases.configured import Configured
from bridge.usecases.policy import Policy
from bridge.usecases.telling.deliver import NoticeDelivery
from bridge.usecases.telling.policy import Channel, NoticePolicy, Quiet, Route

MONDAY = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
OFFICE = (Span(9 * 60, 17 * 60),)
TEXTS = load_texts([], "en")[0]


def calendar(name: str, zone: str) -> BusinessCalendar:
    """Monday to Friday, 9 to 17."""
    return BusinessCalendar(CalendarSpec(name, zone, (OFFICE,) * 5 + (OFF,) * 2))


def directory() -> Directory:
    """ann and bob in Berlin, led by lea; li in Shanghai; both teams below the operations team of max."""
    people = [
        Person("ann", "Ann", {"rt": "ann"}, "ann", 5, "ann@example.com", "en"),
        Person("bob", "Bob", {"rt": "bob"}, "bob", 6, "bob@example.com"),
        Person("lea", "Lea", {"rt": "lea"}, "lea", 7, "lea@example.com"),
        Person("li", "李雷", {"rt": "li"}, "li", 8, "li@example.com", "zh"),
        Person("max", "Max", {}, "max", 9, "max@example.com"),
        Person("gone", "Gus", {"rt": "gone"}, "gone", 10, "gone@example.com", active=False),
    ]
    teams = [
        Team("operations", lead="max", calendar="berlin"),
        Team(
            "network", members=("ann", "bob", "gone"), lead="lea", deputy="bob", parent="operations",
            calendar="berlin", names={"rt": "Network"},
        ),
        Team(
            "shanghai", members=("li",), lead="gone", parent="operations", calendar="shanghai",
            names={"rt": "Shanghai"},
        ),
    ]  # fmt: skip
    calendars = {"berlin": calendar("berlin", "Europe/Berlin"), "shanghai": calendar("shanghai", "Asia/Shanghai")}
    return Directory(people, teams, calendars=calendars)


def route(*kinds: NoticeKind, **values: Any) -> Route:
    """A route by mail to whom a notice concerns, at any time of day."""
    given: dict[str, Any] = {"to": ("concerned",), "channels": ("mail",), "quiet": False, **values}
    return Route(kinds=frozenset(kinds or NoticeKind), **given)


def notices(*routes: Route, **values: Any) -> NoticePolicy:
    """Mail for persons and a room in which ann can be called."""
    channels = {
        "mail": Channel("mail", personal=True),
        "room": Channel("room", personal=False, mentions={"ann": "ann.w"}, language="zh"),
    }
    night = Quiet(time(20), time(7))
    return NoticePolicy(channels=channels, routes=routes or (route(),), **{"quiet": night, **values})


@dataclass(slots=True)
class Heard:
    """A notifier that keeps what it is given; it raises `error` instead while there is one."""

    messages: list[Message] = field(default_factory=list)
    error: Exception | None = None

    def send(self, message: Message) -> None:
        """See bridge.ports.Notifier."""
        if self.error is not None:
            raise self.error
        self.messages.append(message)

    @property
    def told(self) -> list[tuple[str, str]]:
        """Address and subject of each message."""
        return [(one.address, one.subject) for one in self.messages]


@dataclass(slots=True)
class Tasks:
    """A tracker's lists of tasks; counts what is asked."""

    projects: dict[int, list[ProjectTask]] = field(default_factory=dict)
    asked: int = 0
    down: bool = False

    def of(self, project_id: int) -> list[ProjectTask]:
        """See bridge.ports.project_tasks."""
        self.asked += 1
        if self.down:
            raise RemoteUnavailable("redmine", "gave no answer.")
        return self.projects[project_id]


@dataclass(slots=True)
class World:
    """Everything that telling people needs."""

    database: Database
    clock: HandClock
    configured: Configured
    mail: Heard = field(default_factory=Heard)
    room: Heard = field(default_factory=Heard)
    tasks: Tasks = field(default_factory=Tasks)

    def deliver(self, boundary: Boundary = no_boundary, notifiers: dict[str, Notifier] | None = None) -> None:
        """Sends what is due now."""
        channels = notifiers or {"mail": self.mail, "room": self.room}
        delivery = NoticeDelivery(self.database, channels, lambda: self.configured, self.clock)
        engine = EmbeddedEngine(
            self.database, delivery.handlers(), self.clock, workers=1, boundary=boundary, rng=random.Random(1)
        )
        try:
            engine.run_until_idle(deadline=20)
        finally:
            engine.close()

    def project(self, number: int = 70, **values: Any) -> Promotion:
        """A project of ann's that people work in."""
        base: dict[str, Any] = {
            "id": 0, "rule_id": "vpn", "rule_version": "1", "source": "rt", "group_key": str(number), "label": "VPN",
            "name": "VPN drops", "state": PromotionState.ACTIVE, "reason": "", "created_at": MONDAY, "owner": "ann",
            "project_id": number, "root_issue_id": 1,
        }  # fmt: skip
        with self.database.transaction() as uow:
            return uow.promotions.add(Promotion(**{**base, **values}))

    def until(self, moment: datetime) -> None:
        """Moves the clock."""
        self.clock.moment = moment


@cache
def _empty_store() -> bytes:
    """The file of a store with nothing in it, made once for all tests."""
    with TemporaryDirectory() as folder:
        file = Path(folder) / "store.sqlite3"
        database = Database.open(f"sqlite:///{file}", HandClock())
        database.upgrade()
        database.close()
        return file.read_bytes()


@contextmanager
def world(folder: Path, *routes: Route, **values: Any) -> Iterator[World]:
    """A store with nothing in it, on a Monday at nine."""
    clock = HandClock()
    clock.moment = MONDAY
    file = folder / "store.sqlite3"
    if not file.exists():
        file.write_bytes(_empty_store())
    database = Database.open(f"sqlite:///{file}", clock)
    policy = Policy("test", "operations", "http://redmine.example", StatusMapping({}, {}))
    made = Configured(RuleSet([]), directory(), {}, TEXTS, policy, notices(*routes, **values))
    try:
        yield World(database, clock, made)
    finally:
        database.close()


def days(moment: datetime, number: float) -> datetime:
    """So many days later."""
    return moment + timedelta(days=number)


def subjects(messages: Iterable[Message]) -> list[str]:
    """What stands first."""
    return [one.subject for one in messages]
