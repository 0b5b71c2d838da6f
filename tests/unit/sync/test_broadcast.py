"""Which note on a root issue is meant for everybody."""

from __future__ import annotations

import pytest

from bridge.sync.broadcast import Broadcast, broadcast_of


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("!all card is here", Broadcast("card is here", public=False)),
        ("!ALL\ncard is here", Broadcast("card is here", public=False)),
        ("  !all public 修好了", Broadcast("修好了", public=True)),
        ("!all publicly known", Broadcast("publicly known", public=False)),
        ("!allow it", None),
        ("!all", None),
        ("!all   ", None),
        ("!all public", None),
        ("please !all", None),
        ("> !all quoted", None),
        ("", None),
    ],
)
def test_only_a_note_that_begins_with_a_mark(text: str, found: Broadcast | None) -> None:
    assert broadcast_of(text, "!all", "!all public") == found
