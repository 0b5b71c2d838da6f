"""One broken entry somewhere keeps nothing else from being checked: all problems of all files in one run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from bridge.configuration import load_with_warnings

CONFIG = Path(__file__).parents[3] / "config"
PERSON = {"redmine": {"login": "jane", "id": 5}}
DIRECTORY: dict[str, Any] = {
    "version": 1,
    "people": {"jane": PERSON},
    "teams": {"network": {"lead": "jane", "members": ["jane"]}},
    "services": [{"service": "VPN", "team": "network"}],
    "calendars": {"office": {"zone": "UTC", "hours": {"mon-fri": "08:00-16:00"}}},
}
TEMPLATE: dict[str, Any] = {
    "version": 1,
    "title": "Own",
    "roles": {"engineer": "network"},
    "tasks": [{"key": "look", "title": "Look", "role": "engineer"}],
}
RULE: dict[str, Any] = {
    "id": "vpn",
    "title": "VPN",
    "match": {"field": "opened_at", "in_window": "night"},
    "group_by": ["service"],
    "when": {"any": [{"open_for": {"longer_than": "3d", "calendar": "office"}}]},
    "project": {"template": "own", "owner": "jane", "members": ["network"]},
}
WINDOWS: dict[str, Any] = {"night": {"weekly": {"mon": "00:00-06:00"}}, "noon": {"weekly": {"mon": "12:00-13:00"}}}
BROKEN_PERSON = {"people": {"jane": PERSON | {"aktive": True}}}
BROKEN_TEAM = {"teams": {"network": DIRECTORY["teams"]["network"] | {"leed": "jane"}}}
BROKEN_CALENDAR = {"calendars": {"office": {"zone": "Mars", "hours": {"mon": "08:00-16:00"}}}}
MISSPELT = {"services": [{"service": "VPN", "team": "netwrok"}]}


def told(folder: Path, **files: Any) -> list[str]:
    """The errors of a configuration: the file's name and what is wrong."""
    (folder / "rules").mkdir()
    (folder / "templates" / "wbs").mkdir(parents=True)
    rt = {"name": "rt", "kind": "rt", "url": "http://127.0.0.1:8080", "token": "x"} | files.get("rt", {})
    redmine = {"url": "http://127.0.0.1:3000", "parent_project": "ops", "api_key": "x"}
    settings = {"redmine": redmine, "sources": [rt], "windows": "windows.yaml", "templates": "templates"}
    for name, data in (
        ("bridge.yaml", {"version": 1, **settings}),
        ("directory.yaml", DIRECTORY | files.get("directory", {})),
        ("windows.yaml", {"version": 1, "windows": WINDOWS | files.get("windows", {})}),
        ("templates/wbs/own.yaml", TEMPLATE | files.get("template", {})),
        ("rules/a.yaml", {"version": 1, "rules": [RULE | files.get("rule", {})]}),
    ):
        (folder / name).write_text(yaml.safe_dump(data))
    configuration, problems = load_with_warnings(folder / "bridge.yaml")
    errors = [one for one in problems if one.severity == "error"]
    assert (configuration is None) == bool(errors)
    return [f"{Path(one.where.split(':')[0]).name}: {one.what}" for one in errors]


def project(**changes: Any) -> dict[str, Any]:
    """A rule with another project."""
    return {"project": RULE["project"] | changes}


def test_a_configuration_without_problems(tmp_path: Path) -> None:
    assert told(tmp_path) == []


def test_a_misspelt_team_and_an_unknown_owner_are_told_at_once(tmp_path: Path) -> None:
    assert told(tmp_path, directory=MISSPELT, rule=project(owner="nobody")) == [
        "directory.yaml: there is no team “netwrok”",
        "a.yaml: the directory has no person or team “nobody”",
    ]


