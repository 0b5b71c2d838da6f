"""Notes from one markup to another: HTML, Textile, Markdown and plain text, by the libraries of the extra `markup`."""

from __future__ import annotations

import html
import re
from enum import StrEnum
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from bridge import quoting
from bridge.model.errors import BridgeError
from bridge.sync.html_tree import APART, CODE, Node, keep_apart, tree
from bridge.sync.markup_writers import Block, PlainWriter, TextileWriter, quoted

# What the libraries trip over in texts that nobody wrote for them.
_FAULTS = (ValueError, TypeError, LookupError, AttributeError, RecursionError)
_MOST_BYTES = 56_000
"""Leaves room for what stands around a quotation: a text that is cut within a block of code would leave it open."""
# CommonMark's ends of a block of code. What stands behind one within a block Redmine searches for mentions.
_FENCES = re.compile(r"(?<=``)`|(?<=~~)~")
_UNSAFE_IN_LINE = re.compile(r"[@`]|~~~")


class Markup(StrEnum):
    """How the text of a note is written."""

    PLAIN = "plain"
    HTML = "html"
    TEXTILE = "textile"
    MARKDOWN = "markdown"


class MarkupMissing(BridgeError):  # noqa: N818 - named by what it says
    """A library that a conversion needs is not installed."""

    code = "RB-1221"
    permanent = True


_READERS = {Markup.TEXTILE: "textile", Markup.MARKDOWN: "markdown_it"}
_WRITERS = {Markup.MARKDOWN: "markdownify"}


def missing(source: Markup, target: Markup) -> tuple[str, ...]:
    """The libraries that are not installed and that carrying notes from one markup to another needs."""
    if source is Markup.PLAIN:
        return ()
    needed = filter(None, (_READERS.get(source), _WRITERS.get(target)))
    return tuple(name for name in needed if find_spec(name) is None)


def quoted_as(text: str, source: Markup, target: Markup) -> str:
    """A note's text as a quotation in another markup: Textile, Markdown (where nothing else in it acts) or plain.

    It has at most 56,000 bytes of UTF-8. Raises MarkupMissing. What a library cannot read is quoted as it is written.
    """
    written, limit = _quoted(text, source, target), min(len(text), quoting.LONGEST_QUOTE)
    while (size := len(written.encode(errors="replace"))) > _MOST_BYTES:
        limit = limit * _MOST_BYTES // size - 1
        written = _quoted(quoting.clean(text, limit), source, target)
    return written


def _quoted(text: str, source: Markup, target: Markup) -> str:
    try:
        blocks = _blocks(text, source, target)
    except _FAULTS:
        blocks = _as_written(text, target)
    parts = [one.text if one.bare else quoted(one.text) for one in blocks]
    joined = [parts[0]] if parts else [">"]
    for before, one, part in zip(blocks, blocks[1:], parts[1:], strict=False):
        joined += ["" if before.bare or one.bare else ">", part]
    return "\n".join(joined)


def _blocks(text: str, source: Markup, target: Markup) -> list[Block]:
    if source is Markup.PLAIN:
        return _as_written(text, target)
    root = tree(_to_html(quoting.clean(text), source))
    if target is not Markup.PLAIN:
        keep_apart(root)
    if target is Markup.TEXTILE:
        return [Block(quoting.shown(one.text), one.bare) for one in TextileWriter().blocks(root)]
    if target is Markup.MARKDOWN:
        return [Block(_to_markdown(root))]
    return PlainWriter().blocks(root)


def _as_written(text: str, target: Markup) -> list[Block]:
    return [Block(quoting.clean(text) if target is Markup.PLAIN else quoting.plain(text))]


def _to_html(text: str, source: Markup) -> str:
    if source is Markup.TEXTILE:
        reader = _library("textile").Textile()
        # Otherwise quotation marks, dashes and the like in commands and logs are made pretty, and no longer work.
        reader.glyph_replacers = []
        return str(reader.parse(text))
    if source is Markup.MARKDOWN:
        reader = _library("markdown_it").MarkdownIt("commonmark", {"html": False, "breaks": True})
        return str(reader.enable(["table", "strikethrough"]).render(text))
    return text


def _to_markdown(root: Node) -> str:
    options = {"heading_style": "ATX", "bullets": "-", "escape_asterisks": False, "escape_underscores": False}
    # within a tag: of an address alone its parser warns
    written = _library("markdownify").markdownify(f"<div>{_inert_html(root, within='')}</div>", **options)
    lines = [line.rstrip() for line in quoting.shown(str(written)).strip("\n").split("\n")]
    return "\n".join(line for line, before in zip(lines, [None, *lines], strict=False) if line or before)


def _inert_html(node: Node, within: str) -> str:
    """HTML of what notes are made of, in which characters that would act in Redmine are set aside."""
    pieces = []
    for one in node.children:
        if isinstance(one, str):
            pieces.append(html.escape(_words(one, within)))
        elif one.tag == "img":
            pieces.append(html.escape(_words(f"[{one.title or 'image'}]", within)))
        elif one.tag == "a":
            url = quoting.address(one.address)
            inner = _inert_html(one, within)
            pieces.append(f'<a href="{html.escape(url)}">{inner}</a>' if url else inner)
        elif one.tag in {"br", "hr"}:
            pieces.append(f"<{one.tag}>")
        elif one.tag == "pre":
            pieces.append(f"<pre>{html.escape(_FENCES.sub(_parted, one.text))}</pre>")
        elif one.tag in CODE:
            unsafe = _UNSAFE_IN_LINE.search(one.text)
            as_text = html.escape(_words(one.text, within).replace("`", quoting.aside("`")))
            pieces.append(as_text if unsafe else f"<code>{html.escape(one.text)}</code>")
        else:
            known = one.tag if one.tag.isalnum() else "span"
            inner = _inert_html(one, one.tag if one.tag in {"td", "th"} else within)
            pieces.append(f"<{known}>{inner}</{known}>")
    return "".join(pieces)


def _words(text: str, within: str) -> str:
    if not text.strip():
        return text
    inert = " " * text[0].isspace() + quoting.set_apart(quoting.clean(text)) + " " * text[-1].isspace()
    return inert.replace("|", quoting.aside("|")) if within in {"td", "th"} else inert


def _parted(found: re.Match[str]) -> str:
    return APART + found[0]


def _library(name: str) -> Any:
    try:
        return import_module(name)
    except ImportError as error:
        what = f"the library {name} is not installed, without which its markup cannot be read."
        raise MarkupMissing(
            "notes", what, "Install redmine-itsm-bridge[markup], or set `notes.convert: false`."
        ) from error
