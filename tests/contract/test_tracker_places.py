"""Versions, categories, standing projects and custom fields: what a tracker promises about them."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from tests.contract.test_tracker import ORIGIN, Office, a_project, an_issue, office, project, tracker

from bridge.model.errors import Forbidden, NotFound, Rejected, WouldLeak
from bridge.model.project import Asked, Project, VersionSpec
from bridge.redmine.gateway import RedmineTracker

__all__ = ["office", "project", "tracker"]  # fixtures
LONG = "Wiederherstellungsprobe aller Datenbanken der Zweigstelle Nord, Woche 47"


def a_version(project: Project, **values: Any) -> VersionSpec:
    """A version as a promotion asks for it."""
    usual = VersionSpec(project.id, "Fix in production", f"{ORIGIN[:-1]} · version fixed]", 7, "What is there.")
    return replace(usual, due=date(2026, 12, 18), **values)


def versions(office: Office, project: int | str) -> list[dict[str, Any]]:
    """The versions of a project, oldest first."""
    rows = office.admin.ok("GET", f"/projects/{project}/versions.json")["versions"]
    return sorted(rows, key=lambda row: int(row["id"]))


def standing(office: Office, **fields: Any) -> str:
    """A private standing project of people's own, of which the bridge is a member; its identifier."""
    parent = office.admin.ok("GET", "/projects/operations.json")["project"]["id"]
    values = {"name": "Routine", "identifier": "routine", "is_public": False, "parent_id": parent}
    modules = ["issue_tracking", "wiki"]
    made = {**values, "enabled_module_names": modules, "inherit_members": True, **fields}
    return str(office.admin.ok("POST", "/projects.json", {"project": made})["project"]["identifier"])


class TestVersions:
    """Made once."""

    def test_a_version_is_made_with_its_date_and_origin(
        self, office: Office, tracker: RedmineTracker, project: Project
    ) -> None:
        number = tracker.ensure_version(a_version(project), unsure=False)
        (row,) = versions(office, project.id)
        assert (row["id"], row["name"], row["due_date"]) == (number, "Fix in production", "2026-12-18")
        assert row["description"].splitlines()[-1] == a_version(project).origin
        assert row["sharing"] == "none"

    @pytest.mark.parametrize("unsure", [True, False])
    def test_a_version_made_before_is_taken(
        self, office: Office, tracker: RedmineTracker, project: Project, *, unsure: bool
    ) -> None:
        """After a crash, and when the answer to the first attempt was lost; people may have renamed it."""
        first = tracker.ensure_version(a_version(project), unsure=False)
        assert tracker.ensure_version(a_version(project), unsure=unsure) == first
        if unsure:
            office.admin.ok("PUT", f"/versions/{first}.json", {"version": {"name": "Live"}})
            assert tracker.ensure_version(a_version(project), unsure=True) == first
        assert len(versions(office, project.id)) == 1

    def test_somebody_s_version_of_that_name_stays_theirs(
        self, office: Office, tracker: RedmineTracker, project: Project
    ) -> None:
        body = {"version": {"name": "Fix in production"}}
        office.admin.ok("POST", f"/projects/{project.id}/versions.json", body)
        number = tracker.ensure_version(a_version(project), unsure=True)
        assert [row["name"] for row in versions(office, project.id)] == ["Fix in production", "Fix in production (7)"]
        assert tracker.ensure_version(a_version(project), unsure=True) == number
        other = replace(a_version(project), origin="[bridge other · version x]")
        with pytest.raises(Rejected, match="are taken by others"):
            tracker.ensure_version(other, unsure=False)

    def test_long_names_and_descriptions_are_cut_to_what_redmine_takes(
        self, office: Office, tracker: RedmineTracker, project: Project
    ) -> None:
        spec = a_version(project, name=LONG, description="数据库 " * 200)
        number = tracker.ensure_version(spec, unsure=False)
        (row,) = versions(office, project.id)
        assert row["name"] == LONG[:59].rstrip() + "…"
        assert tracker.ensure_version(spec, unsure=True) == number

    def test_an_issue_is_created_in_its_version(
        self, office: Office, tracker: RedmineTracker, project: Project
    ) -> None:
        number = tracker.ensure_version(a_version(project), unsure=False)
        issue = tracker.create_issue(an_issue(project, version_id=number), unsure=False)
        assert office.issue(issue.id)["fixed_version"]["id"] == number

    def test_a_version_of_another_project_is_refused(
        self, office: Office, tracker: RedmineTracker, project: Project
    ) -> None:
        body = {"version": {"name": "Theirs"}}
        number = office.admin.ok("POST", "/projects/operations/versions.json", body)["version"]["id"]
        with pytest.raises(Rejected, match="Target version is not included in the list"):
            tracker.create_issue(an_issue(project, version_id=number), unsure=False)
        assert office.issues(project.id) == []

    def test_a_missing_right_is_named(self, office: Office, tracker: RedmineTracker, project: Project) -> None:
        office.role_of_bridge(project.id, "Reporter")
        with pytest.raises(Forbidden, match="Manage versions"):
            tracker.ensure_version(a_version(project), unsure=False)
        with pytest.raises(Forbidden, match="Manage issue categories"):
            tracker.ensure_category(project.id, "Network")


def test_a_category_is_made_once(office: Office, tracker: RedmineTracker, project: Project) -> None:
    for _ in range(2):
        tracker.ensure_category(project.id, "Network")
        tracker.ensure_category(project.id, "网络")
    rows = office.admin.ok("GET", f"/projects/{project.id}/issue_categories.json")["issue_categories"]
    assert {row["name"] for row in rows} == {"Network", "网络"}
    assert len(rows) == 2


