"""Who signed a request: HMAC-SHA256 over what was sent, compared in constant time. Pure."""

from __future__ import annotations

import hmac
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta

RT_SIGNATURE, RT_TIMESTAMP = "x-rt-signature", "x-rt-timestamp"
BRIDGE_SIGNATURE = "x-bridge-signature"
REDMINE_SIGNATURE = "x-redmine-signature-256"
TOKEN = "x-bridge-token"  # noqa: S105 - a header's name
SHA256 = "sha256="
_NEWEST = 253_402_300_799  # the last second that a datetime can hold


class Unsigned(Exception):  # noqa: N818 - named by what it says
    """The request is not from somebody who knows the secret, or its signature is too old. `what` for the log."""

    def __init__(self, what: str, *, expired: bool = False) -> None:
        super().__init__(what)
        self.what = what
        self.expired = expired


def verify_rt(
    headers: Mapping[str, str], body: bytes, secrets: Sequence[bytes], now: datetime, window: timedelta
) -> None:
    """The shipped scrip's: `sha256=` and the HMAC of `<timestamp>.<body>`. Raises Unsigned."""
    signature, at = headers.get(RT_SIGNATURE, ""), headers.get(RT_TIMESTAMP, "")
    _require(_timed(at, body), [signature.removeprefix(SHA256)], secrets)
    _in_time(at, now, window)


def verify_bridge(
    headers: Mapping[str, str], body: bytes, secrets: Sequence[bytes], now: datetime, window: timedelta
) -> None:
    """The generic one: `t=<seconds since 1970>,v1=<HMAC of "t.body">`; several v1 are allowed. Raises Unsigned."""
    pairs = [part.strip().partition("=") for part in headers.get(BRIDGE_SIGNATURE, "").split(",")[:8]]
    times = [value for name, _, value in pairs if name == "t"]
    if len(times) != 1:
        raise Unsigned("the signature has no time")
    _require(_timed(times[0], body), [value for name, _, value in pairs if name == "v1"], secrets)
    _in_time(times[0], now, window)


def verify_redmine(headers: Mapping[str, str], body: bytes, secrets: Sequence[bytes]) -> None:
    """Redmine 7's own: `sha256=` and the HMAC of the body; its time is in the body. Raises Unsigned."""
    _require(body, [headers.get(REDMINE_SIGNATURE, "").removeprefix(SHA256)], secrets)


def verify_token(given: str, secrets: Sequence[bytes]) -> None:
    """A secret that is sent as it is. Raises Unsigned."""
    sent = given.encode(errors="replace")
    if not sum(hmac.compare_digest(sent, secret) for secret in secrets):
        raise Unsigned("the secret is missing or wrong")


def rt_signature(body: bytes, secret: bytes, at: int) -> str:
    """What the scrip sends as X-RT-Signature."""
    return SHA256 + _digest(_timed(str(at), body), secret)


def bridge_signature(body: bytes, secret: bytes, at: int) -> str:
    """What a generic sender sends as X-Bridge-Signature."""
    return f"t={at},v1={_digest(_timed(str(at), body), secret)}"


def redmine_signature(body: bytes, secret: bytes) -> str:
    """What Redmine 7 sends as X-Redmine-Signature-256."""
    return SHA256 + _digest(body, secret)


def _timed(at: str, body: bytes) -> bytes:
    return at.encode(errors="replace") + b"." + body


def _digest(message: bytes, secret: bytes) -> str:
    return hmac.digest(secret, message, "sha256").hex()


def _require(message: bytes, given: Iterable[str], secrets: Sequence[bytes]) -> None:
    """Every pair is compared, so that the time taken tells nothing."""
    wanted = [_digest(message, secret).encode() for secret in secrets]
    if not sum(hmac.compare_digest(one.encode(errors="replace"), right) for one in given for right in wanted):
        raise Unsigned("the signature is missing or wrong")


def _in_time(at: str, now: datetime, window: timedelta) -> None:
    if not (at.isascii() and at.isdecimal()) or int(at) > _NEWEST:
        raise Unsigned("the signature's time is none")
    age = now - datetime.fromtimestamp(int(at), UTC)
    if abs(age) > window:
        side = "old" if age > timedelta() else "early"
        raise Unsigned(f"the signature is {abs(age)} too {side}: is one of the clocks wrong?", expired=True)
