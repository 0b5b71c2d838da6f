"""HTTP as every source needs it: time-outs that hold, typed errors, counted requests."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.message import Message
from email.utils import parsedate_to_datetime
from functools import cached_property
from typing import Any
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter
from requests.auth import AuthBase
from requests.structures import CaseInsensitiveDict
from urllib3 import Retry
from urllib3.exceptions import HTTPError, ReadTimeoutError

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
from bridge.ports import Clock
from bridge.sources.connection import ConnectionOptions
from bridge.sources.json_text import loads
from bridge.sync.clock_offset import ServerClock

_CHUNK = 1 << 16
_WATCH_SECONDS = 60
_CONNECT_AGAIN = Retry(total=None, connect=2, read=0, redirect=0, status=0, other=0)
"""Only what cannot have reached the server is tried again here; everything else is the queue's decision."""


_ERRORS: dict[int, tuple[type[BridgeError], str]] = {
    401: (AuthenticationFailed, "Check the token or password, and whether it has expired."),
    403: (Forbidden, "Give the bridge's account the right to do this."),
    404: (NotFound, ""),
    408: (RemoteUnavailable, "It is tried again."),
    409: (Collision, "Somebody wrote at the same moment; it is tried again."),
    410: (NotFound, ""),
    412: (Collision, "Somebody wrote at the same moment; it is tried again."),
    425: (RemoteUnavailable, "It is tried again."),
}


@dataclass(frozen=True)
class Answer:
    """A complete answer. `where` names the request for messages, without query or credentials."""

    status: int
    headers: CaseInsensitiveDict[str]
    body: bytes
    where: str
    url: str

    @cached_property
    def value(self) -> Any:
        """The body as JSON, decoded once however often it is looked at. Raises ValueError when it is not JSON.

        JSON is UTF-8; a server that says so may write otherwise.
        """
        try:
            return loads(self.body)
        except ValueError:
            told = Message()
            told["Content-Type"] = self.headers.get("Content-Type", "")
            try:
                return loads(self.body.decode(told.get_content_charset("utf-8")).encode())
            except LookupError as error:
                raise ValueError(str(error)) from error

    def json(self) -> Any:
        """The body as JSON. Raises RemoteUnavailable when it is not."""
        try:
            return self.value
        except ValueError as error:
            kind = self.headers.get("Content-Type", "no content type")
            start = self.body[:80].decode("utf-8", "replace")
            what = f"the answer (HTTP {self.status}, {kind}, {len(self.body)} bytes) is not JSON: {start!r}."
            raise RemoteUnavailable(self.where, what, "Is the address right, and no log-in page before it?") from error

    @property
    def date(self) -> datetime | None:
        """The server's own clock, where it tells it."""
        try:
            date = parsedate_to_datetime(self.headers.get("Date", ""))
        except (TypeError, ValueError):
            return None
        return date if date.tzinfo is not None else None

    def message(self) -> str:
        """What the body says about an error, shortened."""
        try:
            value = self.value
        except ValueError:
            value = None
        if isinstance(value, dict):
            found = value.get("message") or value.get("error_description") or value.get("error") or value.get("errors")
            if found:
                return str(found)[:500]
        return " ".join(self.body[:300].decode("utf-8", "replace").split())


