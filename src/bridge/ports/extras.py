"""What incident systems and trackers have beside fields and notes: files, a work log, relations."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import BinaryIO, Protocol

from bridge.model.files import RemoteFile, TimeEntry, Upload, Written
from bridge.model.incident import Capability


class IncidentFiles(Protocol):
    """Files of incidents. Raises bridge.model.errors."""

    @property
    def hides(self) -> bool:
        """Whether what `add` writes is hidden from callers, as a private note is."""

    def list(self, external_id: str) -> Sequence[RemoteFile]:
        """All files of an incident, the bridge's own among them, oldest first."""

    def fetch(self, external_id: str, file: RemoteFile, into: BinaryIO, limit: int) -> None:
        """Writes a file's bytes. Raises Rejected as soon as there are more than `limit`."""

    def add(self, external_id: str, upload: Upload, text: str) -> Written:
        """Adds a file, with a text that says where it comes from, and reads it back. Raises NotApplied, Rejected."""


class WorkLog(Protocol):
    """The work that was booked on incidents."""

    @property
    def takes_back(self) -> bool:
        """Whether less than nothing can be booked, which corrects what was booked before."""

    def find(self, external_id: str, marker: str) -> Written | None:
        """An entry whose text ends with the marker."""

    def book(self, external_id: str, minutes: int, day: date, text: str) -> Written:
        """Books work, visible to staff only, and reads it back. Raises NotApplied, Rejected."""


class IncidentRelations(Protocol):
    """Relations between incidents of one source."""

    def of(self, external_id: str) -> frozenset[str]:
        """The incidents that one refers to, or that refer to it, in any way."""

    def relate(self, external_id: str, other: str) -> None:
        """Lets an incident refer to another and reads back; related already is success. Raises NotApplied."""


@dataclass(frozen=True, slots=True)
class Extras:
    """What a source has of these; None where it cannot do it."""

    files: IncidentFiles | None = None
    work_log: WorkLog | None = None
    relations: IncidentRelations | None = None

    @property
    def capabilities(self) -> frozenset[Capability]:
        """The same as capabilities."""
        there = {
            Capability.ATTACHMENTS: self.files,
            Capability.WORK_LOG: self.work_log,
            Capability.RELATE: self.relations,
        }
        return frozenset(name for name, found in there.items() if found is not None)


class IssueFiles(Protocol):
    """Files of issues; which there are, `read_issue` tells."""

    def fetch(self, file: RemoteFile, into: BinaryIO, limit: int) -> None:
        """Writes a file's bytes. Raises Rejected as soon as there are more than `limit`."""

    def add(self, issue_id: int, upload: Upload, text: str) -> Written:
        """Attaches a file, described by a text, and reads it back. Raises NotApplied, Rejected."""


class SpentTime(Protocol):
    """The time that people spent on issues."""

    def since(self, day: date) -> Iterator[TimeEntry]:
        """All time spent from a day on, on issues below the parent project; one request for a hundred entries."""
