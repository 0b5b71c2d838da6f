"""How a test gets a real server, and what happens where there is none."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Protocol, TypeVar

import pytest

from tests.servers.common import ServerUnavailable


class Stoppable(Protocol):
    """A server that has been started."""

    def stop(self) -> None: ...


Server = TypeVar("Server", bound=Stoppable)


def provide(start: Callable[[], Server], *, required: bool) -> Iterator[Server]:
    """The server for as long as the fixture lives, stopped whatever happens.

    Where this machine cannot have it the test is skipped with the reason; it fails with it if `required`.
    """
    try:
        server = start()
    except ServerUnavailable as why:
        if required:
            pytest.fail(f"BRIDGE_REAL=required, but this machine cannot have the real server: {why}", pytrace=False)
        pytest.skip(f"no real server: {why}")
    try:
        yield server
    finally:
        server.stop()
