"""Tells the service manager how the daemon is: the protocol of sd_notify(3), in a datagram to NOTIFY_SOCKET."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Callable, Mapping

import structlog

log = structlog.get_logger()

SEND_SECONDS = 1.0
PATIENCE_SECONDS = 60.0


class ServiceManager:
    """Who started us, as `environ` says: systemd with Type=notify, or nobody who wants to know."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        path = environ.get("NOTIFY_SOCKET", "")
        # A path that begins with @ is a name in the abstract namespace of Linux.
        self._address = "\0" + path[1:] if path.startswith("@") else path
        self._unheard = False
        meant = environ.get("WATCHDOG_PID", "") in {"", str(os.getpid())}
        usec = environ.get("WATCHDOG_USEC", "")
        self.watchdog_seconds = int(usec) / 1e6 if path and meant and usec.isdecimal() and int(usec) else None
        """Within how many seconds it wants a sign of life each time; None: it wants none."""

    @property
    def listens(self) -> bool:
        """Whether there is one."""
        return bool(self._address)

    def tell(self, **state: str) -> None:
        """Sends states such as READY="1" or STATUS="a line". That nobody hears it is logged once, and stops nothing."""
        if not self._address:
            return
        message = "\n".join(f"{name}={value}".replace("\n", " ") for name, value in state.items())
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as out:
                out.settimeout(SEND_SECONDS)
                out.connect(self._address)
                out.sendall(message.encode())
        except OSError as error:
            if not self._unheard:
                log.warning("the service manager cannot be told", state=sorted(state), error=str(error))
            self._unheard = True
        else:
            self._unheard = False


class Vigil:
    """Sees whether there is progress, and reports it to the service manager.

    `idle_for` gives the seconds since delivery last went round, None before its first time. The scheduler calls `look`
    every `seconds`: when it hangs nobody reports, and the service manager starts the daemon anew. `monotonic` in
    seconds.
    """

    def __init__(
        self,
        manager: ServiceManager,
        idle_for: Callable[[], float | None],
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._manager = manager
        self._idle_for = idle_for
        self._monotonic = monotonic
        self._looked_at = monotonic()
        self._ready = self._told = False
        watchdog = manager.watchdog_seconds or 2 * PATIENCE_SECONDS
        self.seconds = min(1.0, watchdog / 4)
        """How often to look."""
        self._patience = watchdog / 2

    def look(self) -> None:
        """Reports ready the first time that delivery works, then signs of life."""
        self._looked_at = self._monotonic()
        if self._idle_for() is None:
            return
        if not self._ready:
            self._ready = True
            self._manager.tell(READY="1")
        stuck = self.stuck()
        if stuck and not self._told:
            log.error("no sign of life is given: a service manager that waits for it starts the bridge anew", why=stuck)
        self._told = bool(stuck)
        if not stuck and self._manager.watchdog_seconds is not None:
            self._manager.tell(WATCHDOG="1")

    def stuck(self) -> list[str]:
        """What does not move on, though it should within a second; empty when all is well."""
        idle = self._idle_for() or 0.0
        unseen = self._monotonic() - self._looked_at
        parts = {"delivery": idle, "the scheduler": unseen}
        return [f"{part} has stood still for {s:.0f} s" for part, s in parts.items() if s > self._patience]
