"""Telling people: a notice becomes effects, stored with the decision that it tells of."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from bridge.model.effect import EffectSpec
from bridge.model.notice import Notice
from bridge.ports import UnitOfWork
from bridge.usecases.configured import Configured
from bridge.usecases.telling.policy import Channel, Recipient, Route, recipients

SEND, DIGEST = "notice.send", "notice.digest"


@dataclass(frozen=True, slots=True)
class _Way:
    """One message to be: to a person, or into a room where people are called."""

    channel: Channel
    route: Route
    address: str
    language: str
    zone: ZoneInfo
    mentions: tuple[str, ...] = ()


def tell(uow: UnitOfWork, configured: Configured, notice: Notice, now: datetime) -> int:
    """Stores what is to be sent because of a notice, with the present transaction; returns how many messages are new.

    Without a route for it nobody is told. Where several routes lead into one room, one message calls the people of all;
    when it is sent is up to the first one. The same notice (kind and `unique`) reaches an address by a channel once for
    ever, whatever calls this again. Never raises for what is configured: texts are made when they are sent.
    """
    ways: dict[tuple[str, str], _Way] = {}
    for way in _ways(configured, notice):
        first = ways.setdefault((way.channel.name, way.address), way)
        called = tuple(dict.fromkeys((*first.mentions, *way.mentions)))
        ways[way.channel.name, way.address] = replace(first, mentions=called)
    return sum(_stored(uow, configured, notice, way, now) for way in ways.values())


def endpoint_of(channel: str) -> str:
    """The rate limit and circuit of a channel: its own, so that a dead one keeps nothing else waiting."""
    return f"notify:{channel}"


def _ways(configured: Configured, notice: Notice) -> Iterator[_Way]:
    policy, directory = configured.notices, configured.directory
    for route in sorted(policy.routes, key=lambda one: one.digest):  # what is told at once needs no digest
        if not route.takes(notice):
            continue
        people = recipients(directory, route, notice)
        for channel in (policy.channels[name] for name in route.channels):
            if channel.personal:
                for one in people:
                    if one.address:
                        yield _Way(
                            channel, route, one.address, _language(configured, route, one), _zone(configured, one)
                        )
            else:
                called = (channel.mentions.get(one.person.key, "") for one in people if one.person is not None)
                zone = ZoneInfo(directory.calendar_of(notice.owner).spec.zone)
                language = route.language or channel.language or configured.policy.language
                yield _Way(channel, route, "", language, zone, tuple(dict.fromkeys(filter(None, called))))


def _language(configured: Configured, route: Route, one: Recipient) -> str:
    return route.language or (one.person.language if one.person else "") or configured.policy.language


def _zone(configured: Configured, one: Recipient) -> ZoneInfo:
    return ZoneInfo(configured.directory.calendar_of(one.person.key if one.person else "").spec.zone)


def _stored(uow: UnitOfWork, configured: Configured, notice: Notice, way: _Way, now: datetime) -> int:
    policy, name = configured.notices, way.channel.name
    unique = f"notice:{notice.kind}:{notice.unique}:{name}:{way.address}"
    payload: dict[str, Any] = {
        "channel": name,
        "address": way.address,
        "language": way.language,
        "mentions": list(way.mentions),
    }
    key = f"notice:{name}:{way.address}"
    if not way.route.digest:
        run_at = policy.quiet.until(now, way.zone) if policy.quiet and way.route.quiet else None
        payload["notice"] = notice.to_plain()
        return uow.effects.enqueue([EffectSpec(SEND, key, unique, endpoint_of(name), payload, run_at=run_at)])
    due = policy.next_digest(now, way.zone)
    digest = f"digest:{name}:{way.address}:{way.language}:{due:%Y-%m-%dT%H:%M}"
    if uow.effects.is_stored(unique) or not uow.notices.add(digest, unique, notice.to_plain(), now):
        return 0
    uow.effects.enqueue([digest_effect(digest, key, digest, payload, due)])
    return 1


def digest_effect(unique: str, key: str, digest: str, payload: dict[str, Any], due: datetime) -> EffectSpec:
    """The effect that sends the lines of a digest when it is due."""
    return EffectSpec(DIGEST, key, unique, endpoint_of(payload["channel"]), {**payload, "digest": digest}, run_at=due)
