"""What the recipes share: where state lives, free ports, running a script, calling a server over HTTP."""

from __future__ import annotations

import os
import random
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

import requests

RECIPES = Path(__file__).parent
INSTALL_SECONDS = 1800
"""Upper limit of one start: packages of a bare machine over a slow line, behind somebody else's package lock."""
BOOT_SECONDS = 120
STOP_SECONDS = 60
CALL_SECONDS = 60
PORTS = range(20_000, 32_000)
"""Below the range from which Linux takes the ports of outgoing connections, so that none of those is in the way."""
UNAVAILABLE = 77


class ServerUnavailable(Exception):  # noqa: N818 - it is a fact about the machine, not an error of the recipe
    """This machine cannot have the server: no apt-get, neither root nor password-less sudo, or no such package."""


class ServerFailed(Exception):  # noqa: N818 - reads better in a test report
    """A recipe broke off; the text ends with the last lines of its output."""


def state_dir() -> Path:
    """BRIDGE_TEST_STATE, else a folder of this user in the temporary directory; templates in it are used again."""
    named = os.environ.get("BRIDGE_TEST_STATE")
    return Path(named or Path(tempfile.gettempdir()) / f"bridge-test-servers-{os.getuid()}").absolute()


def free_port() -> int:
    """A port on which nothing listens now (until the server does, somebody may take it)."""
    for port in random.sample(PORTS, 200):
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise ServerFailed(f"no free port between {PORTS.start} and {PORTS.stop}")


def run_script(
    recipe: str, script: str, *args: str, env: dict[str, str] | None = None, timeout: float = INSTALL_SECONDS
) -> str:
    """Standard output of <recipe>/<script>. Raises ServerUnavailable or ServerFailed with what it said."""
    # output goes to files: a pipe would stay open as long as the server that the script leaves behind
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as err:
        done = subprocess.run(
            [str(RECIPES / recipe / script), *args],
            env={**os.environ, "BRIDGE_TEST_STATE": str(state_dir()), **(env or {})},
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=err,
            timeout=timeout,
            check=False,
        )
        out.seek(0)
        err.seek(0)
        said = err.read().strip()
        if done.returncode == UNAVAILABLE:
            raise ServerUnavailable(said.splitlines()[-1])
        if done.returncode:
            raise ServerFailed(f"{recipe}/{script} ended with {done.returncode}: {said[-4000:]}")
        return out.read()


@dataclass(frozen=True)
class Instance:
    """A running copy of a template: its folder, port and the recipe it came from."""

    recipe: str
    name: str
    directory: Path
    port: int

    def log(self) -> str:
        """The last lines the server itself wrote."""
        return (self.directory / "log" / "server.log").read_text(errors="replace")[-4000:]

    def alive(self) -> bool:
        """Whether its process is there; one that ended and was not reaped yet is not."""
        try:
            pid = int((self.directory / "server.pid").read_text())
            # The state follows the name in parentheses. Not the command line: that is empty for a moment at exec, too.
            return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in {"Z", "X"}
        except (FileNotFoundError, ProcessLookupError):
            return False

    def stop(self) -> None:
        """Ends the server by its pid and removes the folder. Stopping twice is fine."""
        run_script(self.recipe, "stop.sh", self.name, timeout=STOP_SECONDS)


def start_instance(recipe: str, ready: Callable[[Instance], bool], env: dict[str, str] | None = None) -> Instance:
    """A new instance that answers. Tries again on another port when somebody took the one chosen."""
    for attempt in range(3):
        name, port = f"{os.getpid()}-{uuid4().hex[:8]}", free_port()
        out = run_script(recipe, "start.sh", name, str(port), str(os.getpid()), env=env)
        facts = dict(line.split("=", 1) for line in out.splitlines() if "=" in line)
        instance = Instance(recipe, name, Path(facts["DIR"]), port)
        try:
            wait_until_ready(instance, ready)
        except BaseException as error:
            taken = "in use" in instance.log()
            instance.stop()
            if taken and isinstance(error, ServerFailed) and attempt < 2:
                continue
            raise
        return instance
    raise AssertionError("the last attempt returns or raises")


def wait_until_ready(instance: Instance, ready: Callable[[Instance], bool]) -> None:
    """Returns when `ready` says so. Raises ServerFailed when the process ends or BOOT_SECONDS pass."""
    end = time.monotonic() + BOOT_SECONDS
    while time.monotonic() < end:
        if not instance.alive():
            raise ServerFailed(f"{instance.recipe} ended while starting: {instance.log()}")
        if ready(instance):
            return
        time.sleep(0.05)
    raise ServerFailed(f"{instance.recipe} does not answer after {BOOT_SECONDS} s: {instance.log()}")


@dataclass(frozen=True)
class Caller:
    """Calls one server as one account: `caller("GET", "/issues/1.json")` is the answer, whatever its status."""

    base: str
    headers: dict[str, str] = field(default_factory=dict, repr=False)
    basic: tuple[str, str] | None = field(default=None, repr=False)

    def __call__(self, method: str, path: str, json: Any = None, **extra: Any) -> requests.Response:
        """One request on a connection of its own; `extra` goes to requests (params, data, headers)."""
        headers = {**self.headers, **extra.pop("headers", {})}
        with requests.Session() as session:
            session.trust_env = False  # no proxy of the environment on the way to loopback
            session.auth = self.basic
            return session.request(method, self.base + path, json=json, headers=headers, timeout=CALL_SECONDS, **extra)

    def ok(self, method: str, path: str, json: Any = None, **extra: Any) -> Any:
        """The decoded JSON (None if empty). Raises AssertionError with the server's words unless the status is 2xx."""
        answer = self(method, path, json, **extra)
        assert answer.ok, f"{method} {path}: HTTP {answer.status_code} {answer.text[:2000]}"
        return answer.json() if answer.content.strip() else None


def answers(url: str, status: int, **request: Any) -> bool:
    """Whether a GET of the address comes back with that status."""
    with requests.Session() as session:
        session.trust_env = False
        try:
            return session.get(url, timeout=BOOT_SECONDS, **request).status_code == status
        except requests.ConnectionError:
            return False
