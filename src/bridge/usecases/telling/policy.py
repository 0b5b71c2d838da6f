"""Who is told what, by which way and when: the settings' routes in the use cases' words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from bridge.directory.directory import Directory, Person
from bridge.model.notice import Notice, NoticeKind

KEPT_WORDS = ("concerned", "owner", "lead", "manager", "team")
PREFIXES = ("person", "team", "role", "address")
"""`person:ann`, `team:network`, `role:reviewer`, `address:ops@example.com`."""


@dataclass(frozen=True, slots=True)
class Channel:
    """A way to people. A personal one has an address for each, the others are rooms in which people are called.

    `mentions` are people's ids there, by the directory's keys. `language` is that of a room. `longest` is how many
    bytes of UTF-8 a message holds, 0 where that does not matter.
    """

    name: str
    personal: bool
    mentions: Mapping[str, str] = field(default_factory=dict)
    language: str = ""
    longest: int = 0


@dataclass(frozen=True, slots=True)
class Quiet:
    """From one time of day to another nothing is sent; over midnight when `end` is before `start`."""

    start: time
    end: time

    def until(self, moment: datetime, zone: ZoneInfo) -> datetime | None:
        """When the quiet around a moment ends, UTC; None when it is not quiet. Exact over changes of the clock."""
        local = moment.astimezone(zone)
        now = local.timetz().replace(tzinfo=None)
        over_midnight = self.end <= self.start
        inside = (now >= self.start or now < self.end) if over_midnight else self.start <= now < self.end
        if not inside:
            return None
        day = local.date() + timedelta(days=1 if over_midnight and now >= self.start else 0)
        return datetime.combine(day, self.end, zone).astimezone(UTC)


@dataclass(frozen=True, slots=True)
class Route:
    """Notices of some kinds go to some people by some channels.

    `priorities` limits it to incidents of those. With `quiet` the quiet hours hold; with `digest` the notices of a day
    come together.
    """

    kinds: frozenset[NoticeKind]
    to: tuple[str, ...]
    channels: tuple[str, ...]
    priorities: frozenset[int] = frozenset()
    quiet: bool = True
    digest: bool = False
    language: str = ""

    def takes(self, notice: Notice) -> bool:
        """Whether a notice goes this way."""
        return notice.kind in self.kinds and (not self.priorities or notice.priority in self.priorities)


@dataclass(frozen=True, slots=True)
class EscalationPolicy:
    """Which clocks (`response`, `resolution`) the bridge escalates, and how long after the due time it goes one up."""

    clocks: frozenset[str] = frozenset()
    after: Mapping[int, tuple[timedelta, ...]] = field(default_factory=dict)
    other: tuple[timedelta, ...] = ()

    def delays(self, priority: int | None) -> tuple[timedelta, ...]:
        """The delays for an incident of a priority, shortest first: whoever has it, then each lead further up."""
        return self.other if priority is None else self.after.get(priority, self.other)


@dataclass(frozen=True, slots=True)
class ReminderPolicy:
    """When people are reminded of projects; business days. `horizon_days` ahead resource conflicts are looked for."""

    on: bool = False
    due: tuple[int, ...] = (3, 1)
    overdue: tuple[int, ...] = (1, 3)
    silent_days: int = 3
    horizon_days: int = 20


@dataclass(frozen=True, slots=True)
class NoticePolicy:
    """All channels and routes. Quiet hours and digests go by the clock of who is told."""

    channels: Mapping[str, Channel] = field(default_factory=dict)
    routes: tuple[Route, ...] = ()
    quiet: Quiet | None = None
    digest_at: time = time(8, 0)
    escalation: EscalationPolicy = EscalationPolicy()
    reminders: ReminderPolicy = ReminderPolicy()

    def next_digest(self, now: datetime, zone: ZoneInfo) -> datetime:
        """When the next digest goes out in a zone, UTC; later than `now`."""
        local = now.astimezone(zone)
        for days in (0, 1, 2):
            found = datetime.combine(local.date() + timedelta(days=days), self.digest_at, zone).astimezone(UTC)
            if found > now:
                return found
        raise ValueError(f"no day has {self.digest_at} in {zone}")


NO_NOTICES = NoticePolicy()


@dataclass(frozen=True, slots=True)
class Recipient:
    """Somebody who is told: a person of the directory, or a fixed address."""

    person: Person | None
    address: str


def recipients(directory: Directory, route: Route, notice: Notice) -> list[Recipient]:
    """Whom a route means for a notice, each once; people who are no longer active are left out.

    Where that leaves nobody of the owner, or of whom it concerns, the owner's lead is told.
    """
    found: dict[str, Recipient] = {}
    for entry in route.to:
        kind, _, name = entry.partition(":")
        if kind == "address":
            found.setdefault(name, Recipient(None, name))
            continue
        there = [key for key in _keys(directory, kind, name, notice) if _is_active(directory, key)]
        if not there and kind in {"owner", "concerned"}:
            there = lead_of(directory, notice.owner, 0)
        for person in filter(None, map(directory.person, there)):
            found.setdefault(person.key, Recipient(person, person.mail))
    return list(found.values())


def _keys(directory: Directory, kind: str, name: str, notice: Notice) -> list[str]:
    """The keys of the people whom one entry of a route means."""
    if kind == "team":
        asked = name or notice.owner
        home = (directory.team(asked) or directory.team_of_person(asked)) if asked else None
        return [home.lead, home.deputy, *home.members] if home else []
    if kind in {"lead", "manager"}:
        return lead_of(directory, notice.owner, 1 if kind == "manager" else 0)
    owner = (notice.owner,) if notice.owner else ()
    names = {"person": (name,), "role": (notice.roles.get(name, ""),), "owner": owner}
    return [key for one in names.get(kind, notice.concerned or owner) for key in _asked(directory, one)]


def _asked(directory: Directory, name: str) -> list[str]:
    """A person themselves; for a team its lead, else its deputy, else the next one above."""
    if directory.person(name) is not None:
        return [name]
    return lead_of(directory, name, 0)


def lead_of(directory: Directory, name: str, above: int) -> list[str]:
    """Who leads a team or a person's team (`above` 0), or the team above it (1) …; the deputy where the lead cannot.

    Where a team has neither, the next one above is asked. Empty when there is nobody. Who leads their own team is not
    their own lead: then the team above counts.
    """
    home = (directory.team(name) or directory.team_of_person(name)) if name else None
    found = []
    for team in directory.chain(home.key) if home else ():
        usable = [key for key in (team.lead, team.deputy) if key != name and _is_active(directory, key)]
        if usable and team.lead != name:
            found.append(usable[0])
    return found[above : above + 1]


def _is_active(directory: Directory, key: str) -> bool:
    person = directory.person(key)
    return person is not None and person.active
