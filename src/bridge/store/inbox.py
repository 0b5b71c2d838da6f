"""Hooks that were received, each once, and how many changes came so."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import Connection

from bridge.model.coverage import Coverage
from bridge.model.hint import Heard, Hint, HintEnd, WaitingHint
from bridge.store import hook_tables as tables
from bridge.store.sql import execute, execute_many, fetch, insert_text, listed, upsert_text
from bridge.store.values import clean, micros, micros_or_none, moment, moment_or_none, short, to_json

_HINT = ("source", "delivery", "entity", "mark", "remote_ids", "changed_at", "received_at")
_PUT = insert_text(tables.inbox, (*_HINT, "outcome")) + " ON CONFLICT (source, delivery) DO NOTHING"
_WAITING = f"SELECT id, {', '.join(_HINT)} FROM inbox WHERE handled_at IS NULL AND source = ? ORDER BY id LIMIT ?"  # noqa: S608 - constants
_COUNT = "SELECT count(*) FROM inbox WHERE handled_at IS NULL"
_HANDLED = "UPDATE inbox SET handled_at = ?, outcome = ? WHERE id = ?"
_HEARD = (
    f"SELECT entity, max(CASE WHEN outcome = '{HintEnd.TAKEN}' THEN mark ELSE 0 END), max(changed_at),"  # noqa: S608 - constants
    " max(received_at) FROM inbox WHERE source = ? AND entity @among GROUP BY entity"
)
_FORGET = "DELETE FROM inbox WHERE received_at < ?"
_COVERAGE = ("system", "heard", "missed", "heard_in_a_row", "missed_in_a_row", "last_heard_at", "last_missed_at")
_COVERAGES = f"SELECT {', '.join(_COVERAGE)} FROM hook_coverage ORDER BY system"  # noqa: S608 - constants
_SAVE_COVERAGE = upsert_text(tables.hook_coverage, _COVERAGE)


class StoredInbox:
    """Implements bridge.model.inbox.Inbox."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def put(self, hints: Sequence[Hint], received_at: datetime) -> int:
        """See the protocol."""
        at = micros(received_at)
        rows = [
            (
                clean(hint.system),
                short(hint.delivery),
                short(hint.entity),
                hint.mark,
                to_json(list(hint.remote_ids)),
                micros_or_none(hint.changed_at),
                at,
                "",
            )
            for hint in hints
        ]
        return execute_many(self._connection, _PUT, rows)

    def waiting(self, system: str, limit: int) -> list[WaitingHint]:
        """See the protocol."""
        return [
            WaitingHint(
                number,
                Hint(name, entity, delivery, mark, tuple(json.loads(ids)), moment_or_none(changed)),
                moment(received),
            )
            for number, name, delivery, entity, mark, ids, changed, received in fetch(
                self._connection, _WAITING, clean(system), limit
            )
        ]

    def depth(self) -> int:
        """See the protocol."""
        return int(fetch(self._connection, _COUNT)[0][0])

    def handled(self, ids: Collection[int], end: HintEnd, at: datetime) -> None:
        """See the protocol."""
        execute_many(self._connection, _HANDLED, [(micros(at), str(end), number) for number in sorted(ids)])

    def heard(self, system: str, entities: Collection[str]) -> dict[str, Heard]:
        """See the protocol."""
        names = {short(name): name for name in entities}
        found = fetch(self._connection, _HEARD, clean(system), listed(self._connection, names))
        return {
            names[entity]: Heard(mark, moment_or_none(last), moment(received)) for entity, mark, last, received in found
        }

    def forget(self, before: datetime) -> int:
        """See the protocol."""
        return execute(self._connection, _FORGET, micros(before))

    def coverage(self) -> dict[str, Coverage]:
        """See the protocol."""
        found = {}
        for system, heard, missed, heard_row, missed_row, last_heard, last_missed in fetch(
            self._connection, _COVERAGES
        ):
            moments = moment_or_none(last_heard), moment_or_none(last_missed)
            found[system] = Coverage(system, heard, missed, heard_row, missed_row, *moments)
        return found

    def save_coverage(self, coverage: Coverage) -> None:
        """See the protocol."""
        execute(
            self._connection,
            _SAVE_COVERAGE,
            clean(coverage.system),
            coverage.heard,
            coverage.missed,
            coverage.heard_in_a_row,
            coverage.missed_in_a_row,
            micros_or_none(coverage.last_heard_at),
            micros_or_none(coverage.last_missed_at),
        )
