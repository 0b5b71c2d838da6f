"""What people filled in on a knowledge page."""

from __future__ import annotations

import pytest

from bridge.planning.knowledge import Knowledge, filled

OWN = "<notextile bridge-begin-knowledge></notextile>\n\n{}\n\n<notextile bridge-end-knowledge></notextile>"
EMPTY = "h2. Cause\n\nh2. Workaround\n\nh2. Permanent fix\n\nh2. Rollback\n\nh2. Lessons\n"


def test_a_page_as_the_bridge_begins_it_says_nothing() -> None:
    assert filled(f"{OWN.format('h2. Cause')}\n\n{EMPTY}").missing == (
        "cause",
        "workaround",
        "fix",
        "rollback",
        "lessons",
    )


def test_what_people_wrote_is_told_by_its_heading() -> None:
    page = (
        "h2. Root cause\n\nFirmware leak.\n\nh3. Proof\n\nHeap.\n\nh2. Solution:\n\n14.2\n\nh2. Lessons learned\nAsk."
    )
    found = filled(page)
    assert found == Knowledge(cause="Firmware leak.\n\nh3. Proof\n\nHeap.", fix="14.2", lessons="Ask.")
    assert found.missing == ("workaround", "rollback")


def test_markdown_and_chinese() -> None:
    assert filled("## 原因\n内存泄漏\n\n## 永久修复\n升级") == Knowledge(cause="内存泄漏", fix="升级")


@pytest.mark.parametrize("text", ["TBD", "*tbd*", "...", "_To be done_", "待定", "-", "todo?"])
def test_a_word_that_says_nothing_is_not_filled_in(text: str) -> None:
    assert filled(f"h2. Cause\n\n{text}\n\nh2. Permanent fix\n\nx") == Knowledge(fix="x")


def test_what_the_bridge_wrote_itself_does_not_count() -> None:
    own = OWN.format("h2. Cause\n\nGenerated.")
    page = f"h2. Lessons\n\nMine.\n\n{own}\n\nh2. Rollback\n\nBack to 14.1"
    assert filled(page) == Knowledge(lessons="Mine.", rollback="Back to 14.1")
