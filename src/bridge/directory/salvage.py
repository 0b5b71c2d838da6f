"""What can still be checked in a file whose shape is partly wrong, so that all problems are reported at once."""

from __future__ import annotations

from copy import deepcopy
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

M = TypeVar("M", bound=BaseModel)
Entry = tuple[str | int, ...]
_ROUNDS = 20


def salvage(model: type[M], data: dict[str, Any], **given: Any) -> tuple[M | None, frozenset[Entry]]:
    """The model without the values that do not fit, and the entries (section, key) that lost something.

    `given` replaces values at the top. None when nothing is left that fits.
    """
    kept = deepcopy(data) | given
    damaged: set[Entry] = set()
    for _ in range(_ROUNDS):
        try:
            return model.model_validate(kept), frozenset(damaged)
        except ValidationError as error:
            for one in error.errors(include_url=False, include_input=False):
                damaged.add(one["loc"][:2])
                _remove(kept, one["loc"][:-1] if one["type"] == "missing" else one["loc"])
    return None, frozenset(damaged)


def _remove(data: dict[str, Any], loc: Entry) -> None:
    """Removes what stands there, or the whole list around it, so that the other entries keep their index."""
    holder, key = data, None
    inside: Any = data
    for part in loc:
        if not isinstance(inside, dict):
            break
        if part not in inside:
            # went with something around it
            return
        holder, key, inside = inside, str(part), inside[part]
    if key is not None:
        del holder[key]
