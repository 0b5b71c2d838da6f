"""Files as a source of incidents. Nothing is ever written to them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import NoReturn

from bridge.model.errors import NotFound, NotPossible, Problem, RemoteUnavailable
from bridge.model.incident import Capability, ChangeRequest, ChangeSpec, Incident, Note, Page, Poison, Snapshot, State
from bridge.ports import Clock, Extras, KnownIncidents
from bridge.sources.field_values import NoFieldValues
from bridge.sources.file.check import check
from bridge.sources.file.cursor import FileCursor
from bridge.sources.file.options import FileOptions, RowsAre
from bridge.sources.file.records import Part, Place, Record, end_of, parts, records, unchanged
from bridge.sources.file.translate import FileTranslator

_RAW = 2000


@dataclass(slots=True)
class _Group:
    """Rows of one incident; `begin` is the place before its first row."""

    begin: Place
    number: str = ""
    rows: list[Record] = field(default_factory=list)
    error: str = ""


class FileSource:
    """Incidents from CSV and JSON Lines; reading keeps one page in memory, whatever the size of the files."""

    extras = Extras()
    OPTIONS = FileOptions

    def __init__(self, name: str, options: FileOptions, clock: Clock) -> None:
        self._name = name
        self._options = options
        self._clock = clock
        self._translator = FileTranslator(name, options)
        self._log = options.rows is RowsAre.EVENT_LOG
        self.field_values = NoFieldValues()

    @property
    def name(self) -> str:
        """The configured name."""
        return self._name

    @property
    def capabilities(self) -> frozenset[Capability]:
        """A timeline, if the files are an event log; nothing can be written."""
        return frozenset({Capability.TIMELINE}) if self._log else frozenset()

    def check(self) -> list[Problem]:
        """Missing files and columns, and what the first rows have that no table covers."""
        where = f"source {self._name}"
        try:
            found = self._parts()
        except RemoteUnavailable as error:
            return [Problem(where, error.what, error.advice)]
        return check(where, found, self._options, self._translator)

    def start_cursor(self) -> str:
        """The present ends of the files."""
        cursor = FileCursor()
        for part in self._parts():
            cursor = cursor.at(part, end_of(part), ended=True)
        return str(cursor)

    def changes(self, cursor: str, known: KnownIncidents) -> Iterator[Page]:  # noqa: ARG002 - files have no query
        """Rows added to files, and all rows of files that were written anew."""
        place = FileCursor.parse(cursor, f"source {self._name}")
        for part in self._parts():
            if place.seen(part):
                continue
            begin = place.place(part)
            if not unchanged(part, begin):
                begin = Place()
            for groups, end, ended in self._chunks(part, begin):
                place = place.at(part, end, ended=ended)
                yield self._page(groups, str(place), lambda _: True)

    def history(self, since: datetime, until: datetime | None, resume: str | None) -> Iterator[Page]:
        """Incidents opened in the time, in the order of the files."""
        place = FileCursor.parse(resume, f"source {self._name}") if resume else FileCursor()

        def wanted(record: Record) -> bool:
            opened = self._translator.opened(record.values)
            return since <= opened and (until is None or opened < until)

        for part in self._parts():
            if not place.seen(part):
                for groups, end, ended in self._chunks(part, place.place(part)):
                    place = place.at(part, end, ended=ended)
                    yield self._page(groups, str(place), wanted)

    def read(self, external_id: str) -> Incident:
        """The incident's last row. Reads the files from the beginning. Raises NotFound."""
        found: Incident | None = None
        for part in self._parts():
            for group in self._groups(part, Place()):
                if group.number == external_id and not group.error:
                    found = self._snapshot(group).incident
        if found is None:
            raise NotFound(f"{self._name} #{external_id}", f"is in no file that matches {self._options.path}.")
        return found

    def look(self, external_ids: Sequence[str], known: KnownIncidents) -> Page:  # noqa: ARG002 - files send no hooks
        """Nothing: whoever writes files tells nobody, and one of them would have to be read as a whole."""
        return Page((), "")

    def notes(self, external_id: str, after: str) -> Sequence[Note]:  # noqa: ARG002 - files have no notes
        """None."""
        return ()

    def links(self, external_id: str) -> frozenset[str]:  # noqa: ARG002 - files have no links
        """None."""
        return frozenset()

    def find_note(self, external_id: str, marker: str) -> str | None:  # noqa: ARG002 - files have no notes
        """None."""
        return None

    def add_note(self, external_id: str, text: str, *, private: bool) -> str:  # noqa: ARG002 - refused
        """Raises NotPossible."""
        self._refuse(external_id)

    def add_link(self, external_id: str, url: str, title: str) -> None:  # noqa: ARG002 - refused
        """Raises NotPossible."""
        self._refuse(external_id)

    def set_state(self, external_id: str, state: State, reason: str) -> Incident:  # noqa: ARG002 - refused
        """Raises NotPossible."""
        self._refuse(external_id)

    def assign(self, external_id: str, login: str) -> Incident:  # noqa: ARG002 - refused
        """Raises NotPossible."""
        self._refuse(external_id)

    def open_change(self, spec: ChangeSpec, *, unsure: bool) -> ChangeRequest:  # noqa: ARG002 - refused
        """Raises NotPossible."""
        self._refuse(spec.title)

    def read_change(self, change_id: str) -> ChangeRequest:
        """Raises NotPossible."""
        self._refuse(change_id)

    def _refuse(self, external_id: str) -> NoReturn:
        what = "files are only read."
        raise NotPossible(f"{self._name} #{external_id}", what, "Use rules that write nothing to this source.")

    def _parts(self) -> list[Part]:
        try:
            found = parts(self._options.path)
        except (OSError, ValueError) as error:
            raise RemoteUnavailable(f"source {self._name}", f"{self._options.path}: {error}.") from error
        if not found:
            what = f"no file matches {self._options.path}."
            raise RemoteUnavailable(f"source {self._name}", what, "Correct `path`, or wait for the file.")
        return found

    def _chunks(self, part: Part, begin: Place) -> Iterator[tuple[list[_Group], Place, bool]]:
        """Pages of groups with the place after each, and whether the part ends there.

        The last group of a log stays to be read again, for its next rows may not be written yet; so does a last line
        without an end.
        """
        groups: list[_Group] = []
        for group in self._groups(part, begin):
            if len(groups) == self._options.page_size:
                yield groups, group.begin, False
                groups = []
            groups.append(group)
        last = groups[-1] if groups else _Group(begin)
        again = bool(last.rows) and (self._log or not last.rows[-1].whole)
        end = last.begin if again else (last.rows[-1].end if last.rows else begin)
        yield groups, end, True

    def _groups(self, part: Part, begin: Place) -> Iterator[_Group]:
        group = _Group(begin)
        end = begin
        for record in records(part, self._options, begin):
            number, error = "", record.error
            try:
                number = self._translator.identity(record.values) if not error else ""
            except ValueError as problem:
                error = str(problem)
            if group.rows and not (self._log and number and number == group.number):
                yield group
                group = _Group(end)
            group.number, group.error = number, error
            group.rows.append(record)
            end = record.end
        if group.rows:
            yield group

    def _page(self, groups: Sequence[_Group], cursor: str, wanted: Callable[[Record], bool]) -> Page:
        snapshots: list[Snapshot] = []
        poison: list[Poison] = []
        for group in groups:
            try:
                if group.error:
                    raise ValueError(group.error)  # noqa: TRY301 - one place where poison is made
                if wanted(group.rows[-1]):
                    snapshots.append(self._snapshot(group))
            except (ValueError, TypeError) as error:
                raw = json.dumps([one.values for one in group.rows], ensure_ascii=False)[:_RAW]
                number = group.number or f"byte {group.begin.offset}"
                poison.append(Poison(number, str(error), raw))
        return Page(tuple(snapshots), cursor, tuple(poison))

    def _snapshot(self, group: _Group) -> Snapshot:
        if not self._log:
            return Snapshot(self._translator.incident(group.rows[-1].values))
        return self._translator.snapshot([(one.values, f"{one.mark:08x}") for one in group.rows], self._clock.now())