def test_an_owner_who_has_left_is_told_with_who_is_asked_instead(tmp_path: Path) -> None:
    """A warning, as for a lead in the directory."""
    left = {"people": {"jane": PERSON, "ben": {"name": "Ben", "redmine": {"login": "ben", "id": 6}, "active": False}}}
    team = {"teams": {"network": {"lead": "jane", "members": ["jane", "ben"]}}}
    assert told(tmp_path, directory=left | team, rule=project(owner="ben")) == []
    _, problems = load_with_warnings(tmp_path / "bridge.yaml")
    (problem,) = [one for one in problems if "a.yaml" in one.where]
    assert (problem.what, problem.severity) == ("ben is not active; jane is asked instead", "warning")
    assert problem.where.endswith("a.yaml:11:12")


@pytest.mark.parametrize(
    ("files", "told_once"),
    [
        ({"directory": BROKEN_PERSON}, "directory.yaml: unknown key “aktive”"),
        ({"directory": BROKEN_TEAM}, "directory.yaml: unknown key “leed”"),
        ({"directory": BROKEN_CALENDAR}, "directory.yaml: “Mars” is not an IANA time zone"),
        ({"windows": {"night": {"weakly": {}}}}, "windows.yaml: unknown key “weakly”"),
        ({"template": {"taks": []}}, "own.yaml: unknown key “taks”"),
        ({"rt": {"quary": "x"}}, "bridge.yaml: unknown key “quary”"),
    ],
    ids=["person", "team", "calendar", "window", "template", "source"],
)
def test_the_name_of_a_broken_entry_is_not_unknown(tmp_path: Path, files: dict[str, Any], told_once: str) -> None:
    assert told(tmp_path, **files) == [told_once]


def test_every_file_has_a_problem_of_its_own(tmp_path: Path) -> None:
    reason = {"open_for": {"longer_than": "3d", "calendar": "offise"}}
    match = {"match": {"field": "opened_at", "in_window": "nihgt"}, "when": {"any": [reason]}}
    found = told(
        tmp_path,
        directory=BROKEN_CALENDAR | MISSPELT,
        windows={"noon": {}},
        template={"taks": []},
        rule=match | project(owner="jnae", template="onw"),
    )
    assert sorted(found) == [
        "a.yaml: no template is called “onw”",
        "a.yaml: no window is called “nihgt”",
        "a.yaml: the directory has no calendar “offise”",
        "a.yaml: the directory has no person or team “jnae”",
        "directory.yaml: there is no team “netwrok”",
        "directory.yaml: “Mars” is not an IANA time zone",
        "own.yaml: unknown key “taks”",
        "windows.yaml: “noon”: is a window without any time",
    ]


@pytest.mark.parametrize("directory", [{"peple": {}, "people": None}, {"people": ["jane"]}], ids=["key", "no mapping"])
def test_where_names_cannot_be_told_nothing_is_said_of_them(tmp_path: Path, directory: dict[str, Any]) -> None:
    found = told(tmp_path, directory=directory, rule=project(owner="nobody"))
    assert found
    assert all(one.startswith("directory.yaml: ") for one in found)


def test_what_a_source_never_fills_is_told_with_its_place(tmp_path: Path) -> None:
    """The fields of the settings reach the check; a custom field of RT may be anything."""
    assert told(tmp_path, rule={"group_by": ["fields.Anything", "category"]}) == [
        "a.yaml: “group_by: category” is not possible: rt cannot fill category"
    ]


def test_a_field_that_the_settings_map_is_filled(tmp_path: Path) -> None:
    mapped = {"rt": {"fields": {"category": "CF.Category"}}}
    assert told(tmp_path, **mapped, rule={"group_by": ["category"]}) == []


@pytest.mark.parametrize("path", [*sorted(CONFIG.glob("examples/**/bridge.yaml")), CONFIG / "bridge.yaml"], ids=str)
def test_shipped_rules_ask_for_nothing_that_is_not_there(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BRIDGE_REDMINE__API_KEY", "x")
    if path.parent == CONFIG:
        monkeypatch.setenv("BRIDGE_SOURCES__RT__TOKEN", "x")
    configuration, problems = load_with_warnings(path)
    assert configuration is not None
    assert [str(one) for one in problems if " is possible at " in one.what] == []
    assert configuration.names.fills
