"""Ways from one issue status to another where the workflow has no direct step. Pure."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

Steps = Mapping[str, Collection[str]]
"""To which statuses each status has been seen to lead."""


def path(
    now: str,
    wanted: str,
    allowed: Collection[str] | None,
    chains: Iterable[Sequence[str]],
    seen: Steps,
    may_pass: Callable[[str], bool],
) -> tuple[str, ...] | None:
    """The statuses to set one after the other, `wanted` last; None when no way is known.

    `allowed` is what can be set now (None: it is not known, and the direct step is tried). Configured `chains` come
    before what was `seen`; through statuses that `may_pass` refuses goes only a configured one.
    """
    if allowed is None or wanted in allowed:
        return (wanted,)
    for chain in chains:
        found = _along(chain, now, wanted)
        if found and found[0] in allowed:
            return found
    return _shortest(now, wanted, allowed, seen, may_pass)


def _along(chain: Sequence[str], now: str, wanted: str) -> tuple[str, ...]:
    if now not in chain:
        return ()
    rest = list(chain)[list(chain).index(now) + 1 :]
    return tuple(rest[: rest.index(wanted) + 1]) if wanted in rest else ()


def _shortest(
    now: str, wanted: str, allowed: Collection[str], seen: Steps, may_pass: Callable[[str], bool]
) -> tuple[str, ...] | None:
    known = {now}
    ways: list[tuple[str, ...]] = [(first,) for first in sorted(allowed) if first != now]
    while ways:
        longer: list[tuple[str, ...]] = []
        for way in ways:
            last = way[-1]
            if last == wanted:
                return way
            if last in known or not may_pass(last):
                continue
            known.add(last)
            longer += [(*way, following) for following in sorted(seen.get(last, ())) if following not in known]
        ways = longer
    return None
