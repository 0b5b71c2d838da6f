"""Which rule gets an incident: windows, priorities and several sources, from the desk to the project."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from bridge.rules.decide import decide
from bridge.sandbox import Sandbox
from bridge.usecases.view import group_view
from tests.system.stage import RULE, Stage, opened, sandbox_bridge

SUMMARY = "Router R1: CPU at 99 %"
MONDAY = datetime(2026, 11, 2, 8, 0, tzinfo=UTC)
GROUP = "    group_by: [service, fields.Correlation Key]\n"
WINDOW = RULE.replace(GROUP, "    unless: {field: opened_at, in_window: patch-day}\n" + GROUP)


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    """The sandbox on a Monday morning."""
    with Sandbox(clock_start=MONDAY) as found:
        yield found


def begun(sandbox: Sandbox, folder: Path, rule: str, **settings: Any) -> Stage:
    """A bridge that has looked once."""
    stage = sandbox_bridge(sandbox, folder)
    stage.write(rule=rule, clock=f"{sandbox.redmine.url}/_control/clock", **settings)
    stage.once()
    stage.pause()
    return stage


def windows(folder: Path, until: str) -> None:
    text = f"version: 1\nwindows: {{patch-day: {{times: [{{from: 2026-11-02T00:00, to: {until}}}]}}}}\n"
    (folder / "windows.yaml").write_text(text, encoding="utf-8")


def test_what_happens_in_a_maintenance_window_is_no_recurrence(sandbox: Sandbox, tmp_path: Path) -> None:
    """Five tickets during the patches are nothing; the same five after them are a project."""
    windows(tmp_path, "2026-11-02T12:00")
    stage = begun(sandbox, tmp_path, WINDOW, windows="windows.yaml")
    for _ in range(5):
        stage.desk.open(SUMMARY, key="core-1")
    stage.pause()
    stage.once()
    assert stage.office.projects() == []
    sandbox.clock.set(MONDAY.replace(hour=12))
    for _ in range(5):
        stage.desk.open(SUMMARY, key="core-1")
    stage.pause()
    stage.once()
    assert len(stage.office.projects()) == 1


def test_a_changed_windows_file_is_taken_in_and_a_broken_one_is_not(sandbox: Sandbox, tmp_path: Path) -> None:
    windows(tmp_path, "2026-11-02T12:00")
    stage = begun(sandbox, tmp_path, WINDOW, windows="windows.yaml")
    with ExitStack() as resources:
        app = stage.app(resources)
        (rule,) = app.configured.rules.rules
        windows(tmp_path, "2026-11-01T12:00")
        app.reload_changed()
        assert app.configured.rules.rules[0] is rule
        windows(tmp_path, "2026-11-02T08:01")
        app.reload_changed()
        assert app.configured.rules.rules[0] is not rule
        assert app.configured.rules.rules[0].version == rule.version
        for _ in range(5):
            stage.desk.open(SUMMARY, key="core-1")
        stage.pause()
        app.once()
    assert len(stage.office.projects()) == 1


def test_of_two_rules_the_one_with_the_lower_number_gets_the_incidents(sandbox: Sandbox, tmp_path: Path) -> None:
    """The other one says who has them, although it stands first in the file."""
    other = (
        RULE.partition("rules:\n")[2]
        .replace("router-cpu", "first-served")
        .replace("    mode:", "    priority: 10\n    mode:")
    )
    stage = begun(sandbox, tmp_path, RULE + other)
    for _ in range(5):
        stage.desk.open(SUMMARY, key="core-1")
    stage.pause()
    stage.once()
    assert len(stage.office.projects()) == 1
    with opened(stage) as app, app.database.reading() as uow:
        (promotion,) = uow.promotions.in_states()
        assert promotion.rule_id == "first-served"
        assert [one.id for one in app.configured.rules.rules] == ["first-served", "router-cpu"]
        late = app.configured.rules.get("router-cpu")
        assert late is not None
        ids = tuple(number for number, _ in uow.incidents.scan(0, 99))
        view = group_view(uow, app.configured, late, promotion.group_key, ids, app.clock.now())
        told = decide(late, view, app.clock.now()).why
    assert told == "no reason is there; 5 incidents belong to promotion 1 of rule first-served, which claimed first"


def test_across_sources_incidents_of_several_systems_are_one_group(sandbox: Sandbox, tmp_path: Path) -> None:
    """Three tickets, seen through two sources: too few for each, enough for both."""
    stage = sandbox_bridge(sandbox, tmp_path)
    desk = stage.desk.source_settings()
    both = [desk, desk | {"name": "second"}]
    rule = RULE.replace("    group_by", "    across_sources: true\n    group_by")
    stage = begun(sandbox, tmp_path, rule, sources=both)
    for _ in range(3):
        stage.desk.open(SUMMARY, key="core-1")
    stage.pause()
    stage.once()
    assert len(stage.office.projects()) == 1
    with opened(stage) as app, app.database.reading() as uow:
        (promotion,) = uow.promotions.in_states()
        assert promotion.group_key == '[null,"network","core-1"]'
