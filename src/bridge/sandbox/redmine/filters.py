"""Redmine's short query filters: `updated_on=>=2026-11-20T18:39:48Z`, `cf_1=A|B`, `subject=~text`, `status_id=*`.

Source of the rules: Redmine 5.0.4, measured and read (operators by type of field, dates as half-open seconds).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

_COMPARE = ("=", ">=", "<=", "><")
_AROUND_TODAY = ("t", "ld", "w", "lw", "l2w", "m", "lm", "y")
_AHEAD = ("<t+", ">t+", "><t+", "t+", "nd", "nw", "nm")
_BACK = (">t-", "<t-", "><t-", "t-")
_SET = ("!*", "*")
OPERATORS = {
    "list": ("=", "!"),
    "list_status": ("o", "=", "!", "c", "*"),
    "list_optional": ("=", "!", "!*", "*"),
    "list_subprojects": ("*", "!*", "=", "!"),
    "date": (*_COMPARE, *_AROUND_TODAY, *_AHEAD, *_BACK, *_SET),
    "date_past": (*_COMPARE, *_AROUND_TODAY, *_BACK, *_SET),
    "string": ("~", "=", "!~", "!", "^", "$", "!*", "*"),
    "text": ("~", "!~", "^", "$", "!*", "*"),
    "integer": (*_COMPARE, *_SET),
    "float": (*_COMPARE, *_SET),
    "relation": ("=", "!", "!*", "*"),
    "tree": ("=", "~", "!*", "*"),
}
_NEEDS_NO_VALUE = {"o", "c", "nd", "nw", "nm", *_AROUND_TODAY, *_SET}
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}(T\d{2}(:?\d{2}){0,2}(Z|\d{2}:?\d{2})?)?")
_NUMBER = {"integer": re.compile(r"[+-]?\d+(,[+-]?\d+)*"), "float": re.compile(r"[+-]?\d+(\.\d*)?")}


@dataclass(frozen=True, slots=True)
class Filter:
    field: str
    kind: str
    operator: str
    values: tuple[str, ...]

    @property
    def value(self) -> str:
        return self.values[0] if self.values else ""

    def numbers(self) -> set[int]:
        """The ids of a comma separated first value."""
        return {int(part) for part in re.findall(r"\d+", self.value)}


def parse(field: str, kind: str, expression: str) -> Filter:
    """The operator is the longest known one at the front; without any the expression is a list of values."""
    for operator in sorted(OPERATORS[kind], reverse=True):
        if expression.startswith(operator):
            rest = expression.removeprefix(operator)
            return Filter(field, kind, operator, _split(rest) if rest else ("",))
    return Filter(field, kind, "=", _split(expression))


def _split(text: str) -> tuple[str, ...]:
    return tuple(text.rstrip("|").split("|")) if text else ()


def problem(condition: Filter) -> str:
    """What Redmine finds wrong with it ("is invalid", "cannot be blank"), else ""."""
    given = [value for value in condition.values if value]
    if condition.kind in _NUMBER and any(not _NUMBER[condition.kind].fullmatch(value) for value in given):
        return "is invalid"
    if condition.kind in {"date", "date_past"}:
        if condition.operator in {"=", ">=", "<=", "><"}:
            if any(not _DATE.fullmatch(value) or read_moment(value) is None for value in given):
                return "is invalid"
        elif "t" in condition.operator and any(not value.isdigit() for value in given):
            return "is invalid"
    if condition.operator not in _NEEDS_NO_VALUE and not condition.value:
        return "cannot be blank"
    return ""


def read_moment(text: str) -> datetime | date | None:
    """A day, or a time; without Z the time is read in the server's zone, which is UTC here. None if unreadable."""
    try:
        if "T" not in text:
            return date.fromisoformat(text)
        day, _, clock = text.partition("T")
        digits = re.sub(r"\D", "", clock.removesuffix("Z"))
        hour, minute, second = (int(digits[i : i + 2] or 0) for i in (0, 2, 4))
        return datetime.combine(date.fromisoformat(day), time(hour, minute, second), UTC)
    except ValueError:
        return None


Span = tuple[datetime | None, datetime | None]


