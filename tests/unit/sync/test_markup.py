"""Notes from one markup to another: nothing lost, nothing that acts."""

from __future__ import annotations

import re
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bridge.sync.markup import Markup, MarkupMissing, missing, quoted_as

TEXTILE = (
    'Hello "q" ABC -- "link":http://a.b/c?d=1&e=2 @co_de@ *bold* @jane #12\n* a\n* b\n** c\n\n|_. A|_. B|\n|1|2|\n\n'
    '<pre>\ncode <b> "x" @jane\n  two\n</pre>\n\n没有问题 [[Wiki]] {{toc}} !http://x/y.png!'
)
MARKDOWN = (
    "Hello **bold** `co_de` [link](http://a.b/c?d=1&e=2) @jane #12 {{toc}}\n\n- a\n- b\n  - c\n\n"
    '| A | B |\n|---|---|\n| 1 | 2 |\n\n```\ncode <b> "x" @jane\n  two\n```\n没有问题'
)
HTML = (
    '<p>Hello <b>bold</b> <code>co_de</code> <a href="http://a.b/c?d=1&amp;e=2">link</a> @jane #12 {{toc}}</p>'
    "<ul><li>a<li>b<ul><li>c</ul></ul><table><tr><th>A<th>B</tr><tr><td>1<td>2</tr></table>"
    '<pre>code &lt;b&gt; "x" @jane\n  two</pre><script>alert(1)</script>没有问题'
)
WRITTEN = {Markup.TEXTILE: TEXTILE, Markup.MARKDOWN: MARKDOWN, Markup.HTML: HTML}


@pytest.mark.parametrize("source", WRITTEN)
def test_what_a_person_wrote_is_readable_as_plain_text(source: Markup) -> None:
    """Lists, tables, code, links and Chinese, whatever it was written in."""
    text = quoted_as(WRITTEN[source], source, Markup.PLAIN)
    assert "> - a\n> - b\n>   - c" in text
    assert "> A | B\n> 1 | 2" in text
    assert '> code <b> "x" @jane\n>   two' in text
    assert "link <http://a.b/c?d=1&e=2>" in text
    assert "co_de" in text
    assert "没有问题" in text
    assert "alert" not in text
    assert all(line.startswith(">") for line in text.split("\n"))


@pytest.mark.parametrize("source", WRITTEN)
def test_in_textile_the_markup_is_redmines_and_nothing_else_acts(source: Markup) -> None:
    text = quoted_as(WRITTEN[source], source, Markup.TEXTILE)
    assert "> * a\n> * b\n> ** c" in text
    assert "> |_. A|_. B|\n> |1|2|" in text
    assert '\n<pre>\ncode <b> "x" @jane\n  two\n</pre>' in text
    assert '"link":http://a.b/c?d=1&e=2' in text
    assert "*bold*" in text
    assert "<code>co_de</code>" in text
    outside = text.partition("<pre>")[0] + text.partition("</pre>")[2]
    assert "&#64;jane" in outside
    assert "@jane" not in outside
    assert "&#35;12" in outside
    assert "{{" not in outside
    assert "[[" not in outside
    assert "没有问题" in outside


@pytest.mark.parametrize("source", WRITTEN)
def test_in_markdown_the_markup_is_markdowns_and_nothing_else_acts(source: Markup) -> None:
    text = quoted_as(WRITTEN[source], source, Markup.MARKDOWN)
    assert "> - a\n> - b\n>   - c" in text
    assert "> | A | B |\n> | --- | --- |\n> | 1 | 2 |" in text or "> | A | B |\n> | 1 | 2 |" in text
    assert '> ```\n> code <b> "x" @jane\n>   two\n> ```' in text
    assert "[link](http://a.b/c?d=1&e=2)" in text
    assert "**bold**" in text
    assert "&#64;jane" in text
    assert "{{" not in text


