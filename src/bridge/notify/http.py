"""Posting to services whose address is a secret: nothing of it but the host ever reaches an error."""

from __future__ import annotations

import json
import time
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit

import requests

from bridge.model.errors import RateLimited, Rejected, RemoteUnavailable

MOST_BYTES = 1 << 14
CONNECT_SECONDS = 5.0
_SAID = 200


@dataclass(frozen=True, slots=True)
class Answer:
    """What a service said; `where` names channel and host."""

    where: str
    status: int
    body: Mapping[str, Any]
    text: str


class Poster:
    """Sends to one address, from any thread. `also` are refusals whose body tells more than the status."""

    def __init__(self, name: str, url: str, timeout: float, *, also: Collection[int] = ()) -> None:
        parts = urlsplit(url)
        self.where = f"channel {name} ({parts.hostname}{f':{parts.port}' if parts.port else ''})"
        self._url = url
        self._timeout = timeout
        self._also = frozenset(also)

    def post(self, body: bytes, headers: Mapping[str, str], query: str = "") -> Answer:
        """The answer to a body; `query` is put behind the address.

        Raises RemoteUnavailable without an answer and for 5xx, RateLimited for 429, Rejected for any other status
        that is not 2xx.
        """
        url = self._url + (("&" if urlsplit(self._url).query else "?") + query if query else "")
        deadline = time.monotonic() + self._timeout
        try:
            with requests.post(
                url,
                data=body,
                headers={"User-Agent": "redmine-itsm-bridge", **headers},
                timeout=(min(CONNECT_SECONDS, self._timeout), self._timeout),
                allow_redirects=False,
                stream=True,
            ) as response:
                raw = self._read(response, deadline)
                status, wish = response.status_code, response.headers
        except (requests.RequestException, OSError) as error:
            what = f"gave no answer: {type(error).__name__}."  # its own words hold the whole address
            raise RemoteUnavailable(self.where, what, "It is tried again.") from None
        text = " ".join(raw.decode("utf-8", "replace").split())[:_SAID]
        if status == 429 or (status == 503 and "Retry-After" in wish):
            raise RateLimited(self.where, f"asks to slow down (HTTP {status}).", retry_after=_seconds(wish))
        if status >= 500 or status == 408:
            raise RemoteUnavailable(self.where, f"answered HTTP {status}: {text}", "It is tried again.")
        if not 200 <= status < 300 and status not in self._also:
            advice = "Check the channel's address and keys, then: queue retry."
            raise Rejected(self.where, (f"answered HTTP {status}: {text}",), advice)
        return Answer(self.where, status, _mapping(raw), text)

    def _read(self, response: requests.Response, deadline: float) -> bytes:
        """The beginning of an answer, byte by byte: one that drips must not hold a worker."""
        raw = bytearray()
        for byte in response.iter_content(1):
            raw += byte
            if time.monotonic() > deadline:
                raise RemoteUnavailable(self.where, "the answer came too slowly.", "It is tried again.")
            if len(raw) >= MOST_BYTES:
                break
        return bytes(raw)


def _mapping(raw: bytes) -> Mapping[str, Any]:
    try:
        found = json.loads(raw)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _seconds(headers: Mapping[str, str]) -> float | None:
    """What Retry-After says: seconds, or a moment by the server's own clock."""
    wish = headers.get("Retry-After", "").strip()
    if wish.isdigit():
        return float(wish)
    try:
        return max(0.0, (parsedate_to_datetime(wish) - parsedate_to_datetime(headers.get("Date", ""))).total_seconds())
    except (TypeError, ValueError):
        return None
