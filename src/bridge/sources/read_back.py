"""What is raised when something was sent and then could not be read back."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from bridge.model.errors import BridgeError, NotApplied, RemoteUnavailable


@contextmanager
def after_sending(where: str) -> Iterator[None]:
    """Says of every error that something was sent before, so that whoever tries again looks for it first.

    Raises NotApplied for what is permanent, RemoteUnavailable for anything else.
    """
    try:
        yield
    except NotApplied:
        raise
    except BridgeError as error:
        kind = NotApplied if error.permanent else RemoteUnavailable
        what = f"was sent, but could not be read back: {error.what}"
        raise kind(where, what, error.advice, retry_after=error.retry_after) from error
