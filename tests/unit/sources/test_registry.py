"""Kinds of sources: ours, and those of installed packages. The shipped examples are valid."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from bridge.clock import SystemClock
from bridge.model.errors import ConfigurationError
from bridge.sources import registry

EXAMPLES = sorted((Path(__file__).parents[3] / "config" / "sources").glob("*.yaml"))


@pytest.mark.parametrize("file", EXAMPLES, ids=lambda file: file.stem)
def test_every_shipped_example_is_valid(file: Path) -> None:
    entry: dict[str, Any] = yaml.safe_load(file.read_text(encoding="utf-8"))
    del entry["name"]
    registry.options_of(entry.pop("kind")).model_validate(entry)


def test_a_source_is_built_by_its_kind() -> None:
    options = registry.options_of("rt").model_validate({"url": "http://rt.test", "token": "t"})
    source = registry.build("desk", "rt", options, SystemClock())
    assert source.name == "desk"
    assert type(source).__name__ == "RtSource"


def test_an_unknown_kind_names_the_known_ones() -> None:
    with pytest.raises(ConfigurationError, match=r"source kind “jira”: is not known.*file, http, rt"):
        registry.options_of("jira")


def test_options_are_known_without_loading_what_talks_to_servers() -> None:
    """Settings are read by every command: they must not wait for HTTP libraries and adapters."""
    code = (
        "import sys, bridge.sources.registry\n"
        "print([name for name in sys.modules if name == 'requests' or "
        "name.startswith('bridge.sources.') and name.endswith(('.source', '.client'))])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.strip() == "[]"


def test_an_installed_package_brings_a_kind_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "acme_desk.py").write_text(
        "from pydantic import BaseModel\n"
        "class Options(BaseModel):\n"
        "    site: str\n"
        "class Source:\n"
        "    OPTIONS = Options\n"
        "    def __init__(self, name, options, clock):\n"
        "        self.name, self.site = name, options.site\n",
        encoding="utf-8",
    )
    info = tmp_path / "acme_desk-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: acme-desk\nVersion: 1.0\n", encoding="utf-8")
    (info / "entry_points.txt").write_text(f"[{registry.GROUP}]\nacme = acme_desk:Source\n", encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    options = registry.options_of("acme").model_validate({"site": "north"})
    source: Any = registry.build("desk", "acme", options, SystemClock())
    assert (source.name, source.site) == ("desk", "north")
