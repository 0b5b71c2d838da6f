"""The command line as people and service managers use it: processes of their own."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self

COMMAND = Path(sys.executable).with_name("itsm-bridge")
SECONDS = 60.0


def environment() -> dict[str, str]:
    """The tests' environment without settings of the bridge, and wide enough for tables."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("BRIDGE_")}
    return {**kept, "COLUMNS": "200", "NO_COLOR": "1"}


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


def command(config: Path | None, *arguments: str, seconds: float = SECONDS) -> Result:
    """Runs `itsm-bridge` with arguments and the settings file, to its end."""
    chosen = ["-c", str(config)] if config else []
    done = subprocess.run(
        [COMMAND, *arguments, *chosen],
        capture_output=True,
        text=True,
        timeout=seconds,
        check=False,
        env=environment(),
        cwd=config.parent if config else None,
    )
    return Result(done.returncode, done.stdout, done.stderr)


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
                env=environment(),
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
