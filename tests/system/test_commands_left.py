"""Commands that a command line leaves for a daemon: what becomes of them when something breaks off."""

from __future__ import annotations

import _thread
import signal
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from bridge.app import App
from bridge.cli.common import DaemonRefused, ask_daemon
from bridge.daemon import LONG_COMMANDS, perform_waiting
from bridge.model.errors import NotFound, StoreLocked
from bridge.model.promotion import PromotionState
from bridge.sandbox import Sandbox
from bridge.store.commands import Command, CommandState
from bridge.usecases import backfill
from tests.system.scene import START
from tests.system.stage import RULE, Stage, sandbox_bridge
from tests.system.test_story import recurrence

MINUTE = timedelta(minutes=1)


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    """The sandbox with a clock that is moved by hand, which the bridge goes by, too."""
    with Sandbox(clock_start=START) as found:
        yield found


@pytest.fixture
def stage(sandbox: Sandbox, tmp_path: Path) -> Stage:
    """A bridge that has looked once, with a rule that proposes."""
    stage = sandbox_bridge(sandbox, tmp_path)
    stage.write(rule=RULE.replace("mode: auto", "mode: propose"), clock=f"{sandbox.redmine.url}/_control/clock")
    stage.once()
    stage.pause()
    return stage


@pytest.fixture
def app(stage: Stage) -> Iterator[App]:
    """The bridge of the stage; what a daemon does is done here by hand."""
    with ExitStack() as resources:
        yield stage.app(resources)


def left(app: App, name: str, **args: Any) -> int:
    """A command line leaves a command for a minute."""
    with app.database.transaction() as uow:
        return uow.commands.add(name, args, MINUTE)


def row(app: App, number: int) -> Command:
    """What became of it."""
    with app.database.reading() as uow:
        return uow.commands.get(number)


def states(app: App) -> list[PromotionState]:
    """The states of all promotions."""
    with app.database.reading() as uow:
        return [promotion.state for promotion in uow.promotions.in_states()]


def test_an_approval_that_nobody_waits_for_any_more_does_not_happen(stage: Stage, app: App, sandbox: Sandbox) -> None:
    """The command line was killed at night; a daemon that is started in the morning opens nothing."""
    recurrence(stage)
    app.poll()
    assert states(app) == [PromotionState.CANDIDATE]
    number = left(app, "approve", promotion=1, actor="jane")
    sandbox.clock.advance(3600)
    perform_waiting(app)
    assert row(app, number).state is CommandState.EXPIRED
    assert states(app) == [PromotionState.CANDIDATE]
    in_time = left(app, "reject", promotion=1, actor="jane", reason="the monitoring")
    perform_waiting(app)
    assert row(app, in_time).state is CommandState.DONE, row(app, in_time).result
    assert states(app) == [PromotionState.REJECTED]


@pytest.mark.parametrize(
    ("name", "args", "words"),
    [
        ("approve", {"promotion": "seven", "actor": "jane"}, "a fault in the bridge: ValueError"),
        ("defer", {"promotion": 1}, "a fault in the bridge: KeyError"),
        ("retry", {"effect": 4711}, "RB-1205 effect 4711"),
        ("dance", {}, "not known to this version"),
    ],
)
def test_whatever_goes_wrong_the_row_ends(app: App, name: str, args: dict[str, Any], words: str) -> None:
    """Nobody waits for an answer that never comes, and the next command is carried out."""
    number, other = left(app, name, **args), left(app, "retry", effect=None)
    perform_waiting(app)
    ended = row(app, number)
    assert ended.state is CommandState.FAILED
    assert words in ended.result["error"]
    assert row(app, other).state is CommandState.DONE


def test_ctrl_c_takes_the_command_back(app: App) -> None:
    """No daemon has taken it yet, so none ever will."""
    # Whoever starts the tests in the background has them ignore Ctrl-C.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        threading.Timer(0.3, _thread.interrupt_main).start()
        with pytest.raises(KeyboardInterrupt):
            ask_daemon(app, "retry", {"effect": None}, patience=30)
    finally:
        signal.signal(signal.SIGINT, before)
    with pytest.raises(NotFound):
        row(app, 1)


def test_time_out_takes_the_command_back(app: App) -> None:
    """The daemon does not answer: nothing was changed, and nothing will be."""
    with pytest.raises(StoreLocked, match="taken back and nothing was changed"):
        ask_daemon(app, "retry", {"effect": None}, patience=0.2)
    with pytest.raises(NotFound):
        row(app, 1)


def test_a_command_that_a_daemon_lost_says_so(app: App) -> None:
    """It was stopped in the middle; the next one to start tells who waits."""

    def daemon() -> None:
        while True:
            with app.database.transaction() as uow:
                if uow.commands.take() is not None:
                    uow.commands.lose_running()
                    return

    thread = threading.Thread(target=daemon)
    thread.start()
    with pytest.raises(DaemonRefused, match="stopped while it worked on it"):
        ask_daemon(app, "retry", {"effect": None}, patience=30)
    thread.join(10)


def test_a_backfill_is_told_on_and_keeps_no_other_command_waiting(stage: Stage, app: App) -> None:
    """It is left for a thread of its own; whoever waits hears how far it is, and gets what a backfill alone tells."""
    recurrence(stage)
    stage.pause()
    stage.pause()
    args: dict[str, Any] = {"since": "2026-10-01T00:00:00+00:00", "until": None, "sources": [], "propose": False}
    other = left(app, "retry", effect=None)
    threads = [
        threading.Timer(0.2, perform_waiting, [app], {"but": LONG_COMMANDS}),
        threading.Timer(0.6, perform_waiting, [app], {"only": LONG_COMMANDS}),
    ]
    for thread in threads:
        thread.start()
    heard: list[Any] = []
    result = ask_daemon(app, "backfill", args, patience=30, told=heard.append)
    assert row(app, other).state is CommandState.DONE
    assert set(result["sources"]) == {"itsm"}
    assert heard[-1]["source"] == "itsm"
    assert states(app) == [PromotionState.CANDIDATE], "the poll before it decided, the backfill did not swallow it"
    for thread in threads:
        thread.join(10)


def test_what_changed_since_the_poll_is_left_to_the_next_one(stage: Stage, app: App) -> None:
    """A backfill beside polls must not take in what they would decide about: it would never be decided."""
    polled = app.clock.now()
    recurrence(stage)
    (source,) = app.sources.values()
    since = START - timedelta(days=30)
    done = backfill.backfill(source, app.database, app.clock, lambda: app.configured, since, None, polled=polled)
    assert (done.incidents, done.left) == (0, 6)
    app.poll()
    assert states(app) == [PromotionState.CANDIDATE]
