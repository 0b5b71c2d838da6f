"""The engine under python-redmine and servers that misbehave: time-outs hold, nothing is sent twice."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
import responses

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
from bridge.redmine.client import Client
from bridge.redmine.options import RedmineOptions

URL = "http://redmine.example/pm"
ISSUE = f"{URL}/issues/1.json"
KEY = "d0c5b2a1-secret"


def options(**values: Any) -> RedmineOptions:
    """Of a Redmine in a sub-folder."""
    return RedmineOptions(**{"url": URL, "api_key": KEY, "parent_project": "operations", **values})


@contextmanager
def answering(**answer: Any) -> Iterator[responses.RequestsMock]:
    """Every request for issue 1 gets this answer."""
    with responses.RequestsMock() as mock:
        mock.add(**{"method": "GET", "url": ISSUE, "content_type": "application/json", **answer})
        yield mock


def failure_of(call: Callable[[], Any]) -> BridgeError:
    """The error that a call ends with."""
    with pytest.raises(BridgeError) as caught:
        call()
    return caught.value


@pytest.mark.parametrize(
    ("status", "error", "words"),
    [
        (301, Rejected, "redirects"),
        (302, Rejected, "redirects"),
        (400, Rejected, "HTTP 400"),
        (401, AuthenticationFailed, "API key"),
        (403, Forbidden, "forbids"),
        (404, NotFound, "not there"),
        (406, Rejected, "HTTP 406"),
        (409, Collision, "same moment"),
        (412, Rejected, "HTTP 412"),
        (413, Rejected, "too large"),
        (429, RateLimited, "slow down"),
        (500, RemoteUnavailable, "HTTP 500"),
        (502, RemoteUnavailable, "HTTP 502"),
        (503, RemoteUnavailable, "HTTP 503"),
        (504, RemoteUnavailable, "HTTP 504"),
    ],
)
def test_a_status_becomes_a_typed_error(status: int, error: type[BridgeError], words: str) -> None:
    """With an empty body, as Redmine gives it; the request is named without address and key."""
    with answering(status=status, body=""):
        caught = failure_of(lambda: Client(options()).issue(1))
    assert type(caught) is error
    assert words in caught.what
    assert caught.where == "Redmine GET /issues/1.json"
    assert KEY not in str(caught)


@pytest.mark.parametrize(
    ("status", "headers", "seconds"),
    [
        (429, {}, None),
        (429, {"Retry-After": "17"}, 17.0),
        (503, {"retry-after": "2"}, 2.0),
        (
            429,
            {"Retry-After": "Fri, 20 Nov 2026 18:00:30 GMT", "Date": "Fri, 20 Nov 2026 18:00:00 GMT"},
            30.0,
        ),
        (429, {"Retry-After": "Fri, 20 Nov 2020 18:00:30 GMT"}, 0.0),
        (429, {"Retry-After": "soon"}, None),
        (429, {"Retry-After": "-1"}, None),
    ],
)
def test_the_servers_wish_to_wait_is_kept(status: int, headers: dict[str, str], seconds: float | None) -> None:
    """In seconds or as a date, by the server's own clock."""
    with answering(status=status, headers=headers, body=""):
        caught = failure_of(lambda: Client(options()).issue(1))
    assert isinstance(caught, RateLimited)
    assert caught.retry_after == seconds
    assert not caught.permanent


def test_each_sentence_of_a_422_is_kept() -> None:
    """Also with commas in it; the first that has one gives the advice."""
    reasons = ["Subject cannot be blank, really", "Assignee is invalid"]
    with answering(status=422, json={"errors": reasons}):
        caught = failure_of(lambda: Client(options()).issue(1))
    assert isinstance(caught, Rejected)
    assert caught.reasons == tuple(reasons)
    assert "unlocked member" in caught.advice


def test_a_422_without_a_reason_is_a_collision() -> None:
    """Two wrote the same issue at once: tried again."""
    with answering(status=422, json={"errors": []}):
        caught = failure_of(lambda: Client(options()).issue(1))
    assert isinstance(caught, Collision)
    assert not caught.permanent


@pytest.mark.parametrize(
    "body", ["<html><body><h1>WAF</h1> blocked</body></html>", '{"error": 1}', "[]", '{"errors": 5}']
)
def test_a_422_of_somebody_else_is_rejected_with_its_words(body: str) -> None:
    """A proxy's, for example; no ValueError, no KeyError."""
    with answering(status=422, body=body):
        assert isinstance(failure_of(lambda: Client(options()).issue(1)), Rejected)


@pytest.mark.parametrize(
    ("body", "content_type", "words"),
    [
        ("<html>Sign in</html>", "text/html", "web page"),
        ('{"issue": {"id": 1, "sub', "application/json", "broken JSON"),
        ("", "application/json", "not what Redmine gives"),
        ('{"ticket": {}}', "application/json", "not what Redmine gives"),
        ("[1, 2]", "application/json", "not what Redmine gives"),
        ('"x"', "application/json", "not what Redmine gives"),
    ],
)
def test_a_success_that_is_none_is_tried_again(body: str, content_type: str, words: str) -> None:
    """Log-in pages, cut answers and answers of something else."""
    with answering(status=200, body=body, content_type=content_type):
        caught = failure_of(lambda: Client(options()).issue(1))
    assert isinstance(caught, RemoteUnavailable)
    assert words in caught.what


