"""Expressions that pick values from JSON: dotted names are looked up directly, everything else is JMESPath."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

Pick = Callable[[Any], Any]

_NAME = re.compile(r'([A-Za-z_]\w*)|"([^"\\]+)"')


def names_of(expression: str) -> list[str] | None:
    """The names of an expression that only goes from one object into the next, None for any other."""
    names, position = [], 0
    while (found := _NAME.match(expression, position)) is not None:
        names.append(found[1] or found[2])
        position = found.end()
        if position == len(expression):
            return names
        if expression[position] != ".":
            return None
        position += 1
    return None


def compile_path(expression: str) -> Pick:
    """What returns the value at an expression, None where there is none. Raises ValueError for a broken expression."""
    if expression in {"", "@"}:
        return (lambda value: value) if expression else (lambda _: None)
    if (names := names_of(expression)) is not None:
        return _direct(*names)
    try:
        import jmespath  # noqa: PLC0415 - only sources with such expressions need the extra
        from jmespath.exceptions import JMESPathError  # noqa: PLC0415
    except ImportError as error:
        message = f"“{expression}” needs JMESPath: install redmine-itsm-bridge[http]"
        raise ValueError(message) from error
    try:
        parsed = jmespath.compile(expression)
    except JMESPathError as error:
        message = f"“{expression}” is not JMESPath: {' '.join(str(error).split())}"
        raise ValueError(message) from error

    def search(value: Any) -> Any:
        try:
            return parsed.search(value)
        except JMESPathError as error:
            message = f"“{expression}” cannot be applied: {error}"
            raise ValueError(message) from error

    return search


def _direct(first: str, *rest: str) -> Pick:
    if not rest:

        def one(value: Any) -> Any:
            try:
                return value[first]
            except (KeyError, TypeError, IndexError):
                return None

        return one

    def several(value: Any) -> Any:
        try:
            value = value[first]
            for name in rest:
                value = value[name]
        except (KeyError, TypeError, IndexError):
            return None
        return value

    return several
