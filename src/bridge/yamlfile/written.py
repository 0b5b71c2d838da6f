"""The names that a file gives, whatever else is wrong with it."""

from __future__ import annotations

from pathlib import Path as FilePath

from pydantic import BaseModel

from bridge.yamlfile.document import load
from bridge.yamlfile.shapes import names_at


def written_names(model: type[BaseModel], path: FilePath, section: str) -> frozenset[str] | None:
    """The keys below a key of a file, those of broken entries too.

    None when they cannot be told: the file cannot be read, no mapping stands there, or the key may be misspelt.
    """
    marked, _ = load(path)
    if marked is None:
        return None
    entries = marked.data.get(section)
    if isinstance(entries, dict):
        return frozenset(entries)
    is_left_out = section not in marked.data and not model.model_fields[section].is_required()
    return frozenset() if is_left_out and marked.data.keys() <= set(names_at(model, ())) else None
