"""Runs a built root as `docker run --read-only` would, on a loopback of its own, with the sandbox beside it.

`python -m tests.image.container` is the first process of its name spaces: when it ends, all that it started is gone.
"""

from __future__ import annotations

import fcntl
import json
import shutil
import signal
import socket
import struct
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bridge.sandbox import Sandbox
from tests.image.build import NAMESPACES, Root, mounts
from tests.image.dockerfile import read
from tests.system.stage import Stage, next_second, sandbox_bridge
from tests.system.test_story import recurrence

SECONDS = 120.0
SIOCGIFFLAGS, SIOCSIFFLAGS, IFF_UP = 0x8913, 0x8914, 1
SECRETS = "/run/secrets"


@dataclass
class Container:
    """The built root: read-only but for its volume and /tmp, as its user, without capabilities."""

    root: Root
    environ: dict[str, str] = field(default_factory=dict)

    def start(self, command: list[str], out: Path) -> subprocess.Popen[bytes]:
        """Begins a program of the image."""
        uid, _, gid = self.root.user.partition(":")
        environ = {**self.root.environ, "BRIDGE_SECRETS_FOLDER": SECRETS}
        as_user = ["setpriv", f"--reuid={int(uid)}", f"--regid={int(gid)}", "--clear-groups", "--no-new-privs"]
        as_user += ["--bounding-set=-all", "--inh-caps=-all"]
        shell = ["sh", "-c", 'cd "$1"; shift; exec "$@"', "sh", self.root.folder]
        variables = ["env", "-i", *(f"{name}={value}" for name, value in environ.items())]
        with out.open("ab") as said:
            return subprocess.Popen(
                ["chroot", str(self.root.path), *as_user, *variables, *shell, *command],
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=said,
            )

    def code(self, *command: str, out: Path) -> int:
        """How a program of the image ends."""
        return self.start(list(command), out).wait(timeout=SECONDS)


def mount(root: Root, config: Path, secrets: Path, volume: Path) -> None:
    """The root read-only, over it what a container has."""
    path = root.path
    (store,) = root.stage.last("VOLUME").words()
    own = root.inside(store).stat()
    volume.mkdir()
    shutil.chown(volume, own.st_uid, own.st_gid)  # as an engine does with a new volume
    binds = {config: "/etc/itsm-bridge", volume: store}
    lines = [f"mount --bind {path} {path}", f"mount -o remount,ro,bind {path}", *mounts(path)]
    lines += [f"mkdir {path}{SECRETS}", f"mount -t tmpfs tmp {path}/tmp"]
    binds[secrets] = SECRETS
    lines += [f"mount --bind {source} {path}{target}" for source, target in binds.items()]
    lines += [f"mount -o remount,ro,bind {path}{target}" for target in ("/etc/itsm-bridge", SECRETS)]
    subprocess.run(["sh", "-ec", "\n".join(lines)], check=True)


def loopback_up() -> None:
    """The only interface there is."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        asked = fcntl.ioctl(any_socket, SIOCGIFFLAGS, struct.pack("16sh14x", b"lo", 0))
        (flags,) = struct.unpack("16xh14x", asked)
        fcntl.ioctl(any_socket, SIOCSIFFLAGS, struct.pack("16sh14x", b"lo", flags | IFF_UP))


def configure(sandbox: Sandbox, config: Path, secrets: Path, store: str) -> Stage:
    """bridge.yaml without a secret, and the secrets as files."""
    stage = sandbox_bridge(sandbox, config)
    redmine = stage.office.settings()
    files = {"redmine__api_key": redmine.pop("api_key"), "store__url": f"sqlite:///{store}/bridge.sqlite3"}
    # The package's own templates; the default place of the store would be beside the settings, which is read-only.
    stage.write(redmine=redmine, store={}, templates=None, poll_seconds=0.5)
    for name, value in files.items():
        (secrets / name).write_text(value + "\n", encoding="utf-8")
        (secrets / name).chmod(0o444)
    return stage


def until(found: Callable[[], Any], what: str, process: subprocess.Popen[bytes]) -> float:
    """Waits; how many seconds it took."""
    began = time.monotonic()
    while not found():
        if process.poll() is not None:
            raise AssertionError(f"it ended with {process.returncode} before: {what}")
        if time.monotonic() - began > SECONDS:
            raise AssertionError(f"not within {SECONDS:.0f} s: {what}")
        time.sleep(0.3)
    return time.monotonic() - began


def main(path: str, dockerfile: str, folder: str) -> dict[str, Any]:
    """Starts the image, waits for its health, has it open a project, ends it; what was seen on the way."""
    loopback_up()
    work = Path(folder)
    config, secrets, volume, out = work / "config", work / "secrets", work / "volume", work / "out"
    config.mkdir()
    secrets.mkdir()
    stage_of_file = read(Path(dockerfile).read_text(encoding="utf-8"))[-1]
    root = Root(Path(path), stage_of_file, user=stage_of_file.last("USER").rest, environ=stage_of_file.environment())
    root.folder = stage_of_file.last("WORKDIR").rest
    mount(root, config, secrets, volume)
    container, health = Container(root), stage_of_file.health_command()
    seen: dict[str, Any] = {"healthy_before": container.code(*health, out=out) == 0}
    with Sandbox() as sandbox:
        stage = configure(sandbox, config, secrets, root.folder)
        command = [*stage_of_file.last("ENTRYPOINT").command(), *stage_of_file.last("CMD").command()]
        process = container.start(command, work / "log")
        seen["healthy_after"] = until(lambda: container.code(*health, out=out) == 0, "it is healthy", process)
        until(lambda: sandbox.requests("itsm"), "it polls", process)
        next_second()
        recurrence(stage)
        seen["project_after"] = until(stage.office.projects, "a project is open", process)
        seen["uid"] = Path(f"/proc/{process.pid}/status").read_text().split("Uid:")[1].split()[0]
        seen["stats"] = container.code("itsm-bridge", "queue", "stats", out=out)
        seen["writes"] = {
            place: container.code("sh", "-c", f": >{place}/x", out=out) == 0
            for place in ("/", "/app", "/etc/itsm-bridge", "/tmp", root.folder)
        }
        seen["pip"] = container.code("python", "-m", "pip", "--version", out=out) == 0
        seen["volume"] = sorted(path.name for path in volume.iterdir())
        began = time.monotonic()
        process.send_signal(getattr(signal, stage_of_file.last("STOPSIGNAL").rest))
        seen["code"] = process.wait(timeout=30)
        seen["stopped_after"] = time.monotonic() - began
        seen["healthy_at_the_end"] = container.code(*health, out=out) == 0
    return seen


def run(root: Root, dockerfile: Path, folder: Path) -> dict[str, Any]:
    """`main` in name spaces of its own. Raises AssertionError with what the image wrote when it did not work."""
    command = [sys.executable, "-m", "tests.image.container", str(root.path), str(dockerfile), str(folder)]
    done = subprocess.run(
        [*NAMESPACES, "--net", "--mount-proc", *command],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=6 * SECONDS,
        check=False,
        cwd=Path(__file__).parents[2],
    )
    said = "".join(
        path.read_text(errors="replace")[-4000:] for path in (folder / "log", folder / "out") if path.exists()
    )
    assert done.returncode == 0, f"{done.stderr[-4000:]}\n{said}"
    found: dict[str, Any] = json.loads(done.stdout)
    return found


if __name__ == "__main__":
    print(json.dumps(main(*sys.argv[1:])))
