"""Rows of a history that cannot be read are told with place and reason, and a file of nothing else is refused."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.unit.backtest.uci import EXAMPLES
from typer.testing import CliRunner, Result

from bridge.cli.main import cli
from bridge.model.errors import ConfigurationError
from bridge.sources.file.options import FileOptions
from bridge.sources.file.unreadable import first_unreadable

HEADER = (
    "number,incident_state,opened_at,sys_updated_at,assignment_group,assigned_to,priority,impact,urgency,category,"
    "subcategory,u_symptom,cmdb_ci,location,caller_id,problem_id,reopen_count,reassignment_count,made_sla,"
    "contact_type,knowledge,rfc,vendor,caused_by,resolved_at,closed_at,closed_code"
)
REST = "," * (HEADER.count(",") - 3)
GOOD = f"INC1,New,2/3/2026 09:00,2/3/2026 09:00{REST}"
BAD = f"INC2,New,2/3/2026 09:00,2026-03-02{REST}"
COMMANDS = (["kpi", "report"], ["rules", "backtest"], ["rules", "suggest"])
REASON = "log.csv:3 in the column sys_updated_at: “2026-03-02” is not a time in the format %d/%m/%Y %H:%M"


def run(log: Path, command: list[str], *rows: str) -> Result:
    """The public command on a log of these rows."""
    log.write_text("\n".join([HEADER, *rows, ""]), encoding="utf-8")
    return CliRunner().invoke(cli, [*command, "-c", str(EXAMPLES / "bridge.yaml"), "--history", str(log)])


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_the_first_row_that_cannot_be_read_is_told_with_its_place_and_reason(
    tmp_path: Path, command: list[str]
) -> None:
    done = run(tmp_path / "log.csv", command, GOOD, BAD, BAD)
    assert done.exit_code == 0, done.output
    told = " ".join(done.output.split())
    assert "2 row(s)" in told
    assert REASON in told


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_a_file_of_which_no_row_can_be_read_is_refused(tmp_path: Path, command: list[str]) -> None:
    """As with another way of writing times than the settings say: a report on nothing would hide it."""
    with pytest.raises(ConfigurationError) as refused:
        raise run(tmp_path / "log.csv", command, BAD.replace("INC2", ""), BAD).exception or AssertionError
    (problem,) = refused.value.problems
    assert problem.where.endswith("log.csv:2")
    assert problem.what == "none of 2 row(s) can be read; the first has nothing in the column number"


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        ("log.jsonl", '{"n": 1, "t": "2026-03-02"}\n\n{"n": 2}\n', ":3 has nothing in the column t"),
        ("log.jsonl", '{"n": 1, "t": "2026-03-02"}\n{"n": 2\n', ":2 is not JSON: "),
        ("log.csv", 'n,t\n"1\n",2026-03-02\n2,x', ":4 in the column t: “x” is not a time in the format iso"),
        ("log.csv", "n,t\n1,2026-03-02\n2\n", ":3 has 1 of 2 columns"),
        ("log.csv", 'n,t\n1,2026-03-02\n2,"2026', " ends within a row (is a quote not closed?)"),
    ],
)
def test_the_place_is_the_line_at_which_the_row_ends(tmp_path: Path, name: str, text: str, told: str) -> None:
    (tmp_path / name).write_text(text, encoding="utf-8")
    columns = {"id": "n", "state": "s", "opened_at": "t", "updated_at": "t"}
    options = FileOptions.model_validate({"path": str(tmp_path / name), "columns": columns, "states": {"a": "new"}})
    assert str(first_unreadable("desk", options, final=False)).startswith(f"{tmp_path / name}{told}")


def test_a_file_without_rows_is_a_history_of_nothing(tmp_path: Path) -> None:
    assert run(tmp_path / "log.csv", ["rules", "backtest"]).exit_code == 0
