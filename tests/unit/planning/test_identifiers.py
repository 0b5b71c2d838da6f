"""Project identifiers: what Redmine accepts, and what people can read."""

from __future__ import annotations

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bridge.planning.identifiers import LONGEST_IDENTIFIER, LONGEST_SLUG, identifier, slug

# app/models/project.rb, Redmine 5.0 to 7.0
VALID = re.compile(r"\A(?!\d+$)[a-z0-9\-_]*\Z")
RESERVED = {"new", "autocomplete", "bulk_destroy"}


@given(st.text(max_size=300), st.text(max_size=300), st.text(max_size=80), st.integers(0, 10**18 - 1))
@example("", "", "", 0)
@example("", "new", "", 0)
@example("", "2026", "12", 7)
@example("x" * 200, "y" * 200, "z" * 200, 10**18 - 1)
def test_every_identifier_is_valid_in_redmine(prefix, title, fallback, number):
    made = identifier(prefix, title, fallback, number)
    assert VALID.match(made)
    assert 1 <= len(made) <= LONGEST_IDENTIFIER
    assert made not in RESERVED
    assert made.endswith(f"-{number}")
    assert "--" not in made


@given(st.text(max_size=100), st.integers(0, 10**6), st.integers(0, 10**6))
def test_numbers_keep_identifiers_apart(title, one, other):
    assert (identifier("p", title, "r", one) == identifier("p", title, "r", other)) == (one == other)


@given(st.text(max_size=300), st.integers(1, 60))
def test_a_slug_is_short_and_made_again_stays_the_same(text, longest):
    made = slug(text, longest)
    assert re.fullmatch(r"([a-z0-9]+(-[a-z0-9]+)*)?", made)
    assert len(made) <= longest
    assert slug(made, longest) == made


@pytest.mark.parametrize(
    ("title", "made"),
    [
        ("Router CPU keeps alerting: Network / r1", "ops-router-cpu-keeps-alerting-network-r1-7"),
        ("Überlast am Röuter, Straße 5", "ops-uberlast-am-router-strasse-5-7"),
        ("Æther Øresund Łódź đ þing", "ops-aether-oresund-lodz-d-thing-7"),
        ("ﬁbre №5 ＣＰＵ", "ops-fibre-no5-cpu-7"),  # noqa: RUF001 - full width and ligatures are the point
        ("İstanbul ısı", "ops-istanbul-isi-7"),  # noqa: RUF001 - Turkish letters are the point
        ("路由器反复告警", "ops-router-cpu-7"),
        ("路由器 CPU 告警", "ops-router-cpu-7"),
        ("Switch CPU 告警", "ops-switch-cpu-7"),
        ("!!!", "ops-router-cpu-7"),
        ("", "ops-router-cpu-7"),
    ],
)
def test_titles_are_folded_and_chinese_ones_fall_back_to_the_rule(title, made):
    assert identifier("ops", title, "router-cpu", 7) == made


def test_a_long_title_is_cut_at_a_word_and_one_long_word_in_the_middle():
    assert slug("the quick brown fox jumps over the lazy dog and on") == "the-quick-brown-fox-jumps-over-the-lazy"
    assert slug("x" * 100) == "x" * LONGEST_SLUG
    assert slug("a " + "x" * 100) == "a-" + "x" * (LONGEST_SLUG - 2)


def test_a_fallback_in_another_script_still_gives_a_name():
    assert identifier("", "路由器", "规则", 3) == "project-3"


@pytest.mark.parametrize("number", [-1, 10**18])
def test_numbers_out_of_range_are_refused(number):
    with pytest.raises(ValueError, match="cannot be part of a project identifier"):
        identifier("ops", "x", "y", number)
