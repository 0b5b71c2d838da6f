"""The ledger of exclusions: rows that are only ever added, each carrying the hash of the one before.

A row's hash is SHA-256 (hexadecimal, lower case) over UTF-8 text: the hash of the row before, a line feed, and the row
in canonical form. The first row follows 64 zeros. The canonical form is a JSON object of the fields of `FIELDS`, keys
sorted, separators `,` and `:` without spaces, nothing escaped that JSON does not require; moments are written as
2026-11-21T08:00:00.000000Z, a missing one as null, `evidence` as the text it is. This is format 1; it never changes.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from enum import StrEnum
from hashlib import sha256
from typing import Any

BEGINNING = "0" * 64
"""What the first row carries as the hash of the one before."""


class RowKind(StrEnum):
    """What a row tells."""

    STARTED = "started"  # an exclusion begins
    WARNED = "warned"  # its project shows no progress: the owner was told
    EXTENDED = "extended"  # progress was seen: the lease runs until `expires_at`
    ENDED = "ended"  # the exclusion ends; `because` is an Ending
    HELD = "held"  # the bridge put the incident on hold
    RELEASED = "released"  # that hold is over


@dataclass(frozen=True, slots=True)
class Row:
    """One row. `seq` counts from 1 without a gap; `at` is when it holds from, `recorded_at` when it was written.

    `exclusion` is the `seq` of the row that began the exclusion, 0 for a hold without one. `incident` is its source and
    number there (`rt #17`). `approver` and `actor` are random ids of persons, "" where none is known or it was the
    bridge; `reason` the random id of a text in the table of names. `evidence` is JSON.
    """

    seq: int
    kind: str
    at: datetime
    recorded_at: datetime
    exclusion: int
    incident_id: int
    incident: str
    promotion_id: int
    policy: str
    rule_id: str
    rule_version: str
    approver: str
    actor: str
    because: str
    reason: str
    evidence: str
    expires_at: datetime | None
    previous: str = BEGINNING
    hash: str = ""


FIELDS = tuple(field.name for field in fields(Row) if field.name not in {"previous", "hash"})
"""What a row's hash covers, beside the hash of the row before."""


@dataclass(frozen=True, slots=True)
class Head:
    """The hash of the newest row at some moment, as it was published where the ledger's owner cannot change it."""

    seq: int
    hash: str
    published_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with the ledger: the number of the row, and in words."""

    seq: int
    what: str


def stamp(moment: datetime) -> str:
    """A moment as the canonical form writes it. Raises ValueError for a naive one."""
    if moment.tzinfo is None:
        raise ValueError(f"{moment} has no zone")
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def canonical(row: Row) -> str:
    """The row as its hash sees it."""
    return _encode({name: _plain(getattr(row, name)) for name in FIELDS})


def row_hash(previous: str, row: Row) -> str:
    """The hash of a row that follows one with the hash `previous`."""
    return sha256(f"{previous}\n{canonical(row)}".encode()).hexdigest()


def written_evidence(evidence: Mapping[str, Any]) -> str:
    """The text of evidence as a row keeps it."""
    return _encode(evidence)


def verify(rows: Iterable[Row], heads: Sequence[Head] = ()) -> list[Fault]:
    """Everything by which these rows, in the order of their numbers, differ from what was written; read once.

    A row that was changed is named; of one that was removed, added or moved the place. What was cut off at the end or
    written anew as a whole shows as a published head that fits no more.
    """
    faults: list[Fault] = []
    known = {head.seq for head in heads}
    claims = {(head.seq, head.hash): head for head in heads}
    seen: dict[int, str] = {}
    previous, last = BEGINNING, 0
    for row in rows:
        if row.seq != last + 1:
            faults.append(Fault(row.seq, _gap(last, row.seq)))
        if row.previous != previous:
            faults.append(
                Fault(row.seq, f"row {row.seq} does not follow row {last} as it is: one of them was changed.")
            )
        if row_hash(row.previous, row) != row.hash:
            faults.append(Fault(row.seq, f"row {row.seq} was changed: its hash is not that of what it says."))
        if row.seq in known:
            seen[row.seq] = row.hash
        previous, last = row.hash, max(last, row.seq)
    broken = (head for head in sorted(claims.values(), key=lambda one: one.seq) if seen.get(head.seq) != head.hash)
    return [*faults, *(Fault(head.seq, _published(head, there=head.seq in seen)) for head in broken)]


def _gap(last: int, seq: int) -> str:
    if seq <= last:
        return f"row {seq} stands after row {last}: rows were moved or doubled."
    missing = f"row {last + 1}" if seq == last + 2 else f"rows {last + 1} to {seq - 1}"
    return f"{missing} before row {seq} was removed."


def _published(head: Head, *, there: bool) -> str:
    when = f" on {head.published_at:%Y-%m-%d}" if head.published_at else ""
    if not there:
        return f"row {head.seq}, published{when} as the newest, is not there: rows were removed at the end."
    return f"row {head.seq} has not the hash that was published{when}: it or a row before it was written anew."


def _plain(value: object) -> object:
    return stamp(value) if isinstance(value, datetime) else value


_encode = json.JSONEncoder(sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode
