"""Saving incidents: once, in order, with their timeline and facts, and in a fixed number of statements."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, timedelta, timezone

import pytest
from sqlalchemy import Connection, event
from tests.contract.store.fixtures import NASTY, NOON, at, incident, save

from bridge.kpi.facts import facts
from bridge.model.errors import NotFound
from bridge.model.incident import EventKind, Incident, IncidentRef, Snapshot, State, TimelineEvent
from bridge.store.database import Database
from bridge.store.unit import Unit

FULL = Incident(
    source="rt",
    external_id="17",
    summary=NASTY,
    state=State.ON_HOLD,
    opened_at=NOON,
    updated_at=at(60),
    url="http://rt.example.org/17",
    description=NASTY * 100,
    hold_reason="waiting for the caller",
    priority=1,
    impact=2,
    urgency=3,
    type="incident",
    service="netzwerk",
    category="网络",
    subcategory="router",
    ci="r1",
    site="Wien",
    caller="müller",
    team="noc",
    person="jane",
    acknowledged_at=at(10),
    resolved_at=at(20),
    closed_at=at(30),
    reopen_count=1,
    reassignment_count=2,
    effort=2.3,
    response_breached=True,
    resolution_breached=False,
    tags=("b", "a", "😀"),
    parent="3",
    problem="4",
    fields={"Correlation Key": "k 1", "ü": NASTY},
    unknown=(("state", "weird"), ("priority", "P9")),
)


def story(unit: Unit, incident_id: int = 1) -> list[tuple[str, str, float]]:
    """Kind, value and minutes after noon of an incident's timeline, in the order of the clock."""
    events = sorted(unit.incidents.timeline(incident_id), key=lambda event: event.occurred_at)
    return [(event.kind.value, event.value, (event.occurred_at - NOON).total_seconds() / 60) for event in events]


def test_an_incident_comes_back_as_it_was(database: Database) -> None:
    with database.transaction() as unit:
        (saved,) = save(unit, FULL)
    with database.reading() as unit:
        assert unit.incidents.get(saved.id) == FULL
        assert unit.incidents.many([saved.id, 999]) == {saved.id: FULL}
        assert unit.incidents.find(FULL.ref) == saved.id


def test_an_incident_with_nothing_but_the_necessary_comes_back_as_it_was(database: Database) -> None:
    with database.transaction() as unit:
        (saved,) = save(unit, incident())
        assert unit.incidents.get(saved.id) == incident()


def test_nul_and_half_characters_are_taken_out_wherever_they_stand(database: Database) -> None:
    bad = replace(
        FULL,
        summary="a\0b",
        external_id="1\x007",
        ci="\ud83d",
        description="\ud83d\ude00 \ude00",
        tags=("x\0", "\ud800"),
    )
    with database.transaction() as unit:
        (saved,) = save(unit, bad)
        assert save(unit, bad) == []
        assert unit.incidents.find(IncidentRef("rt", "1\x007")) == saved.id
        assert unit.incidents.known("rt", ["1\x007", "8"]) == {"1\x007"}
        found = unit.incidents.get(saved.id)
    assert (found.summary, found.external_id, found.ci, found.description) == ("ab", "17", "\ufffd", "😀 \ufffd")
    assert found.tags[1] == "\ufffd"


def test_moments_of_other_zones_are_the_same_moments(database: Database) -> None:
    far = timezone(timedelta(hours=9, minutes=30))
    with database.transaction() as unit:
        save(unit, incident(opened_at=NOON.astimezone(far)))
        assert save(unit, incident()) == []
        assert unit.incidents.get(1).opened_at.tzinfo is UTC


def test_what_is_new_and_what_has_changed_is_told(database: Database) -> None:
    with database.transaction() as unit:
        assert [(one.id, one.before) for one in save(unit, incident(1), incident(2))] == [(1, None), (2, None)]
    later = incident(2, state=State.RESOLVED, updated_at=at(5))
    with database.transaction() as unit:
        (saved,) = save(unit, incident(1), later, incident(3))[:1]
        assert (saved.id, saved.incident, saved.before) == (2, later, incident(2))


