"""`check` reads the rule tests, too: what is wrong in one is told with its place."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from tests.unit.backtest.uci import EXAMPLES
from typer.testing import CliRunner

from bridge.cli.main import cli

CASE = """version: 1
cases:
  - name: five in a row
    rule: {rule}
    incidents:
      - {{at: 0d, times: 5, every: 1h}}
    expect:
      - {{at: 1d, outcome: nothing}}
"""


@pytest.mark.parametrize("command", [("check", "--offline"), ("rules", "check")])
def test_a_wrong_rule_test_is_told_with_its_place(command: tuple[str, ...], tmp_path: Path) -> None:
    shutil.copytree(EXAMPLES, tmp_path / "office")
    config = tmp_path / "office" / "bridge.yaml"
    (config.parent / "rules" / "tests").mkdir()
    case = config.parent / "rules" / "tests" / "cases.yaml"

    def checked() -> tuple[int, str]:
        done = CliRunner().invoke(cli, [*command, "-c", str(config)], catch_exceptions=False)
        return done.exit_code, done.stdout

    case.write_text(CASE.format(rule="caller-5-in-14d"))
    assert checked() == (0, "All is well.\n")
    case.write_text(CASE.format(rule="caller-5-in-14"))
    code, told = checked()
    assert code == 2
    assert f"error: {case}:4:11: no rule is called “caller-5-in-14”" in told
    assert "caller-5-in-14d" in told
