"""Broken files of windows and of masks, one for each message. The first lines of a file say what is expected of it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bridge.model.errors import Problem
from bridge.rules.masks import load_masks
from bridge.rules.windows import load_windows

HERE = Path(__file__).parent
WINDOWS = sorted((HERE / "windows").glob("*.yaml"))
MASKS = sorted((HERE / "masks").glob("*.yaml"))
EXPECT = "# expect: "


def test_there_are_broken_files() -> None:
    assert len(WINDOWS) >= 15
    assert len(MASKS) >= 10


def refused(path: Path, read: Callable[[Path], tuple[Any, list[Problem]]]) -> None:
    """The file is refused in the words that it expects."""
    expected = [line.removeprefix(EXPECT) for line in path.read_text().splitlines() if line.startswith(EXPECT)]
    found, problems = read(path)
    assert [str(problem).replace(f"{path}:", "") for problem in problems] == expected
    assert expected
    assert found is None


@pytest.mark.parametrize("path", WINDOWS, ids=lambda path: path.stem)
def test_a_broken_windows_file_is_told_with_what_would_be_right(path: Path) -> None:
    refused(path, load_windows)


@pytest.mark.parametrize("path", MASKS, ids=lambda path: path.stem)
def test_a_broken_masks_file_is_told_with_what_would_be_right(path: Path) -> None:
    refused(path, load_masks)
