"""The command line as people and service managers use it: processes of their own."""

from __future__ import annotations

import ctypes
import json
import multiprocessing
import os
import signal
import struct
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from types import TracebackType
from typing import Any, Self

from bridge.cli.main import main

CONTEXT = multiprocessing.get_context("forkserver")
CONTEXT.set_forkserver_preload(["tests.system.child", "tests.system.commands"])
COMMAND = Path(sys.executable).with_name("itsm-bridge")
SECONDS = 60.0


def environment() -> dict[str, str]:
    """The tests' environment without settings of the bridge."""
    return {name: value for name, value in os.environ.items() if not name.startswith("BRIDGE_")}


@dataclass(frozen=True)
class Result:
    """How a command ended."""

    code: int
    out: str
    err: str

    def json(self, code: int = 0) -> dict[str, Any]:
        """The JSON document it printed. Fails unless it ended with `code`."""
        assert self.code == code, str(self)
        found: dict[str, Any] = json.loads(self.out)
        assert found["schema"].startswith("bridge/"), found
        return found

    def text(self, code: int = 0) -> str:
        """What it printed. Fails unless it ended with `code`, and when it shows a traceback."""
        assert self.code == code, str(self)
        assert "Traceback" not in self.err, str(self)
        return self.out


def command(
    config: Path | None,
    *arguments: str,
    seconds: float = SECONDS,
    kill_after: Callable[[], bool] | None = None,
    within_rights: bool = False,
) -> Result:
    """Runs `itsm-bridge` with arguments and the settings file, to its end or until it is killed.

    `within_rights`: what files' rights forbid is forbidden, to root too.

    In a process of its own that has everything imported already, which takes a tenth of starting Python anew.
    """
    chosen = ["-c", str(config)] if config else []
    with TemporaryDirectory() as folder:
        out, err = Path(folder, "out"), Path(folder, "err")
        where = str(config.parent) if config else folder
        process = CONTEXT.Process(
            target=_command, args=([*arguments, *chosen], str(out), str(err), where, within_rights)
        )
        process.start()
        if kill_after:
            until(kill_after, "the moment to kill it", seconds)
            process.kill()
        process.join(seconds)
        if process.exitcode is None:
            process.kill()
            process.join()
            raise TimeoutError(f"{arguments} did not end within {seconds} s: {err.read_text()}")
        return Result(process.exitcode, out.read_text(encoding="utf-8"), err.read_text(encoding="utf-8"))


def _command(arguments: list[str], out: str, err: str, folder: str, within_rights: bool) -> None:
    if within_rights:
        _give_up_capabilities()
    for number, name in ((1, out), (2, err)):
        os.dup2(os.open(name, os.O_WRONLY | os.O_CREAT, 0o600), number)
    for name in set(os.environ) - set(environment()):
        del os.environ[name]
    os.chdir(folder)
    sys.argv = [str(COMMAND), *arguments]
    main()


def _give_up_capabilities() -> None:
    """As `setpriv --bounding-set -all`, for this process."""
    header = struct.pack("Ii", 0x2008_0522, 0)
    assert ctypes.CDLL(None).capset(header, bytes(24)) == 0


def until(found: Callable[[], Any], what: str, seconds: float = SECONDS) -> Any:
    """Waits until `found` gives something true, and returns it."""
    deadline = time.monotonic() + seconds
    while not (value := found()):
        assert time.monotonic() < deadline, f"not within {seconds:.0f} s: {what}"
        time.sleep(0.05)
    return value


@dataclass
class Daemon:
    """`itsm-bridge run`, within `with`. What it wrote is shown when the test fails."""

    config: Path
    environ: dict[str, str] = field(default_factory=dict)
    process: subprocess.Popen[bytes] | None = field(default=None, init=False)

    @property
    def log(self) -> str:
        """Everything that all its runs wrote."""
        path = self._path()
        return path.read_text(encoding="utf-8", errors="replace") if path.exists() else ""

    def start(self) -> None:
        """Starts it and waits until it works."""
        before = self.log.count("the bridge is running")
        with self._path().open("ab") as out:
            self.process = subprocess.Popen(
                [COMMAND, "run", "-c", str(self.config)],
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                env=environment() | self.environ,
            )
        self.until(lambda: self.log.count("the bridge is running") > before, "it starts")

    def until(self, found: Callable[[], Any], what: str, seconds: float = SECONDS) -> Any:
        """Waits until `found` gives something true; fails at once when the daemon has ended."""

        def looked() -> Any:
            assert self.process is not None
            assert self.process.poll() is None, f"the daemon ended with {self.process.returncode}"
            return found()

        return until(looked, what, seconds)

    def stop(self, number: int = signal.SIGTERM) -> tuple[int, float]:
        """Sends a signal and waits for the end: (exit code, seconds it took)."""
        assert self.process is not None
        began = time.monotonic()
        self.process.send_signal(number)
        code = self.process.wait(timeout=30)
        return code, time.monotonic() - began

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
            self.process.wait(timeout=30)
        if error is not None:
            print(f"--- {self._path()}\n{self.log[-20_000:]}")

    def _path(self) -> Path:
        return self.config.parent / "daemon.log"
