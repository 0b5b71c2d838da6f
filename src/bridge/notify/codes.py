"""Error codes that chat services put into the body of HTTP 200, and what each means for the queue."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from bridge.model.errors import RateLimited, Rejected, RemoteUnavailable
from bridge.notify.http import Answer


@dataclass(frozen=True, slots=True)
class Codes:
    """A service's codes. `slow` are tried again after `rest` seconds, `again` with the usual pauses.

    A code of `slow_says` is slow only when the service's words hold that. Every other code but 0 is a refusal; `advice`
    by code tells what to mend.
    """

    service: str
    slow: Collection[int]
    again: Collection[int]
    rest: float
    advice: Mapping[int, str]
    slow_says: Mapping[int, str] = field(default_factory=dict)

    def check(self, answer: Answer, code: object, said: object) -> None:
        """Returns when the service took the message. `said` are its own words.

        Raises RateLimited, RemoteUnavailable (also for a body that is no answer of this service), or Rejected.
        """
        words = " ".join(str(said or "").split())[:200]
        if isinstance(code, bool) or not isinstance(code, int):
            what = f"gave no answer of {self.service} (HTTP {answer.status}): {answer.text}"
            raise RemoteUnavailable(answer.where, what, "Is the address right, and no proxy before it?")
        if code == 0:
            return
        told = f"{self.service} refused it: {code} {words}"
        if code in self.slow and self.slow_says.get(code, "") in words.lower():
            raise RateLimited(answer.where, f"{told}.", "It is tried again.", retry_after=self.rest)
        if code in self.again:
            raise RemoteUnavailable(answer.where, f"{told}.", "It is tried again.")
        advice = self.advice.get(code, "Check the channel's address and the robot's settings.")
        raise Rejected(answer.where, (told,), f"{advice} Then: queue retry.")


def cut(text: str, size: int) -> str:
    """The text in at most `size` bytes of UTF-8, its end marked where it was cut."""
    if len(text.encode()) <= size:
        return text
    return text.encode()[: size - len(" …".encode())].decode(errors="ignore").rstrip() + " …"
