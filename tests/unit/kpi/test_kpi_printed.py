"""`kpi report` for people: what is printed of long tables, of counts, and of what has nothing to measure."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from tests.unit.kpi.test_kpi_command import example, log, run


@pytest.fixture
def printed(tmp_path: Path) -> str:
    """The report on the made-up log, of which the report tells 31 days."""
    log(tmp_path / "log.csv")
    done = run(example(tmp_path, "open-remove"), "--history", str(tmp_path / "log.csv"))
    assert done.exit_code == 0, done.output
    return done.stdout


def test_of_many_days_the_newest_are_printed(printed: str) -> None:
    days = printed.split("\ndays ", 1)[1].split("\n\n", maxsplit=1)[0]
    assert days.startswith("(the last 20 of 31)")
    assert re.findall(r"^2026-\d\d-\d\d", days, re.MULTILINE)[-1] == "2026-04-16"
    assert "2026-03-02" not in days


def test_counts_are_whole_numbers(printed: str) -> None:
    (backlog,) = re.findall(r"^backlog +(\S+) +incidents", printed, re.MULTILINE)
    assert backlog == "1"
    assert re.search(r"^MTTR raw +\d+\.\d{3} +h", printed, re.MULTILINE)


def test_figures_of_nothing_are_one_line(printed: str) -> None:
    assert re.search(r"^Nothing to measure: SLA response, SLA response adjusted, .*\.$", printed, re.MULTILINE)
    assert not re.search(r"^SLA response adjusted ", printed, re.MULTILINE)
