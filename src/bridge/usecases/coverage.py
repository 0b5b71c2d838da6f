"""Measures how many changes came by hook: what a poll tells, a hook should have told before, or soon after."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from bridge.model.coverage import Coverage
from bridge.model.hint import Heard
from bridge.ports import Store

SKEW = timedelta(minutes=1)
"""How far the sender's clock may be from ours, for hooks that carry no time."""
REMEMBERED = 5000


@dataclass(frozen=True, slots=True)
class Trust:
    """How far hooks are relied on: `trust_after` changes by hook in a row, `silent_after` in a row without one."""

    trust_after: int
    silent_after: int

    def is_trusted(self, coverage: Coverage) -> bool:
        """Whether changes are sure enough to come by hook to poll less often."""
        return coverage.heard_in_a_row >= self.trust_after

    def is_silent(self, coverage: Coverage) -> bool:
        """Whether hooks seem to come no more, or never did."""
        return coverage.missed_in_a_row >= self.silent_after


class Meter:
    """Judges the changes that polls tell, `grace` after them, so that a hook may be a little late.

    For one thread at a time.
    """

    def __init__(self, store: Store, grace: timedelta) -> None:
        self._store = store
        self._grace = grace
        self._pending: list[tuple[datetime, str, str, datetime]] = []  # due, system, entity, changed
        self._told: dict[tuple[str, str], datetime] = {}

    def polled(self, system: str, told: Sequence[tuple[str, datetime]], now: datetime) -> None:
        """A poll told of changes; the same one again counts once."""
        for entity, changed in told:
            if self._told.get((system, entity)) != changed:
                self._told.pop((system, entity), None)
                self._told[system, entity] = changed
                self._pending.append((now + self._grace, system, entity, changed))
        while len(self._told) > REMEMBERED:
            self._told.pop(next(iter(self._told)))

    def judge(self, now: datetime) -> dict[str, Coverage]:
        """Counts the changes whose time is up and stores it; the systems whose figures changed."""
        due = [one for one in self._pending if one[0] <= now]
        if not due:
            return {}
        self._pending = [one for one in self._pending if one[0] > now]
        with self._store.transaction() as uow:
            figures = dict(uow.inbox.coverage())
            systems = sorted({system for _, system, _, _ in due})
            for system in systems:
                changes = [(entity, changed) for _, name, entity, changed in due if name == system]
                heard = uow.inbox.heard(system, [entity for entity, _ in changes])
                coverage = figures.get(system, Coverage(system))
                for entity, changed in changes:
                    by_hook = entity in heard and is_covered(heard[entity], changed)
                    coverage = coverage.told(now, by_hook=by_hook)
                uow.inbox.save_coverage(coverage)
                figures[system] = coverage
        return {system: figures[system] for system in systems}


def is_covered(heard: Heard, changed: datetime) -> bool:
    """Whether a hook has told of a change at that moment, or of a later one of the same."""
    if heard.last is not None:
        return heard.last >= changed
    return heard.received >= changed - SKEW


def silence(coverage: Coverage) -> str:
    """What is said about hooks that went silent."""
    last = (
        f"the last one was {coverage.last_heard_at:%Y-%m-%d %H:%M} UTC" if coverage.last_heard_at else "none ever did"
    )
    return (
        f"the last {coverage.missed_in_a_row} changes came only by poll, {last}: nothing is lost, but it comes later. "
        "Is the hook still set up there, with this address and secret?"
    )
