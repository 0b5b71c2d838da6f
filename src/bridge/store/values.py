"""How the domain's values stand in columns: moments, JSON, texts. The same on SQLite and PostgreSQL."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from types import MappingProxyType
from typing import Any

from sqlalchemy import BigInteger, Integer, Text
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
KEY_BYTES = 1000
"""PostgreSQL refuses index entries of more than about 2,700 bytes; two keys and a moment stay below."""


def micros(moment: datetime) -> int:
    """Microseconds since 1970 UTC, exact. Raises TypeError for a naive moment."""
    since = moment - EPOCH
    return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds


def moment(value: int) -> datetime:
    """The aware UTC moment of `micros`."""
    return EPOCH + timedelta(microseconds=value)


def micros_or_none(moment: datetime | None) -> int | None:
    """`micros`, None stays None."""
    return None if moment is None else micros(moment)


def moment_or_none(value: int | None) -> datetime | None:
    """`moment`, None stays None."""
    return None if value is None else EPOCH + timedelta(microseconds=value)


def duration(value: int) -> timedelta:
    """A duration of so many microseconds."""
    return timedelta(microseconds=value)


def clean(text: str) -> str:
    """The text without NUL, which PostgreSQL cannot hold, and without half surrogate pairs, which UTF-8 cannot."""
    if "\0" in text:
        text = text.replace("\0", "")
    if text.isascii():
        return text
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return text


def short(key: str) -> str:
    """A clean text that fits into an index: a longer one ends with a digest. Twice is once."""
    key = clean(key)
    data = key.encode()
    if len(data) <= KEY_BYTES:
        return key
    return data[: KEY_BYTES - 65].decode(errors="ignore") + "…" + sha256(data).hexdigest()[:60]


def _plain(value: object) -> Any:
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, (set, frozenset)):
        return sorted(value)
    raise TypeError(f"{type(value).__name__} cannot be stored as JSON")


_encode = json.JSONEncoder(sort_keys=True, ensure_ascii=False, default=_plain).encode


def to_json(value: object) -> str:
    """The value as JSON text: sorted keys, nothing escaped that need not be, mappings as objects."""
    return clean(_encode(value))


def frozen(value: Mapping[str, Any]) -> Mapping[str, Any]:
    """A view of a mapping that refuses changes."""
    return MappingProxyType(dict(value))


class Moment(TypeDecorator[datetime]):
    """An aware UTC datetime as microseconds since 1970."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:  # noqa: ARG002 - the base's signature
        return micros_or_none(value)

    def process_result_value(self, value: int | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002 - the base's signature
        return moment_or_none(value)


class Clean(TypeDecorator[str]):
    """A text, see `clean`."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:  # noqa: ARG002 - the base's signature
        return None if value is None else clean(str(value))  # str: drivers treat enums in ways of their own


class Key(TypeDecorator[str]):
    """A text that is looked up by an index, see `short`."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:  # noqa: ARG002 - the base's signature
        return None if value is None else short(value)


class Json(TypeDecorator[Any]):
    """A JSON value as text."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:  # noqa: ARG002 - the base's signature
        return None if value is None else to_json(value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> Any:  # noqa: ARG002 - the base's signature
        return None if value is None else json.loads(value)


Id = BigInteger().with_variant(Integer, "sqlite")
"""A row's own number: 64 bits on both engines (SQLite numbers a plain INTEGER key by itself)."""
