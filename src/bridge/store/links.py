"""Links between incidents and their own issues."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, replace
from typing import Any

from sqlalchemy import Connection, RowMapping, Select, bindparam, insert, select, update

from bridge.model.errors import NotFound
from bridge.model.incident import IncidentRef
from bridge.model.link import Link, Refusal
from bridge.store import tables
from bridge.store.sql import fetch, listed
from bridge.store.values import clean, frozen

_LINK = tables.link
_COLUMNS = [name for name in _LINK.columns.keys() if name not in ("id", "source", "external_id")]  # noqa: SIM118 - a collection, no dict
# Made once: to put a statement together takes longer than to run it.
_GET = select(_LINK).where(_LINK.c.id == bindparam("link_id"))
_SAVE = update(_LINK).where(_LINK.c.id == bindparam("link_id"))
_OF_REFS = "SELECT id FROM link WHERE source = ? AND external_id @among AND ended_at IS NULL"


class StoredLinks:
    """Implements bridge.repositories.Links."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, link: Link) -> Link:
        """See the protocol. The id given is ignored; raises sqlalchemy's IntegrityError when the incident has one."""
        done = self._connection.execute(insert(_LINK).values(_values(link)).returning(_LINK.c.id))
        return replace(link, id=done.scalar_one())

    def save(self, link: Link) -> None:
        """See the protocol. Raises NotFound when it was never added."""
        done = self._connection.execute(_SAVE, {**_values(link), "link_id": link.id})
        if not done.rowcount:
            raise _missing(link.id)

    def get(self, link_id: int) -> Link:
        """See the protocol."""
        row = self._connection.execute(_GET, {"link_id": link_id}).mappings().first()
        if row is None:
            raise _missing(link_id)
        return _link(row)

    def of_incident(self, incident_id: int) -> Link | None:
        """See the protocol."""
        return self._first(select(_LINK).where(_LINK.c.incident_id == incident_id, _LINK.c.ended_at.is_(None)))

    def of_refs(self, source: str, external_ids: Sequence[str]) -> list[Link]:
        """See the protocol. One statement, whatever their number."""
        names = listed(self._connection, [clean(name) for name in external_ids])
        numbers = [row[0] for row in fetch(self._connection, _OF_REFS, clean(source), names)]
        if not numbers:
            return []
        rows = self._connection.execute(select(_LINK).where(_LINK.c.id.in_(numbers)).order_by(_LINK.c.id)).mappings()
        return [_link(row) for row in rows]

    def of_issue(self, issue_id: int) -> Link | None:
        """See the protocol."""
        return self._first(select(_LINK).where(_LINK.c.issue_id == issue_id, _LINK.c.ended_at.is_(None)))

    def of_issues(self, issue_ids: Iterable[int]) -> list[Link]:
        """See the protocol."""
        among = _LINK.c.issue_id.in_(sorted(issue_ids))
        query = select(_LINK).where(among, _LINK.c.ended_at.is_(None)).order_by(_LINK.c.id)
        return [_link(row) for row in self._connection.execute(query).mappings()]

    def first_of(self, promotion_id: int) -> Link | None:
        """See the protocol."""
        own = _LINK.c.promotion_id == promotion_id
        return self._first(select(_LINK).where(own, _LINK.c.ended_at.is_(None)))

    def any_running(self, sources: Sequence[str]) -> bool:
        """See the protocol."""
        running = _LINK.c.source.in_([clean(name) for name in sources]) & _LINK.c.ended_at.is_(None)
        return self._connection.execute(select(_LINK.c.id).where(running).limit(1)).first() is not None

    def beside(self, link: Link, limit: int) -> list[Link]:
        """See the protocol."""
        query = (
            select(_LINK)
            .where(_LINK.c.source == clean(link.ref.source), _LINK.c.ended_at.is_(None), _LINK.c.id != link.id)
            .order_by(_LINK.c.incident_missed_at.is_(None), _LINK.c.promotion_id != link.promotion_id, _LINK.c.id)
        )
        return [_link(row) for row in self._connection.execute(query.limit(limit)).mappings()]

    def running_after(self, link_id: int, limit: int) -> list[Link]:
        """See the protocol."""
        query = select(_LINK).where(_LINK.c.id > link_id, _LINK.c.ended_at.is_(None)).order_by(_LINK.c.id).limit(limit)
        return [_link(row) for row in self._connection.execute(query).mappings()]

    def all(self, promotion_id: int | None = None) -> list[Link]:
        """See the protocol."""
        query = select(_LINK).order_by(_LINK.c.id)
        if promotion_id is not None:
            query = query.where(_LINK.c.promotion_id == promotion_id)
        return [_link(row) for row in self._connection.execute(query).mappings()]

    def _first(self, query: Select[Any]) -> Link | None:
        row = self._connection.execute(query.order_by(_LINK.c.id).limit(1)).mappings().first()
        return None if row is None else _link(row)


def _missing(link_id: int) -> NotFound:
    return NotFound(f"link {link_id}", "is not in the store.", "Look at `links list` for those there are.")


def _values(link: Link) -> dict[str, Any]:
    values = {name: getattr(link, name) for name in _COLUMNS}
    refused = {name: asdict(refusal) for name, refusal in link.refused.items()}
    return values | {"source": link.ref.source, "external_id": link.ref.external_id, "refused": refused}


def _link(row: RowMapping) -> Link:
    values = dict(row)
    ref = IncidentRef(values.pop("source"), values.pop("external_id"))
    refused = {name: Refusal(**refusal) for name, refusal in values.pop("refused").items()}
    return Link(ref=ref, refused=frozen(refused), **{**values, "agreed": frozen(values["agreed"])})
