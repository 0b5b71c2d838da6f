"""One broken rule file for each message. The first lines of a file say what is expected of it."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from bridge.calendar.business import default_calendar
from bridge.model.incident import Capability
from bridge.rules.loader import KnownNames, load_rules
from bridge.rules.windows import Window

FILES = sorted((Path(__file__).parent / "rules").glob("*.yaml"))
NAMES = KnownNames(
    templates={"network-problem": ("engineer",)},
    people={"jane", "ben", "network-team"},
    sources={
        "rt": frozenset({Capability.LINK, Capability.PRIVATE_NOTE, Capability.RESOLVE}),
        "history": frozenset(),
    },
    calendars={"office": default_calendar()},
    windows={"patch-night": Window("patch-night", lambda _: False)},
    now=datetime(2026, 10, 15, tzinfo=UTC),
)
WARNED = ("trap_", "doubt_")
EXPECT = "# expect: "


def test_there_are_broken_files() -> None:
    assert len(FILES) > 70


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_broken_rule_file_is_told_with_what_would_be_right(path: Path) -> None:
    expected = [line.removeprefix(EXPECT) for line in path.read_text().splitlines() if line.startswith(EXPECT)]
    rules, problems = load_rules([path], NAMES)
    assert [str(problem).replace(f"{path}:", "") for problem in problems] == expected
    is_warned = path.stem.startswith(WARNED)
    assert (rules is not None) == is_warned
    assert {problem.severity for problem in problems} == {"warning" if is_warned else "error"}
