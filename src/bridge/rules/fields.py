"""The fields of an incident that rules may look at, and what may be asked about each."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from operator import attrgetter
from typing import Any

from bridge.model.incident import Incident

OWN_FIELD = "fields."
"""A field of the source that the bridge has no word for: `fields.<its name there>`."""
FINGERPRINT = "fingerprint"
"""What incidents can be grouped by although it is no field of theirs: see bridge.rules.fingerprint."""
ANY_OWN_FIELD = OWN_FIELD + "<name at the source>"


class Kind(StrEnum):
    """What a field holds, and so which conditions it allows."""

    TEXT = "text"
    LEVEL = "level from 1 to 5"
    COUNT = "count"
    STATE = "state"
    TIME = "time"
    TAGS = "list of tags"
    OWN = "text or number of the source"


_TEXTS = {
    *("source", "external_id", "url", "summary", "description", "hold_reason", "type", "service", "category"),
    *("subcategory", "ci", "site", "caller", "team", "person", "parent", "problem"),
}
_TIMES = {"opened_at", "updated_at", "acknowledged_at", "resolved_at", "closed_at"}
KINDS: dict[str, Kind] = {
    **dict.fromkeys(_TEXTS, Kind.TEXT),
    **dict.fromkeys(("priority", "impact", "urgency"), Kind.LEVEL),
    **dict.fromkeys(("reopen_count", "reassignment_count", "effort"), Kind.COUNT),
    **dict.fromkeys(_TIMES, Kind.TIME),
    "state": Kind.STATE,
    "tags": Kind.TAGS,
}
GROUPABLE = frozenset(
    name
    for name, kind in KINDS.items()
    if kind in {Kind.TEXT, Kind.LEVEL} and name not in {"description", "hold_reason"}
)

OPERATORS: dict[Kind, frozenset[str]] = {
    Kind.TEXT: frozenset({"equals", "in", "glob", "regex", "exists"}),
    Kind.LEVEL: frozenset({"equals", "in", "at_most", "at_least", "exists"}),
    Kind.COUNT: frozenset({"equals", "in", "at_most", "at_least"}),
    Kind.STATE: frozenset({"equals", "in"}),
    Kind.TIME: frozenset({"at_most", "at_least", "age", "in_window", "exists"}),
    Kind.TAGS: frozenset({"has", "exists"}),
    Kind.OWN: frozenset({"equals", "in", "glob", "regex", "at_most", "at_least", "exists"}),
}


@dataclass(frozen=True, slots=True)
class Field:
    """A field by name; `get` reads it from an incident (None or empty: the incident has no value)."""

    name: str
    kind: Kind
    get: Callable[[Incident], Any]


def field(name: str) -> Field | None:
    """The field of that name, None when there is none."""
    if name.startswith(OWN_FIELD):
        own = name.removeprefix(OWN_FIELD)
        return Field(name, Kind.OWN, lambda incident: incident.fields.get(own)) if own.strip() else None
    kind = KINDS.get(name)
    return Field(name, kind, attrgetter(name)) if kind else None


def as_part(value: Any) -> str | None:
    """A value as a part of a group's identity: one spelling for what looks the same, None when it is missing."""
    if value is None:
        return None
    text = unicodedata.normalize("NFC", str(value)).strip()
    return text or None
