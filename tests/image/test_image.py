"""The image, built by replaying its Dockerfile in a bare Debian root, at work until its health check is green."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.image.build import Root, build
from tests.image.container import run
from tests.servers.common import state_dir
from tests.servers.fixture import provide

REPOSITORY = Path(__file__).parents[2]
DOCKERFILE = REPOSITORY / "docker" / "Dockerfile"

# Most of its minutes are a Debian that is fetched: too long for every run of CI.
pytestmark = [pytest.mark.real, pytest.mark.soak, pytest.mark.xdist_group("image")]


@dataclass
class Image:
    """The last stage, in a folder that goes when it is stopped."""

    root: Root
    folder: tempfile.TemporaryDirectory[str]

    def stop(self) -> None:
        """Removes it."""
        self.folder.cleanup()


def built() -> Image:
    """The image of this repository."""
    state_dir().mkdir(parents=True, exist_ok=True)
    folder = tempfile.TemporaryDirectory(prefix="image-", dir=state_dir())
    try:
        return Image(build(DOCKERFILE, REPOSITORY, Path(folder.name)), folder)
    except BaseException:
        folder.cleanup()
        raise


@pytest.fixture(scope="module")
def seen() -> Iterator[dict[str, Any]]:
    """What the image did: see tests.image.container.main."""
    with provide(built) as image, tempfile.TemporaryDirectory(prefix="image-run-") as folder:
        Path(folder).chmod(0o755)  # the image's user looks into it
        found = run(image.root, DOCKERFILE, Path(folder))
        yield found | {"left": left(image.folder.name) + left(folder)}


def test_health(seen: dict[str, Any]) -> None:
    """Red without the bridge, green with it, red again when it was stopped; a project was opened meanwhile."""
    assert (seen["healthy_before"], seen["healthy_at_the_end"]) == (False, False)
    assert seen["healthy_after"] >= 0
    assert seen["project_after"] >= 0


def test_it_can_write_its_store_and_nothing_else(seen: dict[str, Any]) -> None:
    """An ordinary user in a read-only root, without pip; the store is in the volume."""
    assert seen["uid"] == "10001"
    writable = {place for place, works in seen["writes"].items() if works}
    assert writable == {"/tmp", "/var/lib/itsm-bridge"}
    assert "bridge.sqlite3" in seen["volume"]
    assert not seen["pip"]


def test_commands_and_the_end(seen: dict[str, Any]) -> None:
    """A command works beside the daemon; the signal of the image ends it cleanly within ten seconds."""
    assert seen["stats"] == 0
    assert seen["code"] == 0
    assert seen["stopped_after"] < 10


def test_nothing_is_left(seen: dict[str, Any]) -> None:
    """No mount and no process of the image outlives its name spaces."""
    assert seen["left"] == []


def left(folder: str) -> list[str]:
    """Mounts and processes below a folder."""
    mounts = [line for line in Path("/proc/self/mounts").read_text().splitlines() if folder in line]
    roots = []
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # it has ended
            roots += [str(process)] if str((process / "root").readlink()).startswith(folder) else []
    return mounts + roots