def test_key_agent_and_json_are_sent_and_the_address_keeps_its_folder() -> None:
    """As Redmine wants them."""
    with answering(method="PUT", status=204, body="") as mock:
        Client(options()).update_issue(1, {"notes": "ä"})
        sent = mock.calls[0].request
    assert sent.headers["X-Redmine-API-Key"] == KEY
    assert sent.headers["User-Agent"] == "redmine-itsm-bridge"
    assert sent.headers["Content-Type"] == "application/json"
    assert sent.body == '{"issue": {"notes": "\\u00e4"}}'


def test_requests_are_counted_also_those_that_fail() -> None:
    """Every one that was sent."""
    client = Client(options())
    with answering(status=500, body=""):
        failure_of(lambda: client.issue(1))
        failure_of(lambda: client.issue(1))
    assert client.requests == 2


@dataclass
class Listener:
    """A server that reads requests and does what it is told with the connection."""

    behave: Callable[[socket.socket], None]
    requests: list[str] = field(default_factory=list)
    connections: int = 0

    def __enter__(self) -> str:
        self._socket = socket.create_server(("127.0.0.1", 0))
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()
        return f"http://127.0.0.1:{self._socket.getsockname()[1]}"

    def __exit__(self, *_: object) -> None:
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        self._thread.join(timeout=10)

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self._one, args=(connection,), daemon=True).start()

    def _one(self, connection: socket.socket) -> None:
        with connection:
            self.requests.append(connection.recv(65536).decode().split("\r\n")[0])
            try:
                self.behave(connection)
            except OSError:
                return


def silence(connection: socket.socket) -> None:
    """Never answers; ends when the other side gives up."""
    connection.settimeout(20)
    while connection.recv(65536):
        pass


def dripping(connection: socket.socket) -> None:
    """A byte now and then, for ever."""
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 100000\r\n\r\n")
    end = time.monotonic() + 20
    while time.monotonic() < end:
        connection.sendall(b" ")
        time.sleep(0.05)


def hanging_up(connection: socket.socket) -> None:
    """Closes without a word."""


def cut_off(connection: socket.socket) -> None:
    """Closes in the middle of the answer."""
    connection.sendall(b'HTTP/1.1 201 Created\r\nContent-Type: application/json\r\nContent-Length: 90\r\n\r\n{"issue"')


@pytest.mark.parametrize(
    ("behaviour", "words"),
    [
        (silence, "no answer within 0.3 s; whether it was carried out is not known"),
        (dripping, "so slowly"),
        (hanging_up, "no usable answer"),
        (cut_off, "no usable answer"),
    ],
)
def test_a_post_ends_in_time_and_is_never_sent_twice(behaviour: Callable[[socket.socket], None], words: str) -> None:
    """Whatever the server does after it was sent (python-redmine 2.5.0 by itself waits for ever)."""
    listener = Listener(behaviour)
    with listener as url:
        client = Client(options(url=url, read_timeout=0.3, total_timeout=0.8))
        began = time.monotonic()
        caught = failure_of(lambda: client.create_issue({"project_id": 1, "subject": "x"}))
        assert time.monotonic() - began < 10
        client.close()
    assert isinstance(caught, RemoteUnavailable)
    assert words in caught.what
    assert listener.requests == ["POST /projects/1/issues.json HTTP/1.1"]


@pytest.mark.parametrize(
    ("ask", "words"),
    [
        (lambda client: client.issue(1), "no answer within 0.3 s; nothing was changed by asking"),
        (lambda client: client.update_issue(1, {"notes": "x"}), "whether it was carried out is not known"),
    ],
    ids=["GET", "PUT"],
)
def test_a_late_answer_is_told_as_one_whatever_was_asked(ask: Callable[[Client], object], words: str) -> None:
    """urllib3 wraps a time-out in other errors where it may repeat the request."""
    listener = Listener(silence)
    with listener as url:
        client = Client(options(url=url, read_timeout=0.3, total_timeout=0.8))
        caught = failure_of(lambda: ask(client))
        client.close()
    assert isinstance(caught, RemoteUnavailable)
    assert words in caught.what
    assert len(listener.requests) == 1


def test_nobody_there_is_told() -> None:
    """With a hint at the address."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}"
        caught = failure_of(lambda: Client(options(url=url)).issue(1))
    assert isinstance(caught, RemoteUnavailable)
    assert "refused" in caught.what
    assert "redmine.url" in caught.advice


def ok(connection: socket.socket) -> None:
    """Answers every request of the connection."""
    connection.settimeout(20)
    while True:
        body = b'{"issue": {"id": 1}}'
        connection.sendall(
            b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)
        )
        if not connection.recv(65536):
            return


def test_a_thread_keeps_its_own_connection() -> None:
    """One per thread, kept open between requests."""
    listener = Listener(ok)
    with listener as url:
        client = Client(options(url=url))

        def work() -> None:
            for _ in range(5):
                assert client.issue(1)["id"] == 1

        threads = [threading.Thread(target=work) for _ in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(timeout=20)
        client.close()
    assert client.requests == 15
    assert listener.connections == 3


def test_the_environments_proxy_does_not_apply_but_the_options_do(monkeypatch: pytest.MonkeyPatch) -> None:
    """What runs as a daemon must not depend on whose shell started it."""
    listener, proxy = Listener(ok), Listener(ok)
    with listener as url, proxy as proxy_url:
        monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
        monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
        direct, through = Client(options(url=url)), Client(options(proxies={"http": proxy_url}))
        assert direct.issue(1) == through.issue(1)
        direct.close()
        through.close()
    assert listener.requests == ["GET /issues/1.json HTTP/1.1"]
    assert proxy.requests == [f"GET {ISSUE} HTTP/1.1"]