def moments(condition: Filter, today: date) -> Span:
    """The bounds (after, until] in which a time has to lie; None is open."""
    if condition.operator in {"=", ">=", "<=", "><"}:
        found = [read_moment(value) for value in condition.values]
        first, last = found[0], found[-1]
        low = None if condition.operator == "<=" else _after(first)
        high = None if condition.operator == ">=" else _until(last)
        return low, high
    first_day, last_day = days(condition, today)
    return (_after(first_day) if first_day else None, _until(last_day) if last_day else None)


def _after(moment: datetime | date | None) -> datetime | None:
    if isinstance(moment, datetime):
        return moment - timedelta(seconds=1)
    return datetime.combine(moment, time(), UTC) - timedelta(microseconds=1) if moment else None


def _until(moment: datetime | date | None) -> datetime | None:
    if isinstance(moment, datetime) or moment is None:
        return moment
    return datetime.combine(moment, time(), UTC) + timedelta(days=1, microseconds=-1)


def days(condition: Filter, today: date) -> tuple[date | None, date | None]:
    """First and last day of a relative filter such as `>t-7`, `w`, `lm`."""
    shift = timedelta(days=int(condition.value or 0))
    monday = today - timedelta(days=today.weekday())
    week = timedelta(days=6)
    month = today.replace(day=1)
    next_month = (month + timedelta(days=31)).replace(day=1)
    last_month = (month - timedelta(days=1)).replace(day=1)
    spans: dict[str, tuple[date | None, date | None]] = {
        "><t-": (today - shift, today),
        ">t-": (today - shift, None),
        "<t-": (None, today - shift),
        "t-": (today - shift, today - shift),
        "><t+": (today, today + shift),
        ">t+": (today + shift, None),
        "<t+": (None, today + shift),
        "t+": (today + shift, today + shift),
        "t": (today, today),
        "ld": (today - timedelta(days=1), today - timedelta(days=1)),
        "nd": (today + timedelta(days=1), today + timedelta(days=1)),
        "w": (monday, monday + week),
        "lw": (monday - timedelta(days=7), monday - timedelta(days=1)),
        "l2w": (monday - timedelta(days=14), monday - timedelta(days=1)),
        "nw": (monday + timedelta(days=7), monday + timedelta(days=13)),
        "m": (month, next_month - timedelta(days=1)),
        "lm": (last_month, month - timedelta(days=1)),
        "nm": (next_month, (next_month + timedelta(days=31)).replace(day=1) - timedelta(days=1)),
        "y": (today.replace(month=1, day=1), today.replace(month=12, day=31)),
    }
    return spans[condition.operator]


def in_span(moment: datetime | None, span: Span) -> bool:
    after, until = span
    return moment is not None and (after is None or moment > after) and (until is None or moment <= until)


def tokens(text: str) -> list[str]:
    """The words that all have to be found by `~`: at most five, of two letters or more."""
    words = re.findall(r'"[^"]+"|\S+', text)
    found = list(dict.fromkeys(word.strip('"') for word in words))
    return [word for word in found if len(word) > 1 or ord(word[0]) > 0x2E80][:5] or [text]


def text_matches(condition: Filter, value: str | None) -> bool:
    """The operators of text and string fields, compared without regard to case (as SQLite and ILIKE do)."""
    text = value or ""
    low = text.lower()
    operator = condition.operator
    if operator in {"~", "!~"}:
        return all(word.lower() in low for word in tokens(condition.value)) == (operator == "~")
    if operator == "^":
        return low.startswith(condition.value.lower())
    if operator == "$":
        return low.endswith(condition.value.lower())
    if operator in {"*", "!*"}:
        return bool(text) == (operator == "*")
    return (text in condition.values) == (operator == "=")


def number_matches(condition: Filter, number: float | None) -> bool:
    operator = condition.operator
    if operator in {"*", "!*"}:
        return (number is not None) == (operator == "*")
    if number is None:
        return False
    if operator == "=":
        return number in {float(part) for part in condition.value.split(",")}
    low, high = float(condition.values[0]), float(condition.values[-1])
    if operator == "><":
        return low <= number <= high
    return number >= low if operator == ">=" else number <= low


def id_matches(condition: Filter, number: int | None) -> bool:
    """Lists of ids; `!` also holds where nothing is set."""
    operator = condition.operator
    if operator in {"*", "!*"}:
        return (number is not None) == (operator == "*")
    return (str(number) in condition.values) == (operator == "=")


def as_moment(day: date | None) -> datetime | None:
    """A day as the midnight it begins with, so that it can be compared with a span."""
    return datetime.combine(day, time(), UTC) if day else None
