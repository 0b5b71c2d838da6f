"""Copies a file to the other side, once: the same content is never sent again."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from tempfile import SpooledTemporaryFile
from typing import BinaryIO, cast

from bridge.model.effect import Effect
from bridge.model.errors import Forbidden, NotApplied, NotFound, NotPossible, Rejected, WouldLeak
from bridge.model.files import CarriedFile, Outcome, RemoteFile, Upload
from bridge.model.link import Link
from bridge.ports import Clock, IncidentFiles, IncidentSource, ProjectTracker, Store, UnitOfWork
from bridge.sync.merge import Side
from bridge.usecases.configured import Configured
from bridge.usecases.deliver.effects import TRACKER_SYSTEM
from bridge.usecases.deliver.guard import raise_if_shut
from bridge.usecases.files import file_of
from bridge.usecases.missing import waits_for_source

Save = Callable[[UnitOfWork], None]
Fetch = Callable[[RemoteFile, BinaryIO, int], None]
REFUSALS = (Rejected, NotApplied, NotPossible, WouldLeak, Forbidden)
IN_MEMORY = 1 << 20
_PIECE = 1 << 16


@dataclass(frozen=True, slots=True)
class Place:
    """Where a copy is to go: what is there, how that is read, how one is written, and whose note that is."""

    files: Callable[[], Iterable[RemoteFile]]
    fetch: Fetch
    write: Callable[[Upload], tuple[str, tuple[str, ...]]]
    system: str
    entity: str


@dataclass(frozen=True, slots=True)
class FileDelivery:
    """Handlers of the effects on files.

    A file that is not taken is remembered with the reason and shown on its link: it neither blocks the project nor is
    it tried again.
    """

    store: Store
    sources: Mapping[str, IncidentSource]
    tracker: ProjectTracker
    configured: Callable[[], Configured]
    clock: Clock

    def to_incident(self, effect: Effect) -> Save:
        """Copies a file of the issue to its incident."""
        link, file = self._link(effect), file_of(effect.payload["file"])
        remote, external_id = self._remote(link), link.ref.external_id
        policy, texts = self.configured().policy, self.configured().texts

        def write(upload: Upload) -> tuple[str, tuple[str, ...]]:
            text = texts.render("file_from_issue", file=file, issue_url=policy.issue_url(link.issue_id or 0))
            origin = policy.note_origin(link.ref, f"file {file.id}")
            written = remote.add(external_id, upload, f"{text}\n\n{origin}")
            return written.id, written.notes

        files = partial(remote.list, external_id)
        place = Place(files, partial(remote.fetch, external_id), write, link.ref.source, external_id)
        return self._copied(link, Side.ISSUE, file, self.tracker.files.fetch, place)

    def to_issue(self, effect: Effect) -> Save:
        """Copies a file of the incident to its issue."""
        link, file = self._link(effect), file_of(effect.payload["file"])
        if link.issue_id is None:
            raise NotFound(str(link.ref), "its own issue does not exist yet.", "See `queue dead`.")
        issue_id = link.issue_id
        text = self.configured().texts.render("file_from_incident", file=file, incident_ref=str(link.ref))

        def write(upload: Upload) -> tuple[str, tuple[str, ...]]:
            written = self.tracker.files.add(issue_id, upload, text)
            return written.id, written.notes

        def files() -> Iterable[RemoteFile]:
            return self.tracker.read_issue(issue_id).files

        place = Place(files, self.tracker.files.fetch, write, TRACKER_SYSTEM, str(issue_id))
        return self._copied(link, Side.INCIDENT, file, partial(self._remote(link).fetch, link.ref.external_id), place)

    def _copied(self, link: Link, side: Side, file: RemoteFile, fetch: Fetch, place: Place) -> Save:
        row = CarriedFile(link.id, str(side), file.id, file.name, Outcome.REFUSED)
        limit = self.configured().policy.carried.files.most_bytes
        try:
            with _spooled() as spool:
                try:
                    fetch(file, spool, limit)
                except NotFound:
                    return partial(self._save, link, replace(row, why="it was removed before it could be copied"), ())
                upload = _upload(file, spool)
                row = replace(row, sha256=upload.sha256)
                found = self._there(link, side, upload, place, limit)
                if found is not None:
                    return partial(self._save, link, replace(row, outcome=Outcome.SAME, copy_id=found), ())
                copy_id, notes = place.write(upload)
        except REFUSALS as error:
            if side is Side.INCIDENT:
                raise_if_shut(self.store, self.tracker, link, error)
            why = " ".join(filter(None, (error.what, error.advice)))
            return partial(self._save, link, replace(row, why=why), ())
        written = replace(row, outcome=Outcome.CARRIED, copy_id=copy_id)
        return partial(self._save, link, written, tuple((place.system, place.entity, note) for note in notes))

    def _there(self, link: Link, side: Side, upload: Upload, place: Place, limit: int) -> str | None:
        """The id of the same content on the other side ("" where only the store knows of it), None when it is new.

        Both what was carried before and what stands there count: an attempt may have died between writing and storing.
        """
        with self.store.reading() as uow:
            known = [one for one in uow.files.of_link(link.id) if one.sha256 == upload.sha256]
        for one in known:
            if one.outcome is not Outcome.REFUSED:
                return one.copy_id if one.side == side else one.remote_id
        for there in place.files():
            if there.size in {upload.size, None}:
                with _spooled() as spool:
                    try:
                        place.fetch(there, spool, limit)
                    except (Rejected, NotFound):
                        continue
                    if _upload(there, spool).sha256 == upload.sha256:
                        return there.id
        return None

    def _save(self, link: Link, row: CarriedFile, own: tuple[tuple[str, str, str], ...], uow: UnitOfWork) -> None:
        uow.files.save(row)
        for system, entity, note in own:
            uow.own_writes.add(system, entity, note)
        if row.outcome is Outcome.REFUSED:
            told = f"the file “{row.name}” stays on the {row.side} alone: {row.why.rstrip('.')}."
            now = uow.links.get(link.id)
            lines = dict.fromkeys((*filter(None, now.attention.split("\n")), told))
            uow.links.save(replace(now, attention="\n".join(lines)))
            uow.ledger.audit(self.clock.now(), "bridge", "reported", str(link.ref), {"what": told})

    def _link(self, effect: Effect) -> Link:
        with self.store.reading() as uow:
            return uow.links.get(effect.payload["link"])

    def _remote(self, link: Link) -> IncidentFiles:
        source = self.sources.get(link.ref.source)
        if source is None:
            raise waits_for_source(self.store, link, self.clock.now())
        if source.extras.files is None:
            raise NotPossible(str(link.ref), "its source takes no files any more.", "See its `attachments`.")
        return source.extras.files


@contextmanager
def _spooled() -> Iterator[BinaryIO]:
    """A temporary file; small ones never reach the disk."""
    with SpooledTemporaryFile(max_size=IN_MEMORY) as spool:
        yield cast("BinaryIO", spool)


def _upload(file: RemoteFile, spool: BinaryIO) -> Upload:
    digest, size = hashlib.sha256(), 0
    spool.seek(0)
    while piece := spool.read(_PIECE):
        digest.update(piece)
        size += len(piece)

    @contextmanager
    def content() -> Iterator[BinaryIO]:
        spool.seek(0)
        yield spool

    return Upload(file.name, file.content_type, size, digest.hexdigest(), content)
