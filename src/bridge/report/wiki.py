"""A report as wiki text in Textile or Markdown, with its charts as pictures beside it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass

from bridge.model.report import Block, Cell, Facts, Link, PageFile, Report, Section, Table, Text, Tone
from bridge.quoting import address, cell, plain
from bridge.report import charts
from bridge.report.html import shown

MOST_ROWS = 200
"""Rows of a table on a page; CSV and HTML have all of them."""


@dataclass(frozen=True, slots=True)
class Markup:
    """How a wiki writes things."""

    heading: str
    strong: str
    picture: str
    link: str
    textile: bool

    def table(self, columns: tuple[str, ...], rows: list[list[str]]) -> Iterator[str]:
        """The lines of a table."""
        if self.textile:
            yield "|_. " + " |_. ".join(columns) + " |"
        else:
            yield "| " + " | ".join(columns) + " |"
            yield "|" + " --- |" * len(columns)
        yield from ("| " + " | ".join(row) + " |" for row in rows)


TEXTILE = Markup("h{}. {}", "*{}*", "!{}!", '"{}":{}', textile=True)
MARKDOWN = Markup("{} {}", "**{}**", "![]({})", "[{}]({})", textile=False)
_SIGNS = {Tone.GOOD: "(✓) ", Tone.WARNING: "(!) ", Tone.BAD: "(!!) ", Tone.PLAIN: ""}


def wiki_text(report: Report, markup: Markup = TEXTILE, font: str = "") -> tuple[str, tuple[PageFile, ...]]:
    """The text of a marked section, and the pictures that it shows.

    A picture's name carries the digest of what it shows: the same one is not attached twice, and an older version of
    the page keeps its own. The day is named and not the minute, so that the same figures are the same text.
    """
    files: list[PageFile] = []
    parts = [_heading(markup, 2, report.title), *(plain(line) for line in report.lead)]
    for section in report.sections:
        parts.append(_heading(markup, min(section.level + 1, 6), section.heading))
        parts += filter(None, (_block(block, markup, files, font) for block in section.blocks))
    return "\n\n".join(parts), tuple(files)


def section_text(section: Section, markup: Markup = TEXTILE) -> str:
    """One section without charts."""
    blocks = (_block(block, markup, [], "") for block in section.blocks if isinstance(block, Text | Facts | Table))
    return "\n\n".join([_heading(markup, section.level, section.heading), *filter(None, blocks)])


def headings(names: tuple[str, ...], markup: Markup = TEXTILE) -> str:
    """Headings with nothing below them."""
    return "\n\n".join(_heading(markup, 2, name) for name in names)


def _heading(markup: Markup, level: int, text: str) -> str:
    return markup.heading.format(level if markup.textile else "#" * level, plain(text.replace("\n", " ")))


def _block(block: Block, markup: Markup, files: list[PageFile], font: str) -> str:
    if isinstance(block, Text):
        return _SIGNS[block.tone] + plain(block.text)
    if isinstance(block, Facts):
        lines = [
            f"* {plain(one.label)}: {markup.strong.format(_value(one.value, markup))}"
            f"{f' ({plain(one.note)})' if one.note else ''}"
            for one in block.facts
        ]
        return "\n".join(lines)
    if isinstance(block, Table):
        return _table(block, markup)
    content = charts.png(block, font)
    name = f"{block.name}-{hashlib.sha256(content).hexdigest()[:10]}.png"
    files.append(PageFile(name, content, "image/png"))
    return markup.strong.format(plain(block.title)) + "\n\n" + markup.picture.format(name)


def _table(table: Table, markup: Markup) -> str:
    if not table.rows:
        return plain(table.empty)
    rows = [[_value(one, markup) for one in row] for row in table.rows[:MOST_ROWS]]
    text = "\n".join(markup.table(tuple(map(cell, table.columns)), rows))
    more = len(table.rows) - MOST_ROWS
    return f"{text}\n\n(+ {more})" if more > 0 else text


def _value(value: Cell, markup: Markup) -> str:
    if isinstance(value, Link) and (target := address(value.url)):
        return markup.link.format(cell(value.text).replace('"', "&quot;").replace("]", "&#93;"), target)
    return cell(shown(value))
