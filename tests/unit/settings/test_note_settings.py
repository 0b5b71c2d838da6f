"""What the settings may say about notes and about the slow comparison."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from bridge.settings.notes import BroadcastSettings, DriftSettings, NoteSettings
from bridge.sync.markup import Markup


def test_without_a_word_notes_are_converted_to_plain_text() -> None:
    policy = NoteSettings().policy("textile")
    assert policy.convert
    assert policy.tracker is Markup.TEXTILE
    assert policy.of("rt") is Markup.PLAIN
    assert NoteSettings().policy("common_mark").tracker is Markup.MARKDOWN


def test_a_source_that_is_not_there_is_told_with_those_that_are() -> None:
    ((place, what, advice), severity), *more = NoteSettings(sources={"jira": "markdown"}).problems(["rt"], "textile")
    assert not more
    assert place == ("notes", "sources", "jira")
    assert "no such source" in what
    assert "rt" in advice
    assert severity == "error"


def test_two_equal_marks_are_refused() -> None:
    with pytest.raises(ValidationError, match="the same"):
        BroadcastSettings(mark="!All", public_mark="!all")


def test_the_comparison_looks_at_twenty_links_a_minute() -> None:
    assert DriftSettings().every_seconds == 60
    assert DriftSettings().policy().links == 20
