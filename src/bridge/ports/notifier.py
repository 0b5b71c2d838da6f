"""A way to people."""

from __future__ import annotations

from typing import Protocol

from bridge.model.notice import Message


class Notifier(Protocol):
    """One configured channel; may be used from any thread."""

    def send(self, message: Message) -> None:
        """Carries one message; returns once the service has said that it took it.

        Raises RateLimited or RemoteUnavailable when it is to be tried again, Rejected with advice when that cannot
        help. No error holds an address with a key in it.
        """
