"""The architecture is a test: layers, sizes, and what must not be in the code."""

from __future__ import annotations

import ast
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
SOURCE = ROOT / "src" / "bridge"
MODULES = [p for p in SOURCE.rglob("*.py") if "migrations" not in p.parts]

MOST_LINES_OF_A_MODULE = 300
MOST_LINES_OF_A_FUNCTION = 50
MOST_LINES_OF_A_SOURCE_ADAPTER = 250


def lint_imports(folder: Path) -> subprocess.CompletedProcess[str]:
    """Runs the import contracts of this repository on a copy of the package."""
    program = (
        f"import sys; sys.path.insert(0, {str(folder)!r}); "
        "from importlinter.cli import lint_imports_command as command; command()"
    )
    arguments = [sys.executable, "-c", program, "--config", str(ROOT / "pyproject.toml"), "--no-cache"]
    return subprocess.run(arguments, capture_output=True, text=True, timeout=120, cwd=folder, check=False)


def test_imports_run_one_way() -> None:
    done = lint_imports(SOURCE.parent)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("module", "line"),
    [
        ("model/incident.py", "import bridge.store"),
        ("usecases/policy.py", "import requests"),
        ("redmine/options.py", "import bridge.usecases.policy"),
        ("sandbox/clock.py", "import bridge.model.incident"),
        ("usecases/policy.py", "import bridge.sandbox"),
    ],
)
def test_a_planted_violation_breaks_the_contract(tmp_path: Path, module: str, line: str) -> None:
    copy = tmp_path / "bridge"
    shutil.copytree(SOURCE, copy, ignore=shutil.ignore_patterns("__pycache__"))
    victim = copy / module
    victim.write_text(victim.read_text() + f"\n{line}\n")
    done = lint_imports(tmp_path)
    assert done.returncode != 0
    assert "BROKEN" in done.stdout


def functions(module: Path) -> Iterator[tuple[str, int]]:
    """Every function of a module with its length in lines."""
    for node in ast.walk(ast.parse(module.read_text())):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            assert node.end_lineno is not None
            yield f"{module.relative_to(ROOT)}:{node.lineno} {node.name}", node.end_lineno - node.lineno + 1


def test_modules_stay_small() -> None:
    sizes = {str(p.relative_to(ROOT)): len(p.read_text().splitlines()) for p in MODULES}
    assert {p: n for p, n in sizes.items() if n > MOST_LINES_OF_A_MODULE} == {}


def test_source_adapters_stay_small() -> None:
    sizes = {str(p.relative_to(ROOT)): len(p.read_text().splitlines()) for p in (SOURCE / "sources").rglob("*.py")}
    assert {p: n for p, n in sizes.items() if n > MOST_LINES_OF_A_SOURCE_ADAPTER} == {}


def test_functions_stay_small() -> None:
    sizes = dict(f for module in MODULES for f in functions(module))
    assert {name: n for name, n in sizes.items() if n > MOST_LINES_OF_A_FUNCTION} == {}


def test_broad_excepts_stand_only_in_outermost_loops() -> None:
    outermost = {
        "app/app.py",
        "app/cycle.py",
        "app/hooks.py",
        "web/writer.py",
        "queue/embedded.py",
        "queue/settle.py",
        "daemon.py",
        "scheduler.py",
    }
    broad = re.compile(r"except (Exception|BaseException)\b|except:")
    found = {str(p.relative_to(SOURCE)) for p in MODULES if broad.search(p.read_text())}
    assert found <= outermost


def test_nothing_is_mocked() -> None:
    word = "mo" + "ck"
    pattern = re.compile(rf"unittest\.{word}|Magic{word.title()}|monkeypatch\.setattr")
    assert [p for p in (ROOT / "tests").rglob("*.py") if pattern.search(p.read_text())] == []
