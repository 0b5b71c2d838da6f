"""The HTTP server, in a thread of the daemon."""

from __future__ import annotations

import socket
import threading
import time
from typing import Self

import structlog
import uvicorn
from starlette.applications import Starlette

from bridge.model.errors import ConfigurationError, Problem
from bridge.web.writer import GroupWriter

log = structlog.get_logger()

START_SECONDS = 10.0
STOP_SECONDS = 3.0
BACKLOG = 1024


class Server:
    """Listens from its making on, answers between `start` and `stop`. Raises ConfigurationError when it cannot."""

    def __init__(self, application: Starlette, writer: GroupWriter, address: tuple[str, int]) -> None:
        self._writer = writer
        self._socket = _listening(address)
        config = uvicorn.Config(
            application,
            log_config=None,
            access_log=False,  # the address may hold the plugin's secret
            lifespan="off",
            server_header=False,
            timeout_keep_alive=30,
            timeout_graceful_shutdown=1,
            backlog=BACKLOG,
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(
            target=self._server.run, kwargs={"sockets": [self._socket]}, name="http", daemon=True
        )

    @property
    def url(self) -> str:
        """Where it answers."""
        host, port = self._socket.getsockname()[:2]
        return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"

    def start(self) -> Self:
        """Answers from now on."""
        self._writer.start()
        self._thread.start()
        deadline = time.monotonic() + START_SECONDS
        while not self._server.started and self._thread.is_alive() and time.monotonic() < deadline:
            time.sleep(0.01)
        log.info("hooks are received", at=self.url)
        return self

    def stop(self) -> None:
        """Answers no more; what was accepted is on disk."""
        self._server.should_exit = True
        self._thread.join(STOP_SECONDS)
        self._writer.stop(STOP_SECONDS)
        self._socket.close()


def _listening(address: tuple[str, int]) -> socket.socket:
    family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
    found = socket.socket(family, socket.SOCK_STREAM)
    try:
        found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        found.bind(address)
        found.listen(BACKLOG)
    except OSError as error:
        found.close()
        what = f"cannot listen on {address[0]} port {address[1]}: {error.strerror}"
        raise ConfigurationError(
            [Problem("hooks.listen", what, "choose an address of this machine and a free port")]
        ) from error
    found.setblocking(False)
    return found
