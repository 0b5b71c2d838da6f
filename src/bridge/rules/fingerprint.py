"""What a summary says without what differs from one incident to the next: the same for the same trouble."""

from __future__ import annotations

import re

from bridge.rules.masks import LONGEST_TEXT, MARK, STANDARD, Masks
from bridge.rules.spelling import UNSPACED, plain

MOST_ROUNDS = 8
"""What a mask takes out may uncover something for another: the masks are tried again until nothing changes."""

_JOINS = (
    (re.compile(r"(?:[^\w#]|_)+"), " "),
    (re.compile(r"#(?: ?#)+"), MARK),
    (re.compile(f"(?<=[{UNSPACED}]) | (?=[{UNSPACED}])"), ""),
    (re.compile(r"^[# ]+| +$"), ""),
)


def fingerprint(summary: str, masks: Masks = STANDARD) -> str:
    """The fingerprint of a summary, "" when it says nothing but ids, numbers and signs.

    Case and width make no difference (NFKC), nor do punctuation and spaces; what the masks find is `#`, at the
    beginning nothing. It looks at the first 500 characters. The fingerprint of a fingerprint is itself.
    """
    text = plain(summary[:LONGEST_TEXT])[:LONGEST_TEXT]
    for _ in range(MOST_ROUNDS):
        before = text
        for pattern, instead in (*masks.patterns, *_JOINS):
            text = pattern.sub(instead, text)
        if text == before:
            break
    return text if any(map(str.isalpha, text)) else ""
