"""HTML as a small tree of what notes are made of; what nobody sees in a browser is left out."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from html.parser import HTMLParser

BLOCKS = frozenset(
    {"p", "div", "ul", "ol", "li", "table", "tr", "pre", "blockquote", "hr", "h1", "h2", "h3", "h4", "h5", "h6"}
)
_EMPTY = frozenset({"br", "hr", "img", "input", "meta", "link", "area", "base", "col", "embed", "source", "wbr"})
_UNSEEN = frozenset({"script", "style", "head", "title", "template", "noscript", "iframe", "object"})
_CLOSED_BY = {"li": {"li"}, "tr": {"tr", "td", "th"}, "td": {"td", "th"}, "th": {"td", "th"}, "p": {"p"}}
_DEEPEST = 60
CODE = frozenset({"code", "tt", "kbd", "samp"})
_PARTS = BLOCKS | CODE | {"br", "img", "td", "th"}
"""Between what stands before and after one of these something is shown."""
_BEGINS = frozenset("{[#!`~")
"""What begins a macro, a link or the like together with what follows it."""
APART = "\N{ZERO WIDTH SPACE}"


@dataclass(slots=True)
class Node:
    """An element: its tag, the address it points at (`a`, `img`), its description (`img`), and what it holds."""

    tag: str
    address: str = ""
    title: str = ""
    children: list[Node | str] = field(default_factory=list)

    @property
    def text(self) -> str:
        """All text within, as written."""
        return "".join(one if isinstance(one, str) else "\n" if one.tag == "br" else one.text for one in self.children)


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[Node] = [Node("")]
        self._unseen = 0
        self._pre = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._unseen += tag in _UNSEEN
        if self._unseen:
            return
        self._close({tag} & {"p"} if tag in BLOCKS else set(), upto=_CLOSED_BY.get(tag, set()))
        found = dict(attrs)
        node = Node(tag, found.get("href") or found.get("src") or "", found.get("alt") or "")
        self.open[-1].children.append(node)
        if tag not in _EMPTY and len(self.open) < _DEEPEST:
            self.open.append(node)
            self._pre += tag == "pre"

    def handle_endtag(self, tag: str) -> None:
        if tag in _UNSEEN:
            self._unseen = max(0, self._unseen - 1)
            return
        if any(node.tag == tag for node in self.open[1:]):
            while True:
                node = self.open.pop()
                self._pre -= node.tag == "pre"
                if node.tag == tag:
                    return

    def handle_data(self, data: str) -> None:
        if not self._unseen:
            self.open[-1].children.append(data if self._pre else re.sub(r"[ \t\r\n\f]+", " ", data))

    def _close(self, own: set[str], upto: set[str]) -> None:
        """Ends what a new tag ends without saying so: `<li>` ends the item before it."""
        if self.open[-1].tag in own | upto and len(self.open) > 1:
            self._pre -= self.open.pop().tag == "pre"


def tree(html: str) -> Node:
    """The elements and texts of HTML, of which nothing has to be well-formed."""
    reader = _Reader()
    reader.feed(html)
    reader.close()
    return reader.open[0]


def keep_apart(node: Node, before: str = "") -> str:
    """Parts texts that only come together because tags between them are left out: `{<b></b>{toc}}` is no macro.

    `before` is the character in front of the node; returns the one in front of what follows it.
    """
    for place, one in enumerate(node.children):
        if isinstance(one, Node):
            within = keep_apart(one, "" if one.tag in _PARTS else before)
            before = "" if one.tag in _PARTS else within
        elif one:
            if before in _BEGINS and not one[0].isspace():
                node.children[place] = APART + one
            before = one[-1]
    return before