@pytest.mark.parametrize("target", [Markup.TEXTILE, Markup.MARKDOWN])
def test_code_survives_there_and_back(target: Markup) -> None:
    """A block of code comes back letter for letter, whichever markup it went through."""
    code = 'if (a < b && "c") {\n    print("没有 %d", x_y);  # *no*\n}'
    there = quoted_as(f"<pre>{code.replace('&', '&amp;').replace('<', '&lt;')}</pre>", Markup.HTML, target)
    bare = "\n".join(line.removeprefix("> ").removeprefix(">") for line in there.split("\n"))
    back = quoted_as(bare, target, Markup.PLAIN)
    assert "\n".join(line.removeprefix("> ") for line in back.split("\n")) == code


def test_text_cannot_leave_its_block_of_code() -> None:
    text = quoted_as("<pre>a &lt;/pre&gt; @jane {{toc}}</pre>", Markup.HTML, Markup.TEXTILE)
    assert text.count("</pre>") == 1
    assert text.endswith("</pre>")


def test_an_address_that_is_no_web_address_is_no_link() -> None:
    text = quoted_as('<a href="javascript:alert(1)">press</a>', Markup.HTML, Markup.TEXTILE)
    assert text == "> press"


def test_what_follows_a_link_is_no_part_of_it() -> None:
    text = quoted_as(
        '<a href="http://a.b/c">here</a>后, <a href="http://a.b/d">there</a>.', Markup.HTML, Markup.TEXTILE
    )
    assert text == '> "here":http://a.b/c 后, "there":http://a.b/d.'


def test_plain_text_stays_as_it_was_written() -> None:
    assert quoted_as("* no list\n@jane", Markup.PLAIN, Markup.PLAIN) == "> * no list\n> @jane"
    assert quoted_as("* no list\n@jane", Markup.PLAIN, Markup.TEXTILE) == "> &#42; no list\n> &#64;jane"


def test_nothing_is_a_quotation_of_nothing() -> None:
    assert quoted_as("<p> </p>", Markup.HTML, Markup.TEXTILE) == ">"


def test_a_missing_library_is_named_with_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    """As on an installation without the extra."""
    monkeypatch.setitem(sys.modules, "textile", None)
    with pytest.raises(MarkupMissing) as raised:
        quoted_as("*a*", Markup.TEXTILE, Markup.PLAIN)
    assert raised.value.code == "RB-1221"
    assert "redmine-itsm-bridge[markup]" in raised.value.advice


def test_the_extra_is_installed_here() -> None:
    assert missing(Markup.TEXTILE, Markup.PLAIN) == missing(Markup.HTML, Markup.MARKDOWN) == ()


MENTION = re.compile(r"(?:^|[^A-Za-z0-9_])@jane", re.MULTILINE)
"""As Redmine 5.0.4 finds one (MENTION_PATTERN in acts/mentionable.rb): an address like a@jane is none."""
CODE = re.compile(r"(?s)<pre>.*?</pre>|<code>[^\n]*?</code>")
"""In it Redmine runs no macro and makes no link."""
PIECES = st.sampled_from(
    [
        "@jane ",
        "{{toc}}",
        "[[W]]",
        "#12 ",
        "*b* ",
        "_",
        "\n",
        "\n\n",
        "* ",
        "|",
        "> ",
        "<pre>",
        "</pre>",
        "<b>",
        "```",
        "没 ",
        "a",
        '"x":http://a/b ',
    ]
)


@given(st.lists(PIECES, max_size=25).map("".join), st.sampled_from([*WRITTEN]))
@settings(max_examples=60)
def test_nothing_breaks_and_no_macro_or_mention_gets_through(text: str, source: Markup) -> None:
    """Whatever is written, in whatever it is read as."""
    for target in (Markup.TEXTILE, Markup.MARKDOWN, Markup.PLAIN):
        written = quoted_as(text, source, target)
        assert written
        if target is Markup.TEXTILE:
            outside = CODE.sub("", written)
            assert "{{" not in outside
            assert "[[" not in outside
            assert not MENTION.search(re.sub(r"(?s)<pre>.*?</pre>", "", written))


