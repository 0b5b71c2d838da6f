"""What all commands share: options, the open bridge, and changing commands with and without a daemon."""

from __future__ import annotations

import getpass
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated, Any

import typer

from bridge.app import App, Told, Use, nobody_told
from bridge.cli.output import complain
from bridge.configuration import load
from bridge.log import configure_logging
from bridge.model.errors import BridgeError, ConfigurationError, Problem, StoreLocked, WrongArgument
from bridge.store.commands import Command, CommandState

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
def open_app(config: Path, use: Use = Use.CHANGE) -> Iterator[App]:
    """The bridge as configured. Raises ConfigurationError with every problem of every file.

    With Use.READ the store is neither made nor migrated, with Use.NOTHING not looked at.
    """
    configuration = load(config)
    log = configuration.settings.log
    configure_logging(log.level, log.format)
    with App(configuration, use=use) as app:
        yield app


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Writes a file or folder that the caller named. Raises ConfigurationError where that is not possible."""
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError as error:
        what = f"cannot be written: {error.strerror or error}"
        raise ConfigurationError([Problem(str(path), what, "name a place that is there and may be written")]) from None


def in_order(since: datetime | None, until: datetime | None) -> None:
    """Refuses a span that ends before it begins, in which nothing can be."""
    if since is not None and until is not None and until <= since:
        what = f"{until:%Y-%m-%d} is not after {since:%Y-%m-%d}; the end is not included"
        raise typer.BadParameter(what, param_hint="--until")


def actor() -> str:
    """Who runs the command, for the audit trail."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "unknown"


def change(app: App, name: str, args: Mapping[str, Any], told: Told = nobody_told) -> Mapping[str, Any]:
    """Carries out a changing command: by ourselves, or by the running daemon that holds the store's lock.

    `told` learns how far a long one is. Raises BridgeError with the daemon's words when it refused.
    """
    try:
        with app.database.lock():
            return app.perform(name, args, told)
    except StoreLocked:
        return ask_daemon(app, name, args, told=told)


def ask_daemon(
    app: App, name: str, args: Mapping[str, Any], patience: float = DAEMON_PATIENCE, told: Told = nobody_told
) -> Mapping[str, Any]:
    """Leaves a command for the daemon and waits for its result, for `patience` seconds since it last moved on.

    The command does not outlive the waiting: it is taken back on Ctrl-C, and expires when this process is killed.
    """
    with app.database.transaction() as uow:
        number = uow.commands.add(name, args, timedelta(seconds=patience))
    try:
        return _answer(app, number, patience, told)
    except KeyboardInterrupt:
        withdrawn = _withdraw(app, number)
        complain("Taken back; nothing was changed." if withdrawn else "The daemon is at it already and goes on.")
        raise


def _answer(app: App, number: int, patience: float, told: Told) -> Mapping[str, Any]:
    deadline = time.monotonic() + patience
    seen: tuple[object, ...] = ()
    while True:
        with app.database.reading() as uow:
            command = uow.commands.get(number)
        if seen != (command.state, command.progress):
            seen = (command.state, command.progress)
            deadline = time.monotonic() + patience
            if command.progress is not None:
                told(command.progress)
        if command.state is CommandState.DONE:
            return dict(command.result)
        if command.state.is_finished:
            refusal = DaemonMisunderstood if (command.result or {}).get("usage") else DaemonRefused
            raise refusal(f"command {command.name}", _why(command))
        if time.monotonic() > deadline:
            what = "it was taken back and nothing was changed." if _withdraw(app, number) else "it is still at it."
            raise StoreLocked(
                f"command {command.name}", f"the running daemon gave no answer within {patience:.0f} s; {what}"
            )
        time.sleep(POLL_SECONDS)


def _withdraw(app: App, number: int) -> bool:
    with app.database.transaction() as uow:
        return uow.commands.withdraw(number)


def _why(command: Command) -> str:
    match command.state:
        case CommandState.EXPIRED:
            return "the daemon did not come to it in time; nothing was changed."
        case CommandState.LOST:
            return "the daemon was stopped while it worked on it: look at what is there before you repeat it."
    return str((command.result or {}).get("error", command.state))


class DaemonRefused(BridgeError):  # noqa: N818 - named by what it says
    """The running daemon did not carry out a command; the text is its own."""

    code = "RB-1403"
    permanent = True


class DaemonMisunderstood(WrongArgument):
    """As DaemonRefused, because of what it was given."""

    code = DaemonRefused.code
