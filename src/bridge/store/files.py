"""What became of files and time entries."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from sqlalchemy import Connection

from bridge.model.files import BookedTime, CarriedFile, Outcome
from bridge.store.file_tables import booked_time, carried_file
from bridge.store.sql import Row, execute, fetch, listed, select_text, upsert_text
from bridge.store.values import clean, short

_FILE = ("link_id", "side", "remote_id", "name", "outcome", "sha256", "copy_id", "why")
_SAVE_FILE = upsert_text(carried_file, _FILE)
_FILES = select_text(_FILE, "FROM carried_file WHERE link_id = ? ORDER BY side, remote_id")
_TIME = ("entry_id", "link_id", "minutes", "revision", "day", "why", "refused")
_SAVE_TIME = upsert_text(booked_time, _TIME)
_TIMES = select_text(_TIME, "FROM booked_time WHERE entry_id @among ORDER BY entry_id")
_SINCE = select_text(_TIME, "FROM booked_time WHERE day >= ? ORDER BY entry_id")
_REFUSED = select_text(_TIME, "FROM booked_time WHERE link_id = ? AND why <> '' ORDER BY entry_id")


class StoredFiles:
    """Implements bridge.repositories.Files."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def of_link(self, link_id: int) -> list[CarriedFile]:
        """See the protocol."""
        rows = fetch(self._connection, _FILES, link_id)
        return [_file(row) for row in rows]

    def save(self, file: CarriedFile) -> None:
        """See the protocol."""
        texts = (clean(text) for text in (file.name, str(file.outcome), file.sha256, file.copy_id, file.why))
        execute(self._connection, _SAVE_FILE, file.link_id, clean(file.side), short(file.remote_id), *texts)


class StoredBooked:
    """Implements bridge.repositories.Booked."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def get(self, entry_id: int) -> BookedTime | None:
        """See the protocol."""
        return self.many([entry_id]).get(entry_id)

    def many(self, entry_ids: Iterable[int]) -> dict[int, BookedTime]:
        """See the protocol. One statement, whatever their number."""
        rows = fetch(self._connection, _TIMES, listed(self._connection, entry_ids))
        return {row[0]: _booked(row) for row in rows}

    def since(self, day: date) -> list[BookedTime]:
        """See the protocol."""
        return [_booked(row) for row in fetch(self._connection, _SINCE, day.isoformat())]

    def refused(self, link_id: int) -> list[BookedTime]:
        """See the protocol."""
        return [_booked(row) for row in fetch(self._connection, _REFUSED, link_id)]

    def save(self, entry: BookedTime) -> None:
        """See the protocol."""
        numbers = (entry.entry_id, entry.link_id, entry.minutes, entry.revision)
        execute(self._connection, _SAVE_TIME, *numbers, entry.day.isoformat(), clean(entry.why), entry.refused)


def _file(row: Row) -> CarriedFile:
    link, side, remote_id, name, outcome, sha256, copy_id, why = row
    return CarriedFile(link, side, remote_id, name, Outcome(outcome), sha256, copy_id, why)


def _booked(row: Row) -> BookedTime:
    entry, link, minutes, revision, day, why, refused = row
    return BookedTime(entry, link, minutes, date.fromisoformat(day), revision, why, refused)