class HttpSession:
    """Sends requests to one server, from any thread. `requests` counts everything sent, tries that failed too."""

    def __init__(
        self,
        options: ConnectionOptions,
        name: str,
        clock: Clock,
        auth: AuthBase | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        self.requests = 0
        self._options = options
        self._name = name
        self._clock = clock
        self._auth = auth
        self._headers = {"User-Agent": "redmine-itsm-bridge", "Accept": "application/json", **(headers or {})}
        self._local = threading.local()
        self._counting = threading.Lock()
        self._watch_again = -math.inf
        self.server_clock = ServerClock()

    def send(self, method: str, url: str, limit: int | None = None, **request: Any) -> Answer:
        """Sends and returns the answer if its status is below 300; raises the typed error otherwise.

        Raises Rejected as soon as the answer has more than `limit` bytes.
        """
        answer = self.exchange(method, url, limit, **request)
        if answer.status >= 300:
            raise self.error(answer)
        return answer

    def exchange(self, method: str, url: str, limit: int | None = None, **request: Any) -> Answer:
        """Sends and returns the answer whatever its status. Raises RemoteUnavailable when there is none."""
        where = f"{self._name} {method} {urlsplit(url).path}"
        with self._counting:
            self.requests += 1
        began = time.monotonic()
        deadline = began + self._options.total_timeout
        try:
            with self._session().request(
                method,
                url,
                timeout=(self._options.connect_timeout, self._options.read_timeout),
                allow_redirects=False,
                stream=True,
                **request,
            ) as response:
                body = _read(response, deadline, where, limit)
                answer = Answer(response.status_code, response.headers, body, where, url)
                self._watch(answer, began)
                return answer
        except (requests.Timeout, ReadTimeoutError) as error:
            what = f"no answer in time ({type(error).__name__}); whether it was carried out is not known."
            raise RemoteUnavailable(where, what, "It is tried again.") from error
        except (requests.RequestException, HTTPError, OSError, ValueError) as error:
            what = f"no usable answer: {_cause(error)}."
            raise RemoteUnavailable(
                where, what, "Is the server up, and the address right? It is tried again."
            ) from error

    def error(self, answer: Answer) -> BridgeError:
        """The typed error for an answer's status."""
        status, where, said = answer.status, answer.where, answer.message()
        what = f"HTTP {status}: {said}" if said else f"HTTP {status}"
        wait = self._retry_after(answer)
        if status < 400:
            target = answer.headers.get("Location", "elsewhere").partition("?")[0]
            return Rejected(where, (f"HTTP {status} to {target}",), "Set the url to that address.")
        if status == 429 or (status == 503 and wait is not None):
            return RateLimited(where, what, "It is tried again later.", retry_after=wait)
        if status in _ERRORS:
            kind, advice = _ERRORS[status]
            return kind(where, what, advice)
        if status >= 500:
            return RemoteUnavailable(where, what, "It is tried again.", retry_after=wait)
        return Rejected(where, (what,))

    def _watch(self, answer: Answer, began: float) -> None:
        """Now and then compares the server's clock with ours; `began` is when it was asked, by the monotonic clock."""
        now, date = time.monotonic(), answer.date
        if date is None or now < self._watch_again:
            return
        self._watch_again = now + _WATCH_SECONDS
        answered = self._clock.now()
        self.server_clock.saw(date.astimezone(UTC), answered - timedelta(seconds=now - began), answered)

    def _session(self) -> requests.Session:
        session: requests.Session | None = getattr(self._local, "session", None)
        if session is None:  # requests promises no thread-safe session
            session = requests.Session()
            session.trust_env = self._options.use_environment
            session.headers.update(self._headers)
            session.auth = self._auth
            if self._options.ca_file is not None:
                session.verify = str(self._options.ca_file)
            adapter = HTTPAdapter(pool_maxsize=self._options.pool_size, max_retries=_CONNECT_AGAIN)
            session.mount("https://", adapter)
            session.mount("http://", adapter)
            self._local.session = session
        return session

    def _retry_after(self, answer: Answer) -> float | None:
        value = answer.headers.get("Retry-After", "").strip()
        if value.isdecimal():
            return float(value)
        if not value:
            return None
        try:
            until = parsedate_to_datetime(value)
            return max(0.0, (until - (answer.date or self._clock.now())).total_seconds())
        except (TypeError, ValueError):
            return None


def _read(response: requests.Response, deadline: float, where: str, limit: int | None) -> bytes:
    chunks: list[bytes] = []
    size = 0
    # not iter_content: that waits for a full piece, and a server that drips would be waited for without end
    while chunk := response.raw.read1(_CHUNK, decode_content=True):
        chunks.append(chunk)
        size += len(chunk)
        if limit is not None and size > limit:
            raise Rejected(where, (f"the answer has more than {limit} bytes.",), "It was not read to its end.")
        if time.monotonic() > deadline:
            raise RemoteUnavailable(where, "the answer came so slowly that it was given up.", "It is tried again.")
    return b"".join(chunks)


def _cause(error: BaseException) -> str:
    while (inner := error.__cause__ or error.__context__) is not None:
        error = inner
    return f"{type(error).__name__}: {error}"[:300]