def test_saving_again_changes_nothing(database: Database) -> None:
    with database.transaction() as unit:
        save(unit, FULL, incident())
        before = story(unit, 1), story(unit, 2)
    with database.transaction() as unit:
        assert save(unit, FULL, incident(), observed_at=at(99)) == []
        assert (story(unit, 1), story(unit, 2)) == before


def test_an_older_snapshot_does_not_overwrite(database: Database) -> None:
    newer = incident(state=State.RESOLVED, updated_at=at(5))
    with database.transaction() as unit:
        save(unit, newer)
        assert save(unit, incident(summary="old")) == []
        assert unit.incidents.get(1) == newer


def test_a_change_within_the_same_second_of_the_source_counts(database: Database) -> None:
    with database.transaction() as unit:
        save(unit, incident())
        assert save(unit, incident(summary="changed"))
        assert unit.incidents.get(1).summary == "changed"


def test_the_same_incident_several_times_in_a_page_is_one_row_with_all_its_changes(database: Database) -> None:
    steps = [
        incident(),
        incident(state=State.IN_PROGRESS, updated_at=at(1)),
        incident(state=State.NEW, updated_at=at(0.5)),
        incident(state=State.RESOLVED, updated_at=at(2)),
    ]
    with database.transaction() as unit:
        (saved,) = save(unit, *steps)
        assert (saved.incident, saved.before) == (steps[3], None)
        assert story(unit) == [("state", "new", 0), ("state", "in_progress", 1), ("state", "resolved", 2)]
        assert unit.incidents.get(1) == steps[3]


def test_the_same_id_at_two_sources_is_two_incidents(database: Database) -> None:
    with database.transaction() as unit:
        assert [one.id for one in save(unit, incident(), incident(source="itop"))] == [1, 2]
        assert unit.incidents.known("rt", ["1"]) == {"1"}
        assert unit.incidents.known("other", ["1"]) == frozenset()
        assert unit.incidents.find(IncidentRef("itop", "1")) == 2


def test_ids_go_on_after_the_last_one(database: Database) -> None:
    for number in (1, 2, 3):
        with database.transaction() as unit:
            assert [one.id for one in save(unit, incident(number))] == [number]


def test_what_is_not_there_is_not_found(database: Database) -> None:
    with database.reading() as unit:
        with pytest.raises(NotFound):
            unit.incidents.get(7)
        assert unit.incidents.find(IncidentRef("rt", "7")) is None
        assert unit.incidents.many([]) == {}
        assert unit.incidents.known("rt", []) == frozenset()
        assert unit.incidents.timeline(7) == []


def test_all_incidents_are_read_in_parts(database: Database) -> None:
    with database.transaction() as unit:
        save(unit, *(incident(number) for number in range(1, 8)))
        assert [number for number, _ in unit.incidents.scan(0, 3)] == [1, 2, 3]
        assert [number for number, _ in unit.incidents.scan(3, 9)] == [4, 5, 6, 7]
        assert [number for number, _ in unit.incidents.facts(5, 9)] == [6, 7]


def test_more_ids_than_a_statement_has_parameters_are_looked_up(database: Database) -> None:
    with database.transaction() as unit:
        save(unit, incident(69_999))
        assert unit.incidents.known("rt", [str(number) for number in range(70_000)]) == {"69999"}
        assert set(unit.incidents.many(range(70_000))) == {1}


# --- timelines that the source tells -------------------------------------------------------------------------------


def told(kind: EventKind, value: str, minutes: float, remote_id: str = "") -> TimelineEvent:
    return TimelineEvent(kind, value, at(minutes), at(minutes), remote_id)


