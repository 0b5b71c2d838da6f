"""HTTP under python-redmine: time-outs that hold, typed errors with Redmine's own words, nothing sent twice."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, BinaryIO
from urllib.parse import urlsplit

import requests
from redminelib.engines import SyncEngine
from requests.adapters import HTTPAdapter
from requests.structures import CaseInsensitiveDict
from urllib3 import Retry
from urllib3.exceptions import HTTPError, NewConnectionError, ReadTimeoutError

from bridge.model.errors import Rejected, RemoteUnavailable
from bridge.redmine.failures import failure
from bridge.redmine.options import RedmineOptions

_CHUNK = 1 << 16
_CONNECT_AGAIN = Retry(total=None, connect=2, read=0, redirect=0, status=0, other=0, backoff_factor=0.1)
"""Only what cannot have reached the server is tried again here: a POST is never silently repeated."""

OnRequest = Callable[[str, str], None]
"""Told of every request before it is sent: method and path."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A complete answer, `seconds` after it was asked for. `where` names the request, without query or key."""

    status: int
    headers: CaseInsensitiveDict[str]
    body: bytes
    where: str
    seconds: float

    @property
    def date(self) -> datetime | None:
        """The server's clock when it answered; None where it does not tell (a bare Puma)."""
        try:
            return parsedate_to_datetime(self.headers.get("Date", "")).astimezone(UTC)
        except ValueError:
            return None

    def data(self) -> Any:
        """The decoded body, True when it is empty (as python-redmine expects). Raises RemoteUnavailable if not JSON."""
        if not self.body.strip():
            return True
        try:
            return json.loads(self.body)
        except ValueError as error:
            kind = self.headers.get("Content-Type", "no content type")
            if "html" in kind:
                what = f"the answer (HTTP {self.status}) is a web page, not JSON."
                advice = "Is redmine.url Redmine's start page, and no log-in page of a proxy before it?"
            else:
                what = f"the answer (HTTP {self.status}, {kind}, {len(self.body)} bytes) is broken JSON."
                advice = "It is tried again; if it stays so, look at the proxy before Redmine."
            raise RemoteUnavailable(self.where, what, advice) from error


class BridgeEngine(SyncEngine):  # type: ignore[misc] # python-redmine has no types
    """One session of one thread. `last` is the last answer, for what python-redmine does not pass on."""

    def __init__(self, *, options: RedmineOptions, on_request: OnRequest, **rest: Any) -> None:
        super().__init__(key=options.key(), **rest)
        self.last: Answer | None = None
        self._options = options
        self._on_request = on_request
        self._base = urlsplit(options.url).path
        session = self.session
        session.trust_env = False
        session.proxies = dict(options.proxies)
        session.headers.update({"User-Agent": "redmine-itsm-bridge", "Accept": "application/json"})
        if options.ca_file is not None:
            session.verify = str(options.ca_file)
        adapter = HTTPAdapter(pool_connections=1, pool_maxsize=1, max_retries=_CONNECT_AGAIN)
        session.mount("https://", adapter)
        session.mount("http://", adapter)

    @staticmethod
    def create_session(**params: Any) -> requests.Session:
        """A session that adds to requests' own headers instead of replacing them."""
        session = requests.Session()
        session.headers.update(params.get("headers", {}))
        return session

    def request(self, method: str, url: str, headers: Any = None, params: Any = None, data: Any = None) -> Any:
        """Sends once and returns the decoded body. Raises bridge.model.errors for everything else."""
        answer = self.exchange(method, url, **self.construct_request_kwargs(method, headers, params, data))
        if answer.status >= 300:
            raise failure(answer.status, answer.headers, answer.body, answer.where)
        return answer.data()

    def download(self, url: str, into: BinaryIO, limit: int) -> None:
        """Writes what is at an address, piece by piece. Raises Rejected when there are more than `limit` bytes."""
        answer = self.exchange("get", url, _Sink(into, limit))
        if answer.status >= 300:
            raise failure(answer.status, answer.headers, answer.body, answer.where)

    def exchange(self, method: str, url: str, sink: _Sink | None = None, **request: Any) -> Answer:
        """Sends once and returns the answer whatever its status. Raises RemoteUnavailable when there is none.

        A successful answer's body goes into the sink, where there is one.
        """
        path = urlsplit(url).path.removeprefix(self._base)
        where = f"Redmine {method.upper()} {path}"
        self._on_request(method.upper(), path)
        options = self._options
        began = time.monotonic()
        try:
            with self.session.request(
                method,
                url,
                timeout=(options.connect_timeout, options.read_timeout),
                allow_redirects=False,
                stream=True,
                **request,
            ) as response:
                taking = sink if response.status_code < 300 else None
                body = _read(response, began + options.total_timeout, where, taking)
                seconds = time.monotonic() - began
                self.last = Answer(response.status_code, response.headers, body, where, seconds)
                return self.last
        except requests.ConnectTimeout as error:
            what = "the server could not be reached in time; nothing was sent."
            raise RemoteUnavailable(where, what, "It is tried again.") from error
        except (requests.RequestException, HTTPError, OSError) as error:
            if _is_late(error):
                raise self._late(method, where) from error
            what = f"no usable answer: {_cause(error)}."
            raise RemoteUnavailable(where, what, "Is Redmine up, and redmine.url right? It is tried again.") from error

    def _late(self, method: str, where: str) -> RemoteUnavailable:
        silent = f"no answer within {self._options.read_timeout:g} s"
        if method.upper() == "GET":
            return RemoteUnavailable(where, f"{silent}; nothing was changed by asking.", "It is asked again.")
        what = f"{silent}; whether it was carried out is not known."
        return RemoteUnavailable(where, what, "It is looked for before it is tried again.")


class _Sink:
    """Where a body goes that is not to be held in memory, up to `limit` bytes."""

    def __init__(self, into: BinaryIO, limit: int) -> None:
        self._into = into
        self._limit = limit
        self._size = 0

    def append(self, chunk: bytes, where: str) -> None:
        self._size += len(chunk)
        if self._size > self._limit:
            raise Rejected(where, (f"the file has more than {self._limit} bytes.",), "It was not read to its end.")
        self._into.write(chunk)


def _read(response: requests.Response, deadline: float, where: str, sink: _Sink | None) -> bytes:
    chunks: list[bytes] = []
    # not iter_content: that waits for a full piece, and a server that drips would be waited for without end
    while chunk := response.raw.read1(_CHUNK, decode_content=True):
        if sink is None:
            chunks.append(chunk)
        else:
            sink.append(chunk, where)
        if time.monotonic() > deadline:
            raise RemoteUnavailable(where, "the answer came so slowly that it was given up.", "It is tried again.")
    return b"".join(chunks)


def _chain(error: BaseException) -> list[BaseException]:
    found = [error]
    while (inner := found[-1].__cause__ or found[-1].__context__) is not None:
        found.append(inner)
    return found


def _is_late(error: BaseException) -> bool:
    """Whether the server took too long to answer; urllib3 wraps that differently for methods it may repeat."""
    chain = _chain(error)
    if any(isinstance(one, NewConnectionError) for one in chain):  # it was not even reached
        return False
    return any(isinstance(one, (requests.Timeout, ReadTimeoutError, TimeoutError)) for one in chain)


def _cause(error: BaseException) -> str:
    root = _chain(error)[-1]
    return f"{type(root).__name__}: {root}"[:300]
