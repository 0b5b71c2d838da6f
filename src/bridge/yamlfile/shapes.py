"""What a model allows at a place: found by walking its annotations along the path that a document took."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel, SecretStr

Loc = tuple[str | int, ...]


def names_at(model: type[BaseModel], loc: Loc) -> list[str]:
    """The names of the fields that a mapping at this place may have; empty when any name is allowed.

    A field that is excluded from what is written out is not offered.
    """
    names: list[str] = []
    for shape in _shapes_at(model, loc):
        if _is_model(shape):
            names += [field.alias or name for name, field in shape.model_fields.items() if not field.exclude]
    return list(dict.fromkeys(names))


def is_secret(model: type[BaseModel], loc: Loc) -> bool:
    """Whether what stands at this place, or around it, is kept from messages."""
    return any(shape is SecretStr for end in range(1, len(loc) + 1) for shape in _shapes_at(model, loc[:end]))


def _shapes_at(model: type[BaseModel], loc: Loc) -> list[Any]:
    shapes: list[Any] = [model]
    for part in loc:
        below = [inner for shape in shapes for inner in _inside(shape, part)]
        # without a step into the data pydantic named the branch of a union that it tried
        shapes = below or [shape for shape in shapes if _is_branch(shape, part)] or shapes
    return shapes


def _flat(annotation: Any) -> Iterable[Any]:
    """The alternatives of an annotation without Annotated and unions."""
    if get_origin(annotation) is Annotated:
        yield from _flat(get_args(annotation)[0])
    elif get_origin(annotation) in {Union, UnionType}:
        for one in get_args(annotation):
            yield from _flat(one)
    else:
        yield annotation


def _inside(shape: Any, part: str | int) -> Iterable[Any]:
    if _is_model(shape):
        for name, field in shape.model_fields.items():
            if part == (field.alias or name):
                yield from _flat(field.annotation)
        return
    arguments = [one for one in get_args(shape) if one is not Ellipsis]
    origin = get_origin(shape)
    if isinstance(origin, type) and arguments:
        is_mapping = issubclass(origin, Mapping)
        if is_mapping == isinstance(part, str):
            yield from _flat(arguments[-1])


def _is_branch(shape: Any, part: str | int) -> bool:
    if not _is_model(shape):
        return False
    tags = [
        get_args(field.annotation) for field in shape.model_fields.values() if get_origin(field.annotation) is Literal
    ]
    return shape.__name__ == part or any(part in values for values in tags)


def _is_model(shape: Any) -> bool:
    return isinstance(shape, type) and issubclass(shape, BaseModel)
