"""A service manager as the daemon sees it: a datagram socket that it is told by. And a daemon that hangs."""

from __future__ import annotations

import os
import socket
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self
from uuid import uuid4

from bridge import daemon
from bridge.app import App
from bridge.configuration import load
from bridge.model.effect import Effect


@dataclass
class Manager:
    """Hears what is told, within `with`. `address` is what NOTIFY_SOCKET says."""

    address: str
    heard: list[tuple[float, dict[str, str]]] = field(default_factory=list)
    """Every message with the moment of its arrival, by the monotonic clock."""

    @classmethod
    def in_folder(cls, folder: Path) -> Self:
        """With a socket in the file system; its path must be short."""
        return cls(str(folder / "notify"))

    @classmethod
    def abstract(cls) -> Self:
        """With a socket that has a name and no file."""
        return cls(f"@bridge-test-{uuid4().hex}")

    def environ(self, watchdog: float | None = None) -> dict[str, str]:
        """What systemd would set; `watchdog` in seconds."""
        usec = {} if watchdog is None else {"WATCHDOG_USEC": str(int(watchdog * 1e6))}
        return {"NOTIFY_SOCKET": self.address, **usec}

    def times(self, name: str) -> list[float]:
        """When a state was told."""
        return [at for at, states in self.heard if name in states]

    def values(self, name: str) -> list[str]:
        """What was told of it."""
        return [states[name] for _, states in self.heard if name in states]

    def __enter__(self) -> Self:
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(self.address.replace("@", "\0", 1) if self.address.startswith("@") else self.address)
        self._socket.settimeout(0.1)
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._hear, daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ending.set()
        self._thread.join(10)
        self._socket.close()

    def _hear(self) -> None:
        while not self._ending.is_set():
            try:
                message = self._socket.recv(65_536).decode()
            except TimeoutError:
                continue
            states = dict(line.split("=", 1) for line in message.splitlines())
            self.heard.append((time.monotonic(), states))


def hanging_daemon(config: str, environ: dict[str, str], reached: str) -> None:
    """A daemon whose delivery thread hangs after the first write, until the file `reached` is removed."""
    os.environ.update(environ)

    def boundary(point: str, _effect: Effect) -> None:
        if point == "committed" and not Path(reached + ".once").exists():
            Path(reached + ".once").touch()
            Path(reached).touch()
            while Path(reached).exists():
                time.sleep(0.05)

    with App(load(Path(config)), boundary=boundary) as app, app.database.lock() as lock:
        daemon.run(app, threading.Event(), lock)
