"""A report as one page that needs nothing else: no script, nothing from the network, light and dark, for print too."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from html import escape
from itertools import count

from bridge.model.report import Block, Cell, Facts, Link, Report, Section, Table, Text
from bridge.report import charts

DASH = "\N{EN DASH}"
MOST_ROWS, FEW_MORE = 30, 5
"""Rows of a table that are seen at once, and how many more are not worth hiding."""
SHORT = 16
_PERCENT = re.compile(r"-?[\d.,]+ ?%")
_WEB = re.compile(r"https?://[^\s\x00-\x20]+", re.IGNORECASE)
STYLE = """
:root { color-scheme: light dark; --ink: #1f2933; --soft: #52606d; --faint: #d3d9e0; --paper: #fff; --card: #f5f7fa;
  --accent: #2b6cb0; --good: #2f855a; --warning: #b7791f; --bad: #c53030; --critical: #c53030; --plan: #8895a7;
  --series-0: #2b6cb0; --series-1: #c05621; --series-2: #2f855a; --series-3: #6b46c1 }
@media screen and (prefers-color-scheme: dark) { :root { --ink: #e4e7eb; --soft: #9aa5b1; --faint: #3e4c59;
  --paper: #1a2028; --card: #242c36; --accent: #63b3ed; --good: #68d391; --warning: #f6ad55; --bad: #fc8181;
  --critical: #fc8181; --plan: #7b8794; --series-0: #63b3ed; --series-1: #f6ad55; --series-2: #68d391;
  --series-3: #b794f4 } }
* { box-sizing: border-box }
body { font: 15px/1.55 system-ui, -apple-system, "Segoe UI", "Noto Sans", "Noto Sans CJK SC", "Microsoft YaHei",
  sans-serif; color: var(--ink); background: var(--paper); margin: 0 auto; max-width: 72rem; padding: 1.5rem 1rem 3rem;
  overflow-wrap: anywhere }
h1 { font-size: 1.65rem; line-height: 1.25; margin: 0 0 .3rem }
h2 { font-size: 1.2rem; margin: 2.4rem 0 .6rem; padding-bottom: .25rem; border-bottom: 1px solid var(--faint) }
h3 { font-size: 1rem; margin: 1.6rem 0 .4rem }
p { margin: .5rem 0; max-width: 46rem } .lead, footer { color: var(--soft) }
footer { margin-top: 3rem; font-size: .85rem }
a { color: var(--accent) }
.facts { display: grid; grid-template-columns: repeat(auto-fill, minmax(10.5rem, 1fr)); gap: .7rem; margin: .9rem 0 }
.fact { background: var(--card); border-radius: .5rem; padding: .6rem .8rem; border-left: 3px solid var(--faint) }
.fact b { display: block; font-size: 1.3rem; line-height: 1.3; font-variant-numeric: tabular-nums }
.fact span { color: var(--soft); font-size: .85rem; display: block }
.good { border-color: var(--good) } .warning { border-color: var(--warning) } .bad { border-color: var(--bad) }
p.good, p.warning, p.bad { border-left: 3px solid; padding-left: .7rem }
p.good { border-color: var(--good) } p.warning { border-color: var(--warning) } p.bad { border-color: var(--bad) }
.wide { overflow-x: auto; margin: .8rem 0 }
table { border-collapse: collapse; width: 100%; font-size: .92rem }
th, td { text-align: left; padding: .38rem .7rem .38rem 0; border-bottom: 1px solid var(--faint); vertical-align: top;
  overflow-wrap: normal }
th { color: var(--soft); font-weight: 600 }
td.number, th.number { text-align: right; font-variant-numeric: tabular-nums }
td.number, td.short { white-space: nowrap } summary { color: var(--accent); cursor: pointer }
svg.chart { width: 100%; min-width: 34rem; height: auto; display: block } figure { margin: 1rem 0 }
figcaption { font-weight: 600; font-size: .95rem; margin-bottom: .2rem }
@media print { body { max-width: none; padding: 0; font-size: 10.5pt } .wide { overflow: visible }
  svg.chart { min-width: 0 } details::details-content { content-visibility: visible }
  tr, figure, .fact { break-inside: avoid } h2, h3 { break-after: avoid }
  thead { display: table-header-group } a { color: inherit; text-decoration: none } }
"""


def page(report: Report, font: str = "") -> str:
    """The whole page. Everything in the report is text: nothing of it is taken for markup."""
    numbers = count(1)
    lead = "\n".join(f'<p class="lead">{escape(line)}</p>' for line in report.lead)
    body = "\n".join(_section(section, numbers, font) for section in report.sections)
    return (
        f'<!doctype html>\n<html lang="{escape(report.language)}">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(report.title)}</title>\n<style>{STYLE}</style>\n</head>\n"
        f"<body>\n<header><h1>{escape(report.title)}</h1>\n{lead}</header>\n<main>\n{body}\n</main>\n"
        f"<footer>{_value(report.as_of)}</footer>\n</body>\n</html>\n"
    )


def _section(section: Section, numbers: count[int], font: str) -> str:
    level = min(max(section.level, 2), 4)
    blocks = "\n".join(_block(block, numbers, font) for block in section.blocks)
    return f"<section>\n<h{level}>{escape(section.heading)}</h{level}>\n{blocks}\n</section>"


def _block(block: Block, numbers: count[int], font: str) -> str:
    if isinstance(block, Text):
        return f'<p class="{block.tone.value}">{escape(block.text)}</p>'
    if isinstance(block, Facts):
        return _facts(block)
    if isinstance(block, Table):
        return _table(block)
    drawn = charts.svg(block, next(numbers), font)
    return f'<figure><figcaption>{escape(block.title)}</figcaption><div class="wide">{drawn}</div></figure>'


def _facts(facts: Facts) -> str:
    cards = (
        f'<div class="fact {one.tone.value}"><span>{escape(one.label)}</span><b>{_value(one.value)}</b>'
        f"{f'<span>{escape(one.note)}</span>' if one.note else ''}</div>"
        for one in facts.facts
    )
    return f'<div class="facts">{"".join(cards)}</div>'


def _table(table: Table) -> str:
    if not table.rows:
        return f"<p>{escape(table.empty)}</p>" if table.empty else ""
    kinds = [_kind([row[place] for row in table.rows]) for place in range(len(table.columns))]
    more = len(table.rows) - MOST_ROWS
    if more < FEW_MORE:
        return _rows(table, kinds, table.rows)
    rest = _rows(table, kinds, table.rows[MOST_ROWS:])
    return f"{_rows(table, kinds, table.rows[:MOST_ROWS])}<details><summary>+ {more}</summary>{rest}</details>"


def _rows(table: Table, kinds: list[str], cells: tuple[tuple[Cell, ...], ...]) -> str:
    head = "".join(f"<th{kind}>{escape(name)}</th>" for kind, name in zip(kinds, table.columns, strict=True))
    rows = "\n".join(
        "<tr>" + "".join(f"<td{kind}>{_value(cell)}</td>" for kind, cell in zip(kinds, row, strict=True)) + "</tr>"
        for row in cells
    )
    return f'<div class="wide"><table><thead><tr>{head}</tr></thead><tbody>\n{rows}\n</tbody></table></div>'


def _kind(cells: list[Cell]) -> str:
    """Numbers stand to the right; what is short stays on one line."""
    there = [cell for cell in cells if cell is not None and cell != ""]
    if there and all(isinstance(cell, int | float) or _PERCENT.fullmatch(str(cell)) for cell in there):
        return ' class="number"'
    return ' class="short"' if all(len(shown(cell)) <= SHORT for cell in there) else ""


def _value(cell: Cell) -> str:
    if isinstance(cell, Link):
        if _WEB.fullmatch(cell.url):
            return f'<a href="{escape(cell.url)}" rel="noreferrer">{escape(cell.text)}</a>'
        return escape(cell.text)
    return escape(shown(cell))


def shown(cell: Cell) -> str:
    """A value as people read it."""
    if cell is None or cell == "":
        return DASH
    if isinstance(cell, float):
        return f"{cell:,.1f}"
    if isinstance(cell, datetime):
        return f"{cell.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
    if isinstance(cell, Link):
        return cell.text
    return cell.isoformat() if isinstance(cell, date) else str(cell)
