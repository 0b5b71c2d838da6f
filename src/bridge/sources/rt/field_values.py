"""Values of RT's tickets that the bridge may set: priority, subject, due date, custom fields."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from bridge.model.conflict import ClockOffset
from bridge.model.errors import NotPossible
from bridge.model.incident import Incident
from bridge.sources.build import clean
from bridge.sources.field_values import shown, shows
from bridge.sources.rt.client import RtClient, refused
from bridge.sources.rt.options import RtOptions
from bridge.sources.rt.translate import moment

_CUSTOM = "CF."
_PLAIN = {"summary": "Subject", "Due": "Due"}
_FIXED = frozenset({"Queue"})
_SUBJECT_BYTES = 200
"""RT 5 keeps as much of a subject (DBIx::SearchBuilder's TruncateValue), and answers 200 to more."""


class RtFieldValues:
    """Implements bridge.ports.FieldValues for one source."""

    def __init__(self, name: str, options: RtOptions, client: RtClient, read: Callable[[str], Incident]) -> None:
        self._name = name
        self._options = options
        self._client = client
        self._read = read

    def can_set(self, name: str) -> bool:
        """Whether RT has a field for it; which custom fields there are only a ticket tells."""
        return name not in _FIXED and bool(self._field(name))

    def set(self, external_id: str, name: str, value: str | datetime) -> Incident:
        """Writes unless it is there. RT takes a due date as UTC without a zone. Raises NotPossible, NotApplied."""
        before = self._read(external_id)
        if shows(before, name, value):
            return before
        if name == "summary" and (size := len(str(value).encode())) > _SUBJECT_BYTES:
            what = f"the subject has {size} bytes of UTF-8, and RT would cut it at {_SUBJECT_BYTES}."
            raise NotPossible(f"{self._name} #{external_id}", what, "Shorten it on the issue.")
        said = self._client.update(external_id, self._change(external_id, name, value))
        after = self._read(external_id)
        if not shows(after, name, value):
            what = f"{name} is still “{shown(after, name)}”, not “{value}”."
            raise refused(f"{self._name} #{external_id}", what, said)
        return after

    def changed_at(self, external_id: str, name: str) -> datetime | None:
        """By the newest transaction about the field, else when the ticket was created."""
        field = self._field(name)
        condition = f"Type = 'Set' AND Field = '{field}'"
        if field.startswith(_CUSTOM):
            number = self._custom_field(external_id, field[len(_CUSTOM) :])
            condition = f"Type = 'CustomField' AND Field = '{number}'"
        rows = list(self._client.transactions([external_id], f"({condition}) OR Type = 'Create'"))
        return moment(rows[-1].get("Created")) if rows else None

    def clock(self) -> ClockOffset | None:
        """As RT's answers dated themselves."""
        return self._client.session.server_clock.offset

    def _field(self, name: str) -> str:
        """RT's field for a value: `CF.<name>` for a custom field, "" where there is none."""
        if name in _PLAIN:
            return _PLAIN[name]
        if name == "category":
            path = self._options.fields.category
            return path if path.startswith(_CUSTOM) else ""
        if name == "priority":
            path = self._options.fields.priority
            return path if path == "Priority" or path.startswith(_CUSTOM) else ""
        return "SLA" if name == "SLA" else f"{_CUSTOM}{name}"

    def _change(self, external_id: str, name: str, value: str | datetime) -> dict[str, Any]:
        field = self._field(name)
        if not field:
            what = f"this source's options name no field of RT that can be set for {name}."
            raise NotPossible(f"{self._name} #{external_id}", what, f"Set fields.{name}.")
        if name == "priority":
            value = self._word(external_id, str(value))
        if field.startswith(_CUSTOM):
            day = value.date().isoformat() if isinstance(value, datetime) else clean(value)
            return {"CustomFields": {field[len(_CUSTOM) :]: day}}
        if isinstance(value, datetime):
            return {field: value.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S")}
        return {field: int(value) if field == "Priority" else clean(value)}

    def _word(self, external_id: str, level: str) -> str:
        """What RT calls a priority from 1 to 5: the first entry of the table, of a range its lower end."""
        for key, found in self._options.priorities.items():
            if str(found) == level:
                low, _, high = key.partition("-")
                return low.strip() if low.strip().isdecimal() and high.strip().isdecimal() else key
        what = f"no entry of `priorities` stands for {level}."
        raise NotPossible(f"{self._name} #{external_id}", what, "Add one to this source's options.")

    def _custom_field(self, external_id: str, name: str) -> str:
        for one in self._client.ticket(external_id).get("CustomFields") or ():
            if one.get("name") == name:
                return str(one["id"])
        what = f"the ticket has no custom field “{name}”."
        raise NotPossible(f"{self._name} #{external_id}", what, "Apply it to the queue, and grant SeeCustomField.")
