"""How reports are shown."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from bridge.model.report import PageFile, Report, Section


class ReportRenderer(Protocol):
    """Makes pages, wiki text and rows of reports. What is written in a report is text: nothing of it acts."""

    def page(self, report: Report) -> str:
        """One HTML page that needs nothing else."""

    def wiki(self, report: Report) -> tuple[str, tuple[PageFile, ...]]:
        """A wiki page's section in the tracker's markup, and the pictures that it shows."""

    def wiki_section(self, section: Section) -> str:
        """One section of it, without charts."""

    def wiki_headings(self, names: tuple[str, ...]) -> str:
        """Headings with nothing below them, for people to fill in."""

    def tables(self, report: Report) -> dict[str, str]:
        """The CSV text of each table by its file's name."""

    def warning(self, report: Report) -> str:
        """What a person should know of the pictures: which characters no font has; "" when all is well."""

    def save(self, report: Report, folder: Path, name: str) -> list[Path]:
        """Writes `name`.html and the CSV files into a folder, made where it is missing; what was written."""
