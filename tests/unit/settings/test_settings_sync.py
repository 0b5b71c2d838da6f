"""`sync` in the settings file: defaults, layers, and what contradicts itself with its place."""

from __future__ import annotations

from pathlib import Path
from textwrap import indent

import pytest

from bridge.model.incident import State
from bridge.settings import load_settings
from bridge.sync.fields import CAREFUL, SyncPolicy
from bridge.sync.merge import Direction, Owner

BASE = """\
version: 1
redmine: {url: "https://redmine.example.com", api_key: k, parent_project: operations}
sources:
  - {name: rt, kind: rt, url: "https://rt.example.com", token: t}
"""


def loaded(tmp_path: Path, sync: str = "") -> SyncPolicy:
    path = tmp_path / "bridge.yaml"
    path.write_text(BASE + (f"sync:\n{indent(sync, '  ')}" if sync else ""), encoding="utf-8")
    found, problems = load_settings(path)
    assert found is not None, problems
    return found.settings.sync.policy(found.settings.redmine)


def problems(tmp_path: Path, sync: str) -> list[str]:
    path = tmp_path / "bridge.yaml"
    path.write_text(BASE + f"sync:\n{indent(sync, '  ')}", encoding="utf-8")
    _, found = load_settings(path)
    return [str(one).removeprefix(f"{tmp_path}/") for one in found]


def test_without_sync_the_careful_defaults_hold(tmp_path: Path) -> None:
    policy = loaded(tmp_path)
    assert policy.usual.fields == CAREFUL
    assert policy.usual.priorities[1] == "Immediate"
    assert policy.table("rt", "Bug") is policy.usual
    assert policy.usual.statuses.status_of(State.RESOLVED) == "Closed"


def test_the_first_entry_that_fits_holds_and_inherits(tmp_path: Path) -> None:
    policy = loaded(
        tmp_path,
        """\
fields:
  due: {direction: both, owner: newest}
  custom.Root Cause: {direction: to_incident}
paths: [[New, In Progress, Closed]]
special:
  - source: rt
    tracker: support
    fields: {due: {owner: manual}}
    statuses: {Open: new, Done: resolved}
    write_statuses: {new: Open, resolved: Done}
  - {tracker: Support, fields: {due: {direction: none}}}
""",
    )
    special = policy.table("rt", "Support")
    assert (special.fields["due"].direction, special.fields["due"].owner) == (Direction.BOTH, Owner.MANUAL)
    assert special.fields["due"].incident == "Due"
    assert special.custom_fields == ["Root Cause"]
    assert special.statuses.status_of(State.RESOLVED) == "Done"
    assert special.statuses.chains == (("New", "In Progress", "Closed"),)
    assert policy.table("other", "Support").fields["due"].direction is Direction.NONE
    assert policy.table("rt", "Bug") is policy.usual
    assert policy.usual.statuses.state_of("Done") is None


@pytest.mark.parametrize(
    ("sync", "expected"),
    [
        ("fields: {duedate: {owner: manual}}\n", "“duedate” is no field that can be kept in step"),
        ("fields: {due: {owner: nobody}}\n", "owner"),
        ("paths: [[New, Closed]]\n", "is no way"),
        ("time_zone: Mars/Olympus\n", "“Mars/Olympus” is not a time zone"),
        ("special: [{fields: {}}]\n", "neither source nor tracker is named"),
        ("special: [{source: it, fields: {}}]\n", "bridge.yaml:6:22: there is no source “it” (there is rt)"),
        (
            "statuses: {Resolved: resolved, Closed: resolved}\nwrite_statuses: {new: New}\n",
            "and none is named to be written for it (name one in write_statuses: {resolved: Resolved})",
        ),
        (
            "statuses: {New: new, Closed: resolved}\nwrite_statuses: {resolved: New}\n",
            "“New” is written for resolved but stands for new",
        ),
        (
            "fields: {custom.Due: {incident: Due}, due: {direction: both}}\n",
            "due and custom.Due are both kept in step with the incident's “Due”",
        ),
    ],
)
def test_what_contradicts_itself_is_told_with_its_place(tmp_path: Path, sync: str, expected: str) -> None:
    (found,) = problems(tmp_path, sync)
    assert expected in found
    assert found.startswith("bridge.yaml:")


def test_a_priority_for_two_levels_is_refused_only_where_it_would_be_written_back(tmp_path: Path) -> None:
    priorities = "priorities: {1: High, 2: High, 3: Normal, 4: Low, 5: Low}"
    path = tmp_path / "bridge.yaml"

    def told(sync: str) -> list[str]:
        text = BASE.replace("parent_project: operations}", f"parent_project: operations, {priorities}}}")
        path.write_text(f"{text}sync: {sync}\n", encoding="utf-8")
        return [one.what for one in load_settings(path)[1]]

    assert told("{fields: {priority: {direction: to_issue}}}") == []
    assert len(told("{fields: {priority: {direction: both}}}")) == 2
    assert told("{fields: {priority: {direction: both}}, write_priorities: {High: 1, Low: 4}}") == []
