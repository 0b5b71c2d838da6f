"""Something that stands in front of a server, passes everything on, and tells when an answer has come."""

from __future__ import annotations

import http.client
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

SECONDS = 60.0
_OWN = frozenset({"connection", "keep-alive", "transfer-encoding", "content-length", "date", "server"})


class Front:
    """Listens on a free port of this machine. `told` gets the method and the path of every answered request."""

    def __init__(self, url: str, told: Callable[[str, str], None]) -> None:
        self._target = urlsplit(url)
        front = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True
            wbufsize = -1

            def setup(self) -> None:
                """A connection of its own to the server, kept like the client's."""
                super().setup()
                self.server_side = http.client.HTTPConnection(front._target.netloc, timeout=SECONDS)

            def pass_on(self) -> None:
                """One request."""
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                answer, content = self.asked(body)
                told(self.command, self.path.partition("?")[0])
                self.send_response(answer.status)
                for name, value in answer.getheaders():
                    if name.lower() not in _OWN:
                        self.send_header(name, value)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def asked(self, body: bytes) -> tuple[http.client.HTTPResponse, bytes]:
                """The server's answer; a connection that it has closed meanwhile is made anew."""
                try:
                    self.server_side.request(self.command, self.path, body, dict(self.headers.items()))
                    answer = self.server_side.getresponse()
                except (ConnectionError, http.client.RemoteDisconnected):
                    self.server_side.close()
                    self.server_side.request(self.command, self.path, body, dict(self.headers.items()))
                    answer = self.server_side.getresponse()
                return answer, answer.read()

            do_GET = do_POST = do_PUT = do_DELETE = pass_on  # noqa: N815 - the library's names

            def finish(self) -> None:
                """The client has gone."""
                self.server_side.close()
                super().finish()

            def log_message(self, *_: Any) -> None:
                """Says nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
