"""Foreign text is shown as written and does nothing. How Redmine itself shows it: tests/integration."""

from __future__ import annotations

import html
import re
from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.quoting import address, cell, clean, day, hours, moment, plain, quoted, quoted_plain

MARKUP = st.lists(
    st.sampled_from(
        [*"*_-+^~%@?!\"':{}[]()#|<>&=`\\/ \n\tab1", "http://e.com/x", "{{x}}", "[[W]]", "h1. ", "user:", "CPU"]
    ),
    max_size=40,
).map("".join)


@pytest.mark.parametrize(
    ("text", "made"),
    [
        ("plain words, 5 of 7.", "plain words, 5 of 7."),
        ("mail bob@example.com", "mail bob@example.com"),
        ("http://e.com/a?b=1&c=2#d", "http://e.com/a?b=1&c=2#d"),
        ("{{toc}}", "&#123;{toc}}"),
        ("!http://e.com/x.png!", "&#33;http://e.com/x.png!"),
        ("done!", "done!"),
        ('"here":http://e.com', '"here&quot;:http://e.com'),
        ("[[Wiki]]", "&#91;[Wiki]]"),
        ("@jane, hi", "&#64;jane, hi"),
        ("see #12", "see &#35;12"),
        ("<pre>x", "&lt;pre>x"),
        ("a & b &lt;", "a &amp; b &amp;lt;"),
        ("*bold* 2*3", "&#42;bold* 2*3"),
        ("-v and --all", "-v and --all"),
        ("CPU(95%)", "CPU&#40;95%)"),
        ("# apt\n* x", "&#35; apt\n&#42; x"),
        ("  at main()", "at main()"),
        ("x\n  at main()", "x\n\u00a0\u00a0at main()"),
        ("h1. Big", "h1&#46; Big"),
        ("user:jane", "user&#58;jane"),
        ("http://e.com/{{x}}?[[y]]&", "http://e.com/%7B{x}}?%5B[y]]%26"),
    ],
)
def test_only_what_acts_is_written_as_a_reference(text, made):
    assert plain(text) == made


@given(MARKUP | st.text(max_size=200))
def test_what_is_shown_is_what_was_written(text):
    """Outside of addresses, where references are not read; indentation becomes spaces that stay."""
    if re.search(r"https?://|ftps?://|www\.", text):
        return
    shown = html.unescape(plain(text, 10_000)).replace("\u00a0", " ")
    assert shown == clean(text, 10_000).replace("\u00a0", " ").expandtabs(4) or "\t" in clean(text)


@given(MARKUP | st.text(max_size=200))
def test_nothing_active_is_left(text):
    made = plain(text)
    assert "{{" not in made
    assert "[[" not in made
    assert "<" not in made
    assert '":' not in made
    assert not re.search(r"(?:^|[^A-Za-z0-9_])@", made)
    assert not re.search(r"^(?:[|>]|[#*]+\s)", made, re.MULTILINE)


@given(MARKUP | st.text(max_size=500), st.integers(1, 60))
def test_a_cell_is_one_line_without_bars_and_never_empty(text, limit):
    made = cell(text, limit)
    assert made
    assert "|" not in made
    assert "\n" not in made
    assert len(html.unescape(made)) <= limit + 3 + 2 * made.count("%")  # %2A stands for one character


@given(st.text(max_size=300))
def test_every_line_of_a_quotation_is_marked(text):
    for made in (quoted(text), quoted_plain(text)):
        assert all(line == ">" or line.startswith("> ") for line in made.split("\n"))


def test_cleaning_drops_control_characters_and_turned_text_and_unifies_line_ends():
    assert clean("a\x00b\r\nc\rd\u2028e\u202ef\x1b[31m  \n") == "ab\nc\nd\nef[31m"
    assert clean("x" * 50, 10) == "x" * 10 + " …"
    assert clean(None) == "None"
    assert len(plain("y" * 10_000_000)) < 21_000


@pytest.mark.parametrize(
    ("url", "made"),
    [
        ("http://rt/Ticket?id=1&x=y", "http://rt/Ticket?id=1&x=y"),
        ('https://rt/a|b{{c}}[d]<e>"f', "https://rt/a%7Cb%7B%7Bc%7D%7D%5Bd%5D%3Ce%3E%22f"),
        ("https://rt/路", "https://rt/%E8%B7%AF"),
        ("http://rt/a b", "http://rt/a"),
        ("javascript:alert(1)", ""),
        ("", ""),
    ],
)
def test_an_address_stays_one_link_or_is_none(url, made):
    assert address(url) == made


def test_times_are_shown_in_utc_and_nothing_as_a_dash():
    berlin = datetime(2026, 3, 5, 1, 30, 59, tzinfo=timezone(timedelta(hours=2)))
    assert moment(berlin) == "2026-03-04 23:30 UTC"
    assert moment(None) == day(None) == hours(None) == cell("") == "\N{EN DASH}"
    assert day(date(2026, 3, 5)) == day(datetime(2026, 3, 5, tzinfo=UTC)) == "2026-03-05"
    assert [hours(number) for number in (4.0, 0.5, 1.25)] == ["4", "0.5", "1.25"]
