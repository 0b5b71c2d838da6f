"""From a request to a hint: who sent it, and what to look at. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from hashlib import sha256
from typing import Any

from bridge.model.hint import Hint
from bridge.web import signatures
from bridge.web.signatures import Unsigned

DEEPEST = 32
_STRING = re.compile(rb'"(?:[^"\\]|\\.)*"', re.DOTALL)
_BRACKET = re.compile(rb"[\[\]{}]")
_IDENTITY = re.compile(r"[\w.:/#@-]{1,200}\Z")


class Way(StrEnum):
    """How a sender proves itself and what it sends."""

    SOURCE = "source"  # RT's scrip, or the generic signed one: the header tells
    REDMINE = "redmine"  # Redmine 7's own
    PLUGIN = "plugin"  # redmine_webhook by suer: unsigned, the secret is sent


@dataclass(frozen=True, slots=True)
class Sender:
    """Who may send to one address. `system` as in bridge.model.hint.Hint; `keep` is how long deliveries are kept."""

    system: str
    way: Way
    secrets: tuple[bytes, ...] = field(repr=False)
    window: timedelta
    keep: timedelta


class Unreadable(Exception):  # noqa: N818 - named by what it says
    """Signed, but not to be understood: parked with this reason."""


class Ignored(Exception):  # noqa: N818 - named by what it says
    """Signed, and about something that the bridge does not follow."""


class TooDeep(Exception):  # noqa: N818 - named by what it says
    """Nested further than anything honest is."""


def read(sender: Sender, headers: Mapping[str, str], body: bytes, token: str, now: datetime) -> Hint:
    """The hint of a request. `headers` by lower-case name, `token` is the end of the path.

    Raises Unsigned, TooDeep, Unreadable or Ignored.
    """
    match sender.way:
        case Way.SOURCE if signatures.RT_SIGNATURE in headers:
            signatures.verify_rt(headers, body, sender.secrets, now, sender.window)
            return _rt(sender.system, _json(body))
        case Way.SOURCE:
            signatures.verify_bridge(headers, body, sender.secrets, now, sender.window)
            return _generic(sender.system, _json(body), body)
        case Way.REDMINE:
            signatures.verify_redmine(headers, body, sender.secrets)
            return _redmine(sender, _json(body), body, now)
        case Way.PLUGIN:
            signatures.verify_token(token or headers.get(signatures.TOKEN, ""), sender.secrets)
            return _plugin(sender.system, _json(body), body)


def _rt(system: str, data: Mapping[str, Any]) -> Hint:
    """RT 5 with the shipped scrip: one post per batch of transactions, their numbers in it."""
    ticket = _object(data, "ticket")
    told = data.get("transactions") or ()
    if not isinstance(told, list | tuple):
        raise Unreadable("“transactions” is no list")
    numbers = sorted(_number(row.get("id")) for row in told if isinstance(row, dict))
    if not numbers:
        raise Unreadable("there is no transaction in it")
    delivery = _identity(data.get("delivery"), "delivery")
    ids = tuple(map(str, numbers))
    return Hint(system, str(_number(ticket.get("id"))), delivery, numbers[-1], ids, _moment(ticket.get("last_updated")))


def _generic(system: str, data: Mapping[str, Any], body: bytes) -> Hint:
    """`incident`, and where the sender has them `delivery`, `changed_at` and `ids` (of notes or transactions)."""
    delivery = _identity(data["delivery"], "delivery") if "delivery" in data else _digest(body)
    ids = data.get("ids") or ()
    if not isinstance(ids, (list, tuple)):
        raise Unreadable("“ids” is no list")
    remote_ids = tuple(_identity(one, "ids") for one in ids)
    incident = _identity(data.get("incident"), "incident")
    return Hint(system, incident, delivery, 0, remote_ids, _moment(data.get("changed_at")))


def _redmine(sender: Sender, data: Mapping[str, Any], body: bytes, now: datetime) -> Hint:
    """Redmine 7.0: no delivery id; the time of sending is in the signed body.

    Time entries do not change their issue's updated_on, so that only their hook tells of them.
    """
    sent = _moment(data.get("timestamp"))
    if sent is not None and now - sent > sender.keep:
        raise Unsigned(f"the hook is {now - sent} old: it may have been sent again by somebody else", expired=True)
    event, content = str(data.get("type")), _object(data, "data")
    if event.startswith("time_entry."):
        issue = _object(content, "time_entry").get("issue")
        if not isinstance(issue, dict):
            raise Ignored("a time entry without an issue")
        return Hint(sender.system, str(_number(issue.get("id"))), _digest(body))
    if not event.startswith("issue."):
        raise Ignored(f"“{event[:60]}” is not followed")
    return _issue(sender.system, content, body)


def _plugin(system: str, data: Mapping[str, Any], body: bytes) -> Hint:
    """redmine_webhook at 5bc9a84: the same below `payload`."""
    return _issue(system, _object(data, "payload"), body)


def _issue(system: str, content: Mapping[str, Any], body: bytes) -> Hint:
    issue, journal = _object(content, "issue"), content.get("journal")
    ids = (str(_number(journal.get("id"))),) if isinstance(journal, dict) and journal.get("id") is not None else ()
    changed = _moment(issue.get("updated_on"))
    return Hint(system, str(_number(issue.get("id"))), _digest(body), 0, ids, changed)


def _json(body: bytes) -> Mapping[str, Any]:
    if body.count(b"[") + body.count(b"{") > DEEPEST and _depth(body) > DEEPEST:
        raise TooDeep
    try:
        data = json.loads(body.decode())
    except ValueError as error:
        raise Unreadable(f"it is no JSON: {error}") from error
    if not isinstance(data, dict):
        raise Unreadable("it is no JSON object")
    return data


def _depth(body: bytes) -> int:
    depth = deepest = 0
    for bracket in _BRACKET.findall(_STRING.sub(b"", body)):
        depth += 1 if bracket in b"[{" else -1
        deepest = max(deepest, depth)
    return deepest


def _object(data: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = data.get(name)
    if not isinstance(found, dict):
        raise Unreadable(f"“{name}” is missing")
    return found


def _number(value: Any) -> int:
    if isinstance(value, str) and value.isascii() and value.isdecimal() and len(value) < 19:
        value = int(value)
    if not isinstance(value, int) or isinstance(value, bool) or not 0 < value < 2**63:
        raise Unreadable("an id is missing or no number")
    return value


def _identity(value: Any, name: str) -> str:
    text = str(value) if isinstance(value, (str, int)) and not isinstance(value, bool) else ""
    if not _IDENTITY.match(text):
        raise Unreadable(f"“{name}” is missing or no id")
    return text


def _moment(value: Any) -> datetime | None:
    try:
        moment = datetime.fromisoformat(value)
        return moment.astimezone(UTC) if moment.tzinfo else None
    except (TypeError, ValueError, OverflowError):
        return None


def _digest(body: bytes) -> str:
    return sha256(body).hexdigest()
