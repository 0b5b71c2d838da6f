"""The form of a candidate: read from and written into the text of an issue, compared with it field by field."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.directory.directory import Directory, Person, Team
from bridge.model.project import Issue
from bridge.model.promotion import Promotion, PromotionState
from bridge.usecases.candidates.form import LABELS, label, lacking, read_form, write_form
from bridge.usecases.candidates.sync import UNASSIGNED, compare, issue_form, own_form

AT = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
TEXT = """Shall this become a project?

*Objective:*
*Template:* network-problem
*Business impact:* 3 callers
wait since Monday

What people wrote below.

[bridge test · candidate 1]"""
WORDS = st.text("abc defghXYZ äöü 打印 .,-()", max_size=40).map(lambda text: " ".join(text.split()))


def directory() -> Directory:
    people = [Person("jane", redmine_id=6), Person("ben", redmine_id=7), Person("mia")]
    return Directory(people, [Team("network", members=("ben",), lead="jane")])


def promotion(**values: object) -> Promotion:
    usual = {
        "id": 1,
        "rule_id": "router-cpu",
        "rule_version": "1",
        "source": "",
        "group_key": "k",
        "label": "core-1",
        "name": "Routers",
        "state": PromotionState.CANDIDATE,
        "reason": "5 incidents",
        "created_at": AT,
    }
    return Promotion(**{**usual, **values})  # type: ignore[arg-type]  # values of many types by name


def issue(**values: object) -> Issue:
    usual = {
        "id": 3,
        "project_id": 2,
        "subject": "Routers",
        "description": TEXT,
        "status": "New",
        "closed": False,
        "updated_at": AT,
        "url": "",
    }
    return Issue(**{**usual, **values})  # type: ignore[arg-type]  # values of many types by name


def test_the_form_is_read_from_lines_of_its_own() -> None:
    """Empty lines end a value; what people write elsewhere is none."""
    found = {"objective": "", "template": "network-problem", "impact": "3 callers wait since Monday"}
    assert read_form(TEXT) == found


@pytest.mark.parametrize(
    "line", ["Objective: quick mail", "*Objective:* quick mail", "  objective : quick mail", "目标\uff1aquick mail"]
)
def test_people_may_write_the_label_as_they_like(line: str) -> None:
    """Plain, in bold, in either language."""
    assert read_form(f"Hello\n\n{line}\n\nObjectively: no")["objective"] == "quick mail"


def test_writing_keeps_what_people_wrote() -> None:
    """Only the value changes; what stood on the following line of it goes, too."""
    text = write_form(TEXT, {"objective": "quiet routers", "impact": "none"}, "en")
    assert read_form(text) == {"objective": "quiet routers", "template": "network-problem", "impact": "none"}
    assert "wait since Monday" not in text
    assert "What people wrote below." in text
    assert text.endswith("[bridge test · candidate 1]")


def test_a_field_that_is_not_there_yet_is_added() -> None:
    """Below the last one, or on top of a text without any."""
    assert write_form("Mail is slow.", {"objective": "quick"}, "en") == "*Objective:* quick\n\nMail is slow."
    assert read_form(write_form("Template: x\n\nMore", {"objective": "quick"}, "zh")) == {
        "template": "x",
        "objective": "quick",
    }


@given(
    st.dictionaries(st.sampled_from(sorted(LABELS)), WORDS), st.lists(WORDS, max_size=5), st.sampled_from(["en", "zh"])
)
def test_what_is_written_is_read_again(values: dict[str, str], lines: list[str], language: str) -> None:
    """Whatever the text was; and writing it twice changes nothing more."""
    text = write_form("\n".join(lines), values, language)
    assert {name: read_form(text)[name] for name in values} == values
    assert write_form(text, values, language) == text


def test_labels_follow_the_language() -> None:
    """With a region, too; unknown ones are English."""
    assert (label("objective", "zh-CN"), label("objective", "fr")) == ("目标", "Objective")


def test_owner_and_objective_are_needed_and_a_template_where_no_rule_names_one() -> None:
    """A rule's candidate falls back to the rule's template."""
    assert lacking(promotion()) == ["owner", "objective"]
    assert lacking(promotion(owner="jane", objective="x")) == []
    assert lacking(promotion(rule_id="", owner="jane", objective="x")) == ["template"]


def test_an_issue_shows_owner_and_due_date() -> None:
    """A user whom the directory does not know is told apart from nobody."""
    assert issue_form(directory(), issue(assignee_id=6, due=date(2026, 5, 1)))["owner"] == "jane"
    assert issue_form(directory(), issue(assignee_id=99))["owner"] == "#99"
    assert issue_form(directory(), issue())["owner"] == ""
    assert issue_form(directory(), issue(due=date(2026, 5, 1)))["due"] == "2026-05-01"


def test_each_side_gets_what_the_other_changed() -> None:
    """What both changed is the issue's; what neither changed is left alone."""
    base = {"owner": "jane", "objective": "", "due": "", "template": "a", "impact": "x"}
    theirs = {**base, "objective": "theirs", "due": "2026-05-01"}
    ours = {**base, "objective": "ours", "template": "b"}
    found = compare(base, theirs, ours)
    assert found.take == {"objective": "theirs", "due": "2026-05-01"}
    assert found.put == {"template": "b"}
    assert compare(base, base, base) == compare(theirs, theirs, theirs)


def test_a_team_is_shown_by_who_stands_for_it_and_a_stranger_keeps_the_issue() -> None:
    """Nobody is taken off an issue because the directory does not know them; what Redmine refused is not repeated."""
    assert own_form(directory(), promotion(owner="network"), {})["owner"] == "jane"
    assert own_form(directory(), promotion(), {"owner": "#99"})["owner"] == "#99"
    refused = {"owner": "", UNASSIGNED: "ben"}
    assert own_form(directory(), promotion(owner="ben"), refused)["owner"] == ""
    assert own_form(directory(), promotion(), {"impact": "3 callers"})["impact"] == "3 callers"
