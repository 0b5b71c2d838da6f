"""Replays the build of a Dockerfile in folders: each stage is a copy of a bare Debian, each RUN a chroot."""

from __future__ import annotations

import ast
import os
import re
import shlex
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

from tests.image.dockerfile import Stage, Step, read
from tests.servers.common import run_script

RUN_SECONDS = 900
HOST = "/run/host"
"""Where a step finds this machine's files, if pip is set up to read any."""
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
PROXIES = ("http_proxy", "https_proxy", "no_proxy")
PIP = frozenset(["index-url", "extra-index-url", "find-links", "trusted-host", "cert", "proxy"])
"""Where pip gets packages from on this machine; nothing else of its settings reaches the build."""


@dataclass
class Root:
    """A stage that is being built: its folder, and what ENV, WORKDIR and USER said so far."""

    path: Path
    stage: Stage
    folder: str = "/"
    user: str = "0:0"
    environ: dict[str, str] = field(default_factory=lambda: {"PATH": PATH})

    def inside(self, path: str) -> Path:
        """Where a path of the image is."""
        return self.path / os.path.normpath(os.path.join("/", self.folder, path)).lstrip("/")  # noqa: PTH118 - no real path


class BuildFailed(Exception):  # noqa: N818 - reads better in a test report
    """A step did not work; the text has its line and the end of what it wrote."""


def build(dockerfile: Path, context: Path, folder: Path) -> Root:
    """The last stage, built in `folder`. Raises BuildFailed, or ServerUnavailable where there can be no Debian root."""
    built: dict[str, Root] = {}
    for stage in read(dockerfile.read_text(encoding="utf-8")):
        image, _, tag = stage.base.partition(":")
        if image != "debian":
            raise BuildFailed(f"only Debian can be bootstrapped, not {stage.base}")
        said = run_script("debian", "bootstrap.sh", tag.removesuffix("-slim"))
        bare = dict(line.split("=", 1) for line in said.splitlines())["ROOT"]
        root = Root(folder / stage.name, stage)
        subprocess.run(["cp", "-a", "--reflink=auto", bare, str(root.path)], check=True)
        for step in stage.steps:
            _play(root, step, context, built)
        built[stage.name] = root
    return root


def _play(root: Root, step: Step, context: Path, built: dict[str, Root]) -> None:
    match step.word:
        case "RUN":
            _run(root, step)
        case "COPY":
            _copy(root, step, context, built)
        case "ENV":
            root.environ |= dict(pair.split("=", 1) for pair in step.words())
        case "WORKDIR":
            root.folder = "/" + str(root.inside(step.rest).relative_to(root.path))
            root.inside(".").mkdir(parents=True, exist_ok=True)
        case "USER":
            root.user = step.rest
        case "VOLUME":
            for path in step.words():
                root.inside(path).mkdir(parents=True, exist_ok=True)


def _copy(root: Root, step: Step, context: Path, built: dict[str, Root]) -> None:
    flags, (*sources, target) = step.flags(), step.words()
    if flags.keys() - {"from"}:
        raise BuildFailed(f"line {step.line}: COPY with {flags} is not understood")
    if "from" in flags:
        # Links stay links and owners owners, as in an image.
        for source in sources:
            subprocess.run(
                ["cp", "-aT", str(built[flags["from"]].inside(source)), str(root.inside(target))], check=True
            )
        return
    sent = (context / ".dockerignore").read_text(encoding="utf-8").splitlines()
    for source in sources:
        if f"!{source}" not in sent:
            raise BuildFailed(f"line {step.line}: .dockerignore keeps {source} back")
        if (context / source).is_dir():
            ignored = shutil.ignore_patterns("__pycache__")
            shutil.copytree(context / source, root.inside(target), ignore=ignored, dirs_exist_ok=True)
        else:
            shutil.copy(context / source, root.inside(target))


def _run(root: Root, step: Step) -> None:
    pip = _pip()
    wanted = root.environ | pip | {name: os.environ[name] for name in PROXIES if name in os.environ}
    environ = [f"{name}={value}" for name, value in wanted.items()]
    inside = ["env", "-i", *environ, "sh", "-c", 'cd "$1"; shift; exec "$@"', "sh", root.folder, *step.command()]
    script = ["set -e", *mounts(root.path)]
    if HOST in " ".join(pip.values()):
        place = f"{root.path}{HOST}"
        script.append(f"mkdir {place} && mount --bind / {place} && mount -o remount,ro,bind {place}")
    script += [
        f"touch {root.path}/etc/resolv.conf",
        f'mount --bind "$(readlink -f /etc/resolv.conf)" {root.path}/etc/resolv.conf',
        f"exec chroot --userspec={root.user} {root.path} {shlex.join(inside)}",
    ]
    done = subprocess.run(
        [*NAMESPACES, "sh", "-c", "\n".join(script)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=RUN_SECONDS,
        check=False,
    )
    if done.returncode:
        raise BuildFailed(f"line {step.line}: {step.rest} ended with {done.returncode}: {done.stdout[-3000:]}")


NAMESPACES = ["setpriv", "--pdeathsig", "KILL", "unshare", "--mount", "--pid", "--fork", "--kill-child"]
"""Mounts and processes of a step end with it, and with the tests should those be killed."""


def mounts(root: Path) -> list[str]:
    """What a program finds in every container, as shell lines for a mount name space of its own."""
    return [
        f"mount -t proc proc {root}/proc",
        f"mount --rbind /dev {root}/dev",
        f"mount -t tmpfs -o mode=755 run {root}/run",
    ]


def _pip() -> dict[str, str]:
    """The environment for pip, as it is set up here; paths of this machine are below HOST."""
    listed = subprocess.run(
        [sys.executable, "-m", "pip", "config", "list"], capture_output=True, text=True, timeout=60, check=True
    ).stdout
    found: dict[str, str] = {}
    # What the environment says comes first and counts.
    for line in sorted(listed.splitlines(), key=lambda line: not line.startswith(":env:")):
        key, _, value = line.partition("=")
        name = key.rpartition(".")[2]
        if name in PIP:
            words = [re.sub(r"^(file://)?(?=/)", rf"\g<0>{HOST}", word) for word in ast.literal_eval(value).split()]
            found.setdefault(f"PIP_{name.upper().replace('-', '_')}", " ".join(words))
    return found
