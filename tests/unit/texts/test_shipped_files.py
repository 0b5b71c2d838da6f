"""The shipped configuration is found in a checkout and in an installed package."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import bridge
from bridge.shipped import shipped

PROGRAM = """
from bridge.planning.loader import load_templates
from bridge.shipped import shipped
from bridge.texts import load_texts
texts, problems = load_texts([], "zh")
templates, more = load_templates([])
print(shipped(), len(texts.names), sorted(templates), problems + more)
"""


def test_a_checkout_uses_the_repositorys_folder():
    assert shipped("templates", "text", "en").is_dir()
    assert shipped("directory.yaml").is_file()


def test_an_installed_package_uses_its_own_folder(tmp_path):
    """The package with its configuration inside, as the wheel has it."""
    package = Path(bridge.__file__).parent
    copy = tmp_path / "site" / "bridge"
    shutil.copytree(package, copy, ignore=shutil.ignore_patterns("__pycache__", "sandbox"))
    shutil.copytree(shipped(), copy / "config")
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        env=os.environ | {"PYTHONPATH": str(tmp_path / "site")},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    found, names, templates = done.stdout.split(" ", 2)
    assert found == str(copy / "config")
    assert int(names) >= 14
    assert "'network-problem'" in templates
    assert templates.strip().endswith("[]")
