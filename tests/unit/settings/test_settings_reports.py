"""What the settings say about reports, and when they are due."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from pydantic import ValidationError

from bridge.app.publishing import a_year_before, newest
from bridge.settings.reports import ReportSettings, ScheduledReport

MONDAY = datetime(2026, 11, 2, 6, 0, tzinfo=UTC)
WEEKLY = ScheduledReport.model_validate({"what": "portfolio", "at": "0 6 * * mon"})


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ({"schedule": {"x": {"what": "portfolio", "at": "every day"}}}, "no time of a crontab"),
        ({"schedule": {"x": {"what": "portfolio", "at": "0 6 * * someday"}}}, "no time of a crontab"),
        ({"schedule": {"x": {"what": "portfolio", "at": "0 6 * * 1"}}}, "a number as its day of the week"),
        ({"schedule": {"x": {"what": "nothing", "at": "0 6 * * *"}}}, "operations"),
        ({"schedule": {"x": {"what": "projects", "at": "0 6 * * *", "to": "folder"}}}, "there is none"),
        ({"zone": "Berlin"}, "no time zone"),
        ({"cost_per_hour": -1}, "greater than or equal"),
        ({"colour": "red"}, "Extra inputs"),
    ],
)
def test_what_is_wrong_is_told(written: dict[str, object], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        ReportSettings.model_validate(written)


def test_the_policy_has_what_the_use_cases_need() -> None:
    found = ReportSettings.model_validate({"cost_per_hour": 80, "currency": "EUR", "folder": "out"}).policy()
    assert (found.cost_per_hour, found.currency, found.folder) == (80, "EUR", Path("out"))


def test_a_report_on_a_year_begins_with_a_month() -> None:
    assert a_year_before(datetime(2028, 2, 29, 23, 5, tzinfo=UTC)) == datetime(2027, 2, 1, tzinfo=UTC)


def test_the_newest_time_that_passed_counts() -> None:
    seen = MONDAY - timedelta(hours=1)
    assert newest(WEEKLY, "UTC", seen, MONDAY - timedelta(seconds=1)) is None
    assert newest(WEEKLY, "UTC", seen, MONDAY) == MONDAY
    assert newest(WEEKLY, "UTC", seen, MONDAY + timedelta(days=20)) == MONDAY + timedelta(days=14)


def test_times_are_those_of_the_zone() -> None:
    found = newest(WEEKLY, "Asia/Shanghai", MONDAY - timedelta(days=1), MONDAY)
    assert found == datetime(2026, 11, 1, 22, 0, tzinfo=UTC)