def test_events_of_the_source_are_stored_instead_of_derived_ones(database: Database) -> None:
    events = (told(EventKind.STATE, "new", 0, "t1"), told(EventKind.PERSON, NASTY, 3, "t2"))
    with database.transaction() as unit:
        unit.incidents.save([Snapshot(incident(team="noc"), events)], at(9))
        assert unit.incidents.timeline(1) == list(events)


def test_an_event_that_comes_again_is_stored_once(database: Database) -> None:
    first = told(EventKind.STATE, "new", 0, "t1")
    same_transaction = told(EventKind.HOLD, "waiting", 0, "t1")
    nameless = told(EventKind.TEAM, "noc", 1)
    with database.transaction() as unit:
        unit.incidents.save([Snapshot(incident(), (first, first, same_transaction, nameless))], at(9))
        assert unit.incidents.save([Snapshot(incident(), (nameless, first, same_transaction))], at(9)) == []
        assert unit.incidents.timeline(1) == [first, same_transaction, nameless]


def test_a_new_event_on_an_incident_that_looks_the_same_is_told(database: Database) -> None:
    """Put on hold and taken back between two polls: the snapshot is equal, the timeline is not."""
    with database.transaction() as unit:
        unit.incidents.save([Snapshot(incident(), (told(EventKind.STATE, "new", 0, "t1"),))], NOON)
        hold = told(EventKind.STATE, "on_hold", 5, "t2"), told(EventKind.STATE, "new", 15, "t3")
        (saved,) = unit.incidents.save([Snapshot(incident(), hold)], at(20))
        assert saved.before == saved.incident == incident()
        ((_, known),) = unit.incidents.facts(0, 9)
        assert known.hold == timedelta(minutes=10)


def test_what_the_source_does_not_count_is_counted_in_the_timeline(database: Database) -> None:
    """Resolved and open again, handed from team to team; the same snapshot again changes nothing."""
    seen = incident(team="lan", updated_at=at(30))
    began = told(EventKind.STATE, "new", 0, "t1"), told(EventKind.TEAM, "noc", 0, "t1")
    later = told(EventKind.STATE, "resolved", 5, "t2"), told(EventKind.STATE, "in_progress", 9, "t3")
    with database.transaction() as unit:
        unit.incidents.save([Snapshot(incident(team="noc"), began, uncounted=True)], at(1))
        page = Snapshot(seen, (*later, told(EventKind.TEAM, "lan", 10, "t4")), uncounted=True)
        (saved,) = unit.incidents.save([page], at(31))
        assert (saved.incident.reopen_count, saved.incident.reassignment_count) == (1, 1)
        assert unit.incidents.get(1) == saved.incident
        assert unit.incidents.save([page, Snapshot(seen, uncounted=True)], at(32)) == []
        (again,) = unit.incidents.save([Snapshot(replace(seen, updated_at=at(40)), uncounted=True)], at(41))
        assert again.incident.reopen_count == 1


def test_events_of_an_older_snapshot_still_count(database: Database) -> None:
    with database.transaction() as unit:
        unit.incidents.save([Snapshot(incident(updated_at=at(9)), (told(EventKind.STATE, "new", 0, "t1"),))], NOON)
        late = told(EventKind.STATE, "in_progress", 2, "t2")
        assert len(unit.incidents.save([Snapshot(incident(summary="old"), (late,))], NOON)) == 1
        assert unit.incidents.get(1).summary == incident().summary
        assert story(unit)[1] == ("state", "in_progress", 2)


