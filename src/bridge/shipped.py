"""The files of `config/` that come with the bridge."""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent


def shipped(*parts: str) -> Path:
    """A file or folder of the shipped configuration: inside an installed wheel, else the checkout's `config/`."""
    packaged = _PACKAGE / "config"
    root = packaged if packaged.is_dir() else _PACKAGE.parents[1] / "config"
    return root.joinpath(*parts)
