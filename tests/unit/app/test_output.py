"""What commands print where the terminal is not UTF-8."""

from __future__ import annotations

import json
from contextlib import redirect_stdout
from io import BytesIO, TextIOWrapper

from bridge.cli.output import print_json, print_table, say, take_any_text


def test_an_old_terminal_gets_question_marks_and_whole_json() -> None:
    """A quotation mark or a Chinese title ended every command in a Latin-1 locale, and the daemon's log with it."""
    raw = BytesIO()
    with redirect_stdout(TextIOWrapper(raw, encoding="latin-1", write_through=True)) as stream:
        take_any_text()
        say("“路由器” übel")
        print_table(("title",), [("路由器",)], empty="nothing")
        print_json("bridge/test/1", title="“路由器”")
        stream.flush()
        lines = raw.getvalue().decode("latin-1").split("\n", 1)
    assert lines[0] == "????? übel"
    assert json.loads(lines[1][lines[1].index("{") :])["title"] == "“路由器”"
