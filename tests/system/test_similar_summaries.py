"""Tickets whose summaries are alike, from the desk to the project."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from sqlalchemy import text

from bridge.app import App
from bridge.rules.decide import decide
from bridge.rules.explain import explain
from bridge.sandbox import Sandbox
from bridge.usecases.view import group_view
from tests.system.stage import RULE, Stage, sandbox_bridge

ALIKE = RULE.replace("group_by: [service, fields.Correlation Key]", "group_by: [fingerprint]\n    similar: 85").replace(
    "(?i)router.*cpu", "(?i)rou?ter|link"
)
SUMMARIES = (
    "Router R1: CPU at 99 %",
    "ROUTER r2 - cpu at 7 %",
    "Roter R17: CPU at 42.5 %",
    "Router 10.1.2.3: CPUU at 99%",
    "[#4711] Router core-3: CPU at 98 %!",
)
GROUP = "router # cpu at #"


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    """A bridge that has looked once, and tickets since."""
    with Sandbox() as sandbox:
        stage = sandbox_bridge(sandbox, tmp_path)
        (tmp_path / "masks.yaml").write_text("version: 1\n", encoding="utf-8")
        stage.write(rule=ALIKE, masks="masks.yaml", clock=f"{sandbox.redmine.url}/_control/clock")
        stage.once()
        stage.pause()
        for number, summary in enumerate(SUMMARIES):
            stage.desk.open(summary, key=str(number))
        stage.desk.open("Link of router R1 lost", key="x")
        yield stage


def groups(app: App) -> dict[str, int]:
    """How many incidents each group has, by its key."""
    with app.database.reading() as uow:
        rows = uow.connection.execute(text("SELECT group_key, count(*) FROM group_member GROUP BY group_key"))
        return {key: int(count) for key, count in rows}


def test_five_tickets_that_are_alike_open_one_project_named_by_the_first(stage: Stage) -> None:
    stage.once()
    (project,) = stage.office.projects()
    assert project["name"] == f"Router CPU keeps alerting: {GROUP}"


def test_explain_tells_the_first_member_and_the_score(stage: Stage) -> None:
    with ExitStack() as resources:
        app = stage.app(resources)
        app.poll()
        (key,) = (key for key, count in groups(app).items() if count == 5)
        rule = app.configured.rules.rules[0]
        with app.database.reading() as uow:
            (third,) = (n for n, one in uow.incidents.scan(0, 99) if one.summary.startswith("Roter"))
            view = group_view(uow, app.configured, rule, key, (third,), app.clock.now())
        assert view is not None
        told = explain(rule, view, decide(rule, view, app.clock.now()), app.clock.now())
        assert told[0].endswith(f"group {GROUP}")
        assert told[2] == f"  “roter # cpu at #” is 97 of 100 like the group's first member “{GROUP}” (needed: 85)"


def test_other_masks_group_anew_in_the_order_in_which_the_tickets_came(stage: Stage) -> None:
    with ExitStack() as resources:
        app = stage.app(resources)
        app.poll()
        assert sorted(groups(app).values()) == [1, 5]
        before = groups(app)
        mask = "version: 1\nmasks: [{name: part, regex: 'cpuu?|link', drop: true}]\n"
        (stage.folder / "masks.yaml").write_text(mask, encoding="utf-8")
        app.reload_changed()
        after = groups(app)
        assert '["itsm","router # at #"]' in after
        assert not set(after) & set(before)
