"""All that a report can be shown as."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from bridge.model.report import PageFile, Report, Section
from bridge.report import charts, csv_files, fonts, html
from bridge.report.wiki import MARKDOWN, TEXTILE, Markup, headings, section_text, wiki_text


@dataclass(frozen=True, slots=True)
class Renderer:
    """Implements bridge.ports.ReportRenderer. `font` is a family to draw with first, "" the usual ones."""

    textile: bool = True
    font: str = ""

    def page(self, report: Report) -> str:
        return html.page(report, self.font)

    def wiki(self, report: Report) -> tuple[str, tuple[PageFile, ...]]:
        return wiki_text(report, self._markup, self.font)

    def wiki_section(self, section: Section) -> str:
        return section_text(section, self._markup)

    def wiki_headings(self, names: tuple[str, ...]) -> str:
        return headings(names, self._markup)

    def tables(self, report: Report) -> dict[str, str]:
        return csv_files.tables(report)

    def warning(self, report: Report) -> str:
        families = fonts.chosen(self.font)
        texts = (text for chart in report.charts() for text in charts.texts_of(chart))
        return fonts.warning(fonts.lacking(texts, families), families)

    def save(self, report: Report, folder: Path, name: str) -> list[Path]:
        folder.mkdir(parents=True, exist_ok=True)
        texts = {f"{name}.html": self.page(report)}
        texts |= {f"{name}-{file}": text for file, text in self.tables(report).items()}
        for file, text in texts.items():
            # whole or not at all: a web server may be reading the one before
            draft = folder / f".{file}.draft"
            draft.write_text(text, encoding="utf-8", newline="")
            draft.replace(folder / file)
        return [folder / file for file in texts]

    @property
    def _markup(self) -> Markup:
        return TEXTILE if self.textile else MARKDOWN
