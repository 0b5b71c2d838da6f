"""One spelling for what reads the same."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator

UNSPACED = "\u2e80-\u2fdf\u3005-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
"""Characters of scripts that put no spaces between words, as ranges for a pattern: Han, Hiragana, Katakana."""


def plain(text: str) -> str:
    """Lower case, normal width (NFKC), signs that nobody sees left out and unprintable ones as spaces. Twice is once.

    It takes time in proportion to the text.
    """
    if text.isascii() and text.isprintable():
        return text.casefold()
    text = unicodedata.normalize("NFKC", unicodedata.normalize("NFD", text).casefold())
    return unicodedata.normalize("NFKC", "".join(_seen(text)).casefold())


def _seen(text: str) -> Iterator[str]:
    for character in text:
        category = unicodedata.category(character)
        if category in {"Cc", "Cs", "Co", "Cn"}:
            yield " "
        elif category != "Cf":
            yield character
