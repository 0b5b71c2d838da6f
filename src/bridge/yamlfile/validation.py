"""Checks a document against a pydantic model and says in plain words what is wrong, where, and what would be right."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from enum import Enum
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails, PydanticCustomError

from bridge.model.errors import Problem
from bridge.yamlfile.document import Marked, Path
from bridge.yamlfile.nearest import did_you_mean
from bridge.yamlfile.shapes import is_secret, names_at

M = TypeVar("M", bound=BaseModel)

_LONGEST_SHOWN = 60
_NEEDED = {
    "string_type": "a text",
    "int_type": "a whole number",
    "int_parsing": "a whole number",
    "int_from_float": "a whole number",
    "int_parsing_size": "a smaller number",
    "float_type": "a number",
    "float_parsing": "a number",
    "finite_number": "a finite number",
    "bool_type": "true or false",
    "bool_parsing": "true or false",
    "list_type": "a list",
    "tuple_type": "a list",
    "set_type": "a list",
    "frozen_set_type": "a list",
    "dict_type": "a mapping",
    "mapping_type": "a mapping",
    "model_type": "a mapping",
    "model_attributes_type": "a mapping",
    "path_type": "a path",
    "date_type": "a date (2026-01-31)",
    "date_parsing": "a date (2026-01-31)",
    "date_from_datetime_parsing": "a date (2026-01-31)",
    "datetime_type": "a date and time (2026-01-31T08:00:00Z)",
    "datetime_parsing": "a date and time (2026-01-31T08:00:00Z)",
    "datetime_from_date_parsing": "a date and time (2026-01-31T08:00:00Z)",
    "timezone_aware": "a date and time with its zone (2026-01-31T08:00:00Z)",
    "time_type": "a time (08:00)",
    "time_parsing": "a time (08:00)",
}
_BOUNDS = {
    "greater_than": ("gt", "more than"),
    "greater_than_equal": ("ge", "at least"),
    "less_than": ("lt", "less than"),
    "less_than_equal": ("le", "at most"),
}
_SIZES = {
    "too_short": ("min_length", "at least", ("entry", "entries")),
    "too_long": ("max_length", "at most", ("entry", "entries")),
    "string_too_short": ("min_length", "at least", ("character", "characters")),
    "string_too_long": ("max_length", "at most", ("character", "characters")),
}
_MISSING = object()
_TRAP_TEXT = "put it in quotes if it is meant as a text"
_UNQUOTED = "write it without quotes"
_TRAP_NUMBER = "write it without the zeros in front"


def validate(model: type[M], marked: Marked) -> tuple[M | None, list[Problem]]:
    """The model filled from a document, and what is wrong or unwise; the model is None when anything is wrong."""
    try:
        value = model.model_validate(marked.data)
    except ValidationError as error:
        errors = [one for one in error.errors(include_url=False) if not _is_echo(one)]
        found = [_problem(model, marked, one) for one in errors]
        return None, sorted(dict.fromkeys(found), key=_position)
    landed = {path: _landed(value, path) for path in marked.traps}
    return value, [
        marked.problem(path, what, _TRAP_TEXT if _is_text(landed[path]) else _TRAP_NUMBER, severity="warning")
        for path, what in marked.traps.items()
        if _is_text(landed[path]) or _is_number(landed[path])
    ]


def _is_echo(error: ErrorDetails) -> bool:
    """Whether a list is called too short only because entries of it were refused, which is told already."""
    return (
        error["type"] == "too_short"
        and isinstance(error["input"], list)
        and len(error["input"]) >= error["ctx"]["min_length"]
    )


def _position(problem: Problem) -> tuple[str, int, int]:
    name, line, column = ("::" + problem.where).rsplit(":", 2)
    return (name, int(line), int(column)) if line.isdigit() and column.isdigit() else (problem.where, 0, 0)


def _problem(model: type[BaseModel], marked: Marked, error: ErrorDetails) -> Problem:
    loc, kind = error["loc"], error["type"]
    if kind in {"union_tag_invalid", "union_tag_not_found"}:
        loc = (*loc, error["ctx"]["discriminator"].strip("'"))
        kind = "missing" if kind == "union_tag_not_found" else kind
    path, value = _follow(marked.data, loc)
    name = _name(path if kind != "missing" else loc, marked.whole)
    if kind == "missing":
        return marked.problem(path, f"“{loc[-1]}” is missing")
    if kind == "extra_forbidden":
        advice = _right_keys(str(loc[-1]), names_at(model, loc[:-1]), _data_at(marked.data, path[:-1]))
        return marked.problem(path, f"unknown key “{_short(loc[-1])}”", advice, key=True)
    # what comes from the environment or a secret file may be a secret under a wrong name
    hidden = is_secret(model, loc) or any(path[:end] in marked.origins for end in range(len(path) + 1))
    shown = "" if hidden else _shown(value)
    what, advice = _in_words(error, name, shown, value)
    return marked.problem(path, what, advice)


def _right_keys(wrong: str, known: Sequence[str], written: Mapping[str, Any]) -> str:
    """What may have been meant: one of the keys that are not there yet."""
    left = [one for one in known if one not in written]
    if left or not known:
        return did_you_mean(wrong, left)
    return f"remove it: possible are {', '.join(sorted(known))}, which are there already"


def refused(what: str, advice: str = "") -> PydanticCustomError:
    """The exception for a model's own validators; what is shown are these words behind the field's name."""
    return PydanticCustomError("refused", "{what}", {"what": what, "advice": advice})


def _in_words(error: ErrorDetails, name: str, shown: str, value: object) -> tuple[str, str]:
    kind, context = error["type"], error.get("ctx", {})
    but = shown and f", not {shown}"
    what, advice = f"{name}: {error['msg'][:1].lower()}{error['msg'][1:]}", str(context.get("advice", ""))
    if kind in {"enum", "literal_error", "union_tag_invalid"}:
        listed = str(context.get("expected_tags" if kind == "union_tag_invalid" else "expected", ""))
        what = f"{name} cannot be {shown or 'this'}"
        known = [quoted or plain for quoted, plain in re.findall(r"'([^']*)'|([^\s,']+)", listed) if plain != "or"]
        advice = _UNQUOTED if value in known else did_you_mean(str(value), known, "possible")
    elif kind in _NEEDED:
        what = f"{name} must be {_NEEDED[kind]}{but}"
        advice = "put it in quotes" if kind == "string_type" and isinstance(value, int | float) else ""
    elif kind in _BOUNDS:
        key, words = _BOUNDS[kind]
        what = f"{name} must be {words} {context.get(key)}{but}"
    elif kind in _SIZES:
        key, words, unit = _SIZES[kind]
        what = f"{name} must have {words} {context.get(key)} {unit[0] if context.get(key) == 1 else unit[1]}"
    elif kind == "string_pattern_mismatch":
        what = f"{name} must have the form {context.get('pattern')}{but}"
    elif kind in {"value_error", "assertion_error"}:
        what = f"{name}: {context.get('error', 'is wrong')}"
    return what, advice


def _follow(data: Any, loc: Path) -> tuple[Path, Any]:
    """The part of an error's location that is a path in the data, and what stands there."""
    path: Path = ()
    for part in loc:
        inside = _child(data, part)
        if inside is not _MISSING:
            path, data = (*path, part), inside
    return path, data


