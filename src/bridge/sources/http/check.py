"""Whether a JSON interface answers as the options say. Writes nothing."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import pairwise

from bridge.model.errors import BridgeError, Problem, problem_of
from bridge.model.incident import Incident
from bridge.sources.http.change_requests import HttpChanges
from bridge.sources.http.feed import HttpFeed
from bridge.sources.http.options import HttpOptions
from bridge.sources.http.paging import ListPage, is_short
from bridge.sources.http.translate import HttpTranslator

_LOOK_BACK = timedelta(days=3650)


def check(
    name: str, options: HttpOptions, feed: HttpFeed, translator: HttpTranslator, changes: HttpChanges, now: datetime
) -> list[Problem]:
    """Problems of the connection, the list and its translation; warnings for what cannot be read back."""
    where = f"source {name}"
    problems = list(_unread(where, options))
    try:
        page = feed.first_page(now - _LOOK_BACK)
    except BridgeError as error:
        return [problem_of(where, error)]
    problems += _change_requests(where, options, changes)
    if not page.items:
        what = "the list of changes is empty, so that its translation could not be checked"
        return [*problems, Problem(where, what, "Is the account allowed to see incidents?", "warning")]
    problems += _size(where, options, page)
    if not options.changes.read_each:
        problems += _translation(where, options, translator, page)
    return problems


def _unread(where: str, options: HttpOptions) -> Iterator[Problem]:
    writes = options.writes
    if options.notes is None and (writes.private_note or writes.public_note):
        what = "notes cannot be read back: after a crash one may be written twice"
        yield Problem(where, what, "configure `notes`", "warning")
    if options.links is None and writes.link:
        what = "links cannot be read back: after a crash one may be written twice"
        yield Problem(where, what, "configure `links`", "warning")


def _change_requests(where: str, options: HttpOptions, changes: HttpChanges) -> Iterator[Problem]:
    """Whether they can be looked for as described: one that is not found again would be opened twice."""
    if options.change_requests is None:
        return
    try:
        changes.probe()
    except BridgeError as error:
        what = f"requests for change cannot be looked for: {error.what}"
        yield problem_of(where, error, what)


def _size(where: str, options: HttpOptions, page: ListPage) -> Iterator[Problem]:
    """A system that gives fewer than it was asked for looks as if every page were the last."""
    paging, count = options.changes.paging, len(page.items)
    if is_short(page, paging):
        what = f"asked for {paging.size} incidents a page, the system gave {count} of {page.total}"
        yield Problem(where, what, f"set changes.paging.size to {count}")
    if len(page.items) > paging.size:
        what = f"asked for {paging.size} incidents a page, the system gave {count}"
        yield Problem(where, what, "correct changes.paging.size_param")


def _translation(where: str, options: HttpOptions, translator: HttpTranslator, page: ListPage) -> Iterator[Problem]:
    incidents: list[Incident] = []
    failures: dict[str, str] = {}
    for item in page.items:
        number = "?"
        try:
            number = translator.identity(item)
            incidents.append(translator.incident(item))
        except (ValueError, TypeError, KeyError) as error:
            failures.setdefault(str(error), number)
    for why, number in failures.items():
        yield Problem(where, f"incident {number} cannot be understood: {why}", "correct the source's options")
    unknown = {pair: one.external_id for one in reversed(incidents) for pair in one.unknown}
    for (field, value), number in unknown.items():
        what = f"incident {number}: {field} “{value}” is in no table"
        yield Problem(where, what, "add it to the source's tables", "warning")
    disordered = any(earlier.updated_at > later.updated_at for earlier, later in pairwise(incidents))
    if options.changes.ordered and disordered:
        what = "the list of changes is not ordered by the time of change"
        yield Problem(where, what, "ask for that order in changes.params, or set changes.ordered to false")
