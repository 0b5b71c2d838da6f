"""Time-outs that hold and errors that say what to do, against a server that misbehaves."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

import pytest
import responses

from bridge.model import errors
from bridge.sources.connection import ConnectionOptions
from bridge.sources.http_session import HttpSession

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
URL = "http://itsm.test/api/incidents?token=hush"


class Fixed:
    def now(self) -> datetime:
        return NOW


def session_with(**options: object) -> HttpSession:
    return HttpSession(ConnectionOptions.model_validate(options), "itsm", Fixed())


@contextmanager
def serving(*chunks: bytes, pause: float = 0.0) -> Iterator[str]:
    """A server that sends these bytes to whoever connects, with pauses between, and counts nothing else."""
    listener = socket.create_server(("127.0.0.1", 0))
    stop = threading.Event()

    def answer() -> None:
        listener.settimeout(10)
        while not stop.is_set():
            try:
                peer, _ = listener.accept()
            except OSError:
                return
            with peer:
                peer.recv(65536)
                for chunk in chunks:
                    try:
                        peer.sendall(chunk)
                    except OSError:
                        break
                    if stop.wait(pause):
                        return

    thread = threading.Thread(target=answer)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/x"
    finally:
        stop.set()
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join(10)


@pytest.mark.parametrize(
    ("status", "kind", "permanent"),
    [
        (401, errors.AuthenticationFailed, False),
        (403, errors.Forbidden, True),
        (404, errors.NotFound, True),
        (409, errors.Collision, False),
        (412, errors.Collision, False),
        (422, errors.Rejected, True),
        (429, errors.RateLimited, False),
        (500, errors.RemoteUnavailable, False),
        (502, errors.RemoteUnavailable, False),
        (301, errors.Rejected, True),
    ],
)
@responses.activate
def test_a_status_becomes_a_typed_error(status: int, kind: type[errors.BridgeError], *, permanent: bool) -> None:
    responses.get(URL, status=status, json={"message": "as it is"}, headers={"Location": "https://new.test/?a=b"})
    with pytest.raises(errors.BridgeError) as caught:
        session_with().send("GET", URL)
    assert type(caught.value) is kind
    assert caught.value.permanent is permanent
    assert "itsm GET /api/incidents" in str(caught.value)
    assert "hush" not in str(caught.value)


@pytest.mark.parametrize(
    ("status", "headers", "kind", "wait"),
    [
        (429, {}, errors.RateLimited, None),
        (429, {"Retry-After": "17"}, errors.RateLimited, 17.0),
        (503, {"Retry-After": "Fri, 20 Nov 2026 12:01:30 GMT"}, errors.RateLimited, 90.0),
        (503, {"Retry-After": "Fri, 20 Nov 2026 11:00:00 GMT"}, errors.RateLimited, 0.0),
        (
            503,
            {"Retry-After": "Fri, 20 Nov 2026 12:01:30 GMT", "Date": "Fri, 20 Nov 2026 12:01:00 GMT"},
            errors.RateLimited,
            30.0,
        ),
        (503, {"Retry-After": "later"}, errors.RemoteUnavailable, None),
        (503, {}, errors.RemoteUnavailable, None),
    ],
)
@responses.activate
def test_retry_after_in_both_forms(
    status: int, headers: dict[str, str], kind: type[errors.BridgeError], wait: float | None
) -> None:
    responses.get(URL, status=status, headers=headers)
    with pytest.raises(errors.RemoteUnavailable) as caught:
        session_with().send("GET", URL)
    assert type(caught.value) is kind
    assert caught.value.retry_after == wait


@responses.activate
def test_a_log_in_page_is_no_answer() -> None:
    responses.get(URL, body="<html>Please log in</html>", content_type="text/html")
    with pytest.raises(errors.RemoteUnavailable, match=r"text/html.*is not JSON.*Please log in"):
        session_with().send("GET", URL).json()


def test_no_server_is_told_apart_from_a_wrong_answer() -> None:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    with pytest.raises(errors.RemoteUnavailable, match="refused"):
        session_with().send("GET", f"http://127.0.0.1:{port}/")


def test_a_hanging_server_is_given_up_in_time() -> None:
    with serving(b"", pause=30) as url:
        began = time.monotonic()
        with pytest.raises(errors.RemoteUnavailable, match="whether it was carried out is not known"):
            session_with(read_timeout=0.3).send("POST", url, json={})
        assert time.monotonic() - began < 5


@pytest.mark.parametrize(
    ("head", "piece"),
    [
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 200\r\n\r\n", b"x"),
        (b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n", b"x"),
    ],
)
def test_a_trickling_server_is_given_up_in_time(head: bytes, piece: bytes) -> None:
    with serving(head, *[piece] * 200, pause=0.1) as url:
        began = time.monotonic()
        with pytest.raises(errors.RemoteUnavailable, match="so slowly"):
            session_with(read_timeout=5, total_timeout=0.5).send("GET", url)
        assert time.monotonic() - began < 5


def test_an_answer_that_stops_in_its_middle_may_have_been_carried_out() -> None:
    with serving(b"HTTP/1.1 200 OK\r\nContent-Length: 200\r\n\r\n", b"{", b"}", pause=3) as url:
        began = time.monotonic()
        with pytest.raises(errors.RemoteUnavailable, match="whether it was carried out is not known"):
            session_with(read_timeout=0.3).send("POST", url, json={})
        assert time.monotonic() - began < 5


@pytest.mark.parametrize(
    "sent",
    [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{", b"\x00\x01\r\n\r\n"],
)
def test_a_broken_connection_is_a_passing_fault(sent: bytes) -> None:
    with serving(sent) as url:
        session = session_with(read_timeout=5)
        with pytest.raises(errors.RemoteUnavailable):
            session.send("POST", url, json={})
        assert session.requests == 1