@pytest.mark.parametrize(
    ("text", "source", "shown"),
    [
        ("@jane @jane ", Markup.TEXTILE, "> <code>jane</code>jane"),
        ("a <code>jane</code>doe", Markup.HTML, "> a <code>jane</code>doe"),
        ("a <code>jane</code>, b", Markup.HTML, "> a <code>jane</code>, b"),
        ("a `{{toc}}`", Markup.MARKDOWN, "> a <code>{{toc}}</code>"),
        ("a `@jane`", Markup.MARKDOWN, "> a &#64;jane"),
    ],
)
def test_code_within_a_line_is_code_and_no_mention(text: str, source: Markup, shown: str) -> None:
    written = quoted_as(text, source, Markup.TEXTILE)
    assert written == shown
    assert not MENTION.search(written)


FENCED = re.compile(r"(~~~|```)(.*?)(~~~|```)", re.DOTALL)
"""What Redmine 5.0.4 leaves out before it looks for mentions, where texts are CommonMark."""
FENCE = re.compile(r"^(?:>[ ]?)*[ ]{0,3}(`{3,}|~{3,})", re.MULTILINE)


@pytest.mark.parametrize(
    ("text", "source"),
    [
        ('see <a href="https://social.example/@jane">her page</a> now', Markup.HTML),
        ("see [her page](https://social.example/@jane) now", Markup.MARKDOWN),
        ("see <https://social.example/@jane> now", Markup.MARKDOWN),
        ("call `@jane` now", Markup.MARKDOWN),
        ("<table><tr><td><code>@jane</code></td></tr></table>", Markup.HTML),
        ("```\n~~~\n@jane\n```", Markup.MARKDOWN),
        ("~~~\n```\n@jane {{toc}}\n~~~", Markup.MARKDOWN),
        ("<p>a ~~~ b</p><pre>@jane</pre>", Markup.HTML),
        ("<p>a `` <i>` b</i></p><pre>@jane</pre>", Markup.HTML),
        ("<p>``<code>`</code></p><pre>@jane</pre>", Markup.HTML),
        ("a `` ``` `` b\n\n~~~\n@jane\n~~~", Markup.MARKDOWN),
    ],
)
@pytest.mark.parametrize("target", [Markup.TEXTILE, Markup.MARKDOWN])
def test_no_mention_hides_in_addresses_and_code(text: str, source: Markup, target: Markup) -> None:
    """A mention sends mail: Redmine looks for it in addresses and in code within a line, too."""
    written = quoted_as(text, source, target)
    seen = FENCED.sub("", written) if target is Markup.MARKDOWN else re.sub(r"(?s)<pre>.*?</pre>", "", written)
    assert not MENTION.search(seen), written
    if target is Markup.MARKDOWN:
        assert len(FENCE.findall(written)) in {0, 2}, written


@pytest.mark.parametrize(
    "text", ["{<b></b>{toc}}", "[<i></i>[Wiki]]", "see #<b></b>12", "!<i></i>http://x.example/y.png!"]
)
@pytest.mark.parametrize("target", [Markup.TEXTILE, Markup.MARKDOWN])
def test_nothing_acts_that_only_comes_together_by_leaving_out_tags(text: str, target: Markup) -> None:
    written = quoted_as(text, Markup.HTML, target)
    assert not re.search(r"\{\{|\[\[|#12|(?<!\w)!h", written), written


@pytest.mark.parametrize("target", [Markup.TEXTILE, Markup.MARKDOWN])
def test_a_long_block_of_code_is_shortened_within_and_closed(target: Markup) -> None:
    """Texts are cut at 60,000 bytes: a block that nothing closes is searched for mentions, and swallows the rest."""
    written = quoted_as(f"<pre>@jane {'没' * 20_000}</pre>", Markup.HTML, target)
    assert 50_000 < len(written.encode()) < 58_000
    assert written.endswith("…\n</pre>" if target is Markup.TEXTILE else "…\n> ```")
