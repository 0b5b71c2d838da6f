"""Which files are copied, and what is said of the others."""

from __future__ import annotations

import pytest

from bridge.model.files import CarriedFile, Outcome, RemoteFile
from bridge.sync.files import FileLimits, FilePlan, plan_files
from bridge.sync.merge import Side

BOTH = FileLimits(to_project=True, most_bytes=100)


def file(number: int, name: str = "log.txt", size: int | None = 10, *, private: bool = False) -> RemoteFile:
    return RemoteFile(str(number), name, "text/plain", size, "mia", None, private)


def row(side: str, number: int, outcome: Outcome = Outcome.CARRIED, copy_id: str = "", why: str = "") -> CarriedFile:
    return CarriedFile(1, side, str(number), "log.txt", outcome, "abc", copy_id, why)


def copied(plan: FilePlan) -> list[tuple[Side, str]]:
    return [(one.side, one.file.id) for one in plan.copies]


def test_each_side_is_copied_where_the_settings_say() -> None:
    """By default only from the project to the incident."""
    of_issue, of_incident = [file(1)], [file(7)]
    assert copied(plan_files(of_issue, of_incident, [], FileLimits(), public=False)) == [(Side.INCIDENT, "1")]
    assert copied(plan_files(of_issue, of_incident, [], BOTH, public=False)) == [
        (Side.INCIDENT, "1"),
        (Side.ISSUE, "7"),
    ]
    off = FileLimits(to_incident=False)
    assert copied(plan_files(of_issue, of_incident, [], off, public=False)) == []


def test_what_is_known_is_not_planned_again_and_a_copy_does_not_come_back() -> None:
    """Whatever became of it; ids of the two sides are different things."""
    known = [row("issue", 1, copy_id="7"), row("issue", 2, Outcome.SAME), row("incident", 3, copy_id="4")]
    of_issue, of_incident = [file(1), file(2), file(3), file(4)], [file(7), file(3), file(1)]
    assert copied(plan_files(of_issue, of_incident, known, BOTH, public=False)) == [
        (Side.INCIDENT, "3"),
        (Side.ISSUE, "1"),
    ]


@pytest.mark.parametrize(
    ("one", "said"),
    [
        (file(1, size=101), "it has 101 bytes, and at most 100"),
        (file(1, "Setup.EXE"), "of its kind"),
    ],
)
def test_what_is_too_large_or_refused_by_name_is_told(one: RemoteFile, said: str) -> None:
    plan = plan_files([one], [], [], BOTH, public=False)
    assert plan.copies == ()
    assert [said in report for report in plan.reports] == [True]


def test_a_refusal_by_the_other_side_is_told_as_long_as_it_is_known() -> None:
    known = [row("issue", 1, Outcome.REFUSED, why="HTTP 413.")]
    plan = plan_files([file(1)], [], known, BOTH, public=False)
    assert plan == FilePlan((), ("the file “log.txt” stays on the issue alone: HTTP 413.",))


def test_private_files_go_only_where_they_stay_private() -> None:
    """To a place that callers can read: never. To the issue, whose readers can open all its files: when allowed."""
    secret = file(1, private=True)
    assert copied(plan_files([secret], [], [], BOTH, public=False)) == [(Side.INCIDENT, "1")]
    assert copied(plan_files([secret], [], [], BOTH, public=True)) == []
    assert copied(plan_files([], [secret], [], BOTH, public=False)) == []
    allowed = FileLimits(to_project=True, private_to_project=True)
    assert copied(plan_files([], [secret], [], allowed, public=False)) == [(Side.ISSUE, "1")]
