"""The HTTP server under both applications: HTTP/1.1 with keep-alive, faults and the request log."""

from __future__ import annotations

import contextlib
import socket
import struct
import sys
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, unquote

from bridge.sandbox.clock import Clock, http_date
from bridge.sandbox.faults import Faults, strike
from bridge.sandbox.http import App, Request, Response, reason
from bridge.sandbox.requestlog import Entry, RequestLog

if TYPE_CHECKING:
    from bridge.sandbox.control import Control

_METHODS = frozenset(f"do_{name}" for name in ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"))

Watcher = Callable[[str, Entry], None]


class AppServer(ThreadingHTTPServer):
    """Serves one application on a port of its own; port 0 picks a free one."""

    daemon_threads = True
    request_queue_size = 128
    allow_reuse_address = True

    def __init__(
        self,
        app: App,
        control: Control,
        *,
        clock: Clock,
        faults: Faults,
        log: RequestLog,
        watchers: list[Watcher],
        host: str = "127.0.0.1",
        port: int = 0,
    ) -> None:
        self.app = app
        self.control = control
        self.clock = clock
        self.faults = faults
        self.log = log
        self.watchers = watchers
        self.stopping = threading.Event()
        self._connections: set[socket.socket] = set()
        self._connections_lock = threading.Lock()
        try:
            super().__init__((host, port), _Connection)
        except OSError as error:
            raise OSError(error.errno, error.strerror, f"{host}:{port}") from None
        self.url = f"http://{host}:{self.server_address[1]}"
        self._thread = threading.Thread(
            target=self.serve_forever, args=(0.02,), name=f"sandbox-{app.name}", daemon=True
        )

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Ends the listener and every open connection, also those held by a fault."""
        self.stopping.set()
        if self._thread.is_alive():
            self.shutdown()
            self._thread.join(timeout=10)
        with self._connections_lock:
            for connection in self._connections:
                with contextlib.suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)
        self.server_close()

    def process_request(self, request: Any, client_address: Any) -> None:
        with self._connections_lock:
            self._connections.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        with self._connections_lock:
            self._connections.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hangs up is no news; anything else is a fault of the sandbox and is shown."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)

    def exchange(self, request: Request) -> Response | None:
        """Serves one request; None: drop the connection."""
        if request.path.startswith("/_control"):
            return self.control.handle(request)
        number = self.log.number()
        self._tell("before", number, request, 0)
        fault = self.faults.take(self.app.name, request)
        if fault is None:
            response: Response | None = self.app.handle(request)
        else:
            response = strike(fault, self.app, request, self.stopping.wait)
        entry = self._entry(number, request, response.status if response else 0)
        self.log.add(entry)
        for watcher in self.watchers:
            watcher("after", entry)
        return response

    def _entry(self, number: int, request: Request, status: int) -> Entry:
        return Entry(number, self.app.name, request.method, request.path, request.raw_query, status, request.user)

    def _tell(self, phase: str, number: int, request: Request, status: int) -> None:
        for watcher in self.watchers:
            watcher(phase, self._entry(number, request, status))


class _Connection(BaseHTTPRequestHandler):
    server: AppServer
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  the name is the base class's
        """Nothing on stderr: the request log has it."""

    def _serve(self) -> None:
        length = self.headers.get("Content-Length") or "0"
        if not length.isdigit() or "Transfer-Encoding" in self.headers:
            self.close_connection = True
            self._send(Response(411))
            return
        body = self.rfile.read(int(length))
        path, _, query = self.path.partition("?")
        request = Request(
            method=self.command,
            path=unquote(path),
            query=dict(parse_qsl(query, keep_blank_values=True)),
            headers={name.lower(): value for name, value in self.headers.items()},
            body=body,
            base_url=self.server.url,
            raw_query=query,
            client=str(self.client_address[0]),
        )
        response = self.server.exchange(request)
        if response is None:
            self._drop()
        else:
            self._send(response)

    def __getattr__(self, name: str) -> Any:
        """One way of serving for every method that the base class looks up by name."""
        if name in _METHODS:
            return self._serve
        raise AttributeError(name)

    def _drop(self) -> None:
        """Closes with RST, as a dying server or a firewall does."""
        self.close_connection = True
        with contextlib.suppress(OSError):
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.connection.close()

    def _send(self, response: Response) -> None:
        fields = [("Date", http_date(self.server.clock.now()))]
        if response.content_type:
            fields.append(("Content-Type", response.content_type))
        fields += self.server.app.answer_headers(response)
        fields += response.headers.items()
        if response.status != 204:
            fields.append(("Content-Length", str(len(response.body))))
        lower = self.server.app.lower_case_headers
        lines = [f"HTTP/1.1 {response.status} {reason(response.status)}"]
        lines += [f"{name.lower() if lower else name}: {value}" for name, value in fields]
        head = ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1", "replace")
        body = b"" if self.command == "HEAD" or response.status in {204, 304} else response.body
        self.wfile.write(head + body)
