"""What the settings say about candidates and nominations."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from bridge.model.errors import Problem
from bridge.settings import Settings, load_settings
from bridge.usecases.candidates.policy import CandidatePolicy, Outcome


def read(folder: Path, **changes: Any) -> tuple[Settings | None, list[Problem]]:
    redmine = {"url": "http://127.0.0.1:3000", "parent_project": "ops", "api_key": "k", "intake_project": "intake"}
    source = {"name": "rt", "kind": "rt", "url": "http://127.0.0.1:8080", "token": "t"}
    path = folder / "bridge.yaml"
    path.write_text(yaml.safe_dump({"version": 1, "redmine": redmine, "sources": [source], **changes}))
    loaded, problems = load_settings(path)
    return (loaded.settings if loaded else None), problems


def policy(settings: Settings | None) -> CandidatePolicy:
    assert settings is not None
    return settings.candidates.policy(settings.nomination, settings.redmine.intake_project)


def test_the_defaults_work_with_redmines_own_statuses(tmp_path: Path) -> None:
    found = policy(read(tmp_path)[0])
    assert (found.intake_project, found.approver_role, found.template) == ("intake", "Manager", "standard-project")
    assert (found.expire_after, found.remind_after) == (timedelta(days=30), timedelta(days=7))
    names = {outcome: found.status_for(outcome) for outcome in Outcome}
    assert list(names.values()) == ["Resolved", "Rejected", "Feedback", "Closed", "", "New"]


def test_check_looks_for_every_name_that_is_used(tmp_path: Path) -> None:
    special = [{"tracker": "Support", "fields": {"due": {"direction": "none"}}}]
    candidates = {"statuses": {"approve": ["Accepted"]}, "tracker": "Idea"}
    settings, _ = read(tmp_path, candidates=candidates, sync={"special": special})
    assert settings is not None
    options = settings.redmine.gateway(settings.candidates, settings.sync.trackers)
    assert "Accepted" in options.status_names
    assert options.tracker_names == ("Idea", "Support")
    assert (options.intake_project, options.approver_role) == ("intake", "Manager")


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"candidates": {"statuses": {"approve": ["Closed"]}}}, "“Closed” means both approve and merge"),
        ({"candidates": {"statuses": {"approve": ["new"]}}}, "means both approve and wait"),
        ({"candidates": {"statuses": {"reject": []}}}, "reject"),
        ({"candidates": {"expire_after": "never"}}, "is not a length of time"),
        ({"candidates": {"expires": "3d"}}, "unknown key “expires”"),
        ({"nomination": {"field": "colour"}}, "“colour” is no field of an incident"),
    ],
)
def test_what_cannot_be_is_told_with_its_place(tmp_path: Path, changes: dict[str, Any], told: str) -> None:
    settings, problems = read(tmp_path, **changes)
    assert settings is None
    assert [told in str(problem) for problem in problems] == [True], list(map(str, problems))
    assert "bridge.yaml:" in problems[0].where
