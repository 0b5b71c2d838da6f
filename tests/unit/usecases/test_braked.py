"""A value that something undoes whenever the bridge writes it is given up for a person to look."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bridge.model.conflict import Conflict, Resolution, Why
from bridge.model.incident import Incident, Snapshot, State
from bridge.model.link import Link
from bridge.model.promotion import Promotion, PromotionState
from bridge.store.database import Database
from bridge.sync.fields import SyncPolicy, SyncTable
from bridge.sync.mapping import StatusMapping
from bridge.sync.merge import Side
from bridge.sync.plan import FieldWrite, Plan
from bridge.usecases.deliver.effects import field_effect, issue_effect
from bridge.usecases.fields import braked

NOON = datetime(2026, 11, 2, 12, 0, tzinfo=UTC)
POLICY = SyncPolicy(SyncTable(StatusMapping({}, {})), same_writes_an_hour=2)
WRITE = FieldWrite(Side.ISSUE, "category", "Network", None, "Cables", ("Network", "Cables"))
OTHER = FieldWrite(Side.ISSUE, "due", "2026-12-31", None, "", ("2026-12-31", ""))


class Hand:
    """A clock that is set."""

    def __init__(self) -> None:
        self.moment = NOON

    def now(self) -> datetime:
        """The moment it was set to."""
        return self.moment


@pytest.fixture
def clock() -> Hand:
    """It is noon."""
    return Hand()


@pytest.fixture
def database(tmp_path: Path, clock: Hand) -> Iterator[Database]:
    """An empty store."""
    opened = Database.open(f"sqlite:///{tmp_path / 'bridge.sqlite3'}", clock)
    opened.upgrade()
    yield opened
    opened.close()


@pytest.fixture
def link(database: Database) -> Link:
    """A running link."""
    incident = Incident("rt", "1", "Router down", State.NEW, NOON, NOON)
    promotion = Promotion(0, "r", "1", "rt", "[]", "g", "n", PromotionState.ACTIVE, "why", NOON)
    with database.transaction() as unit:
        (saved,) = unit.incidents.save([Snapshot(incident)], NOON)
        made = unit.promotions.add(promotion)
        return unit.links.add(Link(0, saved.id, incident.ref, made.id, "rt#1", {}, NOON, NOON, 5))


def wrote(database: Database, clock: Hand, link: Link, name: str, value: str, minute: int) -> None:
    """The bridge planned to write a category on the issue."""
    clock.moment = NOON + timedelta(minutes=minute)
    with database.transaction() as unit:
        unit.effects.enqueue([issue_effect(link, "issue.update", name, category=value, shown={"category": "Cables"})])


def test_the_third_write_of_the_same_value_becomes_a_conflict(database: Database, clock: Hand, link: Link) -> None:
    """Other values, the other side and other fields do not count, and go on."""
    wrote(database, clock, link, "1", "Network", 1)
    wrote(database, clock, link, "2", "Power", 2)
    with database.transaction() as unit:
        unit.effects.enqueue([field_effect(link, "3", "category", "Network", "Cables", "Bug")])
    plan = Plan((WRITE, OTHER))
    assert braked(database, POLICY, link, plan, clock.now()) == plan
    wrote(database, clock, link, "4", "Network", 4)
    found = braked(database, POLICY, link, plan, clock.now())
    assert found.fields == (OTHER,)
    outcome = found.undecided["category"]
    assert outcome.values == ("Network", "Cables")
    assert outcome.undecided is not None
    assert outcome.undecided.why is Why.FOUGHT_OVER
    assert "2 times" in outcome.undecided.told


def test_what_is_an_hour_old_or_before_a_person_settled_it_does_not_count(
    database: Database, clock: Hand, link: Link
) -> None:
    for minute in (1, 2):
        wrote(database, clock, link, str(minute), "Network", minute)
    plan = Plan((WRITE,))
    assert braked(database, POLICY, link, plan, NOON + timedelta(minutes=3)).fields == ()
    assert braked(database, POLICY, link, plan, NOON + timedelta(minutes=63)) == plan
    with database.transaction() as unit:
        conflict = unit.conflicts.add(Conflict(0, link.id, "category", "a", "b", Why.FOUGHT_OVER, "told", NOON))
        at = NOON + timedelta(minutes=4)
        unit.conflicts.save(replace(conflict, resolved_at=at, resolved_by="jane", resolution=Resolution.INCIDENT))
    assert braked(database, POLICY, link, plan, NOON + timedelta(minutes=5)) == plan
