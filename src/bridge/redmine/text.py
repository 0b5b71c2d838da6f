"""Texts as they go to Redmine and are found again in it."""

from __future__ import annotations

from difflib import get_close_matches

LIMIT = 255
"""Characters of a subject or a project's name in Redmine."""


def clean(text: str) -> str:
    """Without NUL, which PostgreSQL refuses, and with plain line ends."""
    return text.replace("\0", "").replace("\r\n", "\n").replace("\r", "\n")


def one_line(text: str) -> str:
    """A subject or name: one line of at most 255 characters, cut with … when longer."""
    line = " ".join(clean(text).split())
    return line if len(line) <= LIMIT else line[: LIMIT - 1].rstrip() + "…"


def with_origin(text: str, origin: str) -> str:
    """The text with the origin as its last line."""
    body = clean(text).rstrip()
    return f"{body}\n\n{clean(origin)}" if body else clean(origin)


def has_origin(text: str | None, origin: str) -> bool:
    """Whether one line of the text is the origin, as a whole: task 1 is not task 12."""
    return clean(origin).strip() in {line.strip() for line in clean(text or "").split("\n")}


def same_text(one: str, other: str) -> bool:
    """Whether two texts are the same but for line ends and blanks around them."""
    return clean(one).strip() == clean(other).strip()


def did_you_mean(name: str, known: list[str]) -> str:
    """Advice for a name that is not there."""
    folded = {k.casefold(): k for k in known}
    close = [folded[match] for match in get_close_matches(name.casefold(), list(folded), 1, 0.6)]
    guess = f"Did you mean “{close[0]}”? " if close else ""
    return guess + ("There are: " + ", ".join(sorted(known)) + "." if known else "There are none.")