# --- timelines derived from what changed ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("values", "wanted"),
    [
        ({}, [("state", "new", 0)]),
        (
            {"priority": 2, "team": "noc", "person": "jane"},
            [("state", "new", 0), ("priority", "2", 0), ("team", "noc", 0), ("person", "jane", 0)],
        ),
        ({"state": State.IN_PROGRESS}, [("state", "new", 0), ("state", "in_progress", 60)]),
        (
            {"state": State.IN_PROGRESS, "acknowledged_at": at(4)},
            [("state", "new", 0), ("state", "in_progress", 4)],
        ),
        (
            {"state": State.ON_HOLD, "hold_reason": "caller", "acknowledged_at": at(4)},
            [("state", "new", 0), ("state", "in_progress", 4), ("state", "on_hold", 60), ("hold", "caller", 60)],
        ),
        (
            {"state": State.RESOLVED, "resolved_at": at(50)},
            [("state", "new", 0), ("state", "resolved", 50), ("reported_resolution", at(50).isoformat(), 50)],
        ),
        (
            {"state": State.CLOSED, "acknowledged_at": at(4), "resolved_at": at(50), "closed_at": at(55)},
            [
                ("state", "new", 0),
                ("state", "in_progress", 4),
                ("state", "resolved", 50),
                ("reported_resolution", at(50).isoformat(), 50),
                ("state", "closed", 55),
            ],
        ),
        ({"state": State.CLOSED}, [("state", "new", 0), ("state", "closed", 60)]),
        ({"state": State.CANCELLED, "closed_at": at(7)}, [("state", "new", 0), ("state", "cancelled", 7)]),
    ],
)
def test_a_new_incident_tells_its_life_so_far(
    database: Database, values: dict[str, object], wanted: list[tuple[str, str, float]]
) -> None:
    with database.transaction() as unit:
        save(unit, incident(**{"updated_at": at(60), **values}), observed_at=at(77))
        assert story(unit) == wanted
        assert {event.observed_at for event in unit.incidents.timeline(1)} == {at(77)}


@pytest.mark.parametrize(
    ("before", "after", "wanted"),
    [
        ({"priority": 3}, {"priority": 1}, [("priority", "1", 60)]),
        ({"priority": 3}, {"priority": None}, [("priority", "", 60)]),
        ({"team": "noc", "person": "jane"}, {"team": "", "person": "ben"}, [("team", "", 60), ("person", "ben", 60)]),
        ({}, {"state": State.RESOLVED}, [("state", "resolved", 60)]),
        (
            {},
            {"state": State.RESOLVED, "resolved_at": at(50)},
            [("state", "resolved", 50), ("reported_resolution", at(50).isoformat(), 60)],
        ),
        (
            {"state": State.IN_PROGRESS},
            {"state": State.CLOSED, "resolved_at": at(50), "closed_at": at(55)},
            [("state", "resolved", 50), ("state", "closed", 55), ("reported_resolution", at(50).isoformat(), 60)],
        ),
        (
            {"state": State.ON_HOLD, "hold_reason": "caller"},
            {"state": State.ON_HOLD, "hold_reason": "vendor"},
            [("hold", "vendor", 60)],
        ),
        (
            {"state": State.ON_HOLD, "hold_reason": "caller"},
            {"state": State.IN_PROGRESS},
            [("state", "in_progress", 60)],
        ),
        (
            {"state": State.RESOLVED, "resolved_at": at(10)},
            {"state": State.IN_PROGRESS, "resolved_at": None},
            [("state", "in_progress", 60), ("reported_resolution", "", 60)],
        ),
        ({}, {"state": State.RESOLVED, "resolved_at": at(-9)}, [("state", "resolved", 60)]),
        ({}, {"summary": "other words", "fields": {"a": "b"}}, []),
    ],
)
def test_a_later_snapshot_tells_what_changed(
    database: Database, before: dict[str, object], after: dict[str, object], wanted: list[tuple[str, str, float]]
) -> None:
    with database.transaction() as unit:
        save(unit, incident(**{"updated_at": at(20), **before}))
        known = len(unit.incidents.timeline(1))
        assert save(unit, incident(**{"updated_at": at(60), **after}), observed_at=at(70))
        found = [
            (event.kind.value, event.value, (event.occurred_at - NOON).total_seconds() / 60)
            for event in unit.incidents.timeline(1)[known:]
        ]
    assert [one for one in found if one[0] != "reported_resolution" or one in wanted] == wanted


