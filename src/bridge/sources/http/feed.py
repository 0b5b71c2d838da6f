"""Lists of changed or opened incidents, page by page, with cursors that lose nothing."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

from bridge.model.errors import ConfigurationError, NotFound, Problem
from bridge.model.incident import Page, Poison, Snapshot
from bridge.ports import Clock, KnownIncidents
from bridge.sources.build import text_of
from bridge.sources.http.client import HttpClient
from bridge.sources.http.cursor import ChangeCursor, mark
from bridge.sources.http.options import HttpOptions
from bridge.sources.http.paging import ListPage, Pager
from bridge.sources.http.paths import compile_path
from bridge.sources.http.reading import IncidentReader
from bridge.sources.http.translate import HttpTranslator
from bridge.sources.times import TimeCodec

_RAW = 2000
_AHEAD = timedelta(days=1)
"""How far before us a system's clock, or a zone that is configured wrong, may be."""


@dataclass(frozen=True, slots=True)
class _Item:
    """An item of a list; `error` says why it has no id or no time of its own."""

    number: str
    changed: datetime
    value: Any
    error: str = ""


class HttpFeed:
    """Changes and history of one source."""

    def __init__(
        self, name: str, options: HttpOptions, client: HttpClient, translator: HttpTranslator, reader: IncidentReader
    ) -> None:
        self._where = f"source {name}"
        self._options = options.changes
        self._translator = translator
        self._reader = reader
        self._changes = Pager(client, options.changes)
        self._history = Pager(client, options.history) if options.history else None
        self._overlap = timedelta(seconds=options.changes.overlap)
        self._codec = TimeCodec(options.changes.since or options.times)
        self._item_id = compile_path(options.changes.item_id)

    def first_page(self, since: datetime, token: Any = None) -> ListPage:
        """A page of what changed since a moment, cut to its second, for systems cut what they store as well."""
        return self._changes.page({"since": self._codec.write(since.replace(microsecond=0))}, token)

    def start(self, now: datetime) -> str:
        """A cursor at the present moment of the server's clock; what changed just before is not told again."""
        page = self.first_page(now - self._overlap)
        if page.answer.date is not None:
            now = min(now, page.answer.date)  # a server that is behind would be asked about its future
        place = ChangeCursor(now)
        while True:
            place = self._advanced(place, self._items(page.items, now), now)
            if page.token is None:
                return str(place)
            page = self.first_page(now - self._overlap, page.token)

    def changes(self, cursor: str, known: KnownIncidents, clock: Clock) -> Iterator[Page]:
        """What changed since the cursor."""
        return self._walk(ChangeCursor.parse(cursor, self._where), cursor, known, clock)

    def history(self, since: datetime, until: datetime | None, resume: str | None, clock: Clock) -> Iterator[Page]:
        """What was opened in the time: by the request for it, else by all changes since its beginning."""
        if self._history is None:
            place = ChangeCursor.parse(resume, self._where) if resume else ChangeCursor(since)
            pages = self._walk(place, resume or "", _nobody, clock)
        else:
            pages = self._listed(self._history, since, until, resume, clock)
        for page in pages:
            inside = [
                one
                for one in page.snapshots
                if since <= one.incident.opened_at and (until is None or one.incident.opened_at < until)
            ]
            yield Page(tuple(inside), page.cursor, page.poison, page.total)

    def look(self, numbers: Sequence[str], now: datetime) -> Page:
        """Incidents as they are now; those that are gone are left out."""
        items = []
        for number in numbers:
            try:
                value = self._reader.raw(number)
            except NotFound:
                continue
            items += [item for item in self._items([value], now) if item.error or item.number == number]
        return self._page(items, "", _all_of_them, now, None)

    def _walk(self, place: ChangeCursor, told: str, known: KnownIncidents, clock: Clock) -> Iterator[Page]:
        """Pages of changes from a place on.

        In an ordered list the next request begins at the last change seen, not at the next page: while pages are
        counted, an incident that changes meanwhile would push another one back to a page already read. In a list
        without order the cursor stays where it is until all pages are read.
        """
        ordered, held = self._options.ordered, str(place)
        since, token = place.since(self._overlap), None
        while True:
            page = self.first_page(since, token)
            items = self._items(page.items, place.at)
            moments = [item.changed for item in items if not item.error]
            ordered = ordered and all(earlier <= later for earlier, later in pairwise(moments))
            fresh = [item for item in items if place.fresh(item.number, item.value)]
            place = self._advanced(place, items, max(clock.now(), page.answer.date or place.at))
            cursor = str(place) if ordered or page.token is None else held
            if fresh or cursor != told:
                told = cursor
                yield self._page(fresh, cursor, known, clock.now(), page.total)
            token = page.token
            if token is None:
                return
            if ordered and place.since(self._overlap) > since:
                since, token = place.since(self._overlap), None

    def _listed(
        self, pager: Pager, since: datetime, until: datetime | None, resume: str | None, clock: Clock
    ) -> Iterator[Page]:
        token = _token(resume, self._where)
        if resume and token is None:
            return
        values = {
            "since": self._codec.write(since.replace(microsecond=0)),
            "until": self._codec.write(until or clock.now(), up=True),
        }
        while True:
            page = pager.page(values, token)
            if token is None:
                pager.require_full(page)
            token = page.token
            items = self._items(page.items, since)
            yield self._page(items, json.dumps({"next": token}), _nobody, clock.now(), page.total)
            if token is None:
                return

    def _items(self, values: Sequence[Any], otherwise: datetime) -> list[_Item]:
        items = []
        for listed in values:
            number = ""
            try:
                value = self._whole(listed) if self._options.read_each else listed
                if value is not None:
                    number = self._translator.identity(value)
                    items.append(_Item(number, self._translator.changed(value), value))
            except (ValueError, TypeError) as error:
                items.append(_Item(number or f"?{mark(listed)}", otherwise, listed, str(error)))
        return items

    def _whole(self, listed: Any) -> Any:
        try:
            return self._reader.raw(text_of(self._item_id(listed)))
        except NotFound:
            return None  # gone between the list and the reading

    def _advanced(self, place: ChangeCursor, items: Sequence[_Item], now: datetime) -> ChangeCursor:
        changes = [(item.number, item.changed, item.value) for item in items]
        return place.advanced(changes, self._overlap, now + _AHEAD)

    def _page(
        self, items: Sequence[_Item], cursor: str, known: KnownIncidents, now: datetime, total: int | None
    ) -> Page:
        snapshots: list[Snapshot] = []
        poison: list[Poison] = []
        strange = {item.number for item in items if not item.error and not self._translator.wanted(item.value)}
        followed = known(sorted(strange)) if strange else frozenset()
        for item in items:
            if item.number in strange and item.number not in followed:
                continue
            try:
                if item.error:
                    raise ValueError(item.error)  # noqa: TRY301 - one place where poison is made
                snapshots.append(self._translator.snapshot(item.value, now))
            except (ValueError, TypeError, KeyError) as error:
                raw = json.dumps(item.value, ensure_ascii=False)[:_RAW]
                poison.append(Poison(item.number, str(error), raw))
        return Page(tuple(snapshots), cursor, tuple(poison), total)


def _nobody(external_ids: Sequence[str]) -> frozenset[str]:  # noqa: ARG001 - a store that has none of them
    return frozenset()


def _all_of_them(external_ids: Sequence[str]) -> frozenset[str]:
    return frozenset(external_ids)


def _token(resume: str | None, where: str) -> Any:
    if not resume:
        return None
    try:
        return json.loads(resume)["next"]
    except (ValueError, KeyError, TypeError) as error:
        problem = Problem(where, f"“{resume[:80]}” is not a place to resume from", "Begin the backfill again.")
        raise ConfigurationError([problem]) from error
