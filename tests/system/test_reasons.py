"""Every reason of a rule, from the desk to the project: just below it nothing happens, one thing more opens one."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
import yaml

from bridge.model.promotion import PromotionState
from bridge.sandbox import Sandbox
from tests.system.reasons import CASES, HOUR, ReasonsDesk, World
from tests.system.stage import RULE, opened, sandbox_bridge
from tests.system.test_recurrence import close

START = datetime(2026, 11, 2, 8, 0, tzinfo=UTC)
BRIEF = "version: 1\ntitle: Brief\ntasks: [{key: cause, title: Find the cause, role: owner, estimate: 8h}]\n"
OFFICE = {"office": {"zone": "Europe/Berlin", "hours": {"mon-fri": "09:00-17:00"}}}
TARGETS = {"response": {1: "30m"}, "resolution": {1: "24h"}}
THREE = {"any": [{"recurs": {"at_least": 3, "within": "14d"}}]}
KEEP = {"incident": {"open": "link", "later": "hold", "on_delivery": "note"}}


def rule(case: str, when: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """The rule of a case: it acts by itself on all incidents of the service that is named like it."""
    usual: dict[str, Any] = yaml.safe_load(RULE)["rules"][0]
    project = {**usual["project"], "name": "{{ rule.title }}", "template": "brief"}
    made = {"id": case, "title": f"The rule {case}", "match": {"field": "service", "equals": case}, "when": when}
    return {**usual, **made, "group_by": ["service"], "project": project, **changes}


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """One sandbox for all cases, on a Monday morning; its bridge has looked once."""
    folder = tmp_path_factory.mktemp("reasons")
    rules = [rule(name, case.when) for name, case in CASES.items()]
    rules += [rule(f"kpi-{policy}", THREE, kpi=policy) for policy in ("pause", "remove", "none")]
    rules += [rule("kept", THREE, **KEEP)]
    (folder / "templates" / "wbs").mkdir(parents=True)
    (folder / "templates" / "wbs" / "brief.yaml").write_text(BRIEF, encoding="utf-8")
    with Sandbox(clock_start=START) as sandbox:
        stage = sandbox_bridge(sandbox, folder)
        stage.desk = ReasonsDesk(sandbox)
        clock, templates = f"{sandbox.redmine.url}/_control/clock", str(folder / "templates")
        text = yaml.safe_dump({"version": 1, "rules": rules})
        stage.write(rule=text, clock=clock, templates=templates, sla=TARGETS)
        people = folder / "directory.yaml"
        people.write_text(yaml.safe_dump({**yaml.safe_load(people.read_text()), "calendars": OFFICE}))
        with opened(stage) as bridge:
            world = World(sandbox, stage, bridge)
            world.once()
            yield world


@pytest.fixture
def world(shared: World, request: pytest.FixtureRequest) -> World:
    """It, playing the case that the test names."""
    shared.case = request.node.callspec.id if hasattr(request.node, "callspec") else "kept"
    return shared


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_a_reason_is_there_or_just_not(world: World, case: Any) -> None:
    """Below it no promotion; with what was missing one project, opened for that reason."""
    incident = case.below(world)
    world.look()
    assert world.promotions() == []
    case.above(world, incident or "")
    world.once()
    (promotion,) = world.promotions()
    assert promotion.state is PromotionState.ACTIVE
    assert case.told in promotion.reason
    assert len(world.projects()) == 1


@pytest.mark.parametrize(
    ("excluded", "removed"),
    [pytest.param(30, 0, id="kpi-pause"), pytest.param(0, 3, id="kpi-remove"), pytest.param(0, 0, id="kpi-none")],
)
def test_how_the_time_of_promoted_incidents_counts(world: World, excluded: int, removed: int) -> None:
    """Three incidents, resolved ten hours after their project was opened: paused, left out, or counted in full."""
    before = world.measure()
    incidents = [world.open() for _ in range(3)]
    world.look()
    assert [one.state for one in world.promotions()] == [PromotionState.ACTIVE]
    world.later(10 * HOUR)
    for incident in incidents:
        world.change(incident, state="solved", resolution="restarted")
    world.once()
    after = world.measure()
    assert after.resolved - before.resolved == 3
    assert after.removed - before.removed == removed
    assert after.excluded_hours - before.excluded_hours == pytest.approx(excluded)


def test_later_ones_are_held_and_a_delivery_only_noted(world: World) -> None:
    """Those that were there are linked; one that joins is put on hold; the delivery resolves none, and says so."""
    first = [world.open() for _ in range(3)]
    world.look()
    later = world.open()
    world.look()
    world.look()
    desk = world.stage.desk
    assert [desk.state(one) for one in (*first, later)] == ["new", "new", "new", "pending"]
    (project,) = world.projects()
    notes = [len(desk.notes(one)) for one in (*first, later)]
    close(world.stage, project)
    world.look()
    world.look()
    assert [one.state for one in world.promotions()] == [PromotionState.DELIVERED]
    assert [desk.state(one) for one in first] == ["new"] * 3
    assert desk.state(later) != desk.resolved
    assert [len(desk.notes(one)) for one in (*first, later)] == [count + 1 for count in notes]
