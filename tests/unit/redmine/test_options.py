"""The options of the gateway: what is refused, and where the key comes from."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from bridge.model.errors import ConfigurationError
from bridge.redmine.options import RedmineOptions


def options(**values: Any) -> RedmineOptions:
    """The least that is needed."""
    return RedmineOptions(**{"url": "https://pm.example.com/redmine/", "parent_project": "operations", **values})


def test_the_address_loses_its_last_slash() -> None:
    """So that paths can be appended."""
    assert options().url == "https://pm.example.com/redmine"


@pytest.mark.parametrize(
    "values",
    [
        {"url": "pm.example.com"},
        {"url": "ftp://pm.example.com"},
        {"url": "https://me:secret@pm.example.com"},
        {"url": "https://pm.example.com/?x=1"},
        {"parent_project": ""},
        {"version": "six"},
        {"overlap": 1},
        {"read_timeout": 0},
        {"colour": "red"},
        {"api_key": "a", "api_key_file": "b"},
    ],
)
def test_what_cannot_be_right_is_refused(values: dict[str, Any]) -> None:
    """Before anything is sent anywhere."""
    with pytest.raises(ValidationError):
        options(**values)


def test_the_key_comes_from_the_file(tmp_path: Path) -> None:
    """From its first line."""
    file = tmp_path / "key"
    file.write_text("abc123\n# rotated in May\n", encoding="utf-8")
    assert options(api_key_file=file).key() == "abc123"
    assert options(api_key="direct").key() == "direct"


@pytest.mark.parametrize("text", [None, "", "\n"])
def test_a_missing_key_is_told(tmp_path: Path, text: str | None) -> None:
    """No file, an empty file, nothing at all."""
    file = tmp_path / "key"
    if text is not None:
        file.write_text(text, encoding="utf-8")
    for made in (options(api_key_file=file), options()):
        with pytest.raises(ConfigurationError, match="key"):
            made.key()


def test_the_key_does_not_show() -> None:
    """In a log or an error."""
    assert "s3cret" not in repr(options(api_key="s3cret")) + str(options(api_key="s3cret"))


@pytest.mark.parametrize(
    ("version", "right"),
    [("", True), ("5.0", False), ("5.0.4.stable", False), ("5.1", True), ("6.0.5", True), ("10.0", True)],
)
def test_from_5_1_publicity_is_a_right(version: str, right: bool) -> None:
    """And also when nobody said which version it is."""
    assert options(version=version).publicity_is_a_right is right
