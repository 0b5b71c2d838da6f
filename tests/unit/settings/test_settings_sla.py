"""SLA targets in the settings."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from bridge.rules.sla import SlaClock
from bridge.settings.model import SlaSettings


def test_targets_by_clock_and_priority() -> None:
    targets = SlaSettings.model_validate({"response": {1: "30m"}, "resolution": {1: "24h", 3: "72h"}}).targets()
    assert targets.of(SlaClock.RESPONSE, 1) == timedelta(minutes=30)
    assert targets.of(SlaClock.RESPONSE, 3) is None
    assert targets.of(SlaClock.RESOLUTION, 3) == timedelta(days=3)
    assert targets.of(SlaClock.RESOLUTION, None) is None
    assert targets.shortest == timedelta(minutes=30)


@pytest.mark.parametrize("table", [{0: "1h"}, {6: "1h"}, {1: "soon"}, {1: "-1h"}, {"high": "1h"}])
def test_what_is_no_target_is_refused(table: dict[Any, str]) -> None:
    with pytest.raises(ValidationError):
        SlaSettings.model_validate({"response": table})
