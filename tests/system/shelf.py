"""A bridge with a store that knows incidents, and no server anywhere: for commands that only look."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import yaml

from bridge.app import App
from bridge.configuration import load
from bridge.model.incident import Incident, Page, Snapshot, State
from bridge.usecases.backfill import activate_rules
from bridge.usecases.ingest import Taken, take_page
from tests.system.stage import CONFIG

ACTIVE = timedelta(days=400)
"""How long ago the rules became active."""


@dataclass(frozen=True)
class Shelf:
    """The shipped configuration in a folder of its own."""

    folder: Path
    now: datetime

    @classmethod
    def at(cls, folder: Path) -> Shelf:
        """A copy of `config/` with secrets that nobody checks."""
        for name in ("rules", "directory.yaml", "windows.yaml", "masks.yaml"):
            whole = CONFIG / name
            (shutil.copytree if whole.is_dir() else shutil.copy)(whole, folder / name)
        settings = yaml.safe_load((CONFIG / "bridge.yaml").read_text(encoding="utf-8"))
        settings["redmine"] |= {"url": "http://127.0.0.1:9", "api_key": "key"}
        settings["sources"][0] |= {"url": "http://127.0.0.1:9", "token": "token"}
        (folder / "bridge.yaml").write_text(yaml.safe_dump(settings), encoding="utf-8")
        return cls(folder, datetime.now(UTC).replace(microsecond=0))

    @property
    def config(self) -> Path:
        """The settings file."""
        return self.folder / "bridge.yaml"

    def rules(self, *rules: dict[str, Any]) -> None:
        """Other rules than the shipped ones, and no tests of them."""
        shutil.rmtree(self.folder / "rules")
        (self.folder / "rules").mkdir()
        document = yaml.safe_dump({"version": 1, "rules": list(rules)}, allow_unicode=True, sort_keys=False)
        (self.folder / "rules" / "network.yaml").write_text(document, encoding="utf-8")

    def take_in(self, *incidents: Incident) -> None:
        """Stores incidents and decides about them, with rules that have been active for long."""
        with App(load(self.config)) as app:
            activate_rules(app.database, app.configured, self.now - ACTIVE)
            with app.database.transaction() as uow:
                page = Page(tuple(Snapshot(one) for one in incidents), "cursor")
                take_page(uow, app.configured, "rt", page, self.now, Taken())

    def incident(self, number: int, days_ago: float, **values: Any) -> Incident:
        """A router's alert, resolved an hour later."""
        opened = self.now - timedelta(days=days_ago)
        usual: dict[str, Any] = {
            "summary": "Router R1: CPU at 99 %",
            "state": State.RESOLVED,
            "priority": 2,
            "service": "Network",
            "fields": {"Correlation Key": "core-1"},
        }
        return Incident(
            source="rt",
            external_id=str(number),
            opened_at=opened,
            updated_at=opened + timedelta(hours=1),
            **(usual | values),
        )
