"""How a test gets a real server, and what happens where there is none."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Protocol, TypeVar

import pytest

from tests.servers.common import ServerUnavailable


class Stoppable(Protocol):
    """A server that has been started."""

    def stop(self) -> None: ...


Server = TypeVar("Server", bound=Stoppable)


REQUIRED = os.environ.get("BRIDGE_REAL") == "required"


@contextmanager
def provide(start: Callable[[], Server], *, required: bool = REQUIRED) -> Iterator[Server]:
    """A server for the block, stopped whatever happens in it.

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
