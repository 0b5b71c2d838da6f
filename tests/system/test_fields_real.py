"""Every row of the sync table in each direction, and a way through statuses, on a real RT and a real Redmine."""

from __future__ import annotations

from pathlib import Path

from tests.servers.redmine import RedmineServer
from tests.servers.rt import RtServer
from tests.system.rows import SEVERITY, Rows, RtRowsDesk, sync
from tests.system.stage import opened, real_bridge
from tests.system.test_fields import OURS, THEIRS
from tests.system.test_links import link_of
from tests.system.test_story import assert_quiet, promoted


def test_every_row_in_each_direction_on_the_real_ones(
    fresh_redmine: RedmineServer, fresh_rt: RtServer, tmp_path: Path
) -> None:
    """Set on one side, seen on the other; both changed: the newest wins, by clocks that were measured; then quiet."""
    stage = real_bridge(fresh_redmine, fresh_rt, tmp_path)
    stage.desk = RtRowsDesk(fresh_rt)
    rows = Rows(stage.desk, stage.office)
    stage.write_small(sync=sync(stage, "both", "newest"))
    project, _, (incident, *_) = promoted(stage)
    issue = stage.office.own_issue(project, f"rt #{incident}")["id"]
    stage.once()
    stage.pause()
    rows.set_incident(incident, THEIRS)
    stage.once()
    assert rows.issue(issue) == THEIRS
    assert_quiet(stage, [incident], project)
    stage.pause()
    rows.set_issue(issue, OURS)
    stage.once()
    assert rows.incident(incident) == OURS
    assert_quiet(stage, [incident], project)
    rows.set_issue(issue, {"due": "", SEVERITY: "medium"})
    stage.once()
    assert (rows.incident(incident)["due"], rows.incident(incident)[SEVERITY]) == ("", "medium")
    rows.set_incident(incident, {"priority": "Immediate", "subject": "Older"})
    for _ in range(6):
        stage.pause()
    rows.set_issue(issue, {"subject": "Newer"})
    stage.once()
    assert rows.incident(incident)["subject"] == rows.issue(issue)["subject"] == "Newer"
    assert rows.issue(issue)["priority"] == "Immediate"
    assert any("Older" in text for text, private in stage.office.notes(issue) if private)
    assert_quiet(stage, [incident], project)
    assert link_of(stage, incident).attention == ""
    with opened(stage) as bridge, bridge.database.reading() as uow:
        clocks = [uow.sync_memory.clock(system) for system in ("rt", "tracker")]
        assert uow.conflicts.all(resolved=True) == []
    assert all(clock is not None and clock[0].error.total_seconds() < 5 for clock in clocks)
