"""Foreign text made harmless: what people wrote elsewhere must not become markup, mentions or tables here."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime

LONGEST_QUOTE = 20_000
LONGEST_CELL = 300
DASH = "\N{EN DASH}"
_NEWLINES = re.compile(r"\r\n?|[\u2028\u2029\x85]")
# Control characters (PostgreSQL refuses NUL) and those that turn the direction of what follows.
_UNPRINTABLE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ufeff\ue000-\ue07f]")
_ADDRESS = re.compile(r"https?://[^\s\x00-\x20]+", re.IGNORECASE)

# What Redmine 5.0 acts on (`redcloth3.rb`, `application_helper.rb`, `acts/mentionable.rb`), by the character that
# starts it. A character reference is shown as the character and starts nothing, in Textile and in CommonMark.
_ACTIVE = re.compile(
    r"""
      [&<]                             # references, tags
    | ^>                               # quotations, which may hold blocks
    | \{(?=\{)                         # macros
    | (?<![^\s>(|,\[-])!(?=\S)         # images, and the mark that keeps a link from being one
    | "(?=:)                           # a link that hides its address
    | \[(?=[\[!]|\d+\])                # wiki pages, footnotes
    | \](?=\()                         # links and images in CommonMark
    | (?<=[A-Z0-9])\((?=[^)\n]{,99}\))  # acronyms, whose explanation would be hidden
    | (?<![A-Za-z0-9])@                # mentions, which send mail; code
    | (?<![^\s>(,:!\[\#-])\#(?=\d|\#|note)  # issues, which are not the ones meant
    | ^[*_-](?=[ *_-]{2,}$)            # rules across the page
    | ^[\#*](?=[\#*]*\s)               # lists and, in CommonMark, headings
    | ^\|                              # tables
    | (?<!\S)=(?==[^=])                # text that is not to be formatted
    | `(?=``)|~(?=~~)                  # code in CommonMark; the search for mentions leaves out what is between two
    """,
    re.VERBOSE | re.MULTILINE,
)
_BLOCK = re.compile(r"^((?:h[1-6]|p|bq|bc|fn\d+|table)[^\s.]{0,80})(\.)(?=[\s:.])", re.MULTILINE)
# Redmine drops indentation or makes a block of code of it, in which references are not read.
_INDENT = re.compile(r"^[ \t]+", re.MULTILINE)
_NO_BREAK_SPACE = "\N{NO-BREAK SPACE}"
# Links to people, files and the like by name.
_NAMED = re.compile(
    r"(?<![\w/.=&?])(attachment|document|version|forum|news|message|project|commit|source|export|user)([:#])(?=[\w\"/.])"
)
# Emphasis and the like: a mark in front of a word that has its counterpart behind a later one.
# Redmine writes a bare & as x%x# meanwhile: for emphasis that is a counterpart, too.
_OPENING = re.compile(r"(?:(?<=[>\s(*_+\-^~%?`])|^)(\?\?|[*_+\-^~%`])(?=[^ \t])", re.MULTILINE)
_CLOSING = re.compile(r"(?<=[^ \t])(\?\?|[*_+\-^~%`])(?!\w)")
# What Redmine makes a link by itself. It escapes the address once more: a character reference would be shown as such.
_BARE_LINK = re.compile(r"(?:(?<=[\s(\[,;>\ue000-\ue07f])|^)(?:https?://|s?ftps?://|www\.)\S+", re.MULTILINE)
# Characters that must not act are set aside as these until all are found.
_ASIDE = re.compile("[\ue000-\ue07f]")
_FIRST_ASIDE = 0xE000


def clean(text: object, limit: int = LONGEST_QUOTE) -> str:
    """Plain text with uniform line ends, no control characters, and at most `limit` characters."""
    whole = str(text)
    cut = whole[: limit + 1]
    lines = _UNPRINTABLE.sub("", _NEWLINES.sub("\n", cut)).split("\n")
    tidy = "\n".join(line.rstrip(" \t") for line in lines).strip()
    return tidy if len(whole) <= limit else tidy[:limit].rstrip() + " …"


def plain(text: object, limit: int = LONGEST_QUOTE) -> str:
    """Clean text that Redmine shows as it was written: nothing in it acts, in Textile or in CommonMark.

    No macros, images, named links, mentions, links to issues or wiki pages, tags, tables, headings, lists or emphasis;
    bare addresses stay links.
    """
    return shown(set_apart(clean(text, limit)))


def quoted(text: object, limit: int = LONGEST_QUOTE) -> str:
    """Clean text, each line marked as a quotation."""
    return "\n".join(f"> {line}".rstrip() for line in clean(text, limit).split("\n"))


def quoted_plain(text: object, limit: int = LONGEST_QUOTE) -> str:
    """Text in which nothing acts as markup in Redmine, each line marked as a quotation."""
    return "\n".join(f"> {line}".rstrip() for line in plain(text, limit).split("\n"))


def cell(text: object, limit: int = LONGEST_CELL) -> str:
    """Text that stays within one cell of a table: on one line, harmless, without `|`. An empty one becomes a dash."""
    one_line = " ".join(clean(text, limit).split())
    return shown(set_apart(one_line).replace("|", aside("|"))) or DASH


def address(url: object) -> str:
    """A web address that stays one link in text and in a table and mentions nobody; empty for anything that is none."""
    found = _ADDRESS.match(str(url).strip())
    if found is None:
        return ""
    return re.sub(r"[^\w:/?#@!$&'()*+,;=%.~-]|(?<!\w)@", _percent, found[0], flags=re.ASCII)


def moment(at: datetime | None) -> str:
    """A time to the minute in UTC, a dash for none."""
    return at.astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC") if at else DASH


def day(at: date | None) -> str:
    """A date, a dash for none."""
    return at.isoformat()[:10] if at else DASH


def hours(number: float | None) -> str:
    """Hours without needless digits."""
    return f"{number:g}" if number is not None else DASH


def set_apart(text: str) -> str:
    """Clean text with every character set aside that would act, until `shown` writes it as Redmine shows it."""
    inert = _ACTIVE.sub(aside, _INDENT.sub(_indent, text))
    inert = _BLOCK.sub(lambda found: found[1] + aside(found[2]), inert)
    inert = _NAMED.sub(lambda found: found[1] + aside(found[2]), inert)
    last = {found[1]: found.start() for found in _CLOSING.finditer(inert.replace(aside("&"), "%"))}
    return _OPENING.sub(lambda found: aside(found) if last.get(found[1], -1) > found.end() else found[0], inert)


def shown(inert: str) -> str:
    """The text with what was set aside written as Redmine shows it."""
    return _ASIDE.sub(_reference, _BARE_LINK.sub(lambda found: _ASIDE.sub(_in_address, found[0]), inert))


def _indent(found: re.Match[str]) -> str:
    return _NO_BREAK_SPACE * len(found[0].expandtabs(4))


def aside(found: re.Match[str] | str) -> str:
    """The text with its first character (ASCII) set aside."""
    whole = found if isinstance(found, str) else found[0]
    return chr(_FIRST_ASIDE + ord(whole[0])) + whole[1:]


def _set_aside(found: re.Match[str]) -> str:
    return chr(ord(found[0]) - _FIRST_ASIDE)


def _reference(found: re.Match[str]) -> str:
    mark = _set_aside(found)
    return {"&": "&amp;", "<": "&lt;", '"': "&quot;"}.get(mark, f"&#{ord(mark)};")


def _in_address(found: re.Match[str]) -> str:
    mark = _set_aside(found)
    separates = mark == "&" and found.string[found.end() : found.end() + 1].isalnum()
    return mark if separates else f"%{ord(mark):02X}"


def _percent(match: re.Match[str]) -> str:
    return "".join(f"%{byte:02X}" for byte in match[0].encode())
