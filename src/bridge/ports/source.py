"""A connection to one incident system."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Protocol

from bridge.model.errors import Problem
from bridge.model.incident import Capability, ChangeRequest, ChangeSpec, Incident, Note, Page, State
from bridge.ports.extras import Extras
from bridge.ports.field_values import FieldValues


class IncidentSource(Protocol):
    """A connection to one incident system. Raises bridge.model.errors for everything that goes wrong remotely."""

    @property
    def name(self) -> str:
        """The configured name, the first half of every incident's identity."""

    @property
    def capabilities(self) -> frozenset[Capability]:
        """What this source can do."""

    @property
    def extras(self) -> Extras:
        """Files, a work log and relations, where the source has them."""

    @property
    def field_values(self) -> FieldValues:
        """Single values that the bridge may set."""

    def check(self) -> list[Problem]:
        """Problems of the connection, the account's rights and zone; empty when all is well. Writes nothing."""

    def start_cursor(self) -> str:
        """The cursor that means “only what changes from now on”."""

    def changes(self, cursor: str, known: KnownIncidents) -> Iterator[Page]:
        """What changed since the cursor, oldest first, in pages whose cursor may be stored once the page is.

        Delivered at least once: the same incident may come again. `known` are followed even when they no longer match
        the source's query.
        """

    def history(self, since: datetime, until: datetime | None, resume: str | None) -> Iterator[Page]:
        """All incidents opened in [since, until), for a backfill; `resume` is the cursor of the last page stored."""

    def read(self, external_id: str) -> Incident:
        """The incident as it is now. Raises NotFound when it is gone."""

    def look(self, external_ids: Sequence[str], known: KnownIncidents) -> Page:
        """What `changes` would tell of some incidents if they changed now; the page's cursor is "".

        What the source's query does not find and is not `known` is left out.
        """

    def notes(self, external_id: str, after: str) -> Sequence[Note]:
        """The notes with ids after `after` (empty: all), oldest first, the bridge's own among them."""

    def links(self, external_id: str) -> frozenset[str]:
        """The addresses of external links on the incident."""

    def find_note(self, external_id: str, marker: str) -> str | None:
        """The id of the oldest note whose own last line is `marker`, None when there is none."""

    def add_note(self, external_id: str, text: str, *, private: bool) -> str:
        """Adds a note, reads it back and returns its id ("" where the system gives none)."""

    def add_link(self, external_id: str, url: str, title: str) -> None:
        """Adds a link to an address; the same address twice is one link."""

    def set_state(self, external_id: str, state: State, reason: str) -> Incident:
        """Resolves, holds, reopens … and reads back. Raises NotApplied when the system ignored it."""

    def assign(self, external_id: str, login: str) -> Incident:
        """Gives the incident to a person and reads back. Raises NotApplied when the system ignored it."""

    def open_change(self, spec: ChangeSpec, *, unsure: bool) -> ChangeRequest:
        """Opens a request for change and reads back. With `unsure` one with the same marker is looked for first.

        Raises NotApplied when the system dropped part of it, NotPossible without Capability.CHANGE.
        """

    def read_change(self, change_id: str) -> ChangeRequest:
        """A request for change by the number that people use. Raises NotFound; NotPossible without the capability."""


class KnownIncidents(Protocol):
    """Tells which external ids the store already has."""

    def __call__(self, external_ids: Sequence[str]) -> frozenset[str]:
        """The subset of `external_ids` that is known."""
