"""Clocks that run out go up the chain, each step once, and stop when somebody sees to it. Frozen time."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta

import pytest
from tests.contract.store.fixtures import incident
from tests.unit.notify.world import MONDAY, World, route, world

from bridge.kpi.sla import Match, Pause, Policy, Start, around_the_clock
from bridge.model.errors import NotPossible
from bridge.model.incident import Incident, Snapshot, State
from bridge.usecases.telling.clocks import PolicyDueTimes
from bridge.usecases.telling.escalate import acknowledge, chain, escalate, is_due
from bridge.usecases.telling.policy import EscalationPolicy

BY_BRIDGE = EscalationPolicy(
    clocks=frozenset({"response", "resolution"}),
    after={1: (timedelta(0), timedelta(minutes=30), timedelta(hours=2))},
    other=(timedelta(0), timedelta(hours=4)),
)
SLA = (
    Policy(
        "all",
        response={1: timedelta(minutes=30)},
        resolution={1: timedelta(hours=4), 3: timedelta(hours=24)},
    ),
)
ALWAYS = around_the_clock()


@dataclass(slots=True)
class Desk:
    """The incidents of a day, and a sweep as the daemon makes it."""

    world: World
    policies: tuple[Policy, ...] = SLA

    def save(self, one: Incident) -> int:
        """Takes an incident in as its source has it now."""
        with self.world.database.transaction() as uow:
            saved = uow.incidents.save([Snapshot(one)], self.world.clock.now())
        return saved[0].id

    def sweep(self, **later: float) -> int:
        """Moves the clock on and takes the steps that are due."""
        self.world.clock.advance(**later)
        due = PolicyDueTimes(self.policies, lambda _policy, _source, _team: ALWAYS)
        with self.world.database.reading() as uow:
            late = is_due(uow, self.world.configured, due, self.world.clock.now())
        with self.world.database.transaction() as uow:
            before = uow.escalations.running(), uow.ledger.cursor("escalation", "since")
            new = escalate(uow, self.world.configured, due, self.world.clock.now())
            after = uow.escalations.running(), uow.ledger.cursor("escalation", "since")
        assert late is (before != after), "it is looked before a writer is kept"
        return new

    @property
    def told(self) -> list[str]:
        """Who got something, in order."""
        self.world.deliver()
        return [address.partition("@")[0] for address, _ in self.world.mail.told]

    def answer(self, number: int, **args: str) -> None:
        """A person acknowledges or snoozes."""
        with self.world.database.transaction() as uow:
            acknowledge(uow, {"escalation": number, **args}, "lea", self.world.clock.now())


@pytest.fixture
def desk(tmp_path):
    with world(tmp_path, route(), escalation=BY_BRIDGE) as made:
        found = Desk(made)
        found.sweep()  # from now on the bridge looks
        yield found


def ticket(**values) -> Incident:
    given = {
        "priority": 1, "team": "Network", "person": "ann", "state": State.IN_PROGRESS, "opened_at": MONDAY,
        "updated_at": MONDAY, "summary": "VPN drops", **values,
    }  # fmt: skip
    return replace(incident(7), **given)


def test_a_missed_resolution_goes_from_the_handler_to_the_lead_to_their_lead_each_once(desk):
    desk.save(ticket())
    assert desk.sweep(hours=3, minutes=59) == 0
    assert desk.sweep(minutes=1) == 1
    assert desk.sweep(minutes=29) == 0
    assert desk.sweep(minutes=1) == 1
    assert desk.sweep(hours=8) == 1
    assert desk.sweep(hours=8) == 0
    assert desk.told == ["ann", "lea", "max"]
    text = desk.world.mail.messages[0].text
    assert "resolution was due at 2026-03-02 13:00 UTC; it is with Ann" in text
    assert "escalations ack 1" in text


def test_nobody_has_it_and_nobody_answered_so_the_lead_hears_first(desk):
    desk.save(ticket(person="", state=State.NEW))
    assert desk.sweep(minutes=30) == 1
    assert desk.told == ["lea"]
    assert "response was due" in desk.world.mail.messages[0].text


def test_a_clock_that_is_met_in_time_or_afterwards_tells_nobody_further(desk):
    desk.save(ticket())
    desk.sweep(hours=4)
    desk.save(ticket(state=State.RESOLVED, resolved_at=desk.world.clock.now(), updated_at=desk.world.clock.now()))
    assert desk.sweep(hours=3) == 0
    with desk.world.database.reading() as uow:
        assert uow.escalations.running() == []
    assert desk.told == ["ann"]


def test_reopened_the_clock_runs_again_and_its_steps_are_told_anew(desk):
    desk.save(ticket())
    desk.sweep(hours=4)
    desk.save(ticket(state=State.RESOLVED, updated_at=desk.world.clock.now()))
    desk.sweep(minutes=1)
    desk.world.clock.advance(minutes=1)
    desk.save(ticket(updated_at=desk.world.clock.now()))
    assert desk.sweep(minutes=1) == 1
    assert desk.sweep(minutes=1) == 0
    assert desk.told == ["ann", "ann"]


def test_acknowledged_no_further_step_is_told(desk):
    desk.save(ticket())
    desk.sweep(hours=4)
    desk.answer(1)
    assert desk.sweep(days=3) == 0
    with desk.world.database.reading() as uow:
        assert [one.acknowledged_by for one in uow.escalations.running()] == ["lea"]


def test_snoozed_what_became_due_meanwhile_is_told_afterwards(desk):
    desk.save(ticket())
    desk.sweep(hours=4)
    desk.answer(1, **{"for": "3h"})
    assert desk.sweep(hours=2, minutes=59) == 0
    assert desk.sweep(minutes=1) == 2
    assert desk.told == ["ann", "lea", "max"]


def test_one_that_has_ended_cannot_be_acknowledged(desk):
    desk.save(ticket())
    desk.sweep(hours=4)
    desk.save(ticket(state=State.CLOSED, updated_at=desk.world.clock.now()))
    desk.sweep(minutes=1)
    with pytest.raises(NotPossible, match="has ended"):
        desk.answer(1)


def test_a_step_that_was_stored_is_not_taken_again_after_a_kill(desk):
    desk.save(ticket())
    desk.world.clock.advance(hours=4)
    due = PolicyDueTimes(SLA, lambda _policy, _source, _team: ALWAYS)

    class PowerCut(BaseException):
        """The process is gone before the transaction ends."""

    with pytest.raises(PowerCut), desk.world.database.transaction() as uow:  # noqa: PT012 - one step, then the end
        escalate(uow, desk.world.configured, due, desk.world.clock.now())
        raise PowerCut
    assert desk.sweep() == 1
    assert desk.sweep() == 0
    assert desk.told == ["ann"]


def test_what_was_due_before_the_bridge_first_looked_is_history(tmp_path):
    with world(tmp_path, route(), escalation=BY_BRIDGE) as made:
        desk = Desk(made)
        desk.save(ticket(opened_at=MONDAY - timedelta(hours=4, minutes=20)))
        assert desk.sweep() == 0  # its first step lies twenty minutes back
        assert desk.sweep(minutes=10) == 1  # its second does not
        assert desk.told == ["lea"]


@pytest.mark.parametrize("year", [1970, 2190])
def test_an_incident_with_an_impossible_date_keeps_nobody_else_waiting(desk, year):
    desk.save(replace(ticket(), external_id="1", opened_at=MONDAY.replace(year=year, month=1, day=1)))
    desk.save(ticket())
    assert desk.sweep(hours=4) == 1
    assert desk.told == ["ann"]


def test_by_source_nothing_is_told(tmp_path):
    with world(tmp_path, route()) as made:
        desk = Desk(made)
        desk.save(ticket())
        assert desk.sweep() == 0
        assert desk.sweep(days=2) == 0


def test_other_priorities_have_the_delays_of_all_others(desk):
    desk.save(ticket(priority=3))
    assert desk.sweep(hours=24) == 1
    assert desk.sweep(hours=4) == 1
    assert desk.told == ["ann", "lea"]


def test_a_hold_stops_the_clock_where_the_policy_says_so(desk):
    desk.save(ticket())
    desk.world.clock.advance(hours=3)
    desk.save(ticket(state=State.ON_HOLD, hold_reason="caller", updated_at=desk.world.clock.now()))
    assert desk.sweep(days=2) == 0
    desk.save(ticket(updated_at=desk.world.clock.now()))
    assert desk.sweep(minutes=59) == 0
    assert desk.sweep(minutes=1) == 1


def test_the_resolution_of_an_excluded_incident_is_its_projects_matter(desk):
    number = desk.save(ticket())
    with desk.world.database.transaction() as uow:
        promotion = desk.world.project
        assert promotion is not None
    made = desk.world.project()
    with desk.world.database.transaction() as uow:
        uow.exclusions.start(number, made.id, "pause", MONDAY, "approved", "v1")
    assert desk.sweep(days=2) == 0


@pytest.mark.parametrize(
    ("values", "who"),
    [
        ({}, ["ann", "lea", "max"]),
        ({"person": "lea"}, ["lea", "max"]),
        ({"person": "nobody-we-know"}, ["lea", "max"]),
        ({"person": "gone"}, ["lea", "max"]),
        ({"person": "li", "team": ""}, ["li", "max"]),
        ({"person": "", "team": "Unknown"}, []),
    ],
)
def test_the_chain_of_an_incident(desk, values, who):
    assert chain(desk.world.configured.directory, ticket(**values)) == who


def test_an_incident_without_anybody_is_counted_and_told_to_nobody(desk):
    desk.save(ticket(person="", team="Unknown"))
    assert desk.sweep(hours=5) == 0
    with desk.world.database.reading() as uow:
        assert [one.told for one in uow.escalations.running() if one.clock == "resolution"] == [()]


def test_the_first_policy_that_matches_counts_and_a_resolution_may_start_at_the_answer():
    late = Policy("late", Match(priorities=frozenset({1})), resolution={1: timedelta(hours=1)}, start=Start.RESPONDED)
    due = PolicyDueTimes((late, *SLA), lambda _policy, _source, _team: ALWAYS)
    answered = MONDAY + timedelta(hours=2)

    class Facts:
        """As far as due times need them."""

        responded_at = answered
        holds: tuple[tuple[Pause, str], ...] = ()

    (found,) = due.running(ticket(), Facts())
    assert (found.clock, found.due_at) == ("resolution", answered + timedelta(hours=1))
