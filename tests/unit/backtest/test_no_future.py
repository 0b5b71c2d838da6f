"""A replay knows nothing before it was known."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.unit.backtest.worlds import BEGIN, World, replay, worlds

from bridge.model.errors import ConfigurationError
from bridge.rules.fields import field
from bridge.rules.history import History
from bridge.sources.file.history import FileHistory
from bridge.sources.file.options import FileOptions

LOG = """\
number,state,opened,updated,resolved,code,group,count
1,New,2026-03-02T08:00:00Z,2026-03-02T08:05:00Z,2026-03-02T10:00:00Z,done,A,0
1,Active,2026-03-02T08:00:00Z,2026-03-02T09:00:00Z,2026-03-02T10:00:00Z,done,B,1
1,Resolved,2026-03-02T08:00:00Z,2026-03-02T10:00:00Z,2026-03-02T10:00:00Z,done,B,2
2,New,2026-03-02T08:30:00Z,2026-03-02T08:30:00Z,,,A,0
2,New,2026-03-02T08:30:00Z,2026-03-02T08:20:00Z,,,A,1
"""
OPTIONS: dict[str, Any] = {
    "rows": "event_log",
    "columns": {
        "id": "number",
        "state": "state",
        "opened_at": "opened",
        "updated_at": "updated",
        "resolved_at": "resolved",
        "team": "group",
        "reassignment_count": "count",
    },
    "fields": ["code"],
    "final": ["resolved", "code"],
    "states": {"New": "new", "Active": "in_progress", "Resolved": "resolved"},
}
FIELDS = ("state", "resolved_at", "team", "reassignment_count", "fields.code")


@pytest.fixture
def log(tmp_path: Path) -> FileHistory:
    """Two incidents; every row carries the last values of two columns."""
    (tmp_path / "log.csv").write_text(LOG, encoding="utf-8")
    return FileHistory("desk", FileOptions.model_validate({**OPTIONS, "path": str(tmp_path / "log.csv")}))


def column(history: History, name: str) -> list[Any]:
    """A column's values, row by row."""
    return history.column(name).every()


@pytest.mark.parametrize(
    ("name", "text"),
    [("log.csv", LOG.replace("opened", "begun", 1)), ("log.jsonl", '{"number": 1, "state": "New", "updated": ""}\n')],
)
def test_a_file_without_a_needed_column_is_refused_by_name(tmp_path: Path, name: str, text: str) -> None:
    """It is no history of nothing."""
    (tmp_path / name).write_text(text, encoding="utf-8")
    log = FileHistory("desk", FileOptions.model_validate({**OPTIONS, "path": str(tmp_path / name)}))
    with pytest.raises(ConfigurationError) as refused:
        log.read(FIELDS, final=True)
    (problem,) = refused.value.problems
    assert problem.where.endswith(name)
    assert problem.what == "there is no column opened"
    assert "number" in problem.advice


def test_a_row_of_a_log_tells_what_was_known_then(log: FileHistory) -> None:
    history = log.read(FIELDS, final=False)
    assert [f"{at:%H:%M}" for at in history.known or ()] == ["08:05", "09:00", "10:00", "08:30", "08:30"]
    assert [at and f"{at:%H:%M}" for at in column(history, "resolved_at")] == [None, None, "10:00", None, None]
    assert column(history, "fields.code") == ["", "", "done", "", ""]
    assert column(history, "team") == ["A", "B", "B", "A", "A"]
    assert column(history, "reassignment_count") == [0, 1, 2, 0, 1]


def test_as_of_final_is_the_last_row_but_for_the_end(log: FileHistory) -> None:
    history = log.read(FIELDS, final=True)
    assert column(history, "team") == ["B", "A"]
    assert [str(state) for state in column(history, "state")] == ["resolved", "new"]
    assert [str(state) for state in history.column("state", over=False).every()] == ["in_progress", "new"]
    assert history.column("resolved_at", over=False).every() == [None, None]
    first, last = list(history.versions(0))
    assert (first.over, last.over, f"{last.at:%H:%M}") == (False, True, "10:00")


def until(world: World, polls: int) -> World:
    """The world up to some poll."""
    return replace(world, polls=world.polls[:polls])


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(worlds(), st.data())
def test_what_comes_later_changes_nothing_that_was_found_before(world: World, data: st.DataObject) -> None:
    """A replay of the first part finds what a replay of everything found by then, with the same incidents."""
    polls = data.draw(st.integers(1, len(world.polls)))
    now = world.polls[polls - 1][0]
    found = [one[:5] for one in replay(world) if one[3] <= now and (one[4] is None or one[4] <= now)]
    before = [one[:5] for one in replay(until(world, polls)) if one[4] is None or one[4] <= now]
    later = {one[:4] for one in replay(world) if one[4] is not None and one[4] > now}
    assert found == [one for one in before if one[:4] not in later]
    assert now > BEGIN


def test_all_fields_of_rules_can_be_columns(log: FileHistory) -> None:
    """Whatever a rule may ask for, a history has a column of it."""
    names = ["summary", "tags", "hold_reason", "priority", "fields.nowhere", "effort", "opened_at", "source"]
    history = log.read(names, final=False)
    assert all(field(name) is not None and len(column(history, name)) == history.rows for name in names)
