"""What somebody set within the seconds between a plan and its write is told by the history of the write, and kept."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from bridge.model.incident import IncidentRef
from bridge.model.project import Issue, Journal
from bridge.sync.fields import CAREFUL, FieldRule, SyncTable
from bridge.sync.mapping import StatusMapping
from bridge.sync.merge import Direction, Owner
from bridge.usecases.deliver.overwritten import overwritten_fields

NOON = datetime(2026, 11, 2, 12, 0, tzinfo=UTC)
REF = IncidentRef("rt", "17")
CAUSE = "custom.Root Cause"
TABLE = SyncTable(StatusMapping({}, {}), {**CAREFUL, CAUSE: FieldRule(Direction.BOTH, Owner.PROJECT)})
ISSUE = Issue(5, 1, "rt #17: by the incident", "", "New", closed=False, updated_at=NOON, url="")
WRITTEN = replace(
    ISSUE, due=date(2026, 12, 1), done_ratio=40, custom={"Root Cause": "fan"}, custom_ids={"Root Cause": 9}
)
SENT = {"subject": "by the incident", "due": "2026-12-01", "done_ratio": "40", CAUSE: "fan"}
CHANGES = {
    "subject": ("subject", "rt #17: old", "rt #17: by mia", "old", "by mia"),
    "due": ("due_date", "", "2026-11-30", "", "2026-11-30"),
    "done_ratio": ("done_ratio", "0", "70", "", "70"),
    CAUSE: ("cf_9", "dust", "disk", "dust", "disk"),
}


def lost(name: str, replaced: str, shown: str) -> list[dict[str, str]]:
    journal = Journal(3, 1, "bridge", NOON, "", False, {CHANGES[name][0]: (replaced, "ours")})
    payload = {name: SENT[name], "shown": {name: shown}, "tracker": "Bug"}
    return overwritten_fields(TABLE, REF, payload, WRITTEN, [journal])


@pytest.mark.parametrize("name", CHANGES)
def test_what_the_plan_had_not_seen_is_kept(name: str) -> None:
    _, before, meanwhile, shown, theirs = CHANGES[name]
    assert lost(name, before, shown) == []
    (kept,) = lost(name, meanwhile, shown)
    assert kept == {"field": name.removeprefix("custom."), "kept": SENT[name], "lost": theirs}


def test_one_of_several_values_that_the_plan_had_seen_is_not_kept() -> None:
    assert lost(CAUSE, "dust", "disk, dust") == []
