"""What happens at the desk for each reason of a rule: what leaves a group just below it, and what was missing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from bridge.app import App
from bridge.kpi.measures import ResolutionTimes
from bridge.model.promotion import Promotion
from bridge.sandbox import Sandbox
from bridge.usecases.measure import measure
from tests.servers.common import Caller
from tests.system.desks import SandboxDesk
from tests.system.stage import Stage

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


class ReasonsDesk(SandboxDesk):
    """The sandbox's incident system, which tells the minutes worked and its own verdict on the clocks."""

    def source_settings(self) -> dict[str, Any]:
        found = super().source_settings()
        told = {"effort": "custom.worked", "response_breached": "custom.late", "resolution_breached": "custom.late"}
        return {**found, "fields": {**found["fields"], **told}, "effort_unit": "minutes"}


@dataclass
class World:
    """A sandbox with a bridge that has a rule for every case; `case` is the one played, a service of its own."""

    sandbox: Sandbox
    stage: Stage
    bridge: App
    case: str = ""

    def open(self, **fields: Any) -> str:
        """Somebody opens an incident of the case; its id."""
        body = {"title": f"{self.case} fails", "service": self.case, "priority": 1, "team": "Incidents", **fields}
        return str(self._anna().ok("POST", "/api/incidents", body)["incident"]["id"])

    def change(self, incident: str, **fields: Any) -> None:
        """An agent changes it."""
        self._anna().ok("PATCH", f"/api/incidents/{incident}", fields)

    def later(self, time: timedelta) -> None:
        """Time passes."""
        self.sandbox.clock.advance(time.total_seconds())

    def look(self) -> None:
        """A minute later the bridge looks: servers tell whole seconds."""
        self.later(MINUTE)
        self.once()

    def once(self) -> None:
        """`once`, in a bridge that stays open: to open one for each takes longer than most of them."""
        cycle = self.bridge.once()
        assert not cycle.failures, cycle.failures

    def promotions(self) -> list[Promotion]:
        """The promotions of the case."""
        with self.bridge.database.reading() as uow:
            return [one for one in uow.promotions.in_states() if one.rule_id == self.case]

    def projects(self) -> list[int]:
        """The projects of the case."""
        return [one["id"] for one in self.stage.office.projects() if one["name"] == f"The rule {self.case}"]

    def measure(self) -> ResolutionTimes:
        """The KPIs of all cases so far."""
        with self.bridge.database.reading() as uow:
            return measure(uow)

    def _anna(self) -> Caller:
        return Caller(self.sandbox.itsm.url, {"Authorization": f"Bearer {self.sandbox.itsm.token('anna')}"})


@dataclass(frozen=True)
class Case:
    """`below` leaves a group just below `when`, `above` is what was missing; `told` is what the promotion says."""

    when: dict[str, Any]
    below: Callable[[World], str | None]
    above: Callable[[World, str], object]
    told: str


def opens(*groups: dict[str, Any]) -> Callable[[World], str]:
    """Incidents at once; the last one's id."""
    return lambda world: [world.open(**fields) for fields in groups][-1]


def one_more(**fields: Any) -> Callable[[World, str], object]:
    return lambda world, _: world.open(**fields)


def waits(time: timedelta) -> Callable[[World, str], object]:
    return lambda world, _: world.later(time)


def any_of(**reason: dict[str, Any]) -> dict[str, Any]:
    return {"any": [{name: asked} for name, asked in reason.items()]}


def spread_over_more_than_a_week(world: World) -> None:
    world.open()
    world.later(7 * DAY + MINUTE)
    world.open()
    world.open()


def open_for_48_hours(world: World) -> None:
    world.open()
    world.look()
    world.later(48 * HOUR - 2 * MINUTE)


def open_for_24_working_hours(world: World) -> None:
    """From Thursday 12:00 in Berlin to Tuesday 12:00; `look` adds the last minute."""
    now = world.sandbox.clock.now()
    thursday = now + ((3 - now.weekday()) % 7 + 7) * DAY
    world.sandbox.clock.set(thursday.replace(hour=11, minute=0, second=0, microsecond=0))
    world.open()
    world.look()
    world.sandbox.clock.set(world.sandbox.clock.now().replace(minute=0) + 5 * DAY - MINUTE)


def held(world: World, incident: str) -> None:
    world.change(incident, state="pending", hold_reason="vendor")
    world.once()


def on_hold_with_a_break(world: World) -> str:
    """40 hours, and 48 more."""
    incident = world.open()
    world.look()
    held(world, incident)
    world.later(40 * HOUR)
    world.change(incident, state="in_progress")
    world.look()
    held(world, incident)
    world.later(48 * HOUR - MINUTE)
    return incident


def comes_back(world: World, incident: str) -> None:
    world.change(incident, state="solved", resolution="restarted")
    world.look()
    world.change(incident, state="in_progress")


def came_back_once(world: World) -> str:
    incident = world.open()
    comes_back(world, incident)
    return incident


