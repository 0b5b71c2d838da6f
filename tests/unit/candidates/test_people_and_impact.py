"""Whom a waiting candidate is brought to, and how much it matters."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from bridge.directory.directory import Assignment, Directory, Person, Team
from bridge.model.incident import Incident, State
from bridge.model.promotion import Promotion, PromotionState, Role
from bridge.usecases.candidates.impact import impact_of
from bridge.usecases.candidates.people import chain, reminders_due, responsible_team
from bridge.usecases.candidates.rules import nomination_rule
from bridge.usecases.evidence import Evidence

AT = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
DIRECTORY = Directory(
    [Person(key) for key in ("ben", "mia", "jane", "rob")] + [Person("gone", active=False)],
    [
        Team("ops", lead="rob"),
        Team("network", members=("ben",), lead="mia", deputy="gone", parent="ops"),
        Team("servers", lead="jane", parent="ops"),
    ],
    [Assignment("network", service="vpn"), Assignment("servers", category="disk")],
)


def incident(number: int, **values: object) -> Incident:
    usual = {"state": State.NEW, "opened_at": AT, "updated_at": AT, "service": "vpn", "caller": "Ann"}
    return Incident("rt", str(number), "s", **{**usual, **values})  # type: ignore[arg-type]  # values by name


def people(owner: str, team: str = "") -> list[str]:
    return [person.key for person in chain(DIRECTORY, owner, team)]


def test_the_chain_goes_up_from_the_owner() -> None:
    """Each once; nobody who has left; a team's owner begins with its lead."""
    assert people("ben") == ["ben", "mia", "rob"]
    assert people("mia") == ["mia", "rob"]
    assert people("network") == ["mia", "rob"]
    assert people("", "servers") == ["jane", "rob"]
    assert people("") == []


def test_reminders_are_counted_by_time() -> None:
    """None before the first span is over."""
    week = timedelta(days=7)
    counts = [reminders_due(AT, AT + timedelta(days=days), week) for days in (0, 6.9, 7, 13, 15)]
    assert counts == [0, 0, 1, 1, 2]


def test_the_team_that_looks_after_most_incidents() -> None:
    """None when the directory names none."""
    mixed = [incident(1), incident(2), incident(3, service="", category="disk")]
    assert responsible_team(DIRECTORY, mixed) == "network"
    assert responsible_team(DIRECTORY, [incident(1, service="mail")]) == ""


def test_impact_counts_callers_and_the_hours_they_waited() -> None:
    """Open ones until now; nothing counts backwards."""
    resolved = incident(2, state=State.RESOLVED, resolved_at=AT + timedelta(hours=3), caller="ann")
    early = incident(3, state=State.CLOSED, resolved_at=AT - timedelta(hours=3), caller="", service="", category="disk")
    rows = [Evidence(one, Role.EVIDENCE, one.state.is_open) for one in (incident(1), resolved, early)]
    found = impact_of(rows, AT + timedelta(hours=10))
    assert (found.incidents, found.open, found.callers, found.hours) == (3, 1, 1, 13.0)
    assert found.services == ("disk", "vpn")
    assert found.rank > impact_of(rows[1:], AT).rank
    assert impact_of([], AT).hours == 0


def test_a_nomination_has_a_rule_that_says_what_its_form_says() -> None:
    """So that a project is opened from it like from any other."""
    promotion = Promotion(
        1,
        "",
        "",
        "",
        "k",
        "Mail",
        "Mail",
        PromotionState.CANDIDATE,
        "r",
        AT,
        owner="ben",
        template="t",
        due=date(2026, 5, 1),
    )
    rule = nomination_rule(promotion)
    assert (rule.project.template, rule.project.owner) == ("t", "ben")
    assert rule.terms()["open"] == "link"
