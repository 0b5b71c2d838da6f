"""Plain HTML for people who want to look: everything is escaped unless it says it is HTML."""

from __future__ import annotations

import html
from collections.abc import Iterable, Sequence

_STYLE = """
body{font:15px/1.45 system-ui,sans-serif;margin:1.5rem auto;max-width:70rem;padding:0 1rem;color:#222}
nav{margin-bottom:1rem}nav a{margin-right:1rem}
table{border-collapse:collapse;width:100%;margin:.5rem 0 1.2rem}
th,td{text-align:left;vertical-align:top;padding:.25rem .6rem;border-bottom:1px solid #ddd}
th{color:#666;font-weight:600}
pre{white-space:pre-wrap;background:#f6f6f4;padding:.5rem;margin:.3rem 0}
.closed{color:#777;text-decoration:line-through}.private{background:#fff3d6}.meta{color:#666}
.chart{position:relative;height:1rem;min-width:16rem;background:#f2f2f0}
.bar{position:absolute;top:.15rem;height:.7rem;background:#4a7ebb}.bar.done{background:#9bb}
"""


class Html(str):
    """Text that is HTML already."""

    __slots__ = ()


def safe(value: object) -> Html:
    if isinstance(value, Html):
        return value
    return Html(html.escape("" if value is None else str(value)))


def join(parts: Iterable[object], between: str = "") -> Html:
    return Html(between.join(safe(part) for part in parts))


def tag(name: str, *content: object, **attributes: str) -> Html:
    """`class_` stands for the class attribute."""
    given = "".join(f' {key.rstrip("_")}="{html.escape(value)}"' for key, value in attributes.items())
    return Html(f"<{name}{given}>{join(content)}</{name}>")


def link(address: str, text: object) -> Html:
    """Only http, https and paths become links; anything else stays text."""
    if address.startswith(("http://", "https://", "/")):
        return tag("a", text, href=address)
    return safe(text)


def table(headings: Sequence[str], rows: Iterable[Sequence[object]]) -> Html:
    head = tag("tr", *(tag("th", heading) for heading in headings))
    return tag("table", head, *(tag("tr", *(tag("td", cell) for cell in row)) for row in rows))


def missing(menu: Sequence[tuple[str, str]]) -> str:
    """The page for what is not there; the menu leads back."""
    return page("404: there is nothing here", tag("p", "Go back to ", link(*menu[0]), "."), menu=menu)


def page(title: str, *content: object, menu: Sequence[tuple[str, str]] = ()) -> str:
    nav = tag("nav", *(link(address, text) for address, text in menu))
    return (
        f'<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8"><title>{safe(title)}</title>'
        f"<style>{_STYLE}</style></head><body>{nav}{tag('h1', title)}{join(content)}</body></html>\n"
    )
