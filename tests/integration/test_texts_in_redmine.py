"""Foreign text in a real Redmine: shown as it was written, and nothing in it acts."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from urllib.parse import unquote

import pytest
import requests
from tests.servers.redmine import RedmineServer
from tests.unit.texts.sample import values

from bridge.quoting import cell, plain, quoted_plain
from bridge.sync.markup import Markup, quoted_as
from bridge.texts import load_texts

HOSTILE = [
    "{{include(Wiki)}} and {{collapse(show)\nx\n}}",
    "!http://example.com/track.png! and !{width:1px}http://example.com/b.png!:http://example.com",
    '"Sign in":http://example.com/phish and "x":mailto:a@example.com',
    "<script>alert(1)</script> <pre>kept</pre> <notextile><b>x</b></notextile> <!-- gone? -->",
    "See #1, (#1), ##1, #1#note-2 and !#1",
    "[[Wiki]] and ![[Wiki]]",
    "h1. Big\n\nbq. said\n\np{color:red}. red\n\nfn1. foot",
    "| a | b |\n|c|d|",
    "&lt;b&gt; &amp; &#33; 5 & 6 < 7",
    "[text](http://example.com/md) and ![img](http://example.com/md.png)",
    "price 5 | 6 || 7!",
    "CPU(95%) and RAM(2 GB) on SRV01(Berlin)",
    "rm *.log and *.tmp, **all** of it, 2*3*4",
    "# apt install x\n# reboot\n## not twice\n* one\n** two",
    "foo_bar_ and _baz_, a -deleted- b, -v -x --help, +ins+, ??cite??, x @code@ y",
    "H~2~O ^up^ %{color:red}red% 5% of 7% __init__",
    "above\n\n----\n\nbelow\n***\n___",
    "see[1] and [2]",
    "==raw== and [alias]http://example.com/alias",
    "table{color:red}.\n|x|",
    "bc. code\n\nbq.. long\n\nmore",
    "  indented\n    code\n\ttab",
    "http://example.com/a|b?c=1&d=2&lt;3 and <http://example.com/e> and (www.example.com/{{f}})",
    "user:jane commit:abc123 r123 source:foo attachment:x.png project:operations",
]


class Page(HTMLParser):
    """The text, tags and link targets of a rendered description."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.text, self.tags, self.links = "", [], []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        if tag == "a":
            self.links.append(dict(attrs).get("href") or "")
        if tag == "br":
            self.text += "\n"

    def handle_data(self, data: str) -> None:
        self.text += data


@pytest.fixture
def browser(redmine: RedmineServer) -> requests.Session:
    """Jane, signed in with her password."""
    session = requests.Session()
    page = session.get(f"{redmine.url}/login", timeout=30).text
    token = re.search(r'name="authenticity_token" value="([^"]+)"', page)
    assert token is not None
    form = {"username": "jane", "password": "secret-pass-1", "authenticity_token": token[1]}
    answer = session.post(f"{redmine.url}/login", form, timeout=30)
    assert "Sign out" in answer.text
    return session


def rendered(redmine: RedmineServer, browser: requests.Session, description: str) -> Page:
    """The description of a new issue as a person sees it."""
    bridge = redmine.as_user("itsm-sync")
    fields = {"project_id": redmine.parent_project_id, "subject": "texts", "description": description}
    number = bridge.ok("POST", "/issues.json", {"issue": fields})["issue"]["id"]
    html = browser.get(f"{redmine.url}/issues/{number}", timeout=30).text
    found = re.search(r'<div class="description">.*?<div class="wiki">(.*?)</div>\s*</div>', html, re.DOTALL)
    assert found is not None, html
    return Page(found[1])


def squeezed(text: str) -> str:
    """Without what typography changes: white space, quotes, dashes, dots; percent signs in addresses decoded."""
    return re.sub(r"[\s“”\"‘’'…–—.>]", "", unquote(text))  # noqa: RUF001 - what Textile makes of quotes and dashes


