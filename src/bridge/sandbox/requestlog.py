"""The list of requests that the sandbox served, for tests that count them."""

from __future__ import annotations

import threading
from collections import Counter
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(slots=True, frozen=True)
class Entry:
    """`status` is 0 where the connection was dropped instead of an answer; `user` is empty for nobody."""

    n: int
    app: str
    method: str
    path: str
    query: str
    status: int
    user: str

    @property
    def is_write(self) -> bool:
        return self.method not in {"GET", "HEAD", "OPTIONS"}


class RequestLog:
    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._entries: list[Entry] = []
        self._last = 0

    def number(self) -> int:
        """The number of a request that is about to be served."""
        with self._lock:
            self._last += 1
            return self._last

    def add(self, entry: Entry) -> None:
        with self._lock:
            self._entries.append(entry)

    def clear(self) -> None:
        with self._lock:
            self._entries.clear()

    def entries(self, app: str = "") -> list[Entry]:
        """In the order in which they came in."""
        with self._lock:
            found = [entry for entry in self._entries if not app or entry.app == app]
        return sorted(found, key=lambda entry: entry.n)

    def as_json(self, app: str = "") -> list[dict[str, Any]]:
        return [asdict(entry) for entry in self.entries(app)]

    def summary(self) -> dict[str, Any]:
        """Counts of reads and writes, in all, by application and by method and user."""
        entries = self.entries()
        return {
            "total": len(entries),
            "reads": sum(not entry.is_write for entry in entries),
            "writes": sum(entry.is_write for entry in entries),
            "apps": {
                app: {
                    "reads": sum(not entry.is_write for entry in entries if entry.app == app),
                    "writes": sum(entry.is_write for entry in entries if entry.app == app),
                }
                for app in sorted({entry.app for entry in entries})
            },
            "users": dict(sorted(Counter(f"{e.app}:{e.user or '-'} {e.method}" for e in entries).items())),
        }
