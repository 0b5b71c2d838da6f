"""Rules that change while a poll is under way, and one system that answers oddly."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

import pytest
from sqlalchemy import text

from bridge.app import App
from bridge.model.incident import Page
from bridge.ports import IncidentSource, KnownIncidents
from bridge.sandbox import Sandbox
from tests.system.stage import RULE, Stage, next_second, sandbox_bridge
from tests.system.test_story import recurrence

OTHER_GROUPS = RULE.replace("group_by: [service, fields.Correlation Key]", "group_by: [service]")


@dataclass
class Between:
    """A source that tells its changes in two pages, and has something happen between them."""

    source: IncidentSource
    happens: Callable[[], None]

    @property
    def name(self) -> str:
        """The source's own."""
        return self.source.name

    def changes(self, cursor: str, known: KnownIncidents) -> Iterator[Page]:
        """All that changed, in two pages."""
        pages = list(self.source.changes(cursor, known))
        snapshots = [snapshot for page in pages for snapshot in page.snapshots]
        yield replace(pages[-1], snapshots=tuple(snapshots[:2]), cursor=cursor)
        self.happens()
        yield replace(pages[-1], snapshots=tuple(snapshots[2:]))


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    """A bridge that has looked once, and five tickets since."""
    with Sandbox() as sandbox:
        stage = sandbox_bridge(sandbox, tmp_path)
        stage.write()
        stage.once()
        next_second()
        recurrence(stage)
        yield stage


def groups(app: App) -> set[str]:
    """The keys of all groups in the store."""
    with app.database.reading() as uow:
        return set(uow.connection.execute(text("SELECT DISTINCT group_key FROM group_member")).scalars())


def test_a_poll_under_way_goes_by_the_new_rules_from_the_moment_they_are_in_force(stage: Stage) -> None:
    """What it takes in afterwards is in the new groups: none of the old ones is left or comes back."""

    def mended() -> None:
        (stage.folder / "rules" / "network.yaml").write_text(OTHER_GROUPS, encoding="utf-8")
        app.reload_changed()

    with ExitStack() as resources:
        app = stage.app(resources)
        app.sources["itsm"] = cast("Any", Between(app.sources["itsm"], mended))
        cycle = app.poll()
        assert not cycle.failures
        assert cycle.incidents == 6
        (key,) = groups(app)
        assert "core-1" not in key


def test_rules_that_could_not_be_taken_over_are_tried_again(stage: Stage) -> None:
    """The store was locked: the old rules stay in force as a whole, and the next turn takes the new ones over."""
    with ExitStack() as resources:
        app = stage.app(resources)
        app.poll()
        before = app.configured
        (stage.folder / "rules" / "network.yaml").write_text(OTHER_GROUPS, encoding="utf-8")
        with app.database.transaction(), pytest.raises(RuntimeError):
            app.reload_changed()
        assert app.configured is before
        app.reload_changed()
        assert app.configured is not before
        (key,) = groups(app)
        assert "core-1" not in key


def test_a_source_that_answers_oddly_keeps_nobody_else_waiting(stage: Stage) -> None:
    """`once` reports it and serves the others: the project is opened all the same."""

    settings = stage.desk.source_settings()
    stage.write(sources=[{**settings, "name": "odd"}, settings])
    with ExitStack() as resources:
        app = stage.app(resources)
        app.sources["odd"] = cast("Any", Odd())
        cycle = app.once()
        assert set(cycle.failures) == {"odd"}
        assert "KeyError" in str(cycle.failures["odd"])
        assert len(stage.office.projects()) == 1


class Odd:
    """A source whose every answer is one that nobody foresaw."""

    name = "odd"

    def __getattr__(self, name: str) -> Any:
        raise KeyError(name)
