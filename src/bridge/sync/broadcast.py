"""Which note on a root issue is meant for all incidents of its project. Pure: decides, never acts."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Broadcast:
    """What is to be said, and whether callers are to read it."""

    text: str
    public: bool


def broadcast_of(text: str, mark: str, public_mark: str) -> Broadcast | None:
    """What a note asks to be told to all incidents; None unless it begins with a mark and says something after it.

    A mark counts as a word of its own, in any case: `!all` does not begin `!allow`. Where one mark begins with the
    other, the longer one is looked for first.
    """
    for one, public in sorted(((mark, False), (public_mark, True)), key=lambda each: -len(each[0])):
        head, rest = text.lstrip()[: len(one)], text.lstrip()[len(one) :]
        if head.casefold() == one.casefold() and (not rest or rest[0].isspace()):
            return Broadcast(rest.strip(), public) if rest.strip() else None
    return None
