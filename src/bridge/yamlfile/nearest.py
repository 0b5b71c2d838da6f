"""Names that somebody may have meant."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

_ENOUGH = 8


def did_you_mean(wrong: str, known: Iterable[str], what: str = "known") -> str:
    """Advice for a name that does not exist: the nearest one, else the first few that do."""
    names = sorted(set(known))
    folded = {name.casefold(): name for name in reversed(names)}
    near = difflib.get_close_matches(wrong.casefold()[:100], folded, n=1, cutoff=0.6)
    if near:
        return f"did you mean “{folded[near[0]]}”?"
    if not names:
        return f"{what}: none"
    return f"{what}: {', '.join(names[:_ENOUGH])}{', …' if len(names) > _ENOUGH else ''}"
