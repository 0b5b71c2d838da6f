"""The clocks the bridge may be given: the machine's, or the sandbox's over HTTP (loopback only)."""

from __future__ import annotations

import ipaddress
from datetime import UTC, datetime
from urllib.parse import urlsplit

import requests

from bridge.model.errors import NotPossible, RemoteUnavailable


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """The present moment, aware UTC."""
        return datetime.now(UTC)


class RemoteClock:
    """The sandbox's clock, which can be set. Every reading asks it, so that both always agree."""

    def __init__(self, url: str) -> None:
        """`url` is the address of `/_control/clock`. Raises NotPossible unless it is on loopback."""
        host = urlsplit(url).hostname or ""
        if host != "localhost" and not _is_loopback(host):
            raise NotPossible(f"clock {url}", "only a clock on this machine's loopback can be used.")
        self._url = url
        self._session = requests.Session()
        self._session.trust_env = False

    def now(self) -> datetime:
        """The present moment of that clock, aware UTC. Raises RemoteUnavailable."""
        try:
            told = self._session.get(self._url, timeout=(2, 5)).json()["now"]
            return datetime.fromisoformat(told).astimezone(UTC)
        except (requests.RequestException, KeyError, ValueError) as error:
            raise RemoteUnavailable(f"clock {self._url}", f"gives no time: {error}") from error


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
