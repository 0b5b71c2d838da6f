"""What a figure is about, in the words of JSON and CSV; pages have them in their own language."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

BY_SOURCE, BY_TIMELINE, ELSE_TIMELINE = "the source", "the timeline", "; else the timeline"
"""Who counted; the last one after the names of sources that count themselves."""

THE_STORE = "the store"
"""The origin of incidents that come from no file."""


class Population(StrEnum):
    """Whose figure it is."""

    TAKEN_UP = "incidents somebody took up"
    RESOLVED = "resolved incidents"
    STAYED = "resolved incidents that did not leave the measure"
    RESOLVED_NET = "resolved incidents, without what was on hold before the resolution"
    HELD = "incidents that were on hold, finished intervals"
    JUDGED = "incidents whose clock has a target and is met or broken"
    OPEN = "incidents opened before and not left for good at that moment"
    ALL = "incidents"
    ROUTED = "incidents with a team"
    WORKED = "resolved incidents; effort: all incidents"


class AgeGroup(StrEnum):
    """How old an open incident is."""

    DAY = "up to 1 day"
    THREE_DAYS = "1 to 3 days"
    WEEK = "3 to 7 days"
    MONTH = "7 to 30 days"
    QUARTER = "30 to 90 days"
    OLDER = "more than 90 days"


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a figure is about: whose incidents, by which word on the resolution, by which rule for months.

    `population` is a Population; where figures stand as rows, with more words behind it.
    """

    population: str
    basis: str
    month: str
