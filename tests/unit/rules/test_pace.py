"""How fast a rule may resolve incidents, as people write it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from pydantic_core import PydanticCustomError
from tests.unit.rules.incidents import rule

from bridge.rules.incident_part import Pace, parse_pace


@pytest.mark.parametrize(
    ("text", "number", "per"),
    [
        ("20 per hour", 20, timedelta(hours=1)),
        (" 1  per minute ", 1, timedelta(minutes=1)),
        ("100 per day", 100, timedelta(days=1)),
    ],
)
def test_a_pace_is_read_and_written_back(text: str, number: int, per: timedelta) -> None:
    assert parse_pace(text) == Pace(number, per)
    assert parse_pace(str(parse_pace(text))) == Pace(number, per)


@pytest.mark.parametrize("text", ["0 per hour", "-1 per hour", "twenty per hour", "20", "20 per week", 20, None, ""])
def test_what_is_no_pace_is_refused(text: object) -> None:
    with pytest.raises(PydanticCustomError, match="per minute, hour or day"):
        parse_pace(text)


def test_the_terms_of_a_promotion_name_what_was_asked_for() -> None:
    part = {"open": "resolve_with_workaround", "resolve_at_most": "5 per minute", "workaround": " Restart it. "}
    terms = rule(incident=part, limits={"incident_issues": 0}).terms()
    assert terms == {
        "open": "resolve_with_workaround",
        "later": "link",
        "on_delivery": "note",
        "resolve_at_most": "5 per minute",
        "workaround": "Restart it.",
        "kpi": "pause",
        "incident_issues": "0",
    }
