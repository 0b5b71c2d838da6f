"""The texts that come with the bridge: complete in both languages, harmless, and saying what a reader needs."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from jinja2 import meta
from tests.unit.texts.sample import AT, NASTY, Evidence, incident, values

from bridge.shipped import shipped
from bridge.texts import JinjaTexts, _environment, load_texts

LANGUAGES = ("en", "zh")
FILES = sorted(path for path in shipped("templates", "text").glob("*/*.txt") if not path.name.startswith("_"))
# Texts for the incident system are plain; the others are Redmine's.
PLAIN_TEXTS = {
    "incident_note_linked",
    "incident_note_later",
    "incident_closing_note",
    "incident_workaround",
    "note_from_issue",
    "note_changed_from_issue",
    "broadcast",
    "file_from_issue",
    "file_from_incident",
    "work_from_issue",
    "candidate_impact",
    "change_request",
    "incident_demoted",
    "incident_workaround_known",
    "notice",
    "notice_digest",
    "notice_test",
}
CODE = re.compile(r"\A\{# code: (RB-21\d\d) · .+ #\}\n\{#\n")


@pytest.fixture(scope="module")
def texts() -> JinjaTexts:
    texts, problems = load_texts([], "en")
    assert problems == []
    return texts


def rendered(texts: JinjaTexts, name: str, language: str) -> str:
    return texts.render(name, language, **values()[name])


def test_every_text_has_a_sample_and_exists_in_both_languages(texts):
    assert texts.names == set(values())
    assert len(FILES) == 2 * len(values())


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_the_comment_at_the_top_names_the_code_and_exactly_the_values_used(path):
    source = path.read_text("utf-8")
    assert CODE.match(source)
    header = source.split("#}")[1]
    documented = set(re.findall(r"^  (\w+) — \S", header, re.MULTILINE))
    used = meta.find_undeclared_variables(_environment({}).parse(source))
    assert used <= documented
    # values that the shipped text does not use may be used by an admin's own
    assert documented <= set(values()[path.stem])


def test_codes_are_unique_and_the_same_in_every_language():
    codes = {path: CODE.match(path.read_text("utf-8"))[1] for path in FILES}
    assert len(set(codes.values())) == len(values())
    for path, code in codes.items():
        for language in LANGUAGES:
            assert codes[path.parent.parent / language / path.name] == code


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", sorted(values()))
def test_each_text_is_written_in_full(texts, name, language):
    text = rendered(texts, name, language)
    assert text == text.strip()
    assert "{#" not in text
    assert "\n\n\n" not in text
    assert not re.search(r"\bNone\b|State\.|Undefined", text)
    if language == "zh":
        assert re.search(r"[\u4e00-\u9fff]", text)
    else:
        assert not re.search(r"[\u4e00-\u9fff]", text)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", sorted(set(values()) - PLAIN_TEXTS))
def test_nothing_foreign_acts_in_redmine(texts, name, language):
    text = rendered(texts, name, language)
    for active in ("{{", "<b>", "@jane", "[[Wiki]]", '":http', " !http", " #1"):
        assert active not in text
    assert not re.search(r"^!", text, re.MULTILINE)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(
    ("name", "columns"), [("root_issue", 6), ("evidence_page", 6), ("conflict_note", 3), ("incident_issue", 2)]
)
def test_tables_keep_their_columns_whatever_is_in_the_cells(texts, name, columns, language):
    rows = [line for line in rendered(texts, name, language).splitlines() if line.startswith("|")]
    assert len(rows) >= 2
    assert {row.count("|") for row in rows} == {columns + 1}
    assert all(row.endswith("|") for row in rows)


@pytest.mark.parametrize("language", LANGUAGES)
def test_plain_texts_quote_as_written(texts, language):
    text = rendered(texts, "note_from_issue", language)
    assert "> I tried:\n>\n> Router <b>CPU</b> | 99%\n" in text
    assert "&" not in text.replace("&a=", "")


def test_the_evidence_shows_all_incidents_and_marks_those_still_open(texts):
    for name in ("root_issue", "evidence_page"):
        text = rendered(texts, name, "en")
        assert "3 incidents, 2 still open" in text
        rows = [line for line in text.splitlines() if line.startswith("| rt")]
        assert ["*open*" in row for row in rows] == [False, True, True]
        assert "| rt &#35;17 | Router" in rows[0]
        assert "| resolved | 2026-03-05 14:30 UTC | 2 | http://rt.example/Ticket?id=17&a=%7C |" in rows[0]
        assert "*open*: on hold" in rows[2]


def test_very_long_evidence_is_cut_with_a_count(texts):
    given = values()["root_issue"]
    many = [Evidence(incident(number), given["evidence"][1].role, is_open=True) for number in range(203)]
    text = texts.render("root_issue", **given | {"evidence": many})
    assert text.count("\n| rt") == 200
    assert "3 more are not listed here." in text
    assert "203 incidents, 203 still open" in text


def test_the_note_to_an_open_incident_says_who_keeps_it_and_where_to_look(texts):
    text = rendered(texts, "incident_note_linked", "en")
    assert "Your incident stays with you." in text
    for url in ("issues/42", "projects/ops-router-7\n", "projects/ops-router-7/wiki/Evidence"):
        assert f"http://redmine.example/{url}" in text


def test_the_closing_note_says_whether_the_incident_is_resolved_with_it(texts):
    given = values()["incident_closing_note"]
    assert "This incident is resolved with it." in texts.render("incident_closing_note", **given)
    by_hand = given | {"promotion": replace(given["promotion"], terms={})}
    assert "resolve this incident when all is well" in texts.render("incident_closing_note", **by_hand)


def test_a_missing_owner_is_said_and_not_left_blank(texts):
    for name in ("project_description", "root_issue", "root_rejected_question"):
        given = values()[name]
        text = texts.render(name, **given | {"promotion": replace(given["promotion"], owner="")})
        assert re.search("Nobody yet|Dear owner|not named yet", text)


def test_a_copied_note_names_author_and_time(texts):
    text = rendered(texts, "note_from_incident", "en")
    assert text.startswith("bob wrote in rt &#35;18 on 2026-03-05 14:30 UTC:\n\n> I tried:")


def test_the_sample_is_as_nasty_as_it_says():
    assert all(part in NASTY for part in ("<b>", "|", "\n", "{{", "@jane", "[[", "#12", '":http'))
    assert AT.tzinfo is not None


@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_value_that_lost_is_kept_in_full(language: str) -> None:
    """A table's cell has room for a line of 300 characters; custom fields may hold long texts."""
    lost = "first line\n" + "x" * 900 + "\nlast line"
    short = {"field": "subject", "kept": "a", "lost": "b"}
    conflicts = [{"field": "Root Cause", "kept": "k", "lost": lost}, short]
    text = load_texts([], language)[0].render("conflict_note", conflicts=conflicts, incident_ref="rt #1")
    assert "\n".join(f"> {line}" for line in lost.split("\n")) in text
    assert "> b" not in text