class TestStandingProject:
    """Looked at before anything is written to it."""

    def test_a_private_project_below_the_parent_is_fine(self, office: Office, tracker: RedmineTracker) -> None:
        found = tracker.standing_project(standing(office))
        assert (found.identifier, found.public, found.status) == ("routine", False, "active")
        inner = standing(office, identifier="inner", name="Inner", parent_id=found.id)
        assert tracker.standing_project(inner).parent_id == found.id

    def test_a_public_one_is_refused(self, office: Office, tracker: RedmineTracker) -> None:
        with pytest.raises(WouldLeak, match="public"):
            tracker.standing_project(standing(office, is_public=True))

    def test_one_without_wiki_is_refused(self, office: Office, tracker: RedmineTracker) -> None:
        with pytest.raises(Rejected, match="lacks the module Wiki"):
            tracker.standing_project(standing(office, enabled_module_names=["issue_tracking"]))

    def test_a_closed_one_is_refused(self, office: Office, tracker: RedmineTracker) -> None:
        name = standing(office)
        office.admin.ok("PUT", f"/projects/{name}/close.json")
        with pytest.raises(Rejected, match="is closed"):
            tracker.standing_project(name)

    def test_one_elsewhere_is_refused(self, office: Office, tracker: RedmineTracker) -> None:
        """The poll would not see what happens there."""
        name = standing(office, parent_id="", inherit_members=False)
        me = office.id_of("itsm-sync")
        roles = {row["name"]: row["id"] for row in office.admin.ok("GET", "/roles.json")["roles"]}
        member = {"user_id": me, "role_ids": [roles["Bridge"]]}
        office.admin.ok("POST", f"/projects/{name}/memberships.json", {"membership": member})
        with pytest.raises(Rejected, match="is not below “operations”"):
            tracker.standing_project(name)

    def test_one_that_is_not_there_is_told(self, tracker: RedmineTracker) -> None:
        with pytest.raises((NotFound, Forbidden)):
            tracker.standing_project("nowhere")


class TestCustomFields:
    """By name: a field of the project, of its issues, or of both."""

    def test_a_project_s_own_field_is_set_and_left_out_of_issues(self, office: Office, tracker: RedmineTracker) -> None:
        fields = {"ITSM case": "CASE-7 数据"}
        project = tracker.open_project(a_project(custom_fields=fields), unsure=False)
        shown = office.admin.ok("GET", f"/projects/{project.id}.json")["project"]["custom_fields"]
        assert [row["value"] for row in shown if row["name"] == "ITSM case"] == ["CASE-7 数据"]
        issue = tracker.create_issue(an_issue(project, custom_fields=fields), unsure=False)
        assert issue.id

    def test_an_issue_s_field_is_set_on_issues(self, office: Office) -> None:
        numbers = {row["name"]: row["id"] for row in office.admin.ok("GET", "/custom_fields.json")["custom_fields"]}
        tracker = office.tracker(custom_field_ids={"ITSM severity": numbers["ITSM severity"]})
        fields = {"ITSM severity": "high"}
        project = tracker.open_project(a_project(custom_fields=fields), unsure=False)
        issue = tracker.create_issue(an_issue(project, custom_fields=fields), unsure=False)
        values = {row["name"]: row.get("value") for row in office.issue(issue.id)["custom_fields"]}
        assert values["ITSM severity"] == "high"

    def test_a_field_that_is_not_there_is_refused_before_anything_is_made(
        self, office: Office, tracker: RedmineTracker
    ) -> None:
        with pytest.raises(Rejected, match="no custom field “Cost centre”"):
            tracker.open_project(a_project(custom_fields={"Cost centre": "1"}), unsure=False)
        assert office.projects() == ["operations"]


class TestWhatRulesAskFor:
    """Compared with Redmine by `check`, before anything is opened."""

    def test_all_is_there(self, office: Office, tracker: RedmineTracker) -> None:
        standing(office)
        wanted = Asked("r", ("Bug", "support"), ("Reporter",), ("ITSM case",), parent="routine", standing="routine")
        assert tracker.check_rules([wanted, Asked("s")]) == []

    def test_each_thing_that_is_not_there_is_named(self, office: Office, tracker: RedmineTracker) -> None:
        standing(office, is_public=True)
        wanted = [
            Asked("r", ("Bgu",), ("Reportr",), ("Cost centre",), standing="routine"),
            Asked("s", parent="nowhere"),
        ]
        told = [str(problem) for problem in tracker.check_rules(wanted)]
        assert [line.partition(":")[0] for line in told] == ["rule r"] * 4 + ["rule s"]
        for line, words in zip(
            told, ("no tracker “Bgu”", "no role “Reportr”", "“Cost centre”", "is public", "nowhere"), strict=True
        ):
            assert words in line

    def test_a_parent_elsewhere_is_refused_before_anything_is_made(
        self, office: Office, tracker: RedmineTracker
    ) -> None:
        name = standing(office, parent_id="", inherit_members=False)
        me = office.id_of("itsm-sync")
        roles = {row["name"]: row["id"] for row in office.admin.ok("GET", "/roles.json")["roles"]}
        member = {"user_id": me, "role_ids": [roles["Bridge"]]}
        office.admin.ok("POST", f"/projects/{name}/memberships.json", {"membership": member})
        with pytest.raises(Rejected, match="is not below “operations”"):
            tracker.open_project(a_project(parent=name), unsure=False)
        assert office.projects() == ["operations", "routine"]
