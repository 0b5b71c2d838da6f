"""Tells the service manager how the daemon is: the protocol of sd_notify(3), in a datagram to NOTIFY_SOCKET."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Mapping

import structlog

log = structlog.get_logger()

SEND_SECONDS = 1.0


class ServiceManager:
    """Who started us, as `environ` says: systemd with Type=notify, or nobody who wants to know."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        path = environ.get("NOTIFY_SOCKET", "")
        # A path that begins with @ is a name in the abstract namespace of Linux.
        self._address = "\0" + path[1:] if path.startswith("@") else path
        meant = environ.get("WATCHDOG_PID", "") in {"", str(os.getpid())}
        usec = environ.get("WATCHDOG_USEC", "")
        self.watchdog_seconds = int(usec) / 1e6 if path and meant and usec.isdecimal() and int(usec) else None
        """Within how many seconds it wants a sign of life each time; None: it wants none."""

    @property
    def listens(self) -> bool:
        """Whether there is one."""
        return bool(self._address)

    def tell(self, **state: str) -> None:
        """Sends states such as READY="1" or STATUS="a line". That nobody hears it is logged and stops nothing."""
        if not self._address:
            return
        message = "\n".join(f"{name}={value}".replace("\n", " ") for name, value in state.items())
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as out:
                out.settimeout(SEND_SECONDS)
                out.connect(self._address)
                out.sendall(message.encode())
        except OSError as error:
            log.warning("the service manager cannot be told", state=sorted(state), error=str(error))


class Vigil:
    """Reports to the service manager as long as there is progress.

    `idle_for` gives the seconds since delivery last went round, None before its first time. What calls `look` is what
    `idle_for` does not see, the scheduler: when it hangs nobody calls, and the service manager starts the daemon anew.
    """

    def __init__(self, manager: ServiceManager, idle_for: Callable[[], float | None]) -> None:
        self._manager = manager
        self._idle_for = idle_for
        self._ready = self._stuck = False
        watchdog = manager.watchdog_seconds or 4.0
        self.seconds = min(1.0, watchdog / 4)
        """How often to look."""
        self._patience = watchdog / 2

    def look(self) -> None:
        """Reports ready the first time that delivery works, then signs of life."""
        idle = self._idle_for()
        if idle is None:
            return
        if not self._ready:
            self._ready = True
            self._manager.tell(READY="1")
        if self._manager.watchdog_seconds is None:
            return
        stuck = idle > self._patience
        if stuck and not self._stuck:
            log.error("delivery does not move on: without signs of life the service manager starts the bridge anew")
        self._stuck = stuck
        if not stuck:
            self._manager.tell(WATCHDOG="1")
