"""Keys that the rule language has and this version of the bridge does not do yet: refused, never ignored."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BeforeValidator, Field
from pydantic.json_schema import SkipJsonSchema

from bridge.yamlfile import refused


def _refuse(_: object) -> None:
    raise refused("is not available in this version", "remove it, or wait for a version that knows it")


NotYet = Annotated[SkipJsonSchema[Any], BeforeValidator(_refuse), Field(exclude=True)]
"""A key of the language that cannot be used yet."""
