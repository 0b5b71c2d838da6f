"""The tables of a report as CSV (RFC 4180, UTF-8 with a mark so that spreadsheets read Chinese)."""

from __future__ import annotations

import csv
import io
from datetime import date, datetime

from bridge.model.report import Cell, Link, Report

_FORMULAS = ("=", "+", "-", "@", "\t", "\r")
"""What a spreadsheet would take for a formula (OWASP, CSV injection)."""


def tables(report: Report) -> dict[str, str]:
    """The text of each table by its file's name; a table of the same name as an earlier one is numbered."""
    files: dict[str, str] = {}
    for table in report.tables():
        name, number = table.name, 1
        while f"{name}.csv" in files:
            number += 1
            name = f"{table.name}-{number}"
        buffer = io.StringIO()
        writer = csv.writer(buffer, lineterminator="\r\n")
        writer.writerow(map(_text, table.columns))
        writer.writerows([_value(cell) for cell in row] for row in table.rows)
        files[f"{name}.csv"] = "\N{ZERO WIDTH NO-BREAK SPACE}" + buffer.getvalue()
    return files


def _value(cell: Cell) -> str | int | float:
    if cell is None:
        return ""
    if isinstance(cell, int | float):
        return cell
    if isinstance(cell, date | datetime):
        return cell.isoformat()
    return _text(cell.text if isinstance(cell, Link) else cell)


def _text(text: str) -> str:
    return f"'{text}" if text.startswith(_FORMULAS) else text
