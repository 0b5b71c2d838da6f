"""Secrets that the settings leave to files of their own."""

from __future__ import annotations

from pathlib import Path

from bridge.model.errors import ConfigurationError, Problem


def first_line(file: Path, where: str) -> str:
    """The first line of a secret file without the space around it, empty when the file is.

    Raises ConfigurationError, at the place `where` in the settings, when the file cannot be read.
    """
    try:
        lines = file.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is no text"
        raise misplaced(where, f"the file {file} cannot be read: {reason}", "check path and rights") from error
    return lines[0].strip() if lines else ""


def misplaced(where: str, what: str, advice: str) -> ConfigurationError:
    """One thing that is wrong at a place in the settings, as the error to raise."""
    return ConfigurationError([Problem(where, what, advice)])