def _data_at(data: Any, path: Path) -> Any:
    for part in path:
        data = data[part]
    return data


def _child(data: Any, part: str | int) -> Any:
    if isinstance(data, Mapping):
        return data.get(part, _MISSING)
    if isinstance(data, list) and isinstance(part, int) and part < len(data):
        return data[part]
    return _MISSING


def _name(path: Path, whole: str) -> str:
    """`“within”`, or `“members” entry 2` for something in a list; the document's own name for the whole of it."""
    texts = [part for part in path if isinstance(part, str)]
    if not path or not texts:
        return whole
    last = path[-1]
    return f"“{_short(texts[-1])}”" + (f" entry {last + 1}" if isinstance(last, int) else "")


def _short(value: object) -> str:
    text = " ".join(str(value).split())
    return text if len(text) <= _LONGEST_SHOWN else text[: _LONGEST_SHOWN - 1] + "…"


def _shown(value: object) -> str:
    if value is None:
        return "empty"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return f"“{_short(value)}”"
    if isinstance(value, int | float):
        return _short(value)
    return "a mapping" if isinstance(value, Mapping) else "a list" if isinstance(value, list) else ""


def _landed(value: Any, path: Path) -> Any:
    """What a place in the document became in the model."""
    for part in path:
        if isinstance(value, BaseModel):
            fields = {field.alias or name: name for name, field in type(value).model_fields.items()}
            value = getattr(value, fields.get(str(part), ""), _MISSING)
        elif isinstance(value, Mapping):
            value = value.get(part, _MISSING)
        elif isinstance(value, Sequence) and not isinstance(value, str) and isinstance(part, int) and part < len(value):
            value = value[part]
        elif isinstance(value, frozenset | set):
            return ""
        else:
            return _MISSING
    return value


def _is_text(value: object) -> bool:
    return isinstance(value, str) and not isinstance(value, Enum)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
