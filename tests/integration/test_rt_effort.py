"""Worked minutes as a real Request Tracker tells them."""

from __future__ import annotations

from typing import Any

import pytest
from tests.servers.rt import RtServer

from bridge.clock import SystemClock
from bridge.sources.rt.options import RtOptions
from bridge.sources.rt.source import RtSource


@pytest.mark.real
def test_time_worked_is_told_in_lists_and_by_itself(rt: RtServer) -> None:
    number = str(rt.create_ticket("Router CPU", Content="It is hot."))
    options: dict[str, Any] = {"url": rt.rest_url, "token": rt.token}
    source = RtSource("rt", RtOptions.model_validate(options), SystemClock())
    start = source.start_cursor()
    assert source.read(number).effort == 0
    rt.as_user("alice").ok("PUT", f"/ticket/{number}", {"TimeWorked": 45})
    assert source.read(number).effort == 0.75
    told = [one for page in source.changes(start, frozenset) for one in page.snapshots]
    assert [one.incident.effort for one in told if one.incident.external_id == number] == [0.75]
