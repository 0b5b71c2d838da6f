"""Texts that go to Redmine, and the section of a wiki page that is the bridge's."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.redmine import text
from bridge.redmine.options import Formatting
from bridge.redmine.wiki import merge, page_title, section_of

FORMATTINGS: list[Formatting] = ["textile", "markdown", "common_mark"]
SOMETHING = st.text(st.characters(exclude_characters="\r\0", exclude_categories=["Cs"]))


@given(SOMETHING, st.text(min_size=1).map(str.strip).filter(lambda line: line and len(line.split()) > 0))
def test_an_origin_is_found_as_a_whole_line(body: str, name: str) -> None:
    """Whatever stands before it; and not where a longer line begins like it."""
    origin = "[bridge · " + " ".join(name.split()) + "]"
    written = text.with_origin(body, origin)
    assert text.has_origin(written.replace("\n", "\r\n"), origin)
    assert written.endswith(text.clean(origin))
    assert not text.has_origin(f"{origin} and more", origin)
    assert not text.has_origin(f"> {origin}", origin)


@given(SOMETHING)
def test_a_subject_is_one_line_that_redmine_takes(body: str) -> None:
    """At most 255 characters without breaks."""
    line = text.one_line(body + "\0")
    assert len(line) <= 255
    assert len(line.splitlines()) <= 1
    assert "\0" not in line


def test_a_long_subject_shows_that_it_was_cut() -> None:
    """255 stay as they are, 256 do not."""
    assert text.one_line("x" * 255) == "x" * 255
    assert text.one_line("x" * 256) == "x" * 254 + "…"


@pytest.mark.parametrize("formatting", FORMATTINGS)
@given(before=SOMETHING, after=SOMETHING, one=SOMETHING, two=SOMETHING)
def test_text_around_the_section_stays(formatting: Formatting, before: str, after: str, one: str, two: str) -> None:
    """Character by character, and writing the same again changes nothing."""
    page = before + "\n\n" + merge("", "evidence", one, formatting) + "\n\n" + after
    changed = merge(page, "evidence", two, formatting)
    assert changed.startswith(before + "\n\n")
    assert changed.endswith("\n\n" + after)
    assert section_of(changed, "evidence") == two.strip()
    assert merge(changed, "evidence", two, formatting) == changed


def test_a_page_without_the_section_gets_it_at_its_end() -> None:
    """Sections do not disturb each other, nor does one whose name begins like another's."""
    page = merge("Mine.\r\n", "evidence", "A", "textile")
    page = merge(page, "evidence-2", "B", "textile")
    page = merge(page, "Evidence", "C", "textile")
    assert page.startswith("Mine.\n\n")
    assert section_of(page, "evidence") == "C"
    assert section_of(page, "evidence-2") == "B"


def test_a_server_that_changes_its_formatting_keeps_one_section() -> None:
    """The old marks are replaced by the new ones."""
    page = merge(merge("Mine.", "evidence", "A", "textile"), "evidence", "B", "common_mark")
    assert "notextile" not in page
    assert page.count("bridge-begin-evidence") == 1
    assert section_of(page, "evidence") == "B"


@pytest.mark.parametrize(
    ("title", "made"),
    [
        ("evidence", "Evidence"),
        ("Post Mortem (1) ä", "Post_Mortem_(1)_ä"),
        ("a/b?c.d,e;f|g:h", "Abcdefgh"),
        ("ä x", "Ä_x"),
    ],
)
def test_a_title_becomes_what_redmine_makes_of_it(title: str, made: str) -> None:
    """So that the page is found again."""
    assert page_title(title) == made


def test_unknown_names_get_a_guess_and_the_list() -> None:
    """Without regard to case."""
    assert text.did_you_mean("CLOSE", ["New", "Closed"]) == "Did you mean “Closed”? There are: Closed, New."
    assert text.did_you_mean("zzz", ["New"]) == "There are: New."
    assert text.did_you_mean("zzz", []) == "There are none."
