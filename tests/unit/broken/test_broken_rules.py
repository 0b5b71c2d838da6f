"""One broken rule file for each message. The first lines of a file say what is expected of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from pydantic import SecretStr

from bridge.calendar.business import default_calendar
from bridge.model.fills import Fills
from bridge.model.incident import Capability, State
from bridge.rules.loader import KnownNames, load_rules
from bridge.rules.sla import SlaTargets
from bridge.rules.windows import Window
from bridge.sources.rt.options import RtOptions

FILES = sorted((Path(__file__).parent / "rules").glob("*.yaml"))
NAMES = KnownNames(
    templates={"network-problem": ("engineer",), "change": ()},
    opening_changes=frozenset({"change"}),
    people={"jane", "ben", "network-team"},
    sources={
        "rt": frozenset({Capability.LINK, Capability.PRIVATE_NOTE, Capability.RESOLVE}),
        "history": frozenset(),
    },
    calendars={"office": default_calendar()},
    windows={"patch-night": Window("patch-night", lambda _: False)},
    now=datetime(2026, 10, 15, tzinfo=UTC),
)
NARROW = replace(
    NAMES,
    fills={
        "rt": RtOptions(url="https://rt.example.com", token=SecretStr("x")).fills(),
        "history": Fills(frozenset({"summary", "service"}), frozenset({"Vendor"}), frozenset({State.CLOSED})),
    },
    sla=SlaTargets(response={1: timedelta(hours=1)}),
)
"""For the files about what sources do not tell."""
WARNED = ("trap_", "doubt_")
EXPECT = "# expect: "


def test_there_are_broken_files() -> None:
    assert len(FILES) > 70


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_broken_rule_file_is_told_with_what_would_be_right(path: Path) -> None:
    expected = [line.removeprefix(EXPECT) for line in path.read_text().splitlines() if line.startswith(EXPECT)]
    rules, problems = load_rules([path], NARROW if "unfilled" in path.stem else NAMES)
    assert [str(problem).replace(f"{path}:", "") for problem in problems] == expected
    is_warned = path.stem.startswith(WARNED)
    assert (rules is not None) == is_warned
    assert {problem.severity for problem in problems} == {"warning" if is_warned else "error"}
