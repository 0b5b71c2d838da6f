"""The sandbox as an object: both applications on loopback, and everything a test wants to turn or to see."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from types import TracebackType
from typing import Any, Self

from bridge.sandbox.clock import Clock
from bridge.sandbox.control import Control
from bridge.sandbox.faults import Fault, Faults
from bridge.sandbox.hooks import HookSender
from bridge.sandbox.http import App
from bridge.sandbox.itsm.app import ItsmApp
from bridge.sandbox.itsm.model import Settings
from bridge.sandbox.redmine.app import RedmineApp
from bridge.sandbox.requestlog import Entry, RequestLog
from bridge.sandbox.server import AppServer


class Side:
    """One of the two servers."""

    def __init__(self, server: AppServer) -> None:
        self.server = server

    @property
    def url(self) -> str:
        """Without a slash at the end."""
        return self.server.url


class RedmineSide(Side):
    def __init__(self, server: AppServer, app: RedmineApp) -> None:
        super().__init__(server)
        self.app = app

    def key(self, login: str) -> str:
        """The API key of admin, itsm-sync, jane, ben, mia, li or gone."""
        user = self.app.state.user_by_login(login)
        if user is None:
            raise KeyError(login)
        return user.api_key


class ItsmSide(Side):
    def __init__(self, server: AppServer, app: ItsmApp) -> None:
        super().__init__(server)
        self.app = app

    def token(self, login: str) -> str:
        """The token of bridge, anna, bob or chen."""
        return self.app.state.agents[login].token


class Sandbox:
    """Both applications, listening from construction on, serving inside `with` or between start() and stop().

    `clock_start` freezes the clock at that time; without it the clock is the real one. Port 0 picks a free port.
    """

    def __init__(
        self,
        redmine_version: str = "5.0",
        clock_start: datetime | None = None,
        *,
        host: str = "127.0.0.1",
        redmine_port: int = 0,
        itsm_port: int = 0,
        itsm: Settings | None = None,
    ) -> None:
        self.clock = Clock(clock_start)
        self.faults = Faults()
        self.log = RequestLog()
        self._watchers: list[Callable[[str, Entry], None]] = []
        redmine_app, itsm_app = RedmineApp(self.clock, redmine_version), ItsmApp(self.clock, itsm)
        self.hooks = HookSender(redmine_app, itsm_app)
        self.watch(self.hooks.watch)
        self.control = Control(self.clock, self.faults, self.log, redmine_app, itsm_app, self.hooks)
        self.redmine = RedmineSide(self._server(redmine_app, host, redmine_port), redmine_app)
        self.itsm = ItsmSide(self._server(itsm_app, host, itsm_port), itsm_app)

    def _server(self, app: App, host: str, port: int) -> AppServer:
        return AppServer(
            app,
            self.control,
            clock=self.clock,
            faults=self.faults,
            log=self.log,
            watchers=self._watchers,
            host=host,
            port=port,
        )

    def start(self) -> None:
        self.redmine.server.start()
        self.itsm.server.start()

    def stop(self) -> None:
        self.hooks.stop()
        self.redmine.server.stop()
        self.itsm.server.stop()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def fault(self, kind: str, **options: Any) -> Fault:
        """Sets a fault, see bridge.sandbox.faults.Fault for kinds and options."""
        return self.faults.add(kind=kind, **options)

    def watch(self, watcher: Callable[[str, Entry], None]) -> None:
        """Has `watcher` called with ("before" | "after", entry) around every request that is served, in its thread."""
        self._watchers.append(watcher)

    def requests(self, app: str = "") -> list[Entry]:
        return self.log.entries(app)

    def dump(self, *, times: bool = False) -> dict[str, Any]:
        return self.control.dump(times=times)

    def mails(self) -> list[dict[str, Any]]:
        return self.control.mails()

    def reset(self) -> None:
        """Both applications back to the seed; the log is emptied, faults are cleared, the clock stays."""
        self.control.reset()
        self.faults.clear()
        self.log.clear()
