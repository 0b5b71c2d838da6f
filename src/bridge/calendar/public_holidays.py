"""Holidays by country from the optional package `holidays` (0.109: make-up days stand in `weekend_workdays`)."""

from __future__ import annotations

from functools import lru_cache
from importlib import import_module

from bridge.calendar.spec import HolidaySource, HolidayYear


class NoHolidays(Exception):  # noqa: N818 - named by what it says
    """The holidays of a country cannot be had; the text says why and what to do."""


def public_holidays(country: str, subdivision: str = "") -> HolidaySource:
    """The holidays of a country (ISO 3166 code) or of one of its parts, year by year.

    Raises NoHolidays when the package is not installed or knows no such country or part. Years for which a country
    has not published its make-up days yet have none.
    """
    try:
        package = import_module("holidays")
    except ModuleNotFoundError:
        raise NoHolidays(
            "the Python package “holidays” is not installed; install redmine-itsm-bridge[calendar], "
            "or list the days under days_off"
        ) from None

    @lru_cache(maxsize=256)
    def year_of(year: int) -> HolidayYear:
        found = package.country_holidays(country, subdiv=subdivision or None, years=year, expand=False)
        worked = frozenset(day for day in found.weekend_workdays if day.year == year)
        return HolidayYear(off=frozenset(found) - worked, worked=worked)

    try:
        year_of(2025)
    except NotImplementedError:
        known = package.list_supported_countries()
        if country not in known:
            raise NoHolidays(f"“{country}” is not a country with known holidays; right would be DE, CN, US …") from None
        parts = ", ".join(known[country]) or "none"
        raise NoHolidays(f"{country} has no part “{subdivision}”; its parts are {parts}") from None
    return year_of
