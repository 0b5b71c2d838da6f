"""How Redmine (Rails) reads the values of a JSON body: numbers from the front of a text, many spellings of false."""

from __future__ import annotations

import re
from datetime import date
from typing import Any

_FALSE = {"0", "f", "F", "false", "FALSE", "off", "OFF", ""}


def to_int(value: Any) -> int:
    """Ruby's to_i: the digits at the front, else 0."""
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, int | float):
        return int(value)
    match = re.match(r"\s*[+-]?\d+", str(value or ""))
    return int(match.group()) if match else 0


def to_id(value: Any) -> int | None:
    """An id, or None for null, "" and whatever is no number."""
    return to_int(value) or None


def to_bool(value: Any) -> bool:
    return str(value).strip() not in _FALSE and value is not False and value is not None


def to_text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def crlf(text: str) -> str:
    """Redmine stores the line ends of an issue's description as CR LF (those of notes as sent)."""
    return re.sub(r"\r\n|\n|\r", "\r\n", text)


class NotADateError(ValueError):
    """The value cannot be read as a date."""


def to_date(value: Any) -> date | None:
    """YYYY-MM-DD (a midnight time may follow); null and "" are no date. Raises NotADateError."""
    text = to_text(value)
    if not text:
        return None
    if not (match := re.fullmatch(r"(\d{4}-\d{2}-\d{2})( 00:00:00)?", text)):
        raise NotADateError(text)
    try:
        return date.fromisoformat(match.group(1))
    except ValueError as error:
        raise NotADateError(text) from error


def to_hours(value: Any) -> float | None:
    """Numbers, "2.5", "2,5", "2:30", "2h30", "2h", "30m"; None for null and "". Raises ValueError."""
    if value is None or value == "":
        return None
    if isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    text = str(value).strip().lower()
    if match := re.fullmatch(r"(\d+):(\d{1,2})", text) or re.fullmatch(r"(\d+)\s*h\s*(\d{1,2})\s*(?:m|min)?", text):
        return int(match.group(1)) + int(match.group(2)) / 60
    if match := re.fullmatch(r"(\d+(?:[.,]\d+)?)\s*h(?:ours?)?", text):
        return float(match.group(1).replace(",", "."))
    if match := re.fullmatch(r"(\d+)\s*m(?:in)?", text):
        return int(match.group(1)) / 60
    return float(text.replace(",", "."))
