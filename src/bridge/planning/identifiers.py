"""Project identifiers that Redmine accepts and people can read."""

from __future__ import annotations

import re
import unicodedata

LONGEST_SLUG = 40
LONGEST_IDENTIFIER = 100
_LONGEST_PREFIX = 30
_LARGEST_NUMBER = 10**18
_SEPARATORS = re.compile(r"[^a-z0-9]+")
# Letters that NFKD does not take apart.
_FOLDED = str.maketrans(
    {
        "ß": "ss",
        "æ": "ae",
        "œ": "oe",
        "ø": "o",
        "đ": "d",
        "ð": "d",
        "ł": "l",
        "þ": "th",
        "\N{LATIN SMALL LETTER DOTLESS I}": "i",
        "ħ": "h",
        "ŧ": "t",
    }
)


def identifier(prefix: str, title: str, fallback: str, number: int) -> str:
    """`<prefix>-<slug of the title>-<number>`, at most 100 characters of a-z, 0-9 and “-”.

    Titles in other scripts, of which less than half could be written in ASCII, are replaced by `fallback` (the rule's
    id). The number makes it unique and keeps it from being one of Redmine's reserved words or all digits (5.0 to 7.0:
    `new`, `autocomplete`, `bulk_destroy`). Raises ValueError for a number below 0 or beyond 18 digits.
    """
    if not 0 <= number < _LARGEST_NUMBER:
        raise ValueError(f"{number} cannot be part of a project identifier")
    name = slug(title) if _mostly_ascii(title) else ""
    parts = [slug(prefix, _LONGEST_PREFIX), name or slug(fallback) or "project", str(number)]
    return "-".join(part for part in parts if part)


def slug(text: str, longest: int = LONGEST_SLUG) -> str:
    """Lower-case ASCII words joined by “-”, accents folded, cut at a word where that loses less than half."""
    words = _SEPARATORS.sub("-", _folded(text)).strip("-")
    if len(words) <= longest:
        return words
    cut = words[: longest + 1].rpartition("-")[0]
    return (cut if len(cut) > longest // 2 else words[:longest]).strip("-")


def _folded(text: str) -> str:
    """Lower-case text without accents; letters of other scripts stay."""
    decomposed = unicodedata.normalize("NFKD", text.casefold().translate(_FOLDED))
    return "".join(char for char in decomposed if not unicodedata.combining(char)).casefold()


def _mostly_ascii(text: str) -> bool:
    letters = [char for char in _folded(text) if char.isalnum()]
    return 2 * sum(char.isascii() for char in letters) >= len(letters) > 0
