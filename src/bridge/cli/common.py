"""What all commands share: options, the open bridge, and changing commands with and without a daemon."""

from __future__ import annotations

import getpass
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer

from bridge.app import App
from bridge.configuration import load
from bridge.log import configure_logging
from bridge.model.errors import BridgeError, StoreLocked
from bridge.store.commands import CommandState

FINE, FINDINGS, USAGE, UNREACHABLE = 0, 1, 2, 3
DAEMON_PATIENCE = 60.0
POLL_SECONDS = 0.1

ConfigOption = Annotated[
    Path,
    typer.Option("--config", "-c", envvar="BRIDGE_CONFIG", help="The settings file.", show_default=True),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON document instead of text.")]
DEFAULT_CONFIG = Path("bridge.yaml")


@contextmanager
def open_app(config: Path) -> Iterator[App]:
    """The bridge as configured. Raises ConfigurationError with every problem of every file."""
    configuration = load(config)
    log = configuration.settings.log
    configure_logging(log.level, log.format)
    with App(configuration) as app:
        yield app


def actor() -> str:
    """Who runs the command, for the audit trail."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "unknown"


def change(app: App, name: str, args: Mapping[str, Any]) -> Mapping[str, Any]:
    """Carries out a changing command: by ourselves, or by the running daemon that holds the store's lock.

    Raises BridgeError with the daemon's words when it refused.
    """
    try:
        with app.database.lock():
            return app.perform(name, args)
    except StoreLocked:
        return ask_daemon(app, name, args)


def ask_daemon(app: App, name: str, args: Mapping[str, Any], patience: float = DAEMON_PATIENCE) -> Mapping[str, Any]:
    """Leaves a command for the daemon and waits for its result."""
    with app.database.transaction() as uow:
        number = uow.commands.add(name, args)
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline:
        with app.database.reading() as uow:
            command = uow.commands.get(number)
        if command.state.is_finished:
            if command.state is CommandState.DONE:
                return dict(command.result)
            raise DaemonRefused(f"command {name}", str((command.result or {}).get("error", command.state)))
        time.sleep(POLL_SECONDS)
    with app.database.transaction() as uow:
        withdrawn = uow.commands.withdraw(number)
    what = "it was taken back and nothing was changed." if withdrawn else "it is still working on it."
    raise StoreLocked(f"command {name}", f"the running daemon gave no answer within {patience:.0f} s; {what}")


class DaemonRefused(BridgeError):  # noqa: N818 - named by what it says
    """The running daemon did not carry out a command; the text is its own."""

    code = "RB-1403"
    permanent = True