@pytest.mark.parametrize("text", HOSTILE)
def test_foreign_text_is_shown_as_written_and_does_nothing(
    redmine: RedmineServer, browser: requests.Session, text: str
) -> None:
    for made in (plain(text), quoted_plain(text)):
        page = rendered(redmine, browser, f"Somebody wrote:\n\n{made}\n\nThe end.")
        assert set(page.tags) <= {"p", "br", "a", "blockquote"}
        addresses = re.findall(r"(?:https?://|www\.)[^\s!()\"\]]+|a@example\.com", text)
        links = {squeezed(re.sub(r"^mailto:|^http://(?=www)", "", link)) for link in page.links}
        assert links <= {squeezed(one) for one in addresses}, "only bare addresses are links"
        assert squeezed(page.text) == squeezed(f"Somebody wrote: {text} The end.")


def test_a_cell_holds_any_text(redmine: RedmineServer, browser: requests.Session) -> None:
    rows = "\n".join(f"| {cell(number)} | {cell(text)} | end |" for number, text in enumerate(HOSTILE))
    page = rendered(redmine, browser, f"|_. A |_. B |_. C |\n{rows}\n\nAfter.")
    assert page.tags.count("table") == 1
    assert page.tags.count("th") == 3
    assert page.tags.count("td") == 3 * len(HOSTILE)
    assert "img" not in page.tags
    for text in HOSTILE:
        assert squeezed(text) in squeezed(page.text)


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_shipped_texts_are_set_as_meant(redmine: RedmineServer, browser: requests.Session, language: str) -> None:
    texts, _ = load_texts([], language)
    cells = {"root_issue": (6, 18), "evidence_page": (6, 18), "conflict_note": (3, 3), "incident_issue": (0, 16)}
    for name in (*cells, "project_description", "root_rejected_question", "task_description", "note_from_incident"):
        page = rendered(redmine, browser, texts.render(name, **values()[name]))
        heads, fields = cells.get(name, (0, 0))
        assert (page.tags.count("th"), page.tags.count("td")) == (heads, fields), name
        assert not {"img", "pre", "b", "h1"} & set(page.tags), name
        assert "strong" in page.tags or name not in {"root_issue", "evidence_page", "project_description"}
        assert not re.search(r"&#\d+;|&amp;|\|_\.|\*\w", page.text), name


def test_code_within_a_line_is_shown_as_code(redmine: RedmineServer, browser: requests.Session) -> None:
    code = ("{{toc}}", "[[Wiki]]", "mia", "#1", "*b*")
    note = "看 " + ", ".join(f"<code>{one}</code>" for one in code) + "a<code>c</code>d"
    page = rendered(redmine, browser, quoted_as(note, Markup.HTML, Markup.TEXTILE))
    assert page.tags == ["blockquote", "p", *["code"] * 6]
    assert squeezed(page.text) == squeezed("看 {{toc}}, [[Wiki]], mia, #1, *b*acd")


def test_a_quoted_mention_mails_nobody(mail_redmine: RedmineServer) -> None:
    bridge = mail_redmine.as_user("itsm-sync")
    fields = {"project_id": mail_redmine.parent_project_id, "subject": "mentions"}
    issue = bridge.ok("POST", "/issues.json", {"issue": fields})["issue"]["id"]
    before = len(mail_redmine.mails())
    text = "@mia and 中@mia and (@mia) and _@mia_ and http://example.com/@mia\n> @mia"
    bridge.ok("PUT", f"/issues/{issue}.json", {"issue": {"notes": f"ben wrote:\n\n{quoted_plain(text)}"}})
    code = quoted_as("<code>mia</code>, <code>mia</code>. (<code>mia</code>)", Markup.HTML, Markup.TEXTILE)
    bridge.ok("PUT", f"/issues/{issue}.json", {"issue": {"notes": code}})
    assert len(mail_redmine.mails()) == before
    bridge.ok("PUT", f"/issues/{issue}.json", {"issue": {"notes": "hello @mia"}})
    assert len(mail_redmine.mails()) == before + 1, "the bare mention does mail: the test can fail"
