"""Where a promotion can stand: a project of its own with everything a rule may say, an issue, a version."""

from __future__ import annotations

import html
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from bridge.model.promotion import PromotionState
from tests.servers.common import INSTALL_SECONDS
from tests.system.desks import SandboxDesk
from tests.system.gated import GATED, again, dead, promotion, stage_on, task, write
from tests.system.stage import Stage
from tests.system.test_story import SUMMARY, recurrence

COMPLETE = GATED.replace(
    "      due: 20 business days",
    """\
      parent: network
      description: |
        {{ rule.title }} at {{ group.label }}: {{ evidence.count }} incidents, {{ evidence.open }} of them open.
      modules: [gantt, files]
      trackers: {root: Feature, task: Support, incident: Bug}
      categories: [Hardware, Software]
      custom_fields: {ITSM case: "{{ group.label }}", ITSM severity: high}
      due: 40 business days""",
).replace("members: [network-team]", "members: [{person: li, role: Reporter}, network-team]")


def standing(text: str, to: str) -> str:
    """The rule for a standing project."""
    return text.replace("      due: 20 business days", f"      to: {to}\n      in: routine")


@pytest.fixture(
    params=["sandbox", pytest.param("real", marks=[pytest.mark.real, pytest.mark.timeout(INSTALL_SECONDS)])]
)
def stage(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Stage]:
    """A bridge that is not yet configured, between the sandbox's desk and a Redmine."""
    server = request.getfixturevalue("fresh_redmine") if request.param == "real" else None
    with stage_on(server, tmp_path, clock_start=datetime(2026, 11, 2, 8, 0, tzinfo=UTC)) as made:
        yield made


def people_s_project(stage: Stage, identifier: str, **fields: Any) -> int:
    """A private project of people's own below Operations, in which the bridge has its role; its id."""
    admin = stage.office.as_user("admin")
    parent = admin.ok("GET", "/projects/operations.json")["project"]["id"]
    modules = ["issue_tracking", "wiki"]
    values = {"name": identifier.title(), "identifier": identifier, "parent_id": parent, "is_public": False}
    body = {**values, "inherit_members": True, "enabled_module_names": modules, **fields}
    return int(admin.ok("POST", "/projects.json", {"project": body})["project"]["id"])


def found(stage: Stage) -> list[str]:
    """The bridge starts, five tickets arrive, and it finds them; those that are open."""
    stage.once()
    stage.pause()
    _, waiting = recurrence(stage)
    stage.once()
    assert dead(stage) == []
    return waiting


def field_ids(stage: Stage) -> dict[str, int]:
    """Custom fields by name."""
    rows = stage.office.as_user("admin").ok("GET", "/custom_fields.json")["custom_fields"]
    return {row["name"]: row["id"] for row in rows}


def test_a_project_with_everything_that_a_rule_may_say(stage: Stage) -> None:
    """Parent, description, modules, trackers, categories, custom fields, roles; milestones and the plan's page."""
    network = people_s_project(stage, "network")
    write(stage, COMPLETE, custom_field_ids={"ITSM severity": field_ids(stage)["ITSM severity"]})
    found(stage)
    made = promotion(stage)
    assert made.project_id is not None
    admin = stage.office.as_user("admin")
    path = f"/projects/{made.project_id}.json?include=enabled_modules,issue_categories"
    shown = admin.ok("GET", path)["project"]
    assert (shown["parent"]["id"], shown["is_public"]) == (network, False)
    description = "Router CPU keeps alerting at network · core-1: 5 incidents, 3 of them open."
    assert shown["description"].splitlines()[0] == description
    assert {row["name"] for row in shown["enabled_modules"]} == {"issue_tracking", "wiki", "gantt", "files"}
    assert {row["name"] for row in shown["issue_categories"]} == {"Hardware", "Software"}
    assert {row["name"]: row.get("value") for row in shown["custom_fields"]}["ITSM case"] == "network · core-1"
    issues = stage.office.issues(made.project_id)
    kinds = {issue["subject"]: issue["tracker"]["name"] for issue in issues}
    assert kinds[made.name] == "Feature"
    assert kinds["4 Roll out"] == "Support"
    assert {tracker for subject, tracker in kinds.items() if subject.startswith("itsm #")} == {"Bug"}
    for issue in issues:
        values = {row["name"]: row.get("value") for row in issue["custom_fields"]}
        assert values["ITSM severity"] == "high", issue["subject"]
    rows = admin.ok("GET", f"/projects/{made.project_id}/memberships.json?limit=100")["memberships"]
    roles = {row["user"]["id"]: {role["name"] for role in row["roles"]} for row in rows if "user" in row}
    people = stage.office.ids
    assert (roles[people["li"]], roles[people["ben"]], roles[people["jane"]]) == (
        {"Reporter"},
        {"Developer"},
        {"Manager"},
    )
    rollout = task(stage, made.project_id, "Roll out")
    assert rollout["assigned_to"]["id"] == people["ben"], "project.roles says who the engineer is"
    assert "delay in this step delays the whole project" in rollout["description"]
    (version,) = admin.ok("GET", f"/projects/{made.project_id}/versions.json")["versions"]
    assert (version["name"], version["due_date"]) == ("Fix in production", rollout["due_date"])
    assert rollout["fixed_version"]["id"] == version["id"]
    page = html.unescape(stage.office.page(made.project_id, "Plan"))
    assert "| 4 Roll out |" in page
    assert "Fix in production" in page
    assert "*yes*" in page


