"""Who decided what, read from an issue's history."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from bridge.model.project import Issue, Journal
from bridge.usecases.candidates.journal import Ruling, Step, ruling, steps
from bridge.usecases.candidates.policy import CandidatePolicy, Outcome

AT = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
NAMES = {"1": "New", "3": "Resolved", "4": "Feedback", "6": "Rejected"}
JANE, BEN = 6, 7
POLICY = CandidatePolicy(
    statuses={Outcome.APPROVE: ("Resolved", "Approved"), Outcome.REJECT: ("Rejected",), Outcome.WAIT: ("New",)}
)


def change(number: int, user: int, old: str, new: str, note: str = "") -> Journal:
    return Journal(number, user, f"user {user}", AT, note, private=False, changes={"status_id": (old, new)})


def note(number: int, user: int, text: str) -> Journal:
    return Journal(number, user, f"user {user}", AT, text, private=True)


def read(*journals: Journal, after: int = 0, ours: tuple[str, ...] = ()) -> list[Step]:
    issue = Issue(3, 2, "s", "d", "New", closed=False, updated_at=AT, url="", journals=journals)
    return steps(issue, after, ours, NAMES)


def rule(*journals: Journal) -> Ruling:
    return ruling(read(*journals), {JANE}, POLICY)


def test_steps_are_changes_of_status_by_others() -> None:
    """Neither what was seen before, nor the bridge's own, nor notes."""
    journals = (change(1, JANE, "1", "3"), note(2, JANE, "hm"), change(3, BEN, "3", "1"), change(4, JANE, "1", "6"))
    found = read(*journals, after=1, ours=("3",))
    assert [(step.journal, step.old, step.new) for step in found] == [(4, "New", "Rejected")]


def test_a_note_may_come_with_the_change_or_after_it() -> None:
    """Redmine keeps a private note in a journal of its own; somebody else's is not the reason."""
    found = read(change(1, JANE, "1", "6", "no"), note(2, BEN, "why?"), note(3, JANE, "too dear"), note(4, JANE, ""))
    assert found[0].note == "no\ntoo dear"


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("until 2026-12-31 please", date(2026, 12, 31)),
        ("2026-13-01, no, 2026-11-02", date(2026, 11, 2)),
        ("soon", None),
    ],
)
def test_the_day_of_a_note(text: str, day: date | None) -> None:
    """The first one that exists."""
    assert read(change(1, JANE, "1", "4", text))[0].day == day


def test_the_issues_of_a_note() -> None:
    """By their numbers."""
    assert read(change(1, JANE, "1", "4", "see #17, #4"))[0].issues == (17, 4)


def test_the_last_decision_by_who_may_decide_counts() -> None:
    """Whatever others did before and after it."""
    found = rule(
        change(1, BEN, "1", "6"), change(2, JANE, "6", "3"), change(3, BEN, "3", "1"), change(4, BEN, "1", "6")
    )
    assert found.decision is not None
    assert (found.decision.journal, found.outcome, found.refused) == (2, Outcome.APPROVE, ())


def test_who_may_decide_may_take_it_back() -> None:
    """Then nothing is decided, and nobody is answered."""
    assert rule(change(1, JANE, "1", "3"), change(2, JANE, "3", "1")) == Ruling()
    assert rule(change(1, BEN, "1", "3"), change(2, JANE, "3", "1")) == Ruling()


def test_others_are_refused_unless_they_took_it_back() -> None:
    """Each once."""
    assert [s.journal for s in rule(change(1, BEN, "1", "3"), change(2, 8, "3", "6")).refused] == [1, 2]
    assert rule(change(1, BEN, "1", "3"), change(2, BEN, "3", "1")) == Ruling()


def test_statuses_mean_outcomes_whatever_their_case() -> None:
    """The first one of each is what the bridge sets; waiting is nobody's decision."""
    assert POLICY.outcome_of("approved") is Outcome.APPROVE
    assert POLICY.outcome_of("New") is None
    assert POLICY.status_for(Outcome.APPROVE) == "Resolved"
    assert POLICY.status_for(Outcome.EXPIRE) == ""
