"""What HTML shows, written in Textile or as plain text. Texts are made inert for Redmine; markup is only ours."""

from __future__ import annotations

import re
from dataclasses import dataclass

from bridge import quoting
from bridge.sync.html_tree import APART, BLOCKS, CODE, Node

_MARKS = {"strong": "*", "b": "*", "em": "_", "i": "_", "del": "-", "s": "-", "ins": "+", "u": "+"}
_SAFE_CODE = re.compile(r"[^@<>&\n\r|]{1,200}")
_WEB = re.compile(r"https?://", re.IGNORECASE)
_PRE_ENDS = re.compile(r"<(?=/?\s*pre)", re.IGNORECASE)
_SPACE = " \t\n"
_LINK = "\0"
"""Ends a link until it is known what follows; no clean text holds it."""


@dataclass(frozen=True, slots=True)
class Block:
    """A paragraph, list, table or the like. One that is `bare` cannot stand within a quotation."""

    text: str
    bare: bool = False


class PlainWriter:
    """As plain text: links with their address behind them, lists with dashes, tables with bars."""

    def blocks(self, node: Node) -> list[Block]:
        """What stands below a node, block by block."""
        found: list[Block] = []
        run: list[Node | str] = []
        for child in node.children:
            if isinstance(child, Node) and child.tag in BLOCKS:
                found += [*self._paragraph(run), *self._block(child)]
                run = []
            elif isinstance(child, Node) and _holds_blocks(child):
                found += [*self._paragraph(run), *self.blocks(child)]
                run = []
            else:
                run.append(child)
        return [*found, *self._paragraph(run)]

    def _block(self, node: Node) -> list[Block]:
        found: list[Block] = []
        match node.tag:
            case "ul" | "ol":
                found = [Block("\n".join(self._items(node, [])))]
            case "table":
                found = [Block("\n".join(self.row(row) for row in _rows(node)))]
            case "pre":
                found = [self.code(code)] if (code := quoting.clean(node.text).strip("\n")).strip() else []
            case "blockquote":
                found = [one if one.bare else Block(quoted(one.text)) for one in self.blocks(node)]
            case "hr":
                found = [Block("---")]
            case tag if re.fullmatch(r"h[1-6]", tag):
                found = [Block(self.heading(int(tag[1]), one.text)) for one in self._paragraph(node.children)]
            case _:
                found = self.blocks(node)
        return [one for one in found if one.text]

    def _paragraph(self, run: list[Node | str]) -> list[Block]:
        text = re.sub(r" *\n *", "\n", self._inline(run)).strip(_SPACE)
        return [Block(text)] if text else []

    def _inline(self, run: list[Node | str]) -> str:
        pieces: list[str] = []
        for one in run:
            piece = self.words(one) if isinstance(one, str) else self._element(one)
            if pieces and pieces[-1].endswith(_LINK) and piece[:1] not in {"", " ", "\n", *".,;:!?)"}:
                pieces.append(" ")
            pieces.append(piece)
        return "".join(pieces).replace(_LINK, "")

    def _element(self, node: Node) -> str:
        match node.tag:
            case "br":
                return "\n"
            case "img":
                return self.words(f"[{node.title or node.address.rpartition('/')[2] or 'image'}]")
            case tag if tag in CODE:
                return self.short_code(quoting.clean(node.text))
            case "a":
                inner = self._inline(node.children)
                url = quoting.address(node.address) if _WEB.match(node.address) else ""
                return self.link(inner, url) if url else inner
        return self.marked(node.tag, self._inline(node.children))

    def _items(self, node: Node, markers: list[str]) -> list[str]:
        lines = []
        here = [*markers, node.tag]
        items = [one for one in node.children if isinstance(one, Node)]
        for number, item in enumerate(items, 1):
            if item.tag in {"ul", "ol"}:
                lines += self._items(item, here)
                continue
            below = [one for one in item.children if isinstance(one, Node) and one.tag in {"ul", "ol"}]
            own = Node("li", children=[one for one in item.children if one not in below])
            text = " ".join(" ".join(block.text for block in self.blocks(own)).split())
            lines.append(self.item(here, number, text))
            for one in below:
                lines += self._items(one, here)
        return lines

    def words(self, text: str) -> str:
        """Text as the target shows it; a blank at either end parts it from its neighbours."""
        if not text.strip():
            return " " if text else ""
        return " " * text[0].isspace() + self.inert(quoting.clean(text)) + " " * text[-1].isspace()

    def inert(self, text: str) -> str:
        """Clean text in which nothing acts."""
        return text

    def link(self, text: str, url: str) -> str:
        """A link; `url` is a web address."""
        return url if text.strip() in {"", url} else f"{text} <{url}>"

    def short_code(self, text: str) -> str:
        """Code within a line."""
        return text

    def marked(self, _tag: str, text: str) -> str:
        """Text in an element that gives it a look."""
        return text

    def heading(self, _level: int, text: str) -> str:
        """A heading."""
        return text

    def item(self, lists: list[str], number: int, text: str) -> str:
        """An item of a list within lists (`ul`, `ol`), the outermost first."""
        return "  " * (len(lists) - 1) + (f"{number}. " if lists[-1] == "ol" else "- ") + text

    def row(self, cells: list[Node]) -> str:
        """A row of a table."""
        return " | ".join(self.cell(one) for one in cells)

    def cell(self, node: Node) -> str:
        """The text of a cell, on one line."""
        return " ".join(" ".join(block.text for block in self.blocks(node)).split())

    def code(self, text: str) -> Block:
        """A block of code."""
        return Block(text)


