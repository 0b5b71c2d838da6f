"""Working time: how much of it lies between two moments, when some of it has passed, which days are business days."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from bridge.calendar.spec import OFF, CalendarSpec, Span
from bridge.calendar.table import EPOCH, MICROSECOND, SECOND, Table, compile_years
from bridge.model.errors import BridgeError

FIRST_YEAR = 1970
LAST_YEAR = 2100
FIRST_MOMENT = datetime(FIRST_YEAR, 1, 2, tzinfo=EPOCH.tzinfo)
LAST_MOMENT = datetime(LAST_YEAR, 12, 30, tzinfo=EPOCH.tzinfo)
"""The horizon: what calendars can tell of."""


class BeyondHorizon(BridgeError):  # noqa: N818 - named by what it says
    """A time outside the years that calendars cover (2 January 1970 to 30 December 2100)."""

    code = "RB-1501"
    permanent = True


class BusinessCalendar:
    """A compiled working calendar.

    Years are compiled when they are first asked for, within the horizon. Times are aware datetimes in any zone,
    results are UTC; a naive datetime raises TypeError. Safe to use from several threads.
    """

    def __init__(self, spec: CalendarSpec) -> None:
        self.spec = spec
        self._zone = ZoneInfo(spec.zone)
        self._table: Table | None = None

    def __repr__(self) -> str:
        return f"BusinessCalendar({self.name!r}, {self.spec.zone!r})"

    @property
    def name(self) -> str:
        """The name in the directory."""
        return self.spec.name

    def elapsed(self, start: datetime, end: datetime) -> float:
        """Working seconds between two moments, negative when `end` is before `start`.

        Exact: additive over any split, whole when both moments are on whole seconds. Raises BeyondHorizon.
        """
        x, y = (start - EPOCH) // MICROSECOND, (end - EPOCH) // MICROSECOND
        table = self._table
        if table is None or not (table.low <= x < table.high and table.low <= y < table.high):
            table = self._covering(x, y)
        starts, ends, before = table.starts, table.ends, table.before
        i, j = bisect_right(starts, x) - 1, bisect_right(starts, y) - 1
        x_end, y_end = ends[i], ends[j]
        # Written out because min() would cost a third of the time of this function, which reports call a million times.
        worked_y = before[j] - starts[j] + (y if y < y_end else y_end)  # noqa: FURB136 - see above
        worked_x = before[i] - starts[i] + (x if x < x_end else x_end)  # noqa: FURB136 - see above
        return (worked_y - worked_x) / SECOND

    def due(self, start: datetime, seconds: float) -> datetime:
        """The first moment at which that many working seconds have passed since `start`; `start` itself for 0.

        The inverse of `elapsed` to the microsecond. Raises ValueError for negative seconds, BeyondHorizon when the
        horizon ends before.
        """
        if seconds < 0:
            raise ValueError(f"calendar {self.name}: {seconds} s of working time cannot be planned")
        x = (start - EPOCH) // MICROSECOND
        table = self._table
        if table is None or not table.low <= x < table.high:
            table = self._covering(x, x)
        wanted = round(seconds * SECOND)
        if not wanted:
            return EPOCH + timedelta(microseconds=x)
        target = table.worked_until(x) + wanted
        while target > table.before[-1]:
            table = self._longer(table)
            target = table.worked_until(x) + wanted
        index = bisect_left(table.before, target) - 1
        return EPOCH + timedelta(microseconds=table.starts[index] + target - table.before[index])

    def is_working(self, moment: datetime) -> bool:
        """True when the moment lies in working time."""
        x = (moment - EPOCH) // MICROSECOND
        table = self._covering(x, x)
        return x < table.ends[bisect_right(table.starts, x) - 1]

    def is_business_day(self, day: date) -> bool:
        """True when any working time lies on the day in the calendar's zone."""
        return bool(self.spec.spans_on(day))

    def add_business_days(self, day: date, days: int) -> date:
        """The business day that many business days after `day`, or before it when `days` is negative.

        0 gives `day` itself, or the next business day when it is not one. Raises BeyondHorizon.
        """
        ordinal = day.toordinal()
        table = self._covering_year(day.year)
        while True:
            position = bisect_left(table.days, ordinal) if days <= 0 else bisect_right(table.days, ordinal) - 1
            wanted = position + days
            if 0 <= wanted < len(table.days):
                return date.fromordinal(table.days[wanted])
            table = self._longer(table) if wanted > 0 else self._earlier(table)

    def hours_on(self, day: date) -> float:
        """The working hours of a day as the wall clock counts them; 0 when it is off."""
        return sum(span.end - span.start for span in self.spec.spans_on(day)) / 60

    def day_of(self, moment: datetime) -> date:
        """The date of a moment in the calendar's zone."""
        return moment.astimezone(self._zone).date()

    def end_of_day(self, day: date) -> datetime:
        """The moment at which a day ends in the calendar's zone, UTC."""
        following = day + timedelta(days=1)
        midnight = datetime(following.year, following.month, following.day, tzinfo=self._zone)
        return midnight.astimezone(EPOCH.tzinfo)

    def compiled(self, x: int, y: int) -> Table:
        """A table with both instants (microseconds since 1970 UTC) in it. Raises BeyondHorizon."""
        return self._covering(x, y)

    def _covering(self, x: int, y: int) -> Table:
        low, high = (x, y) if x <= y else (y, x)
        table = self._table
        if table is not None and table.low <= low and high < table.high:
            return table
        first = (EPOCH + timedelta(microseconds=low)).year - 1
        last = (EPOCH + timedelta(microseconds=high)).year + 2
        table = self._compiled(first, last)
        if not (table.low <= low and high < table.high):
            raise self._beyond()
        return table

    def _covering_year(self, year: int) -> Table:
        table = self._table
        if table is not None and table.first_year <= year <= table.last_year:
            return table
        if not FIRST_YEAR <= year <= LAST_YEAR:
            raise self._beyond()
        return self._compiled(year - 1, year + 2)

    def _longer(self, table: Table) -> Table:
        if table.last_year >= LAST_YEAR:
            raise self._beyond()
        return self._compiled(table.first_year, table.last_year + 10)

    def _earlier(self, table: Table) -> Table:
        if table.first_year <= FIRST_YEAR:
            raise self._beyond()
        return self._compiled(table.first_year - 10, table.last_year)

    def _compiled(self, first: int, last: int) -> Table:
        """Compiles these years and all that were compiled before; swapped in whole, so that readers see one or none."""
        known = self._table
        if known is not None:
            first, last = min(first, known.first_year), max(last, known.last_year)
        first, last = min(max(first, FIRST_YEAR), LAST_YEAR), max(min(last, LAST_YEAR), FIRST_YEAR)
        self._table = compile_years(self.spec, first, last)
        return self._table

    def _beyond(self) -> BeyondHorizon:
        return BeyondHorizon(
            f"calendar {self.name}",
            f"was asked for working time outside the years {FIRST_YEAR} to {LAST_YEAR}.",
            "Look for a wrong date in the incident, or for a calendar without working hours.",
        )


def default_calendar() -> BusinessCalendar:
    """Monday to Friday, 9 to 17 in UTC: used where the directory names no calendar."""
    office = (Span(9 * 60, 17 * 60),)
    return BusinessCalendar(CalendarSpec(name="default", zone="UTC", week=(office,) * 5 + (OFF,) * 2))
