"""One broken settings file for each message. Its first lines say what is expected, and the environment."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from bridge.settings import load_settings

FILES = sorted((Path(__file__).parent / "settings").glob("*.yaml"))
EXPECT = "# expect: "
ENVIRONMENT = "# env: "
WARNED = {"environment_misspelt"}


def test_there_are_broken_files() -> None:
    assert len(FILES) > 40


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_broken_settings_file_is_told_with_what_would_be_right(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lines = path.read_text().splitlines()
    for name in [name for name in os.environ if name.startswith("BRIDGE_")]:
        monkeypatch.delenv(name)
    for line in lines:
        if line.startswith(ENVIRONMENT):
            monkeypatch.setenv(*line.removeprefix(ENVIRONMENT).split("=", 1))
    loaded, problems = load_settings(path)
    told = [str(problem).replace(f"{path}:", "") for problem in problems]
    assert told == [line.removeprefix(EXPECT) for line in lines if line.startswith(EXPECT)]
    assert (loaded is not None) == (path.stem in WARNED)
    assert "hunter2" not in "\n".join(told)
