"""Files, work and relations that are carried between an incident and its own issue."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import BinaryIO


@dataclass(frozen=True, slots=True)
class RemoteFile:
    """A file at a system. `size` in bytes, None where the system does not tell; `note` is the id of the note
    (transaction, journal) it came with, "" where there is none. `private`: not everybody who sees the entity sees it.
    """

    id: str
    name: str
    content_type: str
    size: int | None
    author: str
    created_at: datetime | None
    private: bool = False
    note: str = ""
    address: str = ""


@dataclass(frozen=True, slots=True)
class Upload:
    """A file to be written. `content` gives it from its beginning; `sha256` is the digest of its bytes in hex."""

    name: str
    content_type: str
    size: int
    sha256: str
    content: Callable[[], AbstractContextManager[BinaryIO]]


@dataclass(frozen=True, slots=True)
class Written:
    """What writing made: the new object's id, and those of the notes (transactions, journals) it came with."""

    id: str
    notes: tuple[str, ...] = ()


class Outcome(StrEnum):
    """What became of a file: a copy of it was written, the other side had it already, or it was refused."""

    CARRIED = "carried"
    SAME = "same"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class CarriedFile:
    """What became of one file of a side (`incident` or `issue`) of a link.

    `sha256` is "" where it was never read. `copy_id` is the id of its copy on the other side, `why` says why it was
    refused.
    """

    link_id: int
    side: str
    remote_id: str
    name: str
    outcome: Outcome
    sha256: str = ""
    copy_id: str = ""
    why: str = ""


@dataclass(frozen=True, slots=True)
class TimeEntry:
    """Time that somebody spent on an issue."""

    id: int
    issue_id: int
    user: str
    minutes: int
    day: date
    activity: str
    comment: str


@dataclass(frozen=True, slots=True)
class BookedTime:
    """What of a time entry stands in the work log of the incident: `minutes` of `day`.

    `revision` counts the corrections asked for so far. `why` says why the log did not take the `refused` minutes that
    the entry has instead; "" and None when it did.
    """

    entry_id: int
    link_id: int
    minutes: int
    day: date
    revision: int = 0
    why: str = ""
    refused: int | None = None


@dataclass(frozen=True, slots=True)
class Relation:
    """A relation between two issues as the tracker has it, read from its first to its second."""

    first: int
    second: int
    kind: str
