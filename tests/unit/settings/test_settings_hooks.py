"""Who may send hooks: secrets by source, two at once, from files and the environment; faults with their place."""

from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from bridge.model.errors import Problem
from bridge.settings import load_settings
from bridge.settings.hooks import HookSettings

OLD, NEW = "o" * 16, "n" * 16


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("BRIDGE_")]:
        monkeypatch.delenv(name)


def loaded(folder: Path, hooks: Any) -> tuple[HookSettings | None, list[Problem]]:
    redmine = {"url": "http://127.0.0.1:3000", "parent_project": "ops", "api_key": "x"}
    source = {"name": "rt-eu", "kind": "rt", "url": "http://127.0.0.1:8080", "token": "x"}
    path = folder / "bridge.yaml"
    path.write_text(yaml.safe_dump({"version": 1, "redmine": redmine, "sources": [source], "hooks": hooks}))
    result, problems = load_settings(path)
    return (result.settings.hooks if result else None), problems


def test_without_hooks_nothing_listens(tmp_path: Path) -> None:
    assert loaded(tmp_path, None) == (None, [])


def test_two_secrets_are_valid_while_one_is_changed(tmp_path: Path) -> None:
    (tmp_path / "new").write_text(NEW + "\n")
    entry = {"secret_file": "new", "previous_secret": OLD}
    hooks, problems = loaded(tmp_path, {"sources": {"rt-eu": entry}})
    assert problems == []
    assert hooks is not None
    assert hooks.sources["rt-eu"].secrets("hooks.sources.rt-eu") == (NEW.encode(), OLD.encode())
    assert (hooks.address, hooks.window, hooks.redmine) == (("127.0.0.1", 8765), timedelta(minutes=5), None)


def test_secrets_come_from_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A variable cannot spell the hyphen of a source's name."""
    monkeypatch.setenv("BRIDGE_HOOKS__SOURCES__RT_EU__SECRET", NEW)
    monkeypatch.setenv("BRIDGE_HOOKS__REDMINE__SECRET", OLD)
    hooks, problems = loaded(tmp_path, {"sources": {"rt-eu": {}}, "redmine": {"format": "plugin"}})
    assert problems == []
    assert hooks is not None
    assert [(name, found.secrets(where)) for where, name, found in hooks.senders()] == [
        ("", (OLD.encode(),)),
        ("rt-eu", (NEW.encode(),)),
    ]


@pytest.mark.parametrize(
    ("hooks", "what", "advice"),
    [
        ({"sources": {"rt-eu": {}}}, "“secret” is missing", "BRIDGE_HOOKS__SOURCES__RT_EU__SECRET"),
        ({"redmine": {"secret": "short"}}, "has 5 characters", "openssl rand"),
        ({"redmine": {"secret": NEW, "secret_file": "x"}}, "not both", "remove one"),
        ({"redmine": {"secret_file": "nowhere"}}, "nowhere cannot be read", "check path"),
        ({"redmine": {"secret": NEW}, "sources": {"rt-us": {"secret": NEW}}}, "no such source", "rt-eu"),
        ({"listen": "8765", "redmine": {"secret": NEW}}, "no address to listen on", "127.0.0.1:8765"),
        ({"keep": "5m", "redmine": {"secret": NEW}}, "too short", "1d"),
    ],
)
def test_what_is_wrong_is_told_with_its_place(tmp_path: Path, hooks: Any, what: str, advice: str) -> None:
    result, problems = loaded(tmp_path, hooks)
    assert result is None
    (problem,) = problems
    assert what in problem.what
    assert advice in problem.advice
    assert problem.where.startswith(f"{tmp_path / 'bridge.yaml'}:")
    assert NEW not in str(problem)