class TextileWriter(PlainWriter):
    """In Redmine's Textile. Characters that would act are set aside: quoting.shown writes them."""

    def inert(self, text: str) -> str:
        """Text that is shown as it is."""
        return quoting.set_apart(text)

    def link(self, text: str, url: str) -> str:
        """A link; what follows must not become part of the address."""
        shown = text.strip().replace('"', "'")
        if not shown or "\n" in shown or _WEB.search(shown):
            return url + _LINK
        return f'"{shown}":{url}{_LINK}'

    def short_code(self, text: str) -> str:
        """Code within a line, where Textile can write it; between two @ a login would be a mention: mail."""
        return f"<code>{text}</code>" if _SAFE_CODE.fullmatch(text) and text.strip() == text != "" else self.words(text)

    def marked(self, tag: str, text: str) -> str:
        """Emphasis and the like."""
        mark = _MARKS.get(tag, "")
        inner = text.strip()
        if not mark or not inner or "\n" in inner or _LINK in text:
            return text
        lead, tail = " " * text[0].isspace(), " " * text[-1].isspace()
        return f"{lead}{mark}{inner}{mark}{tail}"

    def heading(self, level: int, text: str) -> str:
        """A heading, two levels below those of the page it stands on."""
        return f"h{min(6, level + 2)}. {' '.join(text.split())}"

    def item(self, lists: list[str], _number: int, text: str) -> str:
        """An item; a level of a list is one more mark."""
        return "".join("#" if one == "ol" else "*" for one in lists) + f" {text}"

    def row(self, cells: list[Node]) -> str:
        """A row; heading cells are marked."""
        marked = (("_. " if one.tag == "th" else "") + (self.cell(one) or " ") for one in cells)
        return f"|{'|'.join(marked)}|"

    def cell(self, node: Node) -> str:
        """A cell, in which a bar would begin the next one."""
        return super().cell(node).replace("|", quoting.aside("|"))

    def code(self, text: str) -> Block:
        """A block of code; the tag that would end it is broken."""
        return Block("<pre>\n" + _PRE_ENDS.sub(f"<{APART}", text) + "\n</pre>", bare=True)


def quoted(text: str) -> str:
    """The lines of a block, each marked as a quotation."""
    return "\n".join(f"> {line}".rstrip() for line in text.split("\n"))


def _holds_blocks(node: Node) -> bool:
    return any(isinstance(one, Node) and (one.tag in BLOCKS or _holds_blocks(one)) for one in node.children)


def _rows(node: Node) -> list[list[Node]]:
    found: list[list[Node]] = []
    for one in node.children:
        if isinstance(one, Node) and one.tag == "tr":
            cells = [cell for cell in one.children if isinstance(cell, Node) and cell.tag in {"td", "th"}]
            found += [cells] if cells else []
        elif isinstance(one, Node):
            found += _rows(one)
    return found
