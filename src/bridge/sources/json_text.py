"""Reading JSON, fast where orjson is installed."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from bridge.sources.build import clean

try:
    import orjson

    _fast: Callable[[bytes], Any] = orjson.loads
except ImportError:  # the extra `http` is not installed
    _fast = json.loads


def loads(body: bytes) -> Any:
    """The value that JSON stands for, its texts free of what cannot be stored. Raises ValueError."""
    try:
        value = _fast(body)
    except ValueError:
        try:
            return _cleaned(json.loads(body))  # takes NaN and lone surrogates, which some servers send
        except RecursionError as error:
            raise ValueError("it is nested too deeply") from error
    return _cleaned(value) if b"\\u0000" in body or b"\\ud" in body or b"\\uD" in body else value


def _cleaned(value: Any) -> Any:
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, dict):
        return {_cleaned(key): _cleaned(one) for key, one in value.items()}
    return [_cleaned(one) for one in value] if isinstance(value, list) else value
