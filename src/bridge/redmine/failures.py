"""Redmine's refusals as typed errors: HTTP status, its 422 sentences, and what a person can do about them."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from bridge.model.errors import (
    AuthenticationFailed,
    BridgeError,
    Collision,
    Forbidden,
    NotFound,
    RateLimited,
    Rejected,
    RemoteUnavailable,
)

_ADVICE = [
    (r"Assignee is invalid", "The person must be an unlocked member of the project with an assignable role."),
    (r"Identifier has already been taken", "Another project has this identifier."),
    (r"Subproject of is invalid", "Is the parent project open, and may the bridge's role create subprojects in it?"),
    (r"Project cannot be blank", "Is the project open (not closed or archived)?"),
    (r"Parent task is invalid", "Is the parent issue there, in a project that allows it as parent?"),
    (r"Principal cannot be blank", "There is no such user: correct the Redmine id in the directory."),
    (r"Role cannot be empty", "May the bridge's role give this role (Administration → Roles → Project permissions)?"),
    (r"is not included in the list", "Use one of the field's values in Administration → Custom fields."),
    (r"cannot be blank", "A field is mandatory in Redmine that the bridge does not fill: give it a default there."),
    (r"(start date|due date) must be", "Check the dates of the template."),
]


def failure(status: int, headers: Mapping[str, str], body: bytes, where: str) -> BridgeError:
    """The typed error for an answer's status (300 and above). `headers` compare without regard to case."""
    wait = retry_after(headers)
    if status < 400:
        target = headers.get("Location", "elsewhere").partition("?")[0]
        return Rejected(where, (f"Redmine redirects to {target}.",), "Set redmine.url to Redmine's own address.")
    if status == 422:
        return _unprocessable(body, where)
    if status == 429 or (status == 503 and wait is not None):
        what = f"Redmine or the proxy before it asks to slow down (HTTP {status})."
        return RateLimited(where, what, "It is tried again later.", retry_after=wait)
    if status >= 500:
        what = f"Redmine failed (HTTP {status})."
        return RemoteUnavailable(where, what, "It is tried again; the reason is in Redmine's log.", retry_after=wait)
    known: dict[int, BridgeError] = {
        401: AuthenticationFailed(
            where,
            "Redmine does not accept the API key.",
            "Give the key of an active account (My account → API access key).",
        ),
        403: Forbidden(
            where,
            "Redmine forbids this to the bridge's account (HTTP 403).",
            "Is REST switched on (Administration → Settings → API), the project open, and the right in the role?",
        ),
        404: NotFound(where, "it is not there, or the bridge's account may not see it."),
        408: RemoteUnavailable(where, "the server gave up waiting (HTTP 408).", "It is tried again."),
        409: Collision(where, "somebody changed it at the same moment.", "It is read again and merged."),
        413: Rejected(where, ("it is too large for the server (HTTP 413).",), "Raise the limit of the proxy."),
        425: RemoteUnavailable(where, "the server asks to repeat it later (HTTP 425).", "It is tried again."),
    }
    return known.get(status) or Rejected(where, (f"HTTP {status} {_excerpt(body)}".rstrip(),))


def retry_after(headers: Mapping[str, str]) -> float | None:
    """The seconds a server asks to wait, from Retry-After in seconds or as a date; None when it does not ask."""
    value = headers.get("Retry-After", "").strip()
    if value.isdecimal():
        return float(value)
    try:
        until = parsedate_to_datetime(value)
        # by the server's own clock where it tells it, for ours may differ
        sent = headers.get("Date")
        now = parsedate_to_datetime(sent) if sent else datetime.now(UTC)
        return max(0.0, (until - now).total_seconds())
    except (TypeError, ValueError):
        return None


def advice_for(reasons: tuple[str, ...]) -> str:
    """What a person can do about Redmine's sentences (English ones)."""
    found = [
        advice for pattern, advice in _ADVICE if any(re.search(pattern, reason, re.IGNORECASE) for reason in reasons)
    ]
    return found[0] if found else ""


def _unprocessable(body: bytes, where: str) -> BridgeError:
    try:
        errors = json.loads(body)["errors"]
        reasons = tuple(": ".join(map(str, e)) if isinstance(e, list) else str(e) for e in errors)
    except (ValueError, KeyError, TypeError):
        return Rejected(where, (f"HTTP 422 {_excerpt(body)}".rstrip(),))
    if not reasons:
        # Redmine's answer to a stale object: two requests wrote the same issue or page at once (5.0 to 7.0)
        return Collision(where, "somebody wrote at the same moment (HTTP 422 without a reason).", "It is tried again.")
    return Rejected(where, reasons, advice_for(reasons))


def _excerpt(body: bytes) -> str:
    text = body[:4000].decode("utf-8", "replace")
    return " ".join(re.sub(r"<[^>]*>", " ", text).split())[:200]
