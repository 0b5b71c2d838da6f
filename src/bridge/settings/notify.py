"""What the settings file may say about telling people: channels, routes, quiet hours, digests."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import time
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from bridge.directory.directory import Directory
from bridge.model.errors import ConfigurationError
from bridge.model.notice import NoticeKind
from bridge.notify.options import AnyChannel
from bridge.settings.escalation import EscalationSettings, ReminderSettings
from bridge.usecases.telling.policy import KEPT_WORDS, PREFIXES, Channel, NoticePolicy, Quiet, Route
from bridge.yamlfile import Path, did_you_mean, refused

STRICT = ConfigDict(extra="forbid", frozen=True)
Level = Annotated[int, Field(ge=1, le=5)]
ALL_EVENTS = "all"
MOST_NAMED = 10
FIXED = ("person:", "team:", "address:")
"""Whom a route means whatever it tells of."""


def _time(text: object) -> time:
    try:
        return time.fromisoformat(str(text))
    except ValueError:
        raise refused(f"“{str(text)[:20]}” is no time of day", 'right would be "08:00", in quotes') from None


def _quiet(text: object) -> Quiet:
    start, dash, end = str(text).partition("-")
    if not dash:
        raise refused(f"“{str(text)[:20]}” is no span of time", "right would be 20:00-07:00")
    quiet = Quiet(_time(start.strip()), _time(end.strip()))
    if quiet.start == quiet.end:
        raise refused("is quiet all day", "right would be 20:00-07:00")
    return quiet


class RouteEntry(BaseModel):
    """Who is told of what, by which channels. `events` are kinds of notices, or `all`.

    `to`: concerned, owner, lead, manager, team, person:KEY, team:KEY, role:NAME or address:ADDRESS. `priorities` limits
    it to incidents of those; `quiet_hours: false` sends at any time, `digest` once a day.
    """

    model_config = STRICT

    events: tuple[str, ...] = Field(min_length=1)
    to: tuple[str, ...] = Field(("concerned",), min_length=1)
    channels: tuple[str, ...] = Field(min_length=1)
    priorities: tuple[Level, ...] = ()
    quiet_hours: bool = True
    digest: bool = False
    language: str = ""

    @property
    def kinds(self) -> frozenset[NoticeKind]:
        """The kinds of notices it is about."""
        if ALL_EVENTS in self.events:
            return frozenset(NoticeKind)
        return frozenset(NoticeKind(one) for one in self.events if one in set(NoticeKind))


class NotifySettings(BaseModel):
    """How people are told. Without a route nobody is. Times of day go by the calendar of who is told."""

    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True)

    channels: dict[Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]{0,30}$")], AnyChannel] = Field(default_factory=dict)
    routes: tuple[RouteEntry, ...] = ()
    quiet_hours: Annotated[Quiet | None, BeforeValidator(_quiet)] = None
    digest_at: Annotated[time, BeforeValidator(_time)] = time(8, 0)
    escalation: EscalationSettings = EscalationSettings()
    reminders: ReminderSettings = ReminderSettings()

    def policy(self) -> NoticePolicy:
        """The same in the use cases' words."""
        return NoticePolicy(
            channels={
                name: Channel(name, options.personal, options.mentions, options.language, options.longest)
                for name, options in self.channels.items()
            },
            routes=tuple(
                Route(
                    kinds=one.kinds,
                    to=one.to,
                    channels=one.channels,
                    priorities=frozenset(one.priorities),
                    quiet=one.quiet_hours,
                    digest=one.digest,
                    language=one.language,
                )
                for one in self.routes
            ),
            quiet=self.quiet_hours,
            digest_at=self.digest_at,
            escalation=self.escalation.policy(),
            reminders=self.reminders.policy(),
        )

    def problems(self) -> Iterator[tuple[Path, str, str]]:
        """Place, what and advice of every secret that is missing, and of events and channels that there are not."""
        for name, options in self.channels.items():
            try:
                options.check(f"notify.channels.{name}")
            except ConfigurationError as error:
                for problem in error.problems:
                    yield ("notify", "channels", name), problem.what, problem.advice
        kinds = [*map(str, NoticeKind), ALL_EVENTS]
        for number, route in enumerate(self.routes):
            at: Path = ("notify", "routes", number)
            for index, event in enumerate(route.events):
                if event not in kinds:
                    yield (*at, "events", index), f"there is no event “{event[:60]}”", did_you_mean(event, kinds)
            for index, name in enumerate(route.channels):
                if name not in self.channels:
                    advice = did_you_mean(name, self.channels, "channels are")
                    yield (*at, "channels", index), f"there is no channel “{name[:60]}”", advice

    def tells_of(self, kind: NoticeKind) -> bool:
        """Whether a notice that is nobody's own (no owner, no priority) reaches a room or anybody by these routes."""
        return any(
            kind in route.kinds
            and not route.priorities
            and (any(one.startswith(FIXED) for one in route.to) or any(self._is_room(name) for name in route.channels))
            for route in self.routes
        )

    def _is_room(self, channel: str) -> bool:
        return channel in self.channels and not self.channels[channel].personal

    def unknown_people(self, directory: Directory) -> Iterator[tuple[Path, str, str]]:
        """Place, what and advice of every person and team that the directory does not have."""
        for name, options in self.channels.items():
            for key in options.mentions:
                if directory.person(key) is None:
                    what = f"there is no person “{key[:60]}”"
                    yield ("notify", "channels", name, "mentions", key), what, did_you_mean(key, directory.people)
        for number, route in enumerate(self.routes):
            for index, entry in enumerate(route.to):
                if problem := _wrong_entry(directory, entry):
                    yield ("notify", "routes", number, "to", index), *problem

    def unreachable_people(self, directory: Directory) -> Iterator[tuple[Path, str, str]]:
        """Place, what and advice where people of the directory have no address for a channel that somebody is told by.

        Nobody hears of what they are not told: so it is said beforehand.
        """
        silent = sorted(key for key, one in directory.people.items() if one.active and not one.mail)
        used = {name for route in self.routes for name in route.channels}
        for name in sorted(used & {name for name, options in self.channels.items() if options.personal}):
            if silent:
                shown = ", ".join(silent[:MOST_NAMED]) + (" and more" if len(silent) > MOST_NAMED else "")
                yield (
                    ("notify", "channels", name),
                    f"has no address of {shown}: they hear of nothing",
                    "give them `mail`",
                )


def _wrong_entry(directory: Directory, entry: str) -> tuple[str, str] | None:
    kind, colon, name = entry.partition(":")
    if entry in KEPT_WORDS:
        return None
    if not colon or kind not in PREFIXES:
        right = [*KEPT_WORDS, *(f"{prefix}:…" for prefix in PREFIXES)]
        return f"“{entry[:60]}” is nobody who can be told", did_you_mean(entry, right, "right would be")
    if kind == "person" and directory.person(name) is None:
        return f"there is no person “{name[:60]}”", did_you_mean(name, directory.people)
    if kind == "team" and directory.team(name) is None:
        return f"there is no team “{name[:60]}”", did_you_mean(name, directory.teams)
    if kind == "address" and "@" not in name:
        return f"“{name[:60]}” is no mail address", "right would be address:ops@example.com"
    return None
