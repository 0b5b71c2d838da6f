"""What commands print: tables for people, JSON for scripts."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from enum import Enum
from io import TextIOWrapper
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

console = Console(soft_wrap=True, highlight=False)
errors = Console(stderr=True, soft_wrap=True, highlight=False)
WIDEST = 10_000
"""Columns where nobody looks at a screen: what goes into a file or a pipe is not folded."""


def take_any_text() -> None:
    """Makes output show a question mark for what a terminal that is not UTF-8 cannot show, instead of ending there."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="replace")


def print_json(schema: str, **values: Any) -> None:
    """One JSON document on standard output; `schema` names its shape and version."""
    ascii_only = not (sys.stdout.encoding or "utf-8").lower().startswith("utf")
    json.dump({"schema": schema, **values}, sys.stdout, ensure_ascii=ascii_only, indent=2, default=_plain)
    sys.stdout.write("\n")


def _plain(value: object) -> object:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, Mapping):
        return dict(value)
    return str(value)


def print_table(columns: Sequence[str], rows: Iterable[Sequence[object]], *, empty: str) -> None:
    """A table for people; `empty` is said instead when there is no row."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in columns:
        table.add_column(column, overflow="fold")
    count = 0
    for row in rows:
        table.add_row(*(escape(_cell(value)) for value in row))
        count += 1
    if count:
        if not console.is_terminal:
            console.width = WIDEST
        console.print(table)
    else:
        console.print(escape(empty))


def print_details(values: Mapping[str, object]) -> None:
    """Names and values below each other; further lines of a value stand below its first."""
    width = max(map(len, values))
    for name, value in values.items():
        first, *others = (_cell(value) or "-").splitlines()
        say(f"{name:>{width}}  {first}")
        for line in others:
            say(f"{'':>{width}}  {line}")


def _cell(value: object) -> str:
    if value is None:
        return "-"
    if isinstance(value, Mapping):
        return ", ".join(f"{name}: {inner}" for name, inner in value.items())
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%d %H:%M")
    if isinstance(value, float):
        return f"{value:.1f}"
    return str(value)


def say(text: str) -> None:
    """One line for people."""
    console.print(escape(text))


def complain(text: str) -> None:
    """Something went wrong, on standard error."""
    errors.print(escape(text))
