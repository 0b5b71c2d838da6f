"""The demo as a stranger starts it, and what the README says about commands."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
import typer
import yaml

from bridge.cli.main import cli
from bridge.configuration import load_with_warnings

pytestmark = pytest.mark.xdist_group("demo")

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
COMMAND = [sys.executable, "-c", "from bridge.cli.main import main; main()"]
SECONDS = 240.0
SHANGHAI = "远程接入反复中断（VPN · 上海）"  # noqa: RUF001 - Chinese punctuation is meant


def environment(folder: Path) -> dict[str, str]:
    """An empty home and a temporary folder of its own; settings of another bridge are set, as an operator has them."""
    for name in ("home", "tmp"):
        (folder / name).mkdir()
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(folder / "home"),
        "TMPDIR": str(folder / "tmp"),
        "PYTHONUTF8": "1",
        "BRIDGE_REDMINE__URL": "http://192.0.2.1",
        "BRIDGE_REDMINE__API_KEY": "somebody else's",
    }


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """`demo --exit --json`: (what ended, the JSON document)."""
    folder = tmp_path_factory.mktemp("demo")
    done = subprocess.run(
        [*COMMAND, "demo", "--exit", "--json"],
        env=environment(folder),
        cwd=folder,
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-4000:]
    assert list((folder / "tmp").iterdir()) == []
    assert list((folder / "home").iterdir()) == []
    return done, json.loads(done.stdout)


@pytest.fixture(scope="module")
def facts(played: Any) -> dict[str, Any]:
    """The JSON document."""
    document: dict[str, Any] = played[1]
    return document


def test_the_document_has_what_is_promised(facts: dict[str, Any]) -> None:
    assert facts["schema"] == "bridge/demo/1"
    assert {"promotions", "returned", "kpi", "urls", "traffic", "queue", "story"} <= facts.keys()
    assert {"project", "incident", "evidence", "root_issue"} <= facts["urls"].keys()
    assert facts["story"]["rounds"] > 90


def test_the_story_is_told_on_standard_error(played: Any) -> None:
    done, _ = played
    assert "opens the private project “Router CPU keeps alerting: Network · berlin-core-1”" in done.stderr
    assert "远程接入反复中断" in done.stderr
    assert "BRIDGE_REDMINE__URL" in done.stderr
    assert "Traceback" not in done.stderr


def test_the_promotions_are_those_of_the_story(facts: dict[str, Any]) -> None:
    columns = ("name", "rule", "state", "private", "owner", "incidents", "tasks", "tasks_done", "decided_by")
    assert [tuple(row[name] for name in columns) for row in facts["promotions"]] == [
        ("A device keeps failing: printer-3f", "device-fails-again", "rejected", None, "operations", 3, 0, 0, "jane"),
        (
            *("Router CPU keeps alerting: Network · berlin-core-1", "router-cpu", "delivered", True),
            *("jane", 6, 11, 11, "rule router-cpu"),
        ),
        ("Invoices cannot be printed since the ERP update", "drags-on", "delivered", True, "ben", 1, 6, 6, "jane"),
        (SHANGHAI, "remote-access", "active", True, "li", 3, 6, 2, "rule remote-access"),
    ]


def test_operations_gets_back_what_it_waited_for(facts: dict[str, Any]) -> None:
    rows = [
        (row["incident"], row["before"], row["after"], row["by"], bool(row["closing_note"]))
        for row in facts["returned"]
    ]
    assert rows == [
        ("INC0000010", "in_progress", "solved", "bridge", True),
        ("INC0000012", "solved", "solved", "anna", False),
        ("INC0000014", "in_progress", "solved", "bridge", True),
        ("INC0000015", "in_progress", "solved", "bridge", True),
        ("INC0000008", "in_progress", "solved", "chen", True),
    ]


def test_resolved_incidents_are_never_written_to(facts: dict[str, Any]) -> None:
    assert [(row["incident"], row["writes"]) for row in facts["untouched"]] == [
        ("INC0000002", 0),
        ("INC0000007", 0),
        ("INC0000016", 0),
        ("INC0000017", 0),
    ]
    assert facts["writes_to_resolved"] == 0
    assert facts["incidents_written_to"] == len(facts["links"]) == 6


def test_an_incident_and_its_own_issue_end_together(facts: dict[str, Any]) -> None:
    """Five were resolved, by the bridge or by people; 上海 is still at it. Nobody has to look at any of them."""
    ends = [(row["state"] == "resolved", row["issue_closed"], row["attention"]) for row in facts["links"]]
    assert sorted(ends) == [(False, False, ""), *[(True, True, "")] * 5]


def test_the_figures_stand_side_by_side(facts: dict[str, Any]) -> None:
    kpi = facts["kpi"]
    assert kpi["resolved"] == kpi["counted"] == facts["incidents"] - 1
    assert 0 < kpi["adjusted_hours"] < kpi["raw_hours"]
    difference = (kpi["raw_hours"] - kpi["adjusted_hours"]) * kpi["resolved"]
    assert difference == pytest.approx(kpi["excluded_hours"])
    assert f"{kpi['raw_hours']:,.1f} hours" in kpi["explained"]


def test_nothing_is_dead_or_left(facts: dict[str, Any]) -> None:
    assert (facts["queue"]["dead"], facts["queue"]["waiting"]) == (0, 0)
    assert (facts["story"]["failures"], facts["story"]["parked"]) == ([], 0)


@pytest.fixture
def serving(tmp_path: Path) -> Iterator[tuple[subprocess.Popen[str], Path]]:
    """`demo --json` without --exit, and the file its document goes to."""
    out = tmp_path / "out.json"
    with (
        out.open("w", encoding="utf-8") as stdout,
        (tmp_path / "err").open("w") as stderr,
        subprocess.Popen(
            [*COMMAND, "demo", "--json"],
            env=environment(tmp_path),
            cwd=tmp_path,
            stdin=subprocess.DEVNULL,
            stdout=stdout,
            stderr=stderr,
            text=True,
        ) as process,
    ):
        try:
            yield process, out
        finally:
            process.kill()


def document(process: subprocess.Popen[str], path: Path) -> dict[str, Any]:
    """The JSON document once it is complete."""
    deadline = time.monotonic() + SECONDS
    while time.monotonic() < deadline:
        assert process.poll() is None, path.with_name("err").read_text(encoding="utf-8")[-4000:]
        text = path.read_text(encoding="utf-8")
        if text.endswith("}\n"):
            found: dict[str, Any] = json.loads(text)
            return found
        time.sleep(0.2)
    raise TimeoutError(f"no document within {SECONDS} s")


def test_it_serves_until_interrupted_and_is_the_same_every_time(
    serving: tuple[subprocess.Popen[str], Path], facts: dict[str, Any]
) -> None:
    process, path = serving
    again = document(process, path)
    assert again["kpi"] == facts["kpi"]
    assert again["traffic"]["mails"] == facts["traffic"]["mails"]
    for url in again["urls"].values():
        assert requests.get(url, timeout=30).status_code == 200
    assert "2.1 Collect logs" in requests.get(again["urls"]["project"], timeout=30).text

    (settings,) = (path.parent / "tmp").glob("*/config/bridge.yaml")
    asked = subprocess.run(
        [*COMMAND, "promotions", "list", "--json", "-c", str(settings)],
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=60,
        check=True,
    )
    listed = [(row["name"], row["state"]) for row in json.loads(asked.stdout)["promotions"]]
    assert listed == [(row["name"], row["state"]) for row in facts["promotions"]]

    process.send_signal(signal.SIGINT)
    assert process.wait(30) == 0
    assert list((path.parent / "tmp").iterdir()) == []


def test_the_demo_configuration_loads_without_a_word() -> None:
    configuration, problems = load_with_warnings(ROOT / "config" / "demo" / "bridge.yaml")
    assert problems == []
    assert configuration is not None


def test_the_demo_has_the_sandbox_source_as_it_is_shipped() -> None:
    """Only the token differs: it is put in when the demo starts."""
    (own,) = yaml.safe_load((ROOT / "config" / "demo" / "bridge.yaml").read_text(encoding="utf-8"))["sources"]
    shipped = yaml.safe_load((ROOT / "config" / "sources" / "sandbox.yaml").read_text(encoding="utf-8"))
    assert own | {"auth": shipped["auth"]} == shipped


def commands_of_the_readme() -> list[str]:
    """What stands in the first column of the table of commands, and in examples of the command line."""
    listed = re.findall(r"^\| (`[^|]*(?:\\\|[^|]*)*) \|", README, re.MULTILINE)
    named = [name.replace("\\|", "|") for cell in listed for name in re.findall(r"`([^`]+)`", cell)]
    examples = re.findall(r"^ +itsm-bridge ([^#\n]+)", README, re.MULTILINE)
    return [*named, *(example.strip() for example in examples)]


def alternatives(text: str) -> Iterator[list[str]]:
    """`promotions list|show --reason … [--all]` as one list of words per alternative."""
    words = [word for word in text.replace("[", " ").replace("]", " ").split() if word != "…"]
    place = next((number for number, word in enumerate(words) if "|" in word), None)
    if place is None:
        yield words
        return
    for choice in words[place].split("|"):
        yield [*words[:place], choice, *words[place + 1 :]]


def test_the_readme_names_commands() -> None:
    assert len(commands_of_the_readme()) >= 12


@pytest.mark.parametrize("text", commands_of_the_readme())
def test_commands_of_the_readme_exist(text: str) -> None:
    for words in alternatives(text):
        command: Any = typer.main.get_command(cli)
        while hasattr(command, "commands"):
            assert words, f"{text} is not a whole command"
            assert words[0] in command.commands, f"there is no {words[0]} in {text}"
            command = command.commands[words.pop(0)]
        known = {option for parameter in command.params for option in parameter.opts}
        assert {word for word in words if word.startswith("-")} <= known, text


def test_make_targets_of_the_readme_exist() -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    named = set(re.findall(r"(?:^ +|`)make ([a-z]+)", README, re.MULTILINE))
    assert named
    assert named <= targets
