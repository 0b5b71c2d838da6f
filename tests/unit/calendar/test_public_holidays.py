"""Holidays by country come from the package `holidays`, which is optional."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import UTC, date, datetime

import pytest

from bridge.calendar.business import BusinessCalendar
from bridge.calendar.public_holidays import NoHolidays, public_holidays
from bridge.calendar.spec import OFF, CalendarSpec, Span

OFFICE = (Span(540, 1020),)


def office(zone: str, country: str, subdivision: str = "") -> BusinessCalendar:
    holidays = public_holidays(country, subdivision)
    week = (OFFICE,) * 5 + (OFF,) * 2
    return BusinessCalendar(CalendarSpec("office", zone, week, holidays=holidays, make_up=OFFICE))


def test_china_works_on_the_days_that_make_up_for_a_long_holiday():
    calendar = office("Asia/Shanghai", "CN")
    assert calendar.is_business_day(date(2025, 9, 28)), "a Sunday"
    assert calendar.is_business_day(date(2026, 2, 14)), "a Saturday"
    assert not calendar.is_business_day(date(2025, 10, 1))
    saturday = datetime(2026, 2, 14, tzinfo=UTC)
    assert calendar.elapsed(saturday, datetime(2026, 2, 15, tzinfo=UTC)) == 8 * 3600
    assert calendar.add_business_days(date(2025, 9, 27), 1) == date(2025, 9, 28)


def test_holidays_differ_within_a_country():
    assert not office("Europe/Berlin", "DE", "BY").is_business_day(date(2026, 1, 6))
    assert office("Europe/Berlin", "DE", "BE").is_business_day(date(2026, 1, 6))


def test_an_unknown_country_and_an_unknown_part_say_what_there_is():
    with pytest.raises(NoHolidays, match="“XX” is not a country"):
        public_holidays("XX")
    with pytest.raises(NoHolidays, match="DE has no part “QQ”; its parts are BB, BE"):
        public_holidays("DE", "QQ")


def test_without_the_package_the_message_says_what_to_install(tmp_path):
    """In a fresh interpreter whose `holidays` cannot be found."""
    (tmp_path / "holidays.py").write_text("raise ModuleNotFoundError('No module named holidays', name='holidays')\n")
    program = (
        "from bridge.calendar.public_holidays import NoHolidays, public_holidays\n"
        "try:\n    public_holidays('DE')\nexcept NoHolidays as error:\n    print(error)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        env=os.environ | {"PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert "redmine-itsm-bridge[calendar]" in done.stdout
