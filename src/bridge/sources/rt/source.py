"""Request Tracker 5 as a source of incidents."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from bridge.model.errors import NotApplied, NotPossible, Problem
from bridge.model.incident import Capability, ChangeRequest, ChangeSpec, Incident, Note, Page, Poison, Snapshot, State
from bridge.ports import Clock, KnownIncidents
from bridge.sources.marks import marked
from bridge.sources.rt.change_requests import RtChangeRequests
from bridge.sources.rt.check import check
from bridge.sources.rt.client import RtClient, refused
from bridge.sources.rt.cursor import SETTLED, FeedCursor
from bridge.sources.rt.extras import rt_extras
from bridge.sources.rt.field_values import RtFieldValues
from bridge.sources.rt.names import RtNames
from bridge.sources.rt.options import RtOptions
from bridge.sources.rt.tickets import RtTickets
from bridge.sources.rt.timeline import RtTimeline
from bridge.sources.rt.translate import RtTranslator, query_time
from bridge.sources.rt.writes import RtWriter

Row = Mapping[str, Any]

_MOST_PAGES = 1000
_RAW = 2000


class RtSource:
    """Incidents from tickets. The bridge's account needs ShowTicket, ShowTicketComments and SeeCustomField."""

    OPTIONS = RtOptions

    def __init__(self, name: str, options: RtOptions, clock: Clock) -> None:
        self._name = name
        self._options = options
        self._clock = clock
        self._client = RtClient(name, options, clock)
        self._translator = RtTranslator(name, options)
        self._timeline = RtTimeline(options)
        self._names = RtNames(self._client)
        self._writer = RtWriter(name, options, self._client)
        self._tickets = RtTickets(options, self._client, self._names, self._translator)
        self._changes = RtChangeRequests(name, options, self._client)
        self.extras = rt_extras(name, self._client)
        self.field_values = RtFieldValues(name, options, self._client, self.read)
        self._probed_at = datetime.min.replace(tzinfo=UTC)

    @property
    def name(self) -> str:
        """The configured name."""
        return self._name

    @property
    def requests(self) -> int:
        """How many requests were sent so far."""
        return self._client.session.requests

    @property
    def capabilities(self) -> frozenset[Capability]:
        """All that RT's tickets can; whether the account may is what `check` tells."""
        possible = {Capability.LINK, Capability.ASSIGN, Capability.PRIVATE_NOTE, Capability.PUBLIC_NOTE}
        states = {State.ON_HOLD: Capability.HOLD, State.RESOLVED: Capability.RESOLVE}
        possible |= {capability for state, capability in states.items() if self._writer.word(state)}
        possible |= {Capability.CHANGE} if self._options.changes else set()
        return frozenset(possible | {Capability.TIMELINE} | self.extras.capabilities)

    def check(self) -> list[Problem]:
        """Problems of the token, the query, the account's zone and rights, and of fields that are not there."""
        return check(self._name, self._options, self._client, self._changes)

    def start_cursor(self) -> str:
        """A cursor after the newest transaction."""
        return str(FeedCursor(self._client.newest(), self._clock.now()))

    def changes(self, cursor: str, known: KnownIncidents) -> Iterator[Page]:
        """Tickets with new transactions. One request when there are none."""
        place = FeedCursor.parse(cursor, f"source {self._name}")
        after, page = place.begin(self._clock.now()), 1
        while True:
            rows = self._client.feed(after, page)
            fresh = [row for row in rows if place.fresh(int(row["id"]))]
            ended = len(rows) < self._options.page_size
            place = place.advanced((int(row["id"]) for row in rows), self._options.overlap, self._clock.now())
            if fresh:
                yield self._page(fresh, str(place), known, ended=ended)
            if rows and not ended:
                after, page = place.last, 1
            elif not rows and page < _MOST_PAGES and (page > 1 or self._overlooked(place)):
                page += 1
            else:
                return

    def history(self, since: datetime, until: datetime | None, resume: str | None) -> Iterator[Page]:
        """Tickets that the query finds and that were opened in the time, by id; `total` counts from `resume` on."""
        zone = ZoneInfo(self._options.timezone)
        opened = f"Created >= '{query_time(since, zone)}'"
        if until is not None:
            opened += f" AND Created < '{query_time(until, zone, up=True)}'"
        last, total = int(resume or 0), None
        while True:
            tickets, found = self._tickets.opened(opened, last)
            total = found if total is None else total
            if tickets:
                last = max(int(number) for number in tickets)
                snapshots, poison = self._snapshots(tickets, self._told(tickets))
                yield Page(tuple(one for one in snapshots if _within(one, since, until)), str(last), poison, total)
            if len(tickets) < self._options.page_size:
                return

    def read(self, external_id: str) -> Incident:
        """The ticket as it is now, whatever the query. Raises NotFound, Forbidden, and NotPossible when no table
        covers its state.
        """
        ticket = self._tickets.one(external_id)
        try:
            return self._translator.incident(ticket, self._tickets.first_messages([external_id]).get(external_id, ""))
        except (ValueError, KeyError, TypeError) as error:
            what = f"cannot be understood: {type(error).__name__}: {error}."
            raise NotPossible(f"{self._name} #{external_id}", what, "Correct the source's options.") from error

    def look(self, external_ids: Sequence[str], known: KnownIncidents) -> Page:
        """Tickets with all that their transactions tell of them, in a request for each of the two."""
        tickets, gone = self._tickets.changed([one for one in external_ids if one.isdecimal()], known)
        snapshots, poison = self._snapshots(tickets, self._told(tickets))
        return Page(snapshots, "", (*gone, *poison))

    def notes(self, external_id: str, after: str) -> Sequence[Note]:
        """Comments (private) and correspondence (public)."""
        rows = list(
            self._client.transactions([external_id], "Type = 'Comment' OR Type = 'Correspond'", int(after or 0))
        )
        bodies = self._client.bodies([str(row["id"]) for row in rows]) if rows else {}
        return [self._translator.note(row, *bodies.get(str(row["id"]), ("", ""))) for row in rows]

    def links(self, external_id: str) -> frozenset[str]:
        """Addresses that the ticket refers to."""
        return self._writer.links(external_id)

    def find_note(self, external_id: str, marker: str) -> str | None:
        """The oldest note that ends with the marker."""
        return marked(self.notes(external_id, ""), marker)

    def add_note(self, external_id: str, text: str, *, private: bool) -> str:
        """A comment (private) or a reply (public).

        On a ticket that is over, a public note is written as a comment too: a reply would reopen it.
        """
        public = not private and self.read(external_id).state.is_open
        return self._writer.add_note(external_id, text, "correspond" if public else "comment")

    def add_link(self, external_id: str, url: str, title: str) -> None:  # noqa: ARG002 - RT's links have no title
        """Lets the ticket refer to an address."""
        self._writer.add_link(external_id, url)

    def set_state(self, external_id: str, state: State, reason: str) -> Incident:
        """Changes the status, by way of “open” where the life cycle has no direct step."""
        before = self.read(external_id)
        if before.state is state:
            return before
        said = self._writer.set_state(external_id, state, reason)
        after = self.read(external_id)
        if after.state is not state and state is not State.IN_PROGRESS is not before.state:
            said += self._writer.set_state(external_id, State.IN_PROGRESS, "")
            said += self._writer.set_state(external_id, state, reason)
            after = self.read(external_id)
        if after.state is not state:
            allowed = self._writer.possible_states(external_id)
            raise self._refused(external_id, f"is still {after.state}, not {state}.", said, allowed)
        return after

    def assign(self, external_id: str, login: str) -> Incident:
        """Changes the owner; "" is nobody."""
        before = self.read(external_id)
        if before.person.casefold() == login.casefold():
            return before
        said = self._writer.assign(external_id, login)
        after = self.read(external_id)
        if after.person.casefold() != login.casefold():
            has = after.person or "nobody"
            raise self._refused(external_id, f"still belongs to {has}, not to {login or 'nobody'}.", said)
        return after

    def open_change(self, spec: ChangeSpec, *, unsure: bool) -> ChangeRequest:
        """A ticket in the queue for requests for change."""
        return self._changes.open(spec, unsure=unsure)

    def read_change(self, change_id: str) -> ChangeRequest:
        """A ticket of that queue."""
        return self._changes.read(change_id)

    def _page(self, rows: Sequence[Row], cursor: str, known: KnownIncidents, *, ended: bool) -> Page:
        told: dict[str, list[Row]] = {}
        for row in rows:
            told.setdefault(str(row["ObjectId"]), []).append(row)
        tickets, gone = self._tickets.changed(list(told), known)
        created = [str(row["ObjectId"]) for row in rows if row["Type"] == "Create" and str(row["ObjectId"]) in tickets]
        if created and not ended:
            # What these began with is told by their next changes, which the following pages have.
            condition = self._timeline.conditions(list(tickets.values()))
            for row in self._client.transactions(created, condition, int(rows[-1]["id"])):
                told[str(row["ObjectId"])].append(row)
        snapshots, poison = self._snapshots(tickets, told)
        return Page(snapshots, cursor, (*gone, *poison))

    def _snapshots(
        self, tickets: Mapping[str, Row], told: Mapping[str, Sequence[Row]]
    ) -> tuple[tuple[Snapshot, ...], tuple[Poison, ...]]:
        texts = self._tickets.first_messages(list(tickets))
        snapshots: list[Snapshot] = []
        poison: list[Poison] = []
        now = self._clock.now()
        for number, ticket in tickets.items():
            try:
                incident = self._translator.incident(ticket, texts.get(number, ""))
                events = self._timeline.events(incident, ticket, told.get(number, ()), now, self._names)
                mark = max((int(row["id"]) for row in told.get(number, ())), default=0)
                snapshots.append(Snapshot(incident, events, mark, uncounted=self._options.events))
            except (ValueError, KeyError, TypeError) as error:
                poison.append(Poison(number, f"{type(error).__name__}: {error}", json.dumps(ticket)[:_RAW]))
        return tuple(snapshots), tuple(poison)

    def _told(self, tickets: Mapping[str, Row]) -> dict[str, list[Row]]:
        told: dict[str, list[Row]] = {}
        if self._options.events and tickets:
            condition = self._timeline.conditions(list(tickets.values()))
            for row in self._client.transactions(list(tickets), condition):
                told.setdefault(str(row["ObjectId"]), []).append(row)
        return told

    def _overlooked(self, place: FeedCursor) -> bool:
        """Whether a page was empty because the account sees none of its rows, asked rarely."""
        now = self._clock.now()
        if not place.quiet(now) or now - self._probed_at < SETTLED:
            return False
        self._probed_at = now
        return self._client.newest() > place.last

    def _refused(self, external_id: str, what: str, said: Sequence[str], allowed: Sequence[str] = ()) -> NotApplied:
        return refused(f"{self._name} #{external_id}", what, said, allowed)


def _within(snapshot: Snapshot, since: datetime, until: datetime | None) -> bool:
    opened = snapshot.incident.opened_at
    return since <= opened and (until is None or opened < until)
