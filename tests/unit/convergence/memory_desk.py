"""An incident system in memory, with a clock of its own and a line that may break before or after a write."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from tests.unit.convergence.line import Line

from bridge.model.conflict import ClockOffset
from bridge.model.errors import NotFound, NotPossible
from bridge.model.incident import Capability, ChangeRequest, ChangeSpec, Incident, Note, Page, Snapshot, State
from bridge.ports import Clock, Extras, KnownIncidents
from bridge.sources.marks import marked

OVERLAP = timedelta(seconds=2)
BRIDGE = "bridge"
CAN = frozenset({Capability.PRIVATE_NOTE, Capability.PUBLIC_NOTE, Capability.ASSIGN, Capability.HOLD})


@dataclass
class MemoryDesk:
    """Implements bridge.ports.IncidentSource. Times are whole seconds of its own clock; lists are filtered by them."""

    clock: Clock
    offset: timedelta
    line: Line
    name: str = "desk"
    incidents: dict[str, Incident] = field(default_factory=dict)
    written: dict[str, list[Note]] = field(default_factory=dict)
    told: Callable[[str], None] = lambda _entity: None
    """Hears of every change, as a hook would."""
    numbers: int = 0
    capabilities: frozenset[Capability] = CAN | {Capability.RESOLVE, Capability.LINK}
    extras: Extras = field(default_factory=Extras)
    addresses: dict[str, set[str]] = field(default_factory=dict)

    @property
    def field_values(self) -> NoValues:
        """It has none that can be set."""
        return NoValues()

    def now(self) -> datetime:
        """By its own clock."""
        return (self.clock.now() + self.offset).replace(microsecond=0)

    def change(self, external_id: str, **values: object) -> None:
        """Somebody changes values of an incident."""
        self.incidents[external_id] = replace(self.incidents[external_id], updated_at=self.now(), **values)  # type: ignore[arg-type]  # named values
        self.told(external_id)

    def write(self, external_id: str, author: str, text: str, *, private: bool) -> str:
        """Somebody writes a note; its number."""
        self.numbers += 1
        note = Note(str(self.numbers), author, self.now(), text, private)
        self.written.setdefault(external_id, []).append(note)
        self.change(external_id)
        return note.remote_id

    def check(self) -> list[object]:
        return []

    def start_cursor(self) -> str:
        return self.now().isoformat()

    def changes(self, cursor: str, known: KnownIncidents) -> Iterator[Page]:
        self.line.read()
        since = datetime.fromisoformat(cursor)
        found = sorted((one for one in self.incidents.values() if one.updated_at >= since), key=lambda i: i.updated_at)
        if found:
            yield Page(tuple(map(Snapshot, found)), (found[-1].updated_at - OVERLAP).isoformat())

    def history(self, since: datetime, until: datetime | None, resume: str | None) -> Iterator[Page]:
        return iter(())

    def read(self, external_id: str) -> Incident:
        self.line.read()
        if external_id not in self.incidents:
            raise NotFound(f"{self.name} #{external_id}", "is not there.")
        return self.incidents[external_id]

    def look(self, external_ids: Sequence[str], known: KnownIncidents) -> Page:
        self.line.read()
        return Page(tuple(Snapshot(self.incidents[one]) for one in external_ids if one in self.incidents), "")

    def notes(self, external_id: str, after: str) -> Sequence[Note]:
        self.line.read()
        return [note for note in self.written.get(external_id, []) if int(note.remote_id) > int(after or 0)]

    def links(self, external_id: str) -> frozenset[str]:
        self.line.read()
        return frozenset(self.addresses.get(external_id, set()))

    def find_note(self, external_id: str, marker: str) -> str | None:
        return marked(self.notes(external_id, ""), marker)

    def add_note(self, external_id: str, text: str, *, private: bool) -> str:
        with self.line.writing():
            return self.write(external_id, BRIDGE, text, private=private)

    def add_link(self, external_id: str, url: str, title: str) -> None:
        with self.line.writing():
            self.addresses.setdefault(external_id, set()).add(url)

    def set_state(self, external_id: str, state: State, reason: str) -> Incident:
        with self.line.writing():
            if self.incidents[external_id].state is not state:
                self.change(external_id, state=state)
        return self.incidents[external_id]

    def assign(self, external_id: str, login: str) -> Incident:
        with self.line.writing():
            if self.incidents[external_id].person != login:
                self.change(external_id, person=login)
        return self.incidents[external_id]

    def open_change(self, spec: ChangeSpec, *, unsure: bool) -> ChangeRequest:
        raise NotPossible(self.name, "it knows no requests for change.")

    def read_change(self, change_id: str) -> ChangeRequest:
        raise NotPossible(self.name, "it knows no requests for change.")


class NoValues:
    """Implements bridge.ports.FieldValues for a system that has none to set and does not tell its clock."""

    def can_set(self, name: str) -> bool:
        return False

    def set(self, external_id: str, name: str, value: str | datetime) -> Incident:
        raise NotPossible(f"desk #{external_id}", f"{name} cannot be set.")

    def changed_at(self, external_id: str, name: str) -> datetime | None:
        return None

    def clock(self) -> ClockOffset | None:
        return None
