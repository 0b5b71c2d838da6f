"""Foreign text made harmless: what people wrote elsewhere must not become markup, mentions or tables here."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime

LONGEST_QUOTE = 20_000
LONGEST_CELL = 300
DASH = "\N{EN DASH}"
_NEWLINES = re.compile(r"\r\n?|[\u2028\u2029\x85]")
# Control characters (PostgreSQL refuses NUL) and those that turn the direction of what follows.
_UNPRINTABLE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ufeff]")
_ADDRESS = re.compile(r"https?://[^\s\x00-\x20]+", re.IGNORECASE)

# What Redmine 5.0 acts on (`redcloth3.rb`, `application_helper.rb`, `acts/mentionable.rb`), by the character that
# starts it. A character reference is shown as the character and starts nothing, in Textile and in CommonMark.
_ACTIVE = re.compile(
    r"""
      &(?=\#?\w+;)                     # would be shown as another character
    | <                                # tags
    | \{(?=\{)                         # macros
    | (?<![^\s>(|])!(?=\S)             # images, and the mark that keeps a link from being one
    | "(?=:)                           # a link that hides its address
    | \[(?=[\[!])                      # wiki pages
    | \](?=\()                         # links and images in CommonMark
    | (?<![A-Za-z0-9_])@(?=[\w@.-])    # mentions, which send mail
    | (?<![^\s>(,:!\[\#-])\#(?=\d|\#|note)  # issues, which are not the ones meant
    | ^\|                              # tables
    """,
    re.VERBOSE | re.MULTILINE,
)
_BLOCK = re.compile(r"^((?:h[1-6]|p|bq|fn\d+)[^\s.]{0,80})\.(?=[\s:.])", re.MULTILINE)


def clean(text: object, limit: int = LONGEST_QUOTE) -> str:
    """Plain text with uniform line ends, no control characters, and at most `limit` characters."""
    whole = str(text)
    cut = whole[: limit + 1]
    tidy = _UNPRINTABLE.sub("", _NEWLINES.sub("\n", cut)).strip()
    return tidy if len(whole) <= limit else tidy[:limit].rstrip() + " …"


def plain(text: object, limit: int = LONGEST_QUOTE) -> str:
    """Clean text in which nothing acts as markup in Redmine, neither in Textile nor in CommonMark.

    Macros, images, named links, mentions, issue and wiki links, tags, tables and headings are shown as written; bare
    addresses stay links.
    """
    return _BLOCK.sub(r"\1&#46;", _ACTIVE.sub(_reference, clean(text, limit)))


def quoted(text: object, limit: int = LONGEST_QUOTE) -> str:
    """Clean text, each line marked as a quotation."""
    return "\n".join(f"> {line}".rstrip() for line in clean(text, limit).split("\n"))


def quoted_plain(text: object, limit: int = LONGEST_QUOTE) -> str:
    """Text in which nothing acts as markup in Redmine, each line marked as a quotation."""
    return "\n".join(f"> {line}".rstrip() for line in plain(text, limit).split("\n"))


def cell(text: object, limit: int = LONGEST_CELL) -> str:
    """Text that stays within one cell of a table: on one line, harmless, without `|`. An empty one becomes a dash."""
    one_line = " ".join(clean(text, limit).split())
    return plain(one_line, limit).replace("|", "&#124;") or DASH


def address(url: object) -> str:
    """A web address that stays one link in text and in a table; empty for anything that is none."""
    found = _ADDRESS.match(str(url).strip())
    if found is None:
        return ""
    return re.sub(r"[^\w:/?#@!$&'()*+,;=%.~-]", _percent, found[0], flags=re.ASCII)


def moment(at: datetime | None) -> str:
    """A time to the minute in UTC, a dash for none."""
    return at.astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC") if at else DASH


def day(at: date | None) -> str:
    """A date, a dash for none."""
    return at.isoformat()[:10] if at else DASH


def hours(number: float | None) -> str:
    """Hours without needless digits."""
    return f"{number:g}" if number is not None else DASH


def _reference(match: re.Match[str]) -> str:
    return {"&": "&amp;", "<": "&lt;", '"': "&quot;"}.get(match[0], f"&#{ord(match[0])};")


def _percent(match: re.Match[str]) -> str:
    return "".join(f"%{byte:02X}" for byte in match[0].encode())
