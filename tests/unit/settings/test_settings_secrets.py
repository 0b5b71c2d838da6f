"""A secret that is missing or empty: told with its place, the keys and the variable by which it can be given."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from bridge.configuration import load_with_warnings
from bridge.model.errors import ConfigurationError, Problem
from bridge.redmine.options import RedmineOptions
from bridge.secret_files import first_line
from bridge.sources.connection import read_secret

RT = {"name": "rt-eu", "kind": "rt", "url": "http://127.0.0.1:8080"}
REDMINE = {"url": "http://127.0.0.1:3000", "parent_project": "ops", "api_key": "x"}


def told(folder: Path, **changes: Any) -> list[Problem]:
    """The errors of a configuration whose other files are fine."""
    (folder / "directory.yaml").write_text("version: 1\n")
    path = folder / "bridge.yaml"
    path.write_text(yaml.safe_dump({"version": 1, "redmine": REDMINE, "sources": [RT | {"token": "x"}]} | changes))
    configuration, problems = load_with_warnings(path)
    errors = [problem for problem in problems if problem.severity == "error"]
    assert (configuration is None) == bool(errors)
    return errors


@pytest.mark.parametrize("given", [{}, {"token_file": "empty"}], ids=["nothing", "an empty file"])
def test_a_sources_token(tmp_path: Path, given: dict[str, str]) -> None:
    """All sources at once, each with its place in the file."""
    (tmp_path / "empty").write_text("\n")
    first, second = told(tmp_path, sources=[RT | given, RT | {"name": "desk"} | given])
    assert first.where.startswith(str(tmp_path / "bridge.yaml") + ":")
    assert "token_file (or token)" in first.advice
    assert "BRIDGE_SOURCES__RT_EU__TOKEN in the environment" in first.advice
    assert "BRIDGE_SOURCES__DESK__TOKEN" in second.advice


def test_a_secret_below_another_key() -> None:
    """The variable spells the whole way to it."""
    with pytest.raises(ConfigurationError) as caught:
        read_secret(None, None, "source desk: auth.client_secret")
    assert "auth.client_secret_file" in str(caught.value)
    assert "BRIDGE_SOURCES__DESK__AUTH__CLIENT_SECRET" in str(caught.value)


def test_redmines_key_in_an_empty_file(tmp_path: Path) -> None:
    """The file is named, and so are the other ways."""
    (tmp_path / "empty").write_text("\n")
    redmine = {name: value for name, value in REDMINE.items() if name != "api_key"}
    (problem,) = told(tmp_path, redmine=redmine | {"api_key_file": "empty"})
    assert problem.what == f"the file {tmp_path / 'empty'} is empty"
    assert "redmine.api_key_file" in problem.advice
    assert "BRIDGE_REDMINE__API_KEY" in problem.advice


@pytest.mark.parametrize("written", ["“3e5cf0”".encode(), b"\xff\xfe3\0", b"3e5\x07cf0"])
def test_a_key_that_no_header_carries(tmp_path: Path, written: bytes) -> None:
    """Told where it is given and never shown; it ended the check with a traceback."""
    (tmp_path / "key").write_bytes(written)
    redmine = {name: value for name, value in REDMINE.items() if name != "api_key"} | {"api_key_file": "key"}
    (problem,) = told(tmp_path, redmine=redmine)
    assert problem.where.startswith(str(tmp_path / "bridge.yaml") + ":")
    assert "3e5" not in str(problem)
    (direct,) = told(tmp_path, redmine=REDMINE | {"api_key": "“3e5cf0”"})
    assert "characters that no key has" in direct.what


def test_secret_files_with_the_mark_that_windows_writes(tmp_path: Path) -> None:
    (tmp_path / "key").write_bytes(b"\xef\xbb\xbf3e5cf0\r\n")
    assert first_line(tmp_path / "key", "x") == "3e5cf0"
    options = RedmineOptions(url="http://127.0.0.1", parent_project="ops", api_key_file=tmp_path / "key")
    assert options.key() == "3e5cf0"


def test_with_every_secret_there_is_nothing_to_tell(tmp_path: Path) -> None:
    """The same files are fine with them."""
    assert told(tmp_path) == []
