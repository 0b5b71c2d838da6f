"""Errors are data: where, what, permanent or not, and what to do next."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Problem:
    """One fault in something a person wrote or set up.

    `where` is `file:line:column` for files, else the system and the object it was seen on.
    `advice` says what would be right. `severity` is `error` (refused) or `warning` (works, but unwise).
    `unreachable` says that nothing was found out, because the system gave no usable answer.
    """

    where: str
    what: str
    advice: str = ""
    severity: str = "error"
    unreachable: bool = False

    def __str__(self) -> str:
        return f"{self.where}: {self.what}" + (f" ({self.advice})" if self.advice else "")


class BridgeError(Exception):
    """What went wrong, for a person at 3 a.m. and for the queue.

    `code` is the stable message code (`RB-…`), `where` the system and object, `what` what happened, `advice` what to
    do next. `permanent` means that trying again cannot help. `retry_after` is the server's own wish in seconds.
    """

    code = "RB-1000"
    permanent = False

    def __init__(self, where: str, what: str, advice: str = "", *, retry_after: float | None = None) -> None:
        super().__init__(where, what, advice)
        self.where = where
        self.what = what
        self.advice = advice
        self.retry_after = retry_after

    def __str__(self) -> str:
        return f"{self.code} {self.where}: {self.what}" + (f" {self.advice}" if self.advice else "")


def problem_of(where: str, error: BridgeError, what: str = "") -> Problem:
    """A remote system's error as a problem of a check; `what` replaces the error's own words."""
    return Problem(where, what or error.what, error.advice, unreachable=isinstance(error, RemoteUnavailable))


class ConfigurationError(BridgeError):
    """Files or settings are wrong; carries every problem found, not only the first."""

    code = "RB-1100"
    permanent = True

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__("configuration", f"{len(problems)} problem(s)")
        self.problems = problems

    def __str__(self) -> str:
        return "\n".join(str(problem) for problem in self.problems)


class RemoteUnavailable(BridgeError):  # noqa: N818 - named by what it says
    """No usable answer: connection, time-out, 5xx, a body that is not what was asked for. Try again later."""

    code = "RB-1201"


class RateLimited(RemoteUnavailable):
    """The server asks us to slow down (429, or 503 with Retry-After)."""

    code = "RB-1202"


class AuthenticationFailed(BridgeError):  # noqa: N818 - named by what it says
    """The key or token is not accepted: nothing on this side can go on until a person mends it.

    Not permanent: once the key is mended everything that waited goes on by itself.
    """

    code = "RB-1203"


class Forbidden(BridgeError):  # noqa: N818 - named by what it says
    """The account is known but may not do this."""

    code = "RB-1204"
    permanent = True


class NotFound(BridgeError):  # noqa: N818 - named by what it says
    """The object is not there, or not visible to the account."""

    code = "RB-1205"
    permanent = True


class MergedAway(NotFound):
    """The object has become part of another one of its system, named by `into`; it does not come back."""

    code = "RB-1225"

    def __init__(self, where: str, what: str, advice: str = "", *, into: str) -> None:
        super().__init__(where, what, advice)
        self.into = into


class Rejected(BridgeError):  # noqa: N818 - named by what it says
    """The server understood and refused (422 with reasons)."""

    code = "RB-1206"
    permanent = True

    def __init__(self, where: str, reasons: tuple[str, ...], advice: str = "") -> None:
        super().__init__(where, _sentence("; ".join(reasons) or "refused without a reason"), advice)
        self.reasons = reasons


def _sentence(text: str) -> str:
    return text if text.endswith((".", "!", "?")) else f"{text}."


class Collision(BridgeError):  # noqa: N818 - named by what it says
    """Somebody wrote at the same moment (Redmine: 422 without reasons, wiki 409): read again, merge again, send."""

    code = "RB-1207"


class NotApplied(BridgeError):  # noqa: N818 - named by what it says
    """The server said yes and did not do it (seen when reading back)."""

    code = "RB-1208"
    permanent = True


class WouldLeak(BridgeError):  # noqa: N818 - named by what it says
    """Something private would become, or was seen to have become, public.

    Mostly refused before anything was written; after reading back, what was written may stand.
    """

    code = "RB-1209"
    permanent = True


class NotPossible(BridgeError):  # noqa: N818 - named by what it says
    """The system cannot do what is asked (a capability or a transition is missing)."""

    code = "RB-1210"
    permanent = True


class WrongArgument(NotPossible):
    """What a person gave to a command cannot be, or names what there is none of: said otherwise it would work."""

    code = "RB-1212"


class Postponed(BridgeError):  # noqa: N818 - named by what it says
    """Not now, and nobody's fault: tried again after `retry_after` seconds without using up an attempt."""

    code = "RB-1211"


class Stopped(Postponed):
    """Nothing is exchanged with this system until a person says so."""

    code = "RB-1222"


class InvalidTransition(BridgeError):  # noqa: N818 - named by what it says
    """A promotion's life cycle does not allow this step."""

    code = "RB-1301"
    permanent = True


class StoreLocked(BridgeError):  # noqa: N818 - named by what it says
    """Another process works on this store."""

    code = "RB-1401"
