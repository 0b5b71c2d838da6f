"""Message codes: each means one thing, and docs/codes.md tells what."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).parents[3]
GIVEN = re.compile(r'= "(RB-\d{4})"')
TOLD = re.compile(r"^\| (RB-\d{4}) \|", re.MULTILINE)


def test_each_code_is_given_once_and_documented() -> None:
    given = Counter(code for path in (ROOT / "src").rglob("*.py") for code in GIVEN.findall(path.read_text("utf-8")))
    assert [code for code, times in given.items() if times > 1] == []
    assert TOLD.findall((ROOT / "docs/codes.md").read_text("utf-8")) == sorted(given)
