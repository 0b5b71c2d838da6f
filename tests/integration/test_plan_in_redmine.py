"""A plan in a real Redmine: creating its issues and relations leaves every date as planned."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from tests.servers.redmine import RedmineServer

from bridge.calendar.business import BusinessCalendar
from bridge.calendar.spec import OFF, CalendarSpec, Span
from bridge.planning.gates import Gate, GateKind
from bridge.planning.loader import load_templates
from bridge.planning.plan import Plan, plan_tasks
from bridge.planning.template import WbsTask, WbsTemplate

OFFICE = (Span(540, 1020),)
# Holidays that Redmine does not know, on a Tuesday and over a whole week, and a Saturday that is worked.
OWN_DAYS = {date(2026, 3, 10): OFF, date(2026, 3, 14): OFFICE, **{date(2026, 3, day): OFF for day in range(16, 21)}}
CALENDAR = BusinessCalendar(CalendarSpec("office", "Europe/Berlin", (OFFICE,) * 5 + (OFF,) * 2, OWN_DAYS))
THURSDAY = datetime(2026, 3, 5, 13, tzinfo=UTC)


def knotted() -> WbsTemplate:
    """Nested parents that wait for parents, and followers whose first predecessor is not the one that holds them."""
    deep = WbsTask("deep", "Deep", children=(WbsTask("d1", "D1", estimate=4), WbsTask("d2", "D2", estimate=12)))
    last = WbsTask("last", "Last", estimate=20, after=("short", "block"))
    return WbsTemplate(
        "knotted",
        "Knotted",
        (
            WbsTask("short", "Short", estimate=1),
            WbsTask("long", "Long", estimate=40),
            WbsTask(
                "block",
                "Block",
                after=("short", "long"),
                children=(deep, WbsTask("b2", "B2", estimate=8, after=("deep",))),
            ),
            WbsTask("side", "Side", estimate=8, after=("short",)),
            last,
            WbsTask("end", "End", estimate=2, after=("side", "last", "long")),
        ),
    )


def gated() -> WbsTemplate:
    """Tasks that only wait for a gate: below a parent that waits itself, and beside a predecessor done long before."""
    gate = WbsTask("gate", "Gate", estimate=30, gate=Gate(GateKind.CHANGE, blocks=("block", "side")), after=("short",))
    inner = (WbsTask("b1", "B1", estimate=4), WbsTask("b2", "B2", estimate=8, after=("b1",)))
    return WbsTemplate(
        "gated",
        "Gated",
        (
            WbsTask("short", "Short", estimate=1),
            WbsTask("block", "Block", after=("short",), children=inner),
            WbsTask("side", "Side", estimate=8, after=("short",)),
            gate,
            WbsTask("end", "End", estimate=2, after=("side", "block")),
        ),
    )


def create(redmine: RedmineServer, plan: Plan) -> dict[str, int]:
    """Creates the plan below a root issue, as the bridge does; returns the issues' ids by task key."""
    bridge = redmine.as_user("itsm-sync")
    fields = {"project_id": redmine.parent_project_id, "tracker_id": redmine.trackers["Support"]}
    root = bridge.ok("POST", "/issues.json", {"issue": fields | {"subject": "root"}})["issue"]["id"]
    ids: dict[str, int] = {}
    for task in plan.tasks:
        issue = fields | {
            "subject": f"{task.number} {task.title}",
            "parent_issue_id": ids.get(task.parent, root),
            "start_date": task.start.isoformat(),
            "due_date": task.due.isoformat(),
            "estimated_hours": task.estimate_hours,
        }
        ids[task.key] = bridge.ok("POST", "/issues.json", {"issue": issue})["issue"]["id"]
    return ids


def stored(redmine: RedmineServer, ids: dict[str, int]) -> dict[str, tuple[str, str, int]]:
    """Dates and number of journals by task key."""
    bridge = redmine.as_user("itsm-sync")
    found = {}
    for key, number in ids.items():
        issue = bridge.ok("GET", f"/issues/{number}.json?include=journals")["issue"]
        changes = [d["name"] for journal in issue["journals"] for d in journal["details"] if d["property"] == "attr"]
        found[key] = (issue["start_date"], issue["due_date"], sum(name.endswith("_date") for name in changes))
    return found


@pytest.mark.parametrize("name", ["knotted", "gated", "network-problem", "standard-project", "production-change"])
def test_creating_a_plan_and_its_relations_moves_nothing(fresh_redmine: RedmineServer, name: str) -> None:
    templates, problems = load_templates([])
    assert problems == []
    plan = plan_tasks((templates | {"knotted": knotted(), "gated": gated()})[name], THURSDAY, CALENDAR)
    ids = create(fresh_redmine, plan)
    planned = {task.key: (task.start.isoformat(), task.due.isoformat()) for task in plan.tasks}
    bridge = fresh_redmine.as_user("itsm-sync")
    for relation in plan.relations:
        wanted = {
            "issue_to_id": ids[relation.follower],
            "relation_type": relation.kind,
        }
        if relation.kind == "precedes":
            wanted["delay"] = relation.delay_days
        bridge.ok("POST", f"/issues/{ids[relation.task]}/relations.json", {"relation": wanted})
        assert {key: dates[:2] for key, dates in stored(fresh_redmine, ids).items()} == planned, relation
    assert {key for key, (_, _, moved) in stored(fresh_redmine, ids).items() if moved} == set()
