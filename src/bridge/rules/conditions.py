"""Conditions on an incident, as they stand under `match` and `unless`."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    Tag,
    ValidationInfo,
    WithJsonSchema,
    field_validator,
    model_validator,
)

from bridge.model.incident import State
from bridge.rules.durations import Duration
from bridge.rules.fields import ANY_OWN_FIELD, KINDS, OPERATORS, Kind, field
from bridge.rules.regex import compile_regex
from bridge.yamlfile import did_you_mean, refused

STRICT = ConfigDict(extra="forbid", frozen=True)
LONGEST_LIST = 1000
LEVELS = range(1, 6)
_OPERATORS = ("equals", "in", "glob", "regex", "at_most", "at_least", "age", "in_window", "exists", "has")

_NAMES = {"type": "array", "items": {"type": "string"}, "minItems": 1, "maxItems": LONGEST_LIST}

Value = Annotated[Any, WithJsonSchema({"type": ["string", "number"]})]


def _entry(value: Any, info: ValidationInfo) -> Any:
    """An entry of `in`, by what the condition's field holds."""
    found = field(info.data.get("field", ""))
    return _READERS[found.kind](value) if found and found.kind in _READERS else value


Entry = Annotated[Value, BeforeValidator(_entry)]


def _listed(value: object) -> object:
    return [value] if isinstance(value, str) else value


Names = Annotated[tuple[str, ...], BeforeValidator(_listed), WithJsonSchema({"anyOf": [{"type": "string"}, _NAMES]})]
"""One name, or a list of them."""


class Age(BaseModel):
    """How long before the incident's last change a time lies. Times that are missing are of no age."""

    model_config = STRICT

    at_least: Duration | None = None
    at_most: Duration | None = None

    @model_validator(mode="after")
    def _some(self) -> Age:
        if self.at_least is None and self.at_most is None:
            raise refused("needs at_least or at_most")
        if self.at_least and self.at_most and self.at_least > self.at_most:
            raise refused("at_least is more than at_most, so nothing is of that age")
        return self


class Condition(BaseModel):
    """What one field must be; several conditions on it must all hold.

    A field without a value fulfils none of them but `exists: false`. Texts are compared exactly, upper and lower case
    matter; `regex` finds a part of the text, `glob` (`*`, `?`, `[abc]`) must cover all of it. `in_window` names windows
    of the windows file; the time must lie in one of them.
    """

    model_config = STRICT

    field: str
    equals: Value = None
    one_of: tuple[Entry, ...] | None = Field(None, alias="in", min_length=1, max_length=LONGEST_LIST)
    glob: str | None = Field(None, min_length=1, max_length=1000)
    regex: str | None = Field(None, min_length=1)
    at_most: Value = None
    at_least: Value = None
    age: Age | None = None
    in_window: Names | None = Field(None, min_length=1, max_length=LONGEST_LIST)
    exists: bool | None = None
    has: Names | None = Field(None, min_length=1, max_length=LONGEST_LIST)

    @field_validator("field")
    @classmethod
    def _known(cls, name: str) -> str:
        if field(name) is None:
            raise refused(
                f"“{name[:60]}” is no field of an incident", did_you_mean(name, [*KINDS, ANY_OWN_FIELD], "fields are")
            )
        return name

    @field_validator(
        "equals", "one_of", "glob", "regex", "at_most", "at_least", "age", "in_window", "exists", "has", mode="before"
    )
    @classmethod
    def _fitting(cls, value: Any, info: ValidationInfo) -> Any:
        found = field(info.data.get("field", ""))
        operator = "in" if info.field_name == "one_of" else str(info.field_name)
        if value is None:
            raise refused(
                "is empty", "to ask for a field without a value, write exists: false" * (operator == "equals")
            )
        if found is None:  # reported already
            return None
        if operator not in OPERATORS[found.kind]:
            allowed = ", ".join(name for name in _OPERATORS if name in OPERATORS[found.kind])
            raise refused(f"cannot be asked about “{found.name}”, which is a {found.kind}", f"possible: {allowed}")
        if operator in {"equals", "at_most", "at_least"}:
            return _READERS[_read_as(found.kind, operator)](value)
        if operator == "regex" and isinstance(value, str):
            compile_regex(value)
        return value

    @model_validator(mode="after")
    def _something(self) -> Condition:
        if not self.model_fields_set - {"field"}:
            allowed = OPERATORS[found.kind] if (found := field(self.field)) else _OPERATORS
            raise refused(
                "says nothing about the field", f"add one of: {', '.join(o for o in _OPERATORS if o in allowed)}"
            )
        if (
            isinstance(self.at_least, int | float | datetime)
            and self.at_most is not None
            and self.at_least > self.at_most
        ):
            raise refused("at_least is more than at_most, so nothing fits")
        return self


