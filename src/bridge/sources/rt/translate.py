"""From RT's tickets to incidents."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from bridge.model.incident import MERGED_INTO, Incident, Note, State
from bridge.sources.build import Unknown, effort_of, joined, level_of, state_of, verdict_of
from bridge.sources.rt.options import RtOptions
from bridge.sources.tables import PriorityTable, StateTable
from bridge.sources.times import unambiguous

Row = Mapping[str, Any]

NOBODY = "Nobody"
FIRST_MESSAGE = "Content"
UNSET = "1970-01-01T00:00:00Z"
_ALWAYS = ("Subject", "Status", "Queue", "Owner", "Created", "Started", "Resolved", "LastUpdated", "SLA", "Due")
_KEPT = ("SLA", "Due", "Priority")
_VERDICTS = ("response_breached", "resolution_breached")
_LEVELS = ("priority", "impact", "urgency")
_ENDED = frozenset({State.RESOLVED, State.CLOSED})


class RtTranslator:
    """Translates for one source. Raises ValueError for what has no place among incidents."""

    def __init__(self, name: str, options: RtOptions) -> None:
        self._states = StateTable(options.states, options.write_states)
        self._name = name
        self._url = options.url
        self._broken = options.broken
        self._paths = {field: path for field, path in options.fields if path}
        self._levels = {
            "priority": PriorityTable(options.priorities),
            "impact": PriorityTable(options.impacts),
            "urgency": PriorityTable(options.urgencies),
        }
        self.first_message = self._paths.get("description") == FIRST_MESSAGE

    def params(self) -> dict[str, str]:
        """What to ask for in lists of tickets."""
        plain = {path.partition(".")[0] for path in self._paths.values()} - {"CF", FIRST_MESSAGE}
        heads = {"CustomRoles" if head.startswith("RT::CustomRole-") else head for head in plain}
        fields = sorted({*_ALWAYS, *_KEPT, *heads, "CustomFields"})
        people = {f"fields[{one}]": "Name" for one in ("Queue", *sorted(heads & {"AdminCc", "Cc", "CustomRoles"}))}
        return {"fields": ",".join(fields), **people}

    def incident(self, ticket: Row, first_message: str = "") -> Incident:
        """The incident that a ticket is; one merged into another is cancelled, and the other its parent."""
        number, merged = str(ticket["id"]), str(ticket.get(MERGED_INTO) or "")
        custom = _custom_fields(ticket)
        unknown: Unknown = []
        values: dict[str, Any] = {field: _value(ticket, custom, path) for field, path in self._paths.items()}
        state = State.CANCELLED if merged else state_of(self._states, str(ticket["Status"]))
        for one in _LEVELS:
            values[one] = level_of(self._levels[one], one, values.get(one, ""), unknown)
        for one in _VERDICTS:
            values[one] = verdict_of(values.get(one, ""), self._broken)
        values["effort"] = effort_of(values.get("effort", ""), "minutes")
        created = moment(ticket["Created"])
        if created is None:
            message = "has no Created date"
            raise ValueError(message)
        ended = moment(ticket.get("Resolved"))
        if self.first_message:
            values["description"] = first_message
        if state is not State.ON_HOLD:
            values.pop("hold_reason", None)
        return Incident(
            source=self._name,
            external_id=number,
            summary=str(ticket.get("Subject") or ""),
            state=state,
            opened_at=created,
            updated_at=moment(ticket.get("LastUpdated")) or created,
            url=f"{self._url}/Ticket/Display.html?id={number}",
            acknowledged_at=moment(ticket.get("Started")),
            # RT leaves the date of an earlier resolution on a ticket that was reopened
            resolved_at=ended if state in _ENDED else None,
            closed_at=ended if state in {State.CLOSED, State.CANCELLED} else None,
            parent=merged,
            fields={**custom, **_kept(ticket), **({MERGED_INTO: merged} if merged else {})},
            unknown=tuple(unknown),
            **values,
        )

    def note(self, row: Row, text: str, html: str = "") -> Note:
        """The note that a Comment or Correspond transaction is."""
        at = moment(row.get("Created")) or datetime.fromtimestamp(0, UTC)
        private = row["Type"] == "Comment"
        return Note(str(row["id"]), _text(row.get("Creator")), at, text, private, html)


def query_time(at: datetime, zone: ZoneInfo, *, up: bool = False) -> str:
    """A moment for TicketSQL: in the account's zone and whole seconds, never later (`up`: never earlier) than it is."""
    if at.microsecond and up:
        at = at.replace(microsecond=0) + timedelta(seconds=1)
    return unambiguous(at, zone, up=up).astimezone(zone).strftime("%Y-%m-%d %H:%M:%S")


def moment(text: Any) -> datetime | None:
    """A moment as RT answers; None for its “not set”. Raises ValueError."""
    if not text or text == UNSET:
        return None
    at = datetime.fromisoformat(text)
    return at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC)


def _custom_fields(ticket: Row) -> dict[str, str]:
    return {one["name"]: _text(one.get("values") or []) for one in ticket.get("CustomFields") or ()}


def _kept(ticket: Row) -> dict[str, str]:
    kept = {name: text for name in _KEPT if (text := _text(ticket.get(name))) and text != UNSET}
    return {"Queue": _text(ticket.get("Queue")), **kept}


def _value(ticket: Row, custom: Mapping[str, str], path: str) -> str:
    if path.startswith("CF."):
        return custom.get(path[3:], "")
    if path.startswith("RT::CustomRole-"):
        return _text((ticket.get("CustomRoles") or {}).get(path))
    return "" if path == FIRST_MESSAGE else _text(ticket.get(path))


def _text(value: Any) -> str:
    if isinstance(value, list):
        return joined(_text(one) for one in value)
    if isinstance(value, Mapping):
        name = str(value.get("Name") or value.get("id") or value.get("filename") or "")
        return "" if name == NOBODY else name
    return "" if value is None else str(value)
