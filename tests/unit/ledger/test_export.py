"""What an auditor opens in a spreadsheet."""

from __future__ import annotations

import csv
import json
from pathlib import Path

from tests.contract.store.fixtures import incident
from tests.unit.notify.world import MONDAY, world

from bridge.model.incident import Snapshot
from bridge.usecases.ledger.export import export


def test_no_name_in_it_is_run_as_a_formula(tmp_path: Path) -> None:
    with world(tmp_path) as made:
        with made.database.transaction() as uow:
            uow.incidents.save([Snapshot(incident(1, team="=1+1", service="@now", priority=2))], MONDAY)
        with made.database.reading() as uow:
            files = {one.name: "".join(one.parts) for one in export(uow, MONDAY, "")}
    (row,) = csv.DictReader(files["incidents.csv"].splitlines())
    assert (row["team"], row["service"], row["priority"]) == ("'=1+1", "'@now", "2")
    assert json.loads(files["incidents.json"])[0]["team"] == "=1+1"
