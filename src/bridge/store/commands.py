"""Commands that a CLI leaves for the running daemon, and their results."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, RowMapping, delete, insert, select, update

from bridge.model.errors import NotFound
from bridge.ports import Clock
from bridge.store import tables
from bridge.store.values import frozen

_COMMAND = tables.command


class CommandState(StrEnum):
    """Where a command stands. `lost`: the daemon died while it ran it. `expired`: nobody waited for it any more."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    LOST = "lost"
    EXPIRED = "expired"

    @property
    def is_finished(self) -> bool:
        """True when nothing more will happen to it."""
        return self not in (CommandState.WAITING, CommandState.RUNNING)


@dataclass(frozen=True, slots=True)
class Command:
    """A command row. `result` is what `finish` was given, None before; `progress` what `tell` was given last.

    A command that has not been taken by `expires_at` is never carried out. `args` are empty once it is finished: they
    may hold a name that the command was to erase.
    """

    id: int
    name: str
    args: Mapping[str, Any]
    state: CommandState
    result: Any
    progress: Any
    created_at: datetime
    expires_at: datetime | None
    started_at: datetime | None
    finished_at: datetime | None


class Commands:
    """The rows through which a CLI and the daemon talk."""

    def __init__(self, connection: Connection, clock: Clock) -> None:
        self._connection = connection
        self._clock = clock

    def add(self, name: str, args: Mapping[str, Any], patience: timedelta) -> int:
        """Leaves a command that must be taken within `patience`; returns its id."""
        now = self._clock.now()
        values = {
            "name": name,
            "args": args,
            "state": CommandState.WAITING,
            "created_at": now,
            "expires_at": now + patience,
        }
        return int(self._connection.execute(insert(_COMMAND).values(values).returning(_COMMAND.c.id)).scalar_one())

    def take(self, *, only: Collection[str] = (), but: Collection[str] = ()) -> Command | None:
        """The oldest waiting command that has not expired, running from now on; None when there is none.

        `only` and `but` are names: those looked for (empty: all), and those left for somebody else.
        """
        self._expire()
        query = select(_COMMAND.c.id).where(_COMMAND.c.state == CommandState.WAITING, _COMMAND.c.name.not_in(but))
        if only:
            query = query.where(_COMMAND.c.name.in_(only))
        number = self._connection.execute(query.order_by(_COMMAND.c.id).limit(1)).scalar_one_or_none()
        if number is None:
            return None
        values = {"state": CommandState.RUNNING, "started_at": self._clock.now()}
        self._connection.execute(update(_COMMAND).where(_COMMAND.c.id == number).values(values))
        return self.get(number)

    def finish(self, command_id: int, result: Any, *, failed: bool = False) -> None:
        """Stores a command's result (anything JSON can hold)."""
        state = CommandState.FAILED if failed else CommandState.DONE
        values = {"state": state, "result": result, **self._ended()}
        self._connection.execute(update(_COMMAND).where(_COMMAND.c.id == command_id).values(values))

    def tell(self, command_id: int, progress: Any) -> None:
        """Stores how far a running command is (anything JSON can hold)."""
        self._connection.execute(update(_COMMAND).where(_COMMAND.c.id == command_id).values(progress=progress))

    def get(self, command_id: int) -> Command:
        """One command. Raises NotFound, also when it was withdrawn."""
        row = self._connection.execute(select(_COMMAND).where(_COMMAND.c.id == command_id)).mappings().first()
        if row is None:
            raise NotFound(f"command {command_id}", "is not in the store.")
        return _command(row)

    def withdraw(self, command_id: int) -> bool:
        """Takes a command back that nobody has taken yet; False when it is too late."""
        waiting = (_COMMAND.c.id == command_id) & (_COMMAND.c.state == CommandState.WAITING)
        return self._connection.execute(delete(_COMMAND).where(waiting)).rowcount == 1

    def _expire(self) -> None:
        late = (_COMMAND.c.state == CommandState.WAITING) & (_COMMAND.c.expires_at <= self._clock.now())
        values = {"state": CommandState.EXPIRED, **self._ended()}
        self._connection.execute(update(_COMMAND).where(late).values(values))

    def lose_running(self) -> int:
        """Marks commands that an earlier daemon left running as lost; for a daemon that starts. How many."""
        values = {"state": CommandState.LOST, **self._ended()}
        running = _COMMAND.c.state == CommandState.RUNNING
        return self._connection.execute(update(_COMMAND).where(running).values(values)).rowcount

    def _ended(self) -> dict[str, Any]:
        return {"args": {}, "finished_at": self._clock.now()}


def _command(row: RowMapping) -> Command:
    return Command(**{**row, "args": frozen(row["args"]), "state": CommandState(row["state"])})
