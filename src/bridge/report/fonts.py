"""Which fonts pictures are drawn with, and which characters none of them has."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from importlib.util import find_spec

from bridge.model.errors import NotPossible

USUAL = "DejaVu Sans"
"""Comes with matplotlib."""
FOR_CHINESE = (
    *("Noto Sans CJK SC", "Source Han Sans SC", "Source Han Sans CN", "WenQuanYi Micro Hei", "WenQuanYi Zen Hei"),
    *("Microsoft YaHei", "PingFang SC", "SimHei", "Droid Sans Fallback", "Arial Unicode MS"),
)
"""Looked for in this order where a text has characters that the others lack."""


def needed() -> None:
    """Raises NotPossible without the package that draws."""
    if find_spec("matplotlib") is None:
        what = "there is nothing to draw it with: the package matplotlib is missing."
        raise NotPossible("report", what, "Install redmine-itsm-bridge[report].")


def chosen(wanted: str = "") -> tuple[str, ...]:
    """The families to draw with: the one asked for, the usual one, and the first for Chinese that is installed."""
    needed()
    from matplotlib import font_manager  # noqa: PLC0415 - takes a second, and only reports need it

    there = {font.name for font in font_manager.fontManager.ttflist}
    chinese = next((name for name in FOR_CHINESE if name in there), "")
    return tuple(dict.fromkeys(name for name in (wanted, USUAL, chinese) if name in there))


def lacking(texts: Iterable[str], families: Sequence[str]) -> str:
    """The characters of some texts that no family has, each once, in their order."""
    from matplotlib import font_manager, ft2font  # noqa: PLC0415 - see above

    wanted = dict.fromkeys(char for text in texts for char in text if not char.isspace())
    for family in families:
        path = font_manager.findfont(family, fallback_to_default=False)
        known = ft2font.FT2Font(path).get_charmap()
        wanted = {char: None for char in wanted if ord(char) not in known}
    return "".join(wanted)


def warning(missing: str, families: Sequence[str]) -> str:
    """What a person is told of characters that will be boxes; "" when there is none."""
    if not missing:
        return ""
    shown = missing if len(missing) <= 20 else f"{missing[:20]} …"
    return (
        f"pictures: {', '.join(families)} lack {len(missing)} character(s), which are drawn as boxes: {shown}."
        f" Install one of {', '.join(FOR_CHINESE[:2])}, {FOR_CHINESE[3]} (Debian: fonts-noto-cjk), or set reports.font."
    )
