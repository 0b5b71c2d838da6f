"""Requests with placeholders in braces. Values go into structures, never into JSON text: no quote breaks out."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote

_PLACEHOLDER = re.compile(r"\{(\w+)\}")

Values = Mapping[str, Any]


def fill(template: Any, values: Values) -> Any:
    """The structure with its placeholders replaced; a text that is one placeholder becomes the value itself."""
    if isinstance(template, str):
        whole = _PLACEHOLDER.fullmatch(template)
        return values[whole[1]] if whole else _PLACEHOLDER.sub(lambda found: str(values[found[1]]), template)
    if isinstance(template, Mapping):
        return {fill_text(key, values): fill(value, values) for key, value in template.items()}
    if isinstance(template, list):
        return [fill(value, values) for value in template]
    return template


def fill_text(template: str, values: Values) -> str:
    """The text with its placeholders replaced."""
    return _PLACEHOLDER.sub(lambda found: str(values[found[1]]), template)


def fill_path(template: str, values: Values) -> str:
    """The path with its placeholders replaced by quoted values, so that none adds a segment or a query."""
    return _PLACEHOLDER.sub(lambda found: quote(str(values[found[1]]), safe=""), template)


def placeholders(template: Any) -> Iterator[str]:
    """The names in a template."""
    if isinstance(template, str):
        yield from _PLACEHOLDER.findall(template)
    elif isinstance(template, Mapping):
        for key, value in template.items():
            yield from placeholders(key)
            yield from placeholders(value)
    elif isinstance(template, list):
        for value in template:
            yield from placeholders(value)