def _read_as(kind: Kind, operator: str) -> Kind:
    """How a value is read: an own field is compared by its text, but ordered by its number."""
    return Kind.COUNT if kind is Kind.OWN and operator in {"at_most", "at_least"} else kind


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise refused("must be a text", "put it in quotes")
    if not value.strip():
        raise refused("is empty", "to ask for a field without a value, write exists: false")
    return value


def _unquoted(value: Any) -> str:
    is_number = isinstance(value, str) and value.strip().replace(".", "", 1).isdecimal()
    return "write the number without quotes" if is_number else ""


def _number(value: Any) -> int | float:
    if isinstance(value, bool) or not isinstance(value, int | float) or value != value:  # noqa: PLR0124 - NaN
        raise refused("must be a number", _unquoted(value))
    return value


def _level(value: Any) -> int:
    if isinstance(value, bool) or value not in LEVELS:
        raise refused("must be a level from 1 (critical) to 5", _unquoted(value))
    return int(value)


def _state(value: Any) -> str:
    names = [state.value for state in State]
    if value not in names:
        raise refused(f"“{str(value)[:60]}” is no state", did_you_mean(str(value), names, "states are"))
    return State(value).value


def _time(value: Any) -> datetime:
    try:
        moment = datetime.fromisoformat(value)
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except (TypeError, ValueError, OverflowError):
        right = "right would be 2026-01-31 or 2026-01-31T08:00:00Z"
        raise refused("must be a date or a date and time", right) from None


_READERS: dict[Kind, Callable[[Any], Any]] = {
    Kind.TEXT: _text,
    Kind.OWN: _text,
    Kind.LEVEL: _level,
    Kind.COUNT: _number,
    Kind.STATE: _state,
    Kind.TIME: _time,
}


class Group(BaseModel):
    """Conditions taken together: `all` of them, `any` of them, `not` this one. Those that are given must all hold."""

    model_config = STRICT

    all_of: tuple[Node, ...] | None = Field(None, alias="all", min_length=1, max_length=LONGEST_LIST)
    any_of: tuple[Node, ...] | None = Field(None, alias="any", min_length=1, max_length=LONGEST_LIST)
    none_of: Node | None = Field(None, alias="not")

    @model_validator(mode="before")
    @classmethod
    def _no_condition(cls, raw: Any) -> Any:
        beside = (
            [key for key in ("all", "any", "not") if key in raw] if isinstance(raw, dict) and "field" in raw else []
        )
        if beside:
            what = f"has a condition on one field beside `{beside[0]}`"
            raise refused(what, "write it as an entry under all: [{field: service, equals: VPN}, …]")
        return raw

    @field_validator("all_of", "any_of", "none_of", mode="before")
    @classmethod
    def _given(cls, value: Any) -> Any:
        if value is None:
            raise refused("is empty", "list conditions such as {field: service, equals: VPN}")
        return value


def _which(value: Any) -> str:
    return (
        "<group>"
        if isinstance(value, Group) or (isinstance(value, dict) and {"all", "any", "not"} & value.keys())
        else "<condition>"
    )


Node = Annotated[
    Annotated[Condition, Tag("<condition>")] | Annotated[Group, Tag("<group>")],
    Discriminator(_which),
]
"""A condition, or several taken together."""

Group.model_rebuild()