@pytest.mark.real_in_soak
@pytest.mark.parametrize("to", ["issue", "version"])
def test_a_promotion_in_a_standing_project(stage: Stage, to: str) -> None:
    """Its issues and its version there; delivered and handed back like any other; the rest is left alone."""
    project = people_s_project(stage, "routine")
    theirs = stage.office.as_user("jane").ok(
        "POST", "/issues.json", {"issue": {"project_id": project, "subject": "Ours", "tracker_id": 1}}
    )
    before = stage.office.issue(theirs["issue"]["id"])
    write(stage, standing(GATED.replace("template: gated", "template: small"), to))
    small = "version: 1\ntitle: Small\nmilestones: [{key: live, title: Live, tasks: [a]}]\ntasks:\n"
    small += "  - {key: a, title: Do it, role: owner, estimate: 4h}\n"
    (stage.folder / "templates" / "wbs" / "small.yaml").write_text(small)
    waiting = found(stage)
    made = promotion(stage)
    assert (made.state, made.project_id, made.identifier) == (PromotionState.ACTIVE, project, "routine")
    issues = [issue for issue in stage.office.issues(project) if issue["id"] != theirs["issue"]["id"]]
    assert len(issues) == 1 + 1 + len(waiting)
    (version,) = stage.office.as_user("admin").ok("GET", f"/projects/{project}/versions.json")["versions"]
    inside = [issue["subject"] for issue in issues if issue.get("fixed_version", {}).get("id") == version["id"]]
    if to == "version":
        assert version["name"] == made.name[:60]
        assert len(inside) == len(issues)
        assert version["due_date"]
    else:
        assert version["name"] == "Live"
        assert inside == ["1 Do it"]
    root = next(issue for issue in issues if issue["id"] == made.root_issue_id)
    assert root["assigned_to"]["id"] == stage.office.ids["jane"]
    assert "itsm &#35;" in stage.office.page(project, f"Evidence_{made.id}")
    assert "Do it" in stage.office.page(project, f"Plan_{made.id}")
    assert stage.office.issue(theirs["issue"]["id"]) == before
    stage.pause()
    later = stage.desk.open(SUMMARY, key="core-1")
    again(stage)
    assert stage.office.own_issue(project, f"itsm #{later}")
    stage.pause()
    for issue in (task(stage, project, "Do it"), root):
        stage.office.change(issue["id"], status="Closed")
    again(stage)
    again(stage)
    assert promotion(stage).state is PromotionState.DELIVERED
    assert {stage.desk.state(i) for i in (*waiting, later)} == {stage.desk.resolved}
    assert dead(stage) == []


def test_a_public_standing_project_is_refused_before_anything_is_written(stage: Stage) -> None:
    """Operations write what is not for everybody."""
    project = people_s_project(stage, "routine", is_public=True)
    write(stage, standing(GATED, "issue"))
    stage.once()
    stage.pause()
    _, waiting = recurrence(stage)
    stage.once()
    made = promotion(stage)
    assert made.state is PromotionState.BLOCKED
    assert "public" in made.attention
    assert stage.office.issues(project) == []
    assert [stage.desk.written_by_bridge(incident) for incident in waiting] == [0, 0, 0]


def test_earlier_projects_say_when_the_next_one_is_due(tmp_path: Path) -> None:
    """The rule names no date: the first project took eight business days, and so the second one may."""
    with stage_on(None, tmp_path, clock_start=datetime(2026, 11, 2, 8, 0, tzinfo=UTC)) as stage:
        small = "version: 1\ntitle: Small\ntasks: [{key: a, title: Do it, role: owner, estimate: 4h}]\n"
        rule = GATED.replace("      due: 20 business days\n", "").replace("template: gated", "template: small")
        write(stage, rule.replace("      roles: {engineer: ben}\n", ""))
        (stage.folder / "templates" / "wbs" / "small.yaml").write_text(small)
        stage.once()
        stage.pause()
        recurrence(stage)
        stage.once()
        (first,) = stage.office.projects()
        assert "earlier project" not in stage.office.root(first["id"])["description"]
        assert isinstance(stage.desk, SandboxDesk)
        stage.desk.sandbox.clock.advance(timedelta(days=10).total_seconds())
        for issue in reversed(stage.office.issues(first["id"])):
            if not issue["subject"].startswith("itsm #"):
                stage.office.change(issue["id"], as_="admin", status="Closed")
        again(stage)
        for _ in range(5):
            stage.desk.open(SUMMARY, key="core-2")
        again(stage)
        (_, second) = stage.office.projects()
        root = stage.office.root(second["id"])
        assert "of 1 earlier project of this rule the middle one took 8 business days" in root["description"]
        assert "2026-11-24" in root["description"]
