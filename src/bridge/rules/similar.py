"""Groups of similar summaries (`similar: 85`): which one an incident belongs to.

An incident is compared with the first member of each group that has the same other group values, unless one says the
opposite of the other (bridge.rules.opposites). The most similar one wins, of equal ones the oldest; with none that is
similar enough it is the first member of a group of its own. Where it came it stays, whatever becomes of its summary,
while the other values are the same: so that a group depends on the order of events and nothing else.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from bridge.model.incident import Incident
from bridge.rules.fields import FINGERPRINT
from bridge.rules.matching import CompiledRule, first_member, group_key
from bridge.rules.opposites import Apart, exclusion

MOST_COMPARED = 2000
"""An incident is compared with the groups that were joined last, however many there are."""


@dataclass(frozen=True, slots=True)
class Representative:
    """A group's first member: the group's key, its fingerprint, and when it came, as a number that only grows."""

    key: str
    fingerprint: str
    started: int


@dataclass(frozen=True, slots=True)
class Shelf:
    """Where groups that may be compared stand: the rule and the other group values."""

    rule_id: str
    division: str


class SimilarGroups(Protocol):
    """The groups of rules with `similar`, and who is in them."""

    def placed(self, rule_id: str, incident_id: int, division: str) -> str | None:
        """The key of the group that an incident is in, None when it is in none with these other group values."""

    def has(self, rule_id: str, key: str) -> bool:
        """Whether there is a group with this key."""

    def recent(self, shelf: Shelf, limit: int) -> Sequence[Representative]:
        """The groups of a shelf that were started or joined last, in any order."""

    def start(self, shelf: Shelf, key: str, fingerprint: str) -> None:
        """Adds a group; it is the one used last."""

    def use(self, shelf: Shelf, key: str) -> None:
        """A group was joined: it is the one used last."""

    def clear(self, rule_id: str) -> None:
        """Forgets a rule's groups."""


def assign(groups: SimilarGroups, rule: CompiledRule, incident_id: int, own: str) -> str:
    """The key of the incident's group, which is added where there is none yet.

    `own` is the incident's `group_key`; for a rule without `similar` that is its group, and `groups` are not asked.
    """
    if rule.rule.similar is None:
        return own
    division, text = _parts(rule, own)
    placed = groups.placed(rule.id, incident_id, division)
    if placed is not None:
        return placed
    shelf = Shelf(rule.id, division)
    key = _closest(groups, rule, shelf, own, text)
    if key is None:
        groups.start(shelf, own, text)
        return own
    groups.use(shelf, key)
    return key


def whereabouts(groups: SimilarGroups, rule: CompiledRule, incident_id: int, own: str) -> str:
    """The key that `assign` returns; nothing is changed."""
    if rule.rule.similar is None:
        return own
    division, text = _parts(rule, own)
    placed = groups.placed(rule.id, incident_id, division)
    return placed or _closest(groups, rule, Shelf(rule.id, division), own, text) or own


def _closest(groups: SimilarGroups, rule: CompiledRule, shelf: Shelf, own: str, text: str) -> str | None:
    """The group that an incident joins, None when it begins one of its own."""
    if groups.has(rule.id, own):
        return own
    return nearest(text, groups.recent(shelf, MOST_COMPARED), rule.rule.similar or 100, rule.masks.apart)


def nearest(text: str, among: Sequence[Representative], score: int, apart: Sequence[Apart] = ()) -> str | None:
    """The key of the group whose first member is most similar, of equal ones the oldest; None below the score."""
    library, excluded = _library(), exclusion(tuple(apart))
    texts = [one.fingerprint for one in among]
    close = library.process.extract(text, texts, scorer=library.fuzz.ratio, score_cutoff=score, limit=None)
    ranked = sorted((-found, among[place].started, place) for first, found, place in close if not excluded(text, first))
    return among[ranked[0][2]].key if ranked else None


def likeness(rule: CompiledRule, key: str, incident: Incident) -> str:
    """How an incident's summary compares with its group's first member, as people read it; "" without `similar`."""
    first, own = first_member(rule, key), group_key(rule, incident)
    if first is None or own is None:
        return ""
    text = _parts(rule, own)[1]
    score = _library().fuzz.ratio(text, first)
    same = "" if text == first else f"“{text}” is "
    return f"{same}{score:.0f} of 100 like the group's first member “{first}” (needed: {rule.rule.similar})"


def _parts(rule: CompiledRule, own: str) -> tuple[str, str]:
    """The other group values as a text, and the fingerprint."""
    values = json.loads(own)
    text = values.pop(1 + rule.rule.group_by.index(FINGERPRINT))
    return json.dumps(values, ensure_ascii=False, separators=(",", ":")), text


def _library() -> Any:
    import rapidfuzz  # noqa: PLC0415 - only rules with `similar` need the extra

    return rapidfuzz


class Representatives:
    """SimilarGroups in memory, for replays. `join` and `leave` tell it what a store knows from its own tables."""

    def __init__(self) -> None:
        self._divisions: dict[tuple[str, str], str] = {}
        self._members: dict[tuple[str, int], str] = {}
        self._shelves: dict[Shelf, dict[str, Representative]] = {}
        self._started = 0

    def placed(self, rule_id: str, incident_id: int, division: str) -> str | None:
        """See the protocol."""
        key = self._members.get((rule_id, incident_id))
        return key if key is not None and self._divisions.get((rule_id, key)) == division else None

    def has(self, rule_id: str, key: str) -> bool:
        """See the protocol."""
        return (rule_id, key) in self._divisions

    def recent(self, shelf: Shelf, limit: int) -> Sequence[Representative]:
        """See the protocol."""
        return list(self._shelves.get(shelf, {}).values())[-limit:]

    def start(self, shelf: Shelf, key: str, fingerprint: str) -> None:
        """See the protocol."""
        self._started += 1
        self._divisions[shelf.rule_id, key] = shelf.division
        self._shelves.setdefault(shelf, {})[key] = Representative(key, fingerprint, self._started)

    def use(self, shelf: Shelf, key: str) -> None:
        """See the protocol."""
        on_it = self._shelves[shelf]
        on_it[key] = on_it.pop(key)

    def clear(self, rule_id: str) -> None:
        """See the protocol."""
        self._divisions = {at: one for at, one in self._divisions.items() if at[0] != rule_id}
        self._members = {at: one for at, one in self._members.items() if at[0] != rule_id}
        self._shelves = {at: one for at, one in self._shelves.items() if at.rule_id != rule_id}

    def join(self, rule_id: str, incident_id: int, key: str) -> None:
        """The incident is in this group now, and in no other of the rule."""
        self._members[rule_id, incident_id] = key

    def leave(self, rule_id: str, incident_id: int) -> None:
        """The incident is in no group of the rule any more."""
        self._members.pop((rule_id, incident_id), None)
