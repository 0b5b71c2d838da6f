"""Every reason of a rule: what it counts, where its window ends, and what it tells."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from tests.unit.rules.incidents import NOW, RULE, rule, ticket

from bridge.calendar.business import BusinessCalendar
from bridge.calendar.spec import OFF, CalendarSpec, Span
from bridge.model.incident import IncidentRef, State
from bridge.rules.decide import decide
from bridge.rules.decision import Clause, DecisionKind, GroupMember, GroupView, RateCount
from bridge.rules.explain import near_miss
from bridge.rules.fields import field
from bridge.rules.matching import compile_rule
from bridge.rules.recurrence import enough_before, rate, rate_span
from bridge.rules.schema import Rule
from bridge.rules.sla import SlaClock, SlaTargets, breach
from bridge.rules.when import Rate

DAY = timedelta(days=1)
SECOND = timedelta(seconds=1)
OFFICE = BusinessCalendar(CalendarSpec(name="office", zone="UTC", week=((Span(540, 1020),),) * 5 + (OFF,) * 2))
"""Monday to Friday, 9 to 17 in UTC; NOW is a Thursday at noon."""


def member(number: int, days_ago: float, state: State = State.RESOLVED, **more: Any) -> GroupMember:
    at = NOW - days_ago * DAY
    return replace(GroupMember(number, IncidentRef("rt", str(number)), at, state, at), **more)


def valued(field_name: str, *pairs: tuple[float, str]) -> list[GroupMember]:
    """Members so many days old with a value of a field; empty: none."""
    return [member(100 - n, days, values={field_name: value} if value else {}) for n, (days, value) in enumerate(pairs)]


def clause(reason: dict[str, Any], *members: GroupMember, **view: Any) -> Clause:
    """The reason looked at over a group."""
    compiled = compile_rule(Rule.model_validate(RULE | {"when": {"any": [reason]}}), calendars={"office": OFFICE})
    group = GroupView("k", "VPN", members, NOW - 365 * DAY, **view)
    (found,) = decide(compiled, group, NOW).clauses
    return found


@pytest.mark.parametrize(
    ("pairs", "met"),
    [
        ([(0, "a"), (1, "b"), (2, "c")], True),
        ([(0, "a"), (1, "b"), (2, "a")], False),
        ([(0, "a"), (1, "b"), (2, "")], False),  # without a value it does not count
        ([(0, "a"), (1, "b"), (7, "c")], True),  # the window is closed
        ([(0, "a"), (1, "b"), (7.00001, "c")], False),
        ([(0, ""), (0, "a"), (1, "b"), (7, "c")], True),
    ],
)
@pytest.mark.parametrize(
    ("reason", "name"),
    [
        ({"recurs": {"at_least": 3, "within": "7d", "distinct": "caller"}}, "caller"),
        ({"recurs": {"at_least": 3, "within": "7d", "distinct": "fields.Line"}}, "fields.Line"),
        ({"affected": {"at_least": 3, "distinct": "caller", "within": "7d"}}, "caller"),
        ({"affected": {"at_least": 3, "distinct": "location", "within": "7d"}}, "site"),
        ({"affected": {"at_least": 3, "distinct": "ci", "within": "7d"}}, "ci"),
    ],
)
def test_different_values_count_once(
    reason: dict[str, Any], name: str, pairs: list[tuple[float, str]], met: bool
) -> None:
    found = clause(reason, *valued(name, *pairs))
    assert found.met is met
    assert found.evidence == tuple(100 - n for n, (days, value) in enumerate(pairs) if value and days <= 7)


def test_a_count_of_values_shrinks_when_the_newest_of_one_leaves() -> None:
    reason = {"affected": {"at_least": 3, "within": "7d"}}
    found = clause(reason, *valued("caller", (0, "a"), (1, "b"), (5, "b"), (6, "a")))
    assert (found.have, found.want, found.until) == (2, 3, NOW + 6 * DAY)
    assert str(found) == (
        "affected: 2 different callers in 4 incidents, opened 2026-10-09 12:00 UTC to 2026-10-15 12:00 UTC"
        " (needed: 3 different callers within 7d)"
    )


@pytest.mark.parametrize(
    ("opened", "met"),
    [
        (datetime(2026, 10, 14, 13, tzinfo=NOW.tzinfo), False),  # 4 hours yesterday, 3 today
        (datetime(2026, 10, 14, 12, tzinfo=NOW.tzinfo), False),  # 8 hours: longer than means longer
        (datetime(2026, 10, 14, 11, 59, 59, tzinfo=NOW.tzinfo), True),
        (datetime(2026, 10, 9, 17, 0, tzinfo=NOW.tzinfo), True),
    ],
)
def test_open_for_counts_working_time(opened: datetime, met: bool) -> None:
    one = member(1, 0, State.NEW, opened_at=opened)
    found = clause({"open_for": {"longer_than": "8h", "calendar": "office"}}, one)
    assert found.met is met
    assert clause({"open_for": {"longer_than": "23h"}}, one).met is (NOW - opened > timedelta(hours=23))


def test_when_working_time_will_be_up_is_told() -> None:
    one = member(1, 0, State.NEW, opened_at=NOW)
    found = clause({"open_for": {"longer_than": "10h", "calendar": "office"}}, one)
    assert found.until == datetime(2026, 10, 16, 14, tzinfo=NOW.tzinfo)
    assert found.needed == "more than 10h of working time (office)"


def test_an_unknown_calendar_or_a_date_beyond_it_is_no_reason() -> None:
    ancient = member(1, 0, State.NEW, opened_at=NOW.replace(year=1901))
    found = clause({"open_for": {"longer_than": "8h", "calendar": "office"}}, ancient)
    assert (found.met, found.found) == (False, "no incident of the group is open")
    missing = clause({"open_for": {"longer_than": "8h", "calendar": "moon"}}, ancient)
    assert (missing.met, missing.found) == (False, "the directory has no calendar “moon”")


@pytest.mark.parametrize(("held", "met"), [(2 * DAY, False), (2 * DAY + SECOND, True), (None, False)])
def test_on_hold_for(held: timedelta | None, met: bool) -> None:
    one = member(1, 30, State.ON_HOLD, held_since=NOW - held if held else None)
    found = clause({"on_hold_for": {"longer_than": "2d"}}, one)
    assert (found.met, found.evidence) == (met, (1,) if met else ())


@pytest.mark.parametrize(("key", "count"), [("reopened", "reopened"), ("reassigned", "reassigned")])
@pytest.mark.parametrize(
    ("times", "state", "changed", "met"),
    [
        (3, State.NEW, 400, True),
        (2, State.NEW, 0, False),
        (3, State.CLOSED, 10, True),
        (3, State.CLOSED, 10.00001, False),  # what is over counts only while it is fresh
        (3, State.CLOSED, -30, False),  # a date from the future
    ],
)
def test_an_incident_that_comes_back(key: str, count: str, times: int, state: State, changed: float, met: bool) -> None:
    one = replace(member(1, 500, state, updated_at=NOW - changed * DAY), **{count: times})
    other = member(2, 1)
    assert clause({key: {"at_least": 3, "within": "10d"}}, other, one).met is met


def test_effort_is_the_sum_of_the_window() -> None:
    reason = {"effort": {"at_least": "16h", "within": "30d"}}
    worked = [member(3, 0, effort=0.0), member(2, 1, effort=10.5), member(1, 30, effort=5.5)]
    found = clause(reason, *worked)
    assert (found.met, found.have, found.want, found.evidence) == (True, 16, 16, (2, 1))
    assert found.needed == "16 worked hours within 30d"
    assert not clause(reason, *worked[:2], replace(worked[2], opened_at=NOW - 30 * DAY - SECOND)).met


@pytest.mark.parametrize(("clock", "key"), [("response", "response_breach"), ("resolution", "resolution_breach")])
def test_breached(clock: str, key: str) -> None:
    reason = {"breached": {"clock": clock, "times": 2, "within": "7d"}}
    late = [replace(member(9 - n, n), **{key: NOW - SECOND}) for n in range(2)]
    assert clause(reason, *late).met
    assert not clause(reason, late[0], replace(late[1], **{key: NOW})).met, "met exactly on time is met"
    assert not clause(reason, late[0], member(1, 1)).met
    other = {"response": "resolution", "resolution": "response"}[clock]
    assert not clause({"breached": {"clock": other, "times": 1}}, *late).met


@pytest.mark.parametrize(
    ("verdict", "ended", "target", "expected"),
    [
        (None, None, None, None),
        (None, None, 4, 4),
        (None, 4, 4, None),
        (None, 4.001, 4, 4),
        (True, 1, 4, 0),  # the source's word wins
        (False, 9, 4, None),
    ],
)
def test_when_a_clock_breaks(
    verdict: bool | None, ended: float | None, target: float | None, expected: float | None
) -> None:
    def hours(number: float | None) -> datetime | None:
        return None if number is None else NOW + timedelta(hours=number)

    limit = None if target is None else timedelta(hours=target)
    assert breach(verdict, NOW, hours(ended), limit) == hours(expected)


def test_a_member_knows_its_clocks_its_hold_and_its_values() -> None:
    targets = SlaTargets(response={2: timedelta(hours=1)}, resolution={2: timedelta(hours=8)})
    wanted = [found for name in ("caller", "site", "ci") if (found := field(name))]
    incident = ticket(state=State.ON_HOLD, caller="bob", effort=2.5, reopen_count=1, reassignment_count=4)
    one = GroupMember.of(7, incident, fields=wanted, targets=targets, held_since=NOW, responded_at=NOW)
    assert one.values == {"caller": "bob", "ci": "R7"}
    assert (one.held_since, one.effort, one.reopened, one.reassigned) == (NOW, 2.5, 1, 4)
    assert one.response_breach == incident.opened_at + timedelta(hours=1)
    assert one.resolution_breach == incident.opened_at + timedelta(hours=8)
    quick = GroupMember.of(7, incident, targets=targets, responded_at=incident.opened_at)
    assert quick.response_breach is None
    done = ticket(state=State.RESOLVED, resolved_at=incident.opened_at + timedelta(hours=8))
    over = GroupMember.of(7, done, targets=targets, held_since=NOW)
    assert (over.held_since, over.resolution_breach, over.response_breach) == (None, None, over.opened_at + DAY / 24)
    assert targets.of(SlaClock.RESPONSE, None) is None


THREE_TIMES = Rate.model_validate({"above": "3x", "baseline": "90d", "at_least": 4, "within": "9d"})


@pytest.mark.parametrize(
    ("recent", "before", "met"),
    [
        (4, 0, True),
        (3, 0, False),  # at_least
        (6, 20, False),  # exactly three times as often is not above it
        (7, 20, True),
        (7, 23, True),
        (7, 24, False),
    ],
)
def test_rate(recent: int, before: int, met: bool) -> None:
    """Per nine days: 20 in 90 days are 2, and three times that are 6."""
    found = rate(THREE_TIMES, RateCount(recent, before), [member(1, 0)], NOW)
    assert found.met is met
    assert found.met is (found.have >= found.want)
    assert (before >= enough_before(THREE_TIMES, recent)) is not (recent * 90 * 1 > 3 * before * 9)


def test_where_a_rate_is_counted() -> None:
    newest = [member(2, 1), member(1, 3)]
    span = rate_span(THREE_TIMES, newest, NOW)
    assert span is not None
    assert (span.until, span.since, span.before) == (NOW - DAY, NOW - 10 * DAY, NOW - 100 * DAY)
    assert rate_span(THREE_TIMES, [member(1, 9.00001)], NOW) is None
    assert rate_span(THREE_TIMES, [], NOW) is None
    assert not rate(THREE_TIMES, RateCount(50, 0), [member(1, 10)], NOW).met, "the newest is too old"


def test_rates_take_their_counts_in_order() -> None:
    reason = {"rate": {"above": "2x", "at_least": 3}}
    compiled = rule(when={"all": [reason, {"recurs": {"at_least": 1, "within": "1d"}}, reason]})
    group = GroupView("k", "VPN", (member(1, 0),), NOW - DAY, rates=(RateCount(5, 0), RateCount(1, 0)))
    assert [one.met for one in decide(compiled, group, NOW).clauses] == [True, True, False]
    assert decide(compiled, replace(group, rates=()), NOW).kind is DecisionKind.NOTHING


@pytest.mark.parametrize(
    ("reason", "members", "told"),
    [
        (
            {"affected": {"at_least": 3, "within": "7d"}},
            valued("caller", (0, "a"), (5, "b")),
            "2 of 3 different ones, window closes in 48h",
        ),
        (
            {"effort": {"at_least": "16h", "within": "30d"}},
            [member(1, 0, effort=12.5)],
            "12.5 of 16 worked hours, window closes in 30d",
        ),
        ({"reopened": {"at_least": 3}}, [member(1, 0, State.NEW, reopened=2)], "2 of 3 reopenings"),
        (
            {"on_hold_for": {"longer_than": "10d"}},
            [member(1, 30, State.ON_HOLD, held_since=NOW - 6 * DAY)],
            "rt #1 has been on hold for 144h, will be met in 96h",
        ),
    ],
)
def test_near_misses(reason: dict[str, Any], members: list[GroupMember], told: str) -> None:
    compiled = rule(when={"any": [reason]})
    group = GroupView("k", "VPN", tuple(members), NOW - DAY)
    assert near_miss(compiled, group, decide(compiled, group, NOW), NOW) == told


@pytest.mark.parametrize(
    ("reasons", "members", "waits"),
    [
        ([{"recurs": {"at_least": 7, "within": "1d"}}], 7, []),
        ([{"recurs": {"at_least": 7, "within": "1d", "distinct": "ci"}}], 1000, []),
        ([{"open_for": {"longer_than": "3d"}}, {"on_hold_for": {"longer_than": "2d"}}], 100, [3 * DAY, 2 * DAY]),
        ([{"rate": {"above": "2x", "at_least": 3}}], 100, []),
        ([{"effort": {"at_least": "1h"}}, {"reassigned": {"at_least": 3}}], 1000, []),
    ],
)
def test_what_reasons_need(reasons: list[dict[str, Any]], members: int, waits: list[timedelta]) -> None:
    needs = rule(when={"any": reasons}).needs
    assert (needs.members, list(needs.waits)) == (members, waits)


def test_a_broken_clock_is_noticed_by_time_alone() -> None:
    needs = rule(when={"any": [{"breached": {"clock": "resolution"}}, {"open_for": {"longer_than": "3d"}}]}).needs
    assert needs.facts
    assert needs.wait(SlaTargets()) == 3 * DAY
    assert needs.wait(SlaTargets(resolution={1: DAY, 2: 2 * DAY})) == DAY
