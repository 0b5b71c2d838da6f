"""What was carried beside fields and notes."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Protocol

from bridge.model.files import BookedTime, CarriedFile


class Files(Protocol):
    """What became of the files of linked incidents and issues."""

    def of_link(self, link_id: int) -> list[CarriedFile]:
        """Everything known of a link's files, in the order it was stored."""

    def save(self, file: CarriedFile) -> None:
        """Stores what became of a file, instead of what was stored of it before."""


class Booked(Protocol):
    """What stands in the work logs of incidents."""

    def get(self, entry_id: int) -> BookedTime | None:
        """What is known of a time entry."""

    def many(self, entry_ids: Iterable[int]) -> dict[int, BookedTime]:
        """What is known of several time entries, by their ids."""

    def since(self, day: date) -> list[BookedTime]:
        """All of a day and later."""

    def refused(self, link_id: int) -> list[BookedTime]:
        """Those of a link that its work log does not take."""

    def save(self, entry: BookedTime) -> None:
        """Stores what stands in the log now."""
