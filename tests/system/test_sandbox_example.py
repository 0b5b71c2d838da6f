"""The example of docs/sandbox.md, from an empty folder to a project."""

from __future__ import annotations

import re
import shlex
import subprocess
from pathlib import Path

import pytest
import requests
from typer.testing import CliRunner

from bridge.cli.main import cli
from bridge.sandbox import Sandbox

REPOSITORY = Path(__file__).parents[2]
PAGE = (REPOSITORY / "docs" / "sandbox.md").read_text(encoding="utf-8")
FIXED = {"redmine": ":8081", "itsm": ":8082"}


def blocks() -> tuple[str, str]:
    """The lines that make the files, and the commands after them."""
    text = "\n".join(re.findall(r"^ {4}(.*)$", PAGE.split("In another one,", 1)[1], re.MULTILINE))
    files, _, commands = text.partition("itsm-bridge check")
    return files, f"itsm-bridge check{commands}"


def test_the_example_ends_with_a_project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "config").symlink_to(REPOSITORY / "config")
    files, commands = blocks()
    subprocess.run(["bash", "-ec", files], cwd=tmp_path, check=True, timeout=30)
    with Sandbox() as sandbox:
        ours = {FIXED["redmine"]: sandbox.redmine.url[16:], FIXED["itsm"]: sandbox.itsm.url[16:]}

        def there(text: str) -> str:
            return re.sub(r":808[12]", lambda found: ours[found[0]], text)

        config = tmp_path / "try" / "bridge.yaml"
        config.write_text(there(config.read_text(encoding="utf-8")), encoding="utf-8")
        monkeypatch.chdir(config.parent)
        monkeypatch.setenv("BRIDGE_REDMINE__API_KEY", sandbox.redmine.key("itsm-sync"))
        shown = [_done(there(line)) for line in commands.splitlines() if line]
    assert len(shown) == 6
    assert "/projects/ops-router-cpu-keeps-alerting-network-1" in shown[-1]


def _done(line: str) -> str:
    """What a line of the example prints."""
    program, *words = shlex.split(line, comments=True)
    if program == "curl":
        (_, name, _, body, address) = words
        answer = requests.post(address, body.encode(), headers=dict([name.split(": ", 1)]), timeout=10)
        assert answer.json()["ok"], answer.text
        return answer.text
    done = CliRunner().invoke(cli, words)
    assert done.exit_code == 0, done.output
    return done.output
