"""Every message about rules, windows, masks and cases has a broken file that shows it."""

from __future__ import annotations

import re

from tests.unit.broken.messages import ROOT, messages

EXPECT = "# expect: "
ELSEWHERE = {
    "does not compile: .*": "patterns that only other versions of Python refuse",
    "needs a library that is not installed": "tests/unit/rules/test_rule_similar.py, without the library",
    "cannot be read: the Python packages .*": "tests/unit/rules/test_rule_windows.py, without the packages",
    "is larger than .* MiB": "tests/unit/rules/test_rule_windows.py: too large for a file here",
    "has more than .* events": "too large for a file here",
    ".* is not active; .*": "a warning that needs a directory, tests/unit/settings/test_all_at_once.py",
    "has an event that cannot be understood: .*": "a net below a library, tests/unit/rules/test_rule_windows.py",
}
"""What no file can show, and why."""


def test_every_message_has_a_broken_file() -> None:
    """Else add one to tests/unit/broken: what is expected is the message itself."""
    files = (ROOT / "tests" / "unit" / "broken").rglob("*.yaml")
    shown = [line for path in files for line in path.read_text().splitlines() if line.startswith(EXPECT)]
    found = dict.fromkeys(messages("rules/*.py"))
    assert len(found) > 100, "they are no longer found in the source"
    missing = [(where, text) for where, text in found if not any(re.search(text, line) for line in shown)]
    assert [one for one in missing if not any(re.fullmatch(known, plain(one[1])) for known in ELSEWHERE)] == []


def plain(pattern: str) -> str:
    """A pattern of `messages` without what escapes it."""
    return re.sub(r"\\(.)", r"\1", pattern)
