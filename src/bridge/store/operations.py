"""Facts in columns for reports. A report on some days reads their rows and the backlog's by index, not the history."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping, Sequence

from sqlalchemy import Connection

from bridge.repositories.operations import Compared, DaySums, FactSpan, Rows
from bridge.store.rebuild import compare_days, compare_facts
from bridge.store.sql import fetch, fetch_parts, listed, statement

_NONE = "-9223372036854775808"
_PRIORITY, _CANCELLED = "coalesce(priority, 0)", "CAST(state = 'cancelled' AS INTEGER)"
_RESPONSE, _RESOLUTION = (f"coalesce(CAST({name}_breached AS INTEGER), -1)" for name in ("response", "resolution"))
_COLUMNS = {
    "number": "incident_id",
    "opened": "opened_at",
    "responded": f"coalesce(responded_at, {_NONE})",
    "reported": f"coalesce(resolved_reported, {_NONE})",
    "timeline": f"coalesce(resolved_timeline, {_NONE})",
    "left": f"coalesce(left_at, {_NONE})",
    "priority": _PRIORITY,
    "cancelled": _CANCELLED,
    "told_response": _RESPONSE,
    "told_resolution": _RESOLUTION,
    "marks": f"(({_PRIORITY} * 2 + {_CANCELLED}) * 4 + {_RESPONSE} + 1) * 4 + {_RESOLUTION} + 1",
}
"""How the columns of a report are read that do not stand in the table under the same name."""
_SPANNED = {
    name: statement(
        "WHERE incident_id IN",
        f"(SELECT incident_id FROM incident_fact WHERE {name} >= ? AND {name} < ?",  # noqa: S608 - one of three names
        "UNION SELECT incident_id FROM incident_fact WHERE left_at >= ? AND opened_at < ?",
        "UNION SELECT incident_id FROM incident_fact WHERE left_at IS NULL AND opened_at < ?)",
    )
    for name in ("opened_at", "resolved_reported", "resolved_timeline")
}
_HOLDS = (
    "SELECT incident_id, holds FROM (SELECT incident_id, holds FROM incident_fact {where}) AS held WHERE holds <> '[]'"
)
_EXCLUDED = "SELECT DISTINCT incident_id FROM exclusion"
_RULES = (
    "SELECT m.incident_id, p.rule_id FROM promotion_member m JOIN promotion p ON p.id = m.promotion_id ORDER BY p.id"
)
_PROMOTIONS = "SELECT id, name, label, rule_id FROM promotion WHERE id @among"
_NAMES = "SELECT id, source, external_id FROM incident WHERE id @among"
_STALE = "SELECT 1 FROM meta WHERE name = 'facts' AND value = 'stale'"
_DAYS = statement(
    "SELECT day, sum(opened), sum(ended), sum(resolved_reported), sum(time_reported), sum(resolved_timeline),",
    "sum(time_timeline) FROM fact_day WHERE day >= ? AND day < ? GROUP BY day ORDER BY day",
)
_OPEN_BEFORE = "SELECT coalesce(sum(opened) - sum(ended), 0) FROM fact_day WHERE day < ?"
PART = 20_000


class StoredFactColumns:
    """Implements bridge.repositories.FactColumns."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def rows(self, span: FactSpan | None, names: Sequence[str]) -> Iterator[Rows]:
        """See the protocol."""
        where, values = _where(span)
        some = ", ".join(_COLUMNS.get(name, name) for name in names)
        query = f"SELECT {some} FROM incident_fact {where}"  # noqa: S608 - made here
        yield from fetch_parts(self._connection, query, PART, *values)

    def holds(self, span: FactSpan | None) -> Iterator[tuple[int, int, int | None, str]]:
        """See the protocol."""
        where, values = _where(span)
        for part in fetch_parts(self._connection, _HOLDS.format(where=where), PART, *values):
            # Parsed together: a call for each would take three times as long.
            parsed = json.loads(f"[{','.join(text for _, text in part)}]")
            pairs = zip(part, parsed, strict=True)
            yield from [(number, begin, end, reason) for (number, _), those in pairs for begin, end, reason in those]

    def excluded(self) -> list[int]:
        """See the protocol."""
        return [number for (number,) in fetch(self._connection, _EXCLUDED)]

    def rules(self) -> dict[int, str]:
        """See the protocol."""
        return {number: str(rule) for number, rule in fetch(self._connection, _RULES)}

    def promotions(self, numbers: Collection[int]) -> Mapping[int, tuple[str, str, str]]:
        """See the protocol."""
        found = fetch(self._connection, _PROMOTIONS, listed(self._connection, numbers))
        return {number: (name, label, rule) for number, name, label, rule in found}

    def names(self, numbers: Collection[int]) -> dict[int, str]:
        """See the protocol."""
        found = fetch(self._connection, _NAMES, listed(self._connection, numbers))
        return {number: f"{source} #{name}" for number, source, name in found}

    def is_stale(self) -> bool:
        """See the protocol."""
        return bool(fetch(self._connection, _STALE))

    def days(self, since: int, until: int) -> list[DaySums]:
        """See the protocol."""
        return [DaySums(*map(int, row)) for row in fetch(self._connection, _DAYS, since, until)]

    def open_before(self, day: int) -> int:
        """See the protocol."""
        return int(fetch(self._connection, _OPEN_BEFORE, day)[0][0])

    def compare(self, after_id: int, limit: int, *, mend: bool) -> Compared:
        """See the protocol."""
        return compare_facts(self._connection, after_id, limit, mend=mend)

    def compare_days(self, *, mend: bool) -> int:
        """See the protocol."""
        return compare_days(self._connection, mend=mend)


def _where(span: FactSpan | None) -> tuple[str, tuple[int, ...]]:
    if span is None:
        return "", ()
    return _SPANNED[span.column], (span.since, span.until, span.at, span.at, span.at)