def goes_twice_to_another_team(world: World) -> str:
    incident = world.open()
    for team in ("Network", "Servers"):
        world.change(incident, team=team)
    return incident


def worked_a_minute_too_little(world: World) -> str:
    world.open(custom={"worked": "400"})
    return world.open(custom={"worked": "559"})


def one_by_verdict(world: World) -> str:
    """The other one is older than its target, but its own system says it is in time."""
    world.open(custom={"late": "yes"})
    other = world.open(custom={"late": "no"})
    world.later(2 * DAY)
    return other


def two_exactly_on_time(world: World) -> None:
    world.open()
    world.open()
    world.later(24 * HOUR - MINUTE)


def one_without_an_answer(world: World) -> None:
    taken = world.open()
    world.open()
    world.later(20 * MINUTE)
    world.change(taken, state="in_progress")
    world.later(DAY)


def late_once_more(world: World, _: str) -> None:
    world.open()
    world.later(HOUR)


def three_times_the_usual_rate(world: World) -> None:
    """Eight in the four weeks before are two a week; six are no more than three times that."""
    for _ in range(8):
        world.open()
    world.later(9 * DAY)
    for _ in range(6):
        world.open()


TWO_CALLERS = [{"caller": name} for name in ("ann", "bob", "bob", "bob")]
TWO_CIS = {"at_least": 2, "distinct": "ci", "within": "7d"}
BOTH = {"all": [{"recurs": {"at_least": 3, "within": "7d"}}, {"affected": TWO_CIS}]}
ON_ONE_CI = [{"ci": "r1"}, {"ci": "r1"}, {"ci": "r1"}]
CASES = {
    "recurs": Case(
        any_of(recurs={"at_least": 3, "within": "7d"}), spread_over_more_than_a_week, one_more(), "3 incidents"
    ),
    "recurs-distinct": Case(
        any_of(recurs={"at_least": 3, "within": "14d", "distinct": "caller"}),
        opens(*TWO_CALLERS),
        one_more(caller="cid"),
        "3 different caller in 5",
    ),
    "open-for": Case(
        any_of(open_for={"longer_than": "48h"}), open_for_48_hours, waits(MINUTE), "has been open for 48h"
    ),
    "open-for-calendar": Case(
        any_of(open_for={"longer_than": "24h", "calendar": "office"}),
        open_for_24_working_hours,
        waits(MINUTE),
        "has been open for 24h",
    ),
    "on-hold-for": Case(
        any_of(on_hold_for={"longer_than": "48h"}), on_hold_with_a_break, waits(MINUTE), "on hold for 48h"
    ),
    "reopened": Case(any_of(reopened={"at_least": 2}), came_back_once, comes_back, "was reopened 2 times"),
    "reassigned": Case(
        any_of(reassigned={"at_least": 3}),
        goes_twice_to_another_team,
        lambda world, incident: world.change(incident, team="Clients"),
        "was reassigned 3 times",
    ),
    "effort": Case(
        any_of(effort={"at_least": "16h", "within": "30d"}),
        worked_a_minute_too_little,
        lambda world, incident: world.change(incident, custom={"worked": "560"}),
        "16 worked hours on 2",
    ),
    "breached-verdict": Case(
        any_of(breached={"clock": "resolution", "times": 2, "within": "30d"}),
        one_by_verdict,
        lambda world, incident: world.change(incident, custom={"late": "yes"}),
        "broken resolution time",
    ),
    "breached-resolution": Case(
        any_of(breached={"clock": "resolution", "times": 2, "within": "30d"}),
        two_exactly_on_time,
        waits(MINUTE),
        "broken resolution time",
    ),
    "breached-response": Case(
        any_of(breached={"clock": "response", "times": 2, "within": "30d"}),
        one_without_an_answer,
        late_once_more,
        "broken response time",
    ),
    "rate": Case(
        any_of(rate={"above": "3x", "baseline": "28d", "at_least": 5, "within": "7d"}),
        three_times_the_usual_rate,
        one_more(),
        "8 in the 28d before",
    ),
    **{
        f"affected-{who}": Case(
            any_of(affected={"at_least": 3, "distinct": who, "within": "7d"}),
            opens(*({field: value} for value in "abb")),
            one_more(**{field: "c"}),
            f"3 different {whom} in 4",
        )
        for who, field, whom in (
            ("caller", "caller", "callers"),
            ("location", "site", "locations"),
            ("ci", "ci", "CIs"),
        )
    },
    "any": Case(
        any_of(recurs={"at_least": 5, "within": "7d"}, affected=TWO_CIS),
        opens(*ON_ONE_CI),
        one_more(ci="r2"),
        "2 different CIs in 4",
    ),
    "all": Case(BOTH, opens(*ON_ONE_CI), one_more(ci="r2"), "2 different CIs in 4"),
    "all-but-the-other": Case(BOTH, opens({"ci": "r1"}, {"ci": "r2"}), one_more(ci="r2"), "3 incidents"),
}
