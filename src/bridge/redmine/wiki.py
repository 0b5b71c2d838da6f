"""Wiki pages: the bridge keeps a marked section, everything around it belongs to people."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO

from bridge.model.errors import Forbidden, NotApplied, NotFound
from bridge.model.project import WikiPage
from bridge.model.report import PageFile
from bridge.redmine.client import Client, Raw
from bridge.redmine.explain import refusal
from bridge.redmine.options import Formatting, RedmineOptions
from bridge.redmine.text import clean

# Both render as nothing when they stand in a paragraph of their own (measured with the formatters of 5.0.4):
# Textile drops an empty notextile tag, Markdown and CommonMark a link reference that nobody uses.
_MARKS: dict[Formatting, str] = {
    "textile": "<notextile bridge-{edge}-{name}></notextile>",
    "markdown": "[bridge-{edge}-{name}]:#",
    "common_mark": "[bridge-{edge}-{name}]:#",
}


@dataclass(frozen=True, slots=True)
class Wiki:
    """What the gateway does with wiki pages."""

    client: Client
    options: RedmineOptions

    def read(self, project_id: int, title: str) -> WikiPage:
        """See ProjectTracker.read_page."""
        name = page_title(title)
        try:
            raw = self.client.page(project_id, name)
        except NotFound:
            return WikiPage(name, "", 0)
        except Forbidden as error:
            raise refusal(self.client, project_id, error, "View wiki") from error
        return WikiPage(raw["title"], raw.get("text") or "", raw["version"])

    def write(
        self, project_id: int, title: str, section: str, text: str, files: Sequence[PageFile] = (), first: str = ""
    ) -> None:
        """See ProjectTracker.write_page."""
        page = self.read(project_id, title)
        begun = page.text if page.version else first
        wanted = merge(begun, section, text, self.options.text_formatting)
        missing = self._missing(project_id, page, files)
        if page.version and wanted == clean(page.text) and not missing:
            return
        fields: Raw = {"text": wanted}
        if page.version:
            fields["version"] = page.version
        if missing:
            fields["uploads"] = [
                {
                    "token": self.client.upload(file.name, BytesIO(file.content)),
                    "filename": file.name,
                    "content_type": file.content_type,
                }
                for file in missing
            ]
        try:
            self.client.put_page(project_id, page.title, fields)
        except Forbidden as error:
            raise refusal(self.client, project_id, error, "Edit wiki pages") from error
        self._check(project_id, title, section, wanted, files)

    def _missing(self, project_id: int, page: WikiPage, files: Sequence[PageFile]) -> list[PageFile]:
        """The files that the page does not have; one of the same name is the same."""
        if not files:
            return []
        there: set[str] = set()
        if page.version:
            raw = self.client.page(project_id, page.title, "attachments")
            there = {row["filename"] for row in raw.get("attachments") or ()}
        return [file for file in files if file.name not in there]

    def _check(self, project_id: int, title: str, section: str, wanted: str, files: Sequence[PageFile]) -> None:
        where = f"Redmine wiki page {page_title(title)}"
        now = self.read(project_id, title)
        if section_of(now.text, section) != section_of(wanted, section):
            what = f"Redmine did not store the section “{section}” (version {now.version})."
            raise NotApplied(where, what, "Is the page protected?")
        if lacking := self._missing(project_id, now, files):
            what = f"Redmine did not attach {', '.join(file.name for file in lacking)}."
            advice = "Look at the size limit and the allowed extensions in Administration → Settings → Files."
            raise NotApplied(where, what, advice)


def merge(page: str, section: str, text: str, formatting: Formatting) -> str:
    """The page with the section replaced, or appended where there was none."""
    block = "\n\n".join(
        [
            _MARKS[formatting].format(edge="begin", name=_slug(section)),
            clean(text).strip(),
            _MARKS[formatting].format(edge="end", name=_slug(section)),
        ]
    )
    current = clean(page)
    if found := _find(current, section):
        return current[: found.start()] + block + current[found.end() :]
    return f"{current.rstrip()}\n\n{block}" if current.strip() else block


def section_of(page: str, section: str) -> str | None:
    """The text between the marks, None when they are not there."""
    found = _find(clean(page), section)
    return found["body"].strip() if found else None


def page_title(title: str) -> str:
    """The title as Redmine makes it (Wiki.titleize, 5.0 to 7.0)."""
    name = re.sub(r"[,./?;|:]", "", re.sub(r"\s+", "_", clean(title).strip()))
    return name[:1].upper() + name[1:]


def _find(page: str, section: str) -> re.Match[str] | None:
    # in any formatting, so that a server that changes its own keeps one section
    def mark(edge: str) -> str:
        return "(?:" + "|".join(re.escape(m.format(edge=edge, name=_slug(section))) for m in set(_MARKS.values())) + ")"

    return re.search(f"{mark('begin')}(?P<body>.*?){mark('end')}", page, re.DOTALL)


def _slug(section: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", section.casefold()).strip("-") or "section"
