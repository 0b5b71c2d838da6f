"""The line to a server: a request may be lost, or its answer."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from bridge.model.errors import RemoteUnavailable

REQUEST, ANSWER = "request", "answer"


@dataclass
class Line:
    """`troubles` are what the next writes meet, `deaf` how many of the next reads fail. `writes` counts those done."""

    name: str
    troubles: list[str] = field(default_factory=list)
    deaf: int = 0
    writes: int = 0

    def read(self) -> None:
        """A reading request. Raises RemoteUnavailable."""
        if self.deaf:
            self.deaf -= 1
            raise RemoteUnavailable(self.name, "no answer.")

    @contextmanager
    def writing(self) -> Iterator[None]:
        """A writing request: not carried out, its answer lost, or neither. Raises RemoteUnavailable."""
        trouble = self.troubles.pop(0) if self.troubles else ""
        if trouble == REQUEST:
            raise RemoteUnavailable(self.name, "the request was lost.")
        self.writes += 1
        yield
        if trouble == ANSWER:
            raise RemoteUnavailable(self.name, "the answer was lost.")