# --- facts ---------------------------------------------------------------------------------------------------------


def test_the_facts_are_those_of_the_timeline(database: Database) -> None:
    """Whatever comes in whatever parts: computed anew from the stored timeline they are the same."""
    steps = [
        incident(team="noc", service="net", priority=2),
        incident(state=State.ON_HOLD, hold_reason="caller", updated_at=at(10), team="noc"),
        incident(state=State.ON_HOLD, hold_reason="vendor", updated_at=at(30), team="noc"),
        incident(state=State.IN_PROGRESS, updated_at=at(40), acknowledged_at=at(5)),
        incident(state=State.RESOLVED, updated_at=at(60), resolved_at=at(55), team="apps"),
    ]
    for step in steps:
        with database.transaction() as unit:
            save(unit, step)
            ((_, stored),) = unit.incidents.facts(0, 9)
            assert stored == facts(unit.incidents.get(1), unit.incidents.timeline(1))
    assert stored.hold == timedelta(minutes=30)
    assert stored.hold_by_reason == {"caller": timedelta(minutes=20), "vendor": timedelta(minutes=10)}
    assert (stored.resolved_reported, stored.responded_at, stored.team) == (at(55), at(10), "apps")


# --- how much work it is -------------------------------------------------------------------------------------------


@contextmanager
def counted(unit: Unit) -> Iterator[list[str]]:
    """Collects the statements that a transaction sends."""
    sent: list[str] = []

    def note(_connection: Connection, _cursor: object, statement: str, *_: object) -> None:
        sent.append(statement)

    event.listen(unit.connection, "before_cursor_execute", note)
    yield sent
    event.remove(unit.connection, "before_cursor_execute", note)


def test_a_page_takes_the_same_few_statements_whatever_is_stored_and_however_long_it_is(database: Database) -> None:
    numbers: dict[str, set[int]] = {"new": set(), "same": set(), "changed": set()}
    first = 0
    for size in (1, 10, 1000):
        with database.transaction() as unit:
            page = [incident(number) for number in range(first, first + size)]
            for name, later in (("new", 0), ("same", 0), ("changed", 5)):
                with counted(unit) as sent:
                    save(unit, *(replace(one, updated_at=at(later), team="x" * later) for one in page))
                numbers[name].add(len(sent))
        first += size
    assert numbers == {"new": {6}, "same": {1}, "changed": {6}}


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)  # PostgreSQL scans small tables on purpose
def test_nothing_on_the_way_of_a_new_incident_reads_the_history(database: Database) -> None:
    """The plans of all statements of a page and of a look at a group: every table by an index, none from end to end."""
    with database.transaction() as unit:
        save(unit, incident(1))
        with counted(unit) as sent:
            save(unit, incident(1, updated_at=at(1)), incident(2))
            unit.groups.latest("rule", "group", 5, NOON)
            unit.groups.opened("rule", "group", NOON, at(1), 5)
            unit.incidents.facts_of([1, 2])
            unit.incidents.known("rt", ["1"])
            unit.incidents.find(IncidentRef("rt", "1"))
            unit.incidents.many([1, 2])
            unit.promotions.of_group("rule", "group")
            unit.promotions.of_incident(1)
            unit.promotions.claims([1, 2])
            unit.promotions.openings("rule", 3)
            unit.promotions.running_in_group("rule", "group")
            unit.resolutions.taken("rule", NOON, at(1), 5)
            unit.effects.unfinished("rt#1")
        assert len(sent) == 21
        for statement in sent:
            filler = ("[]",) * statement.count("?")
            plan = [row[3] for row in unit.connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", filler)]
            # “counted” is a part of the statement that an index and a LIMIT keep small.
            scans = [step for step in plan if step.startswith("SCAN") and "json_each" not in step]
            scans = [step for step in scans if step != "SCAN counted"]
            assert scans == [], statement
