"""An admin's own texts: replace the shipped ones file by file, and are refused with the place when they are broken."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.unit.texts.sample import values

from bridge.shipped import shipped
from bridge.texts import LONGEST_TEXT, TextBroken, load_texts

HEAD = "{# code: RB-2165 · mine #}\n"


def write(root: Path, name: str, text: str, language: str = "en") -> Path:
    path = root / language / f"{name}.txt"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")
    return path


def ended(texts, language: str = "") -> str:
    return texts.render("link_ended", language, **values()["link_ended"])


def test_an_own_text_replaces_the_shipped_one_in_its_language_only(tmp_path):
    write(tmp_path, "link_ended", HEAD + "Gone: {{ why }}")
    texts, problems = load_texts([tmp_path], "en")
    assert problems == []
    assert ended(texts) == "Gone: it was merged into rt #19"
    assert "此任务不再跟随" in ended(texts, "zh")


def test_the_first_folder_wins(tmp_path):
    write(tmp_path / "a", "link_ended", HEAD + "A")
    write(tmp_path / "b", "link_ended", HEAD + "B")
    texts, problems = load_texts([tmp_path / "a", tmp_path / "b"], "en")
    assert (ended(texts), problems) == ("A", [])


def test_a_new_language_needs_only_the_texts_that_differ(tmp_path):
    write(tmp_path, "link_ended", HEAD + "Weg: {{ why }}", "de")
    texts, problems = load_texts([tmp_path], "de")
    assert problems == []
    assert ended(texts) == ended(texts, "de-AT") == "Weg: it was merged into rt #19"
    assert texts.render("conflict_note", **values()["conflict_note"]).startswith("Somebody changed")


def test_an_unknown_language_falls_back_to_the_default_one():
    texts, _ = load_texts([], "zh")
    assert ended(texts, "fr") == ended(texts, "zh")
    assert ended(texts, "zh-Hans-CN") == ended(texts, "zh")


def test_own_parts_are_used_by_shipped_texts_of_that_language(tmp_path):
    shipped_words = shipped("templates", "text", "en", "_words.txt").read_text("utf-8")
    write(tmp_path, "_words", shipped_words.replace('"Status"', '"Condition"'))
    texts, problems = load_texts([tmp_path], "en")
    assert problems == []
    assert "| Condition |" in texts.render("conflict_note", **values()["conflict_note"])


@pytest.mark.parametrize(
    ("text", "where", "what", "advice"),
    [
        (HEAD + "ok\n{% if why %}", ":3:1", "the template is broken", ""),
        (HEAD + "ok\n{{ why | shout }}", ":3:1", "No filter named 'shout'", ""),
        (HEAD + "ok\n\n{{ whi }}", ":4:1", "not given a value “whi”", "did you mean “why”?"),
        ("Gone: {{ why }}", ":1:1", "must name the message code RB-2165", "{# code: RB-2165 … #}"),
        ("{# code: RB-2101 #}\nWho?", ":1:1", "must name the message code RB-2165", ""),
    ],
)
def test_a_broken_text_is_reported_with_its_line_and_the_shipped_one_stays(tmp_path, text, where, what, advice):
    path = write(tmp_path, "link_ended", text)
    texts, (problem,) = load_texts([tmp_path], "en")
    assert problem.where == f"{path}{where}"
    assert what in problem.what
    assert advice in problem.advice
    assert ended(texts).startswith("This issue does not follow rt &#35;18 any more")


def test_unknown_names_folders_and_languages_are_reported(tmp_path):
    write(tmp_path, "conflict_notes", "{# code: RB-2110 #}\nx")
    (tmp_path / "en" / "root_issue.txt").write_bytes(b"\xff\xfe")
    texts, problems = load_texts([tmp_path, tmp_path / "gone"], "fr")
    found = [(problem.what, problem.advice) for problem in problems]
    assert ("there is no text called “conflict_notes”", "did you mean “conflict_note”?") in found
    assert any(what == "there is no such folder of texts" for what, _ in found)
    assert any(what.startswith("cannot be read") for what, _ in found)
    assert ("there are no texts in “fr”", "right would be en or zh") in found
    assert ended(texts)


def test_a_value_that_is_not_given_is_an_error_that_names_text_and_value():
    texts, _ = load_texts([], "en")
    with pytest.raises(TextBroken, match=r"RB-2001 text link_ended \(en\).*'why' is undefined"):
        texts.render("link_ended", incident_ref="rt #18", project_url="x")
    with pytest.raises(TextBroken, match="there is no template of this name"):
        texts.render("nothing")


@pytest.mark.parametrize(
    "source",
    [
        "{{ ''.__class__.__mro__ }}",
        "{{ why.__init__.__globals__ }}",
        "{{ why.append(1) }}",
        "{{ why | attr('__class__') }}",
        "{% for a in range(10000000) %}{% endfor %}",
        "{{ 1 / 0 }}",
        "{{ why + 1 }}",
        "{{ why[7] }}",
        "{% include '../../etc/passwd' %}",
    ],
)
def test_a_template_cannot_leave_its_sandbox_and_fails_with_its_name(tmp_path, source):
    write(tmp_path, "link_ended", HEAD + source)
    texts, problems = load_texts([tmp_path], "en")
    assert problems == []
    with pytest.raises(TextBroken, match=r"text link_ended \(en\)"):
        texts.render("link_ended", why=[1])


def test_a_text_is_cut_at_its_longest(tmp_path):
    write(tmp_path, "link_ended", HEAD + "{% for i in range(90000) %}路由{% endfor %}")
    texts, _ = load_texts([tmp_path], "en")
    text = ended(texts)
    assert LONGEST_TEXT - 10 < len(text.encode()) <= LONGEST_TEXT
    assert text.endswith(("路 …", "由 …"))
