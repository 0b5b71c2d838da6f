"""Pages, CSV and wiki text of a report: complete, self-contained, and nothing in them acts."""

from __future__ import annotations

import csv
import io
import re
from html.parser import HTMLParser

import pytest
from tests.system.report_sample import EVIL, full_report

from bridge.report import charts, csv_files, fonts, html, wiki

ALLOWED = {
    *("html", "head", "meta", "title", "style", "body", "header", "main", "footer", "section", "figure", "figcaption"),
    *("h1", "h2", "h3", "p", "div", "span", "b", "a", "table", "thead", "tbody", "tr", "th", "td"),
    *("details", "summary", "svg", "g", "path", "defs", "use", "text", "tspan", "clippath", "rect"),
}


class Reader(HTMLParser):
    """Collects tags, attributes and text."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: list[tuple[str, str]] = []
        self.texts: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes += [(name, value or "") for name, value in attrs]

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


def read(page: str) -> Reader:
    reader = Reader()
    reader.feed(page)
    return reader


@pytest.fixture(scope="module")
def evil() -> Reader:
    """The page of a report in which every text wants to do harm."""
    return read(html.page(full_report(EVIL)))


def test_nothing_that_people_wrote_becomes_markup(evil: Reader) -> None:
    assert evil.tags <= ALLOWED
    assert not [name for name, _ in evil.attributes if name.startswith("on")]
    assert "".join(evil.texts).count(EVIL) > 5  # in a chart long ones are cut


def test_the_page_needs_nothing_else(evil: Reader) -> None:
    addresses = [value for name, value in evil.attributes if name in {"href", "src", "xlink:href"}]
    assert {one for one in addresses if not one.startswith("#")} == {"https://redmine.example/issues/1"}
    assert "javascript:" not in str(evil.attributes)


def test_charts_are_text_in_the_page_s_colours() -> None:
    page = html.page(full_report())
    reader = read(page)
    assert "".join(reader.texts).count("Router core-1") > 8
    assert not re.findall(r"#0101\w\w", page)
    assert "var(--series-0)" in page
    ids = [value for name, value in reader.attributes if name == "id"]
    assert len(ids) == len(set(ids))


def test_the_same_report_is_the_same_page() -> None:
    assert html.page(full_report()) == html.page(full_report())


def test_csv_has_every_row_and_no_formula() -> None:
    files = csv_files.tables(full_report("=cmd()"))
    assert list(files) == ["tasks.csv", "none.csv"]
    rows = list(csv.reader(io.StringIO(files["tasks.csv"].removeprefix("\N{ZERO WIDTH NO-BREAK SPACE}"))))
    assert rows == [
        ["task", "from", "hours", "'=cmd()"],
        ["'=cmd()", "2026-11-02", "4.0", "'=cmd()"],
        ["no address", "", "1234.5", "'=1+1"],
    ]


@pytest.mark.parametrize("markup", [wiki.TEXTILE, wiki.MARKDOWN])
def test_nothing_acts_in_the_wiki(markup: wiki.Markup) -> None:
    text, _ = wiki.wiki_text(full_report(EVIL), markup)
    assert "<script" not in text
    assert "<img" not in text
    assert "{{" not in text
    assert "javascript:" not in text
    assert [line.count("|") for line in text.splitlines() if "redmine.example" in line] == [5]


def test_pictures_are_named_by_what_they_show() -> None:
    text, files = wiki.wiki_text(full_report())
    assert [file.name.rpartition("-")[0] for file in files] == ["burn-down", "gantt", "mttr"]
    assert all(f"!{file.name}!" in text for file in files)
    assert all(file.content.startswith(b"\x89PNG") for file in files)
    again = wiki.wiki_text(full_report())[1]
    assert [file.name for file in again] == [file.name for file in files]
    assert wiki.wiki_text(full_report("Another"))[1][0].name != files[0].name


def test_a_font_is_missed_by_name_and_characters() -> None:
    missing = fonts.lacking(["Task 任务 one"], (fonts.USUAL,))
    assert missing == "任务"
    told = fonts.warning(missing, (fonts.USUAL,))
    assert "任务" in told
    assert "fonts-noto-cjk" in told
    assert fonts.warning(fonts.lacking(["Task é Ω"], (fonts.USUAL,)), (fonts.USUAL,)) == ""


def test_every_text_of_a_chart_is_looked_at() -> None:
    found = {text for chart in full_report("任").charts() for text in charts.texts_of(chart)}
    assert {"任", "hours", "today", "raw", "critical"} <= found
