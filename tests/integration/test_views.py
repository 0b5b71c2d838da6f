"""Groups as rules see them: read from a store, in a number of rows that does not depend on how long the history is."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.contract.store.fixtures import HandClock

from bridge.directory.directory import Directory
from bridge.model.incident import Incident, Snapshot, State
from bridge.model.promotion import Member, Promotion, PromotionState, Role
from bridge.rules.decision import Clause, Decision, DecisionKind
from bridge.rules.matching import compile_rule
from bridge.rules.ruleset import RuleSet
from bridge.rules.schema import Rule
from bridge.rules.sla import SlaTargets
from bridge.store.database import Database
from bridge.store.unit import Unit
from bridge.sync.mapping import StatusMapping
from bridge.texts import load_texts
from bridge.usecases.configured import Configured
from bridge.usecases.policy import Policy
from bridge.usecases.promote import add_candidate, join_groups, look
from bridge.usecases.taking import open_ones

NOW = datetime(2026, 10, 15, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
RULE: dict[str, Any] = {
    "id": "vpn",
    "title": "VPN drops",
    "match": {"field": "service", "equals": "VPN"},
    "unless": {"field": "tags", "has": "test"},
    "group_by": ["service"],
    "project": {"template": "network-problem", "owner": "jane"},
}
EVERYTHING = [
    {"recurs": {"at_least": 900, "within": "730d"}},
    {"recurs": {"at_least": 900, "within": "730d", "distinct": "caller"}},
    {"open_for": {"longer_than": "700d"}},
    {"on_hold_for": {"longer_than": "700d"}},
    {"reopened": {"at_least": 9}},
    {"reassigned": {"at_least": 9}},
    {"effort": {"at_least": "9000h", "within": "730d"}},
    {"breached": {"clock": "resolution", "times": 900, "within": "730d"}},
    {"rate": {"above": "9x", "baseline": "300d", "at_least": 900, "within": "30d"}},
    {"affected": {"at_least": 900, "distinct": "ci", "within": "730d"}},
]


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    """An empty store."""
    opened = Database.open(f"sqlite:///{tmp_path / 'bridge.sqlite3'}", HandClock())
    opened.upgrade()
    yield opened
    opened.close()


def configured(*reasons: dict[str, Any], sla: SlaTargets | None = None, **keys: Any) -> Configured:
    """One rule with these reasons, and what else use cases need."""
    rule = compile_rule(Rule.model_validate(RULE | {"when": {"any": list(reasons)}} | keys))
    texts, _ = load_texts([], "en")
    policy = Policy("test", "operations", "http://redmine", StatusMapping({}, {}), sla=sla or SlaTargets())
    return Configured(RuleSet([rule]), Directory({}, {}), {}, texts, policy)


def incident(number: int, opened: datetime, state: State = State.RESOLVED, **more: Any) -> Incident:
    updated = more.pop("updated_at", opened)
    return Incident("rt", str(number), "VPN", state, opened, updated, service="VPN", **more)


def store(unit: Unit, configuration: Configured, *incidents: Incident) -> list[Any]:
    """Takes in incidents; the groups they touch."""
    saved = unit.incidents.save([Snapshot(one) for one in incidents], NOW)
    return join_groups(unit, configuration, saved)


def decided(unit: Unit, configuration: Configured, *incidents: Incident) -> Decision:
    """Takes in incidents of one group; what its rule decides."""
    (touched,) = store(unit, configuration, *incidents)
    finding = look(unit, configuration, touched, NOW)
    assert finding is not None
    return finding.decision


def clause(unit: Unit, configuration: Configured, *incidents: Incident) -> Clause:
    (found,) = decided(unit, configuration, *incidents).clauses
    return found


def test_since_when_an_incident_is_on_hold_comes_from_its_timeline(database: Database) -> None:
    rule = configured({"on_hold_for": {"longer_than": "3d"}})
    opened = NOW - 30 * DAY
    with database.transaction() as unit:
        store(unit, rule, incident(1, opened, State.IN_PROGRESS))
        found = clause(unit, rule, incident(1, opened, State.ON_HOLD, updated_at=NOW - 4 * DAY))
        assert (found.met, found.have) == (True, 4 * 86_400)
        found = clause(unit, rule, incident(1, opened, State.IN_PROGRESS, updated_at=NOW))
        assert found.found == "no incident of the group is on hold"


def test_clocks_break_by_the_settings_targets_or_by_the_source_s_word(database: Database) -> None:
    targets = SlaTargets(response={1: HOUR}, resolution={1: 8 * HOUR})
    response, resolution = (
        configured({"breached": {"clock": clock, "times": 2}}, sla=targets) for clock in ("response", "resolution")
    )
    opened = NOW - DAY
    quick = incident(1, opened, State.CLOSED, priority=1, acknowledged_at=opened + HOUR, resolved_at=opened + 8 * HOUR)
    slow = incident(2, opened, State.IN_PROGRESS, priority=1, updated_at=opened + 2 * HOUR)
    told = incident(3, opened, State.CLOSED, priority=5, response_breached=True, resolution_breached=False)
    with database.transaction() as unit:
        store(unit, response, quick)
        found = clause(unit, response, slow, told)
        assert (found.met, found.evidence) == (True, (3, 2))
        found = clause(unit, resolution, incident(4, opened, priority=5, resolution_breached=True))
        assert (found.met, found.evidence) == (True, (4, 2))


def test_a_rate_is_counted_over_its_window_and_what_came_before(database: Database) -> None:
    """Per 10 days: 10 in the 100 days before are 1; more than three times that is at least 4."""
    rule = configured({"rate": {"above": "3x", "baseline": "100d", "at_least": 2, "within": "10d"}})
    before = [incident(n, NOW - 10 * DAY - n * 10 * DAY) for n in range(1, 11)]
    now = [incident(100 + n, NOW - n * DAY) for n in (10, 5, 0)]  # the first exactly ten days before the last
    outside = incident(99, NOW - 110.00001 * DAY)
    with database.transaction() as unit:
        found = clause(unit, rule, outside, *before, *now)
        assert (found.met, found.have, found.want) == (False, 3, 4)
        assert found.found == "3 within 10d, 10 in the 100d before"
        assert clause(unit, rule, incident(200, NOW - DAY)).met


def test_what_a_delivered_project_covered_is_in_no_window(database: Database) -> None:
    rule = configured({"rate": {"above": "2x", "at_least": 2, "within": "10d"}})
    with database.transaction() as unit:
        (touched,) = store(unit, rule, *(incident(n, NOW - n * DAY) for n in range(9)))
        made = Promotion(0, "vpn", "v", "", touched.key, "VPN", "VPN", PromotionState.DELIVERED, "", NOW - 9 * DAY)
        kept = unit.promotions.add(made)
        for days, count in ((0.5, 1), (2, 2), (2.5, 3)):
            delivered = NOW - days * DAY
            unit.promotions.save(Promotion(**{**_values(kept), "delivered_at": delivered}))
            finding = look(unit, rule, touched, NOW)
            assert finding is not None
            (found,) = finding.decision.clauses
            assert found.have == count


def _values(promotion: Promotion) -> dict[str, Any]:
    return {name: getattr(promotion, name) for name in Promotion.__slots__}


def test_effort_and_different_values_are_read_from_incidents(database: Database) -> None:
    rule = configured({"effort": {"at_least": "3h"}}, {"affected": {"at_least": 2, "within": "7d"}})
    with database.transaction() as unit:
        found = decided(
            unit, rule, incident(1, NOW, caller="a", effort=1.5), incident(2, NOW - DAY, caller="b", effort=1.5)
        )
        assert [one.met for one in found.clauses] == [True, True]
        found = decided(unit, rule, incident(2, NOW - DAY, caller="a", effort=1, updated_at=NOW))
        assert [one.met for one in found.clauses] == [False, False]


def test_an_incident_that_unless_excludes_leaves_the_group(database: Database) -> None:
    rule = configured({"recurs": {"at_least": 2, "within": "7d"}})
    with database.transaction() as unit:
        assert decided(unit, rule, incident(1, NOW), incident(2, NOW)).kind is DecisionKind.CANDIDATE
        assert store(unit, rule, incident(2, NOW, tags=("test",), updated_at=NOW + HOUR)) == []
        assert decided(unit, rule, incident(1, NOW, updated_at=NOW + HOUR)).kind is DecisionKind.NOTHING


def test_a_rule_is_told_who_claimed_its_incidents_first(database: Database) -> None:
    rule = configured({"recurs": {"at_least": 2, "within": "7d"}})
    with database.transaction() as unit:
        (touched,) = store(unit, rule, incident(1, NOW), incident(2, NOW))
        other = unit.promotions.add(
            Promotion(0, "other", "v", "", "k", "x", "x", PromotionState.CANDIDATE, "", NOW - DAY)
        )
        unit.promotions.add_member(Member(other.id, 1, Role.EVIDENCE, NOW))
        finding = look(unit, rule, touched, NOW)
        assert finding is not None
        assert finding.decision.kind is DecisionKind.NOTHING
        assert "1 incident belongs to promotion 1 of rule other, which claimed first" in finding.decision.why


@contextmanager
def steps(unit: Unit) -> Iterator[list[int]]:
    """How many steps SQLite's machine makes inside the block; they grow with every row read."""
    count = [0]

    def step() -> int:
        count[0] += 1
        return 0

    driver: Any = unit.connection.connection.driver_connection
    driver.set_progress_handler(step, 1)
    yield count
    driver.set_progress_handler(None, 1)


def history(number: int) -> Incident:
    """One incident every quarter of an hour before NOW, each with its own caller and CI."""
    return incident(
        number, NOW - number * HOUR / 4, caller=f"c{number}", ci=f"ci{number}", effort=0.5, resolution_breached=False
    )


@pytest.mark.parametrize(
    "sizes",
    [
        (5_000, 20_000, 50_000),
        pytest.param((10_000, 100_000, 1_000_000), marks=[pytest.mark.soak, pytest.mark.timeout(3000)]),
    ],
)
def test_a_decision_reads_the_same_whatever_the_history(database: Database, sizes: tuple[int, ...]) -> None:
    """All reasons at once, about one group with so many incidents in it."""
    limits = {"projects_per_day": 3, "open_per_group": 1, "mails": "none"}
    rule = configured(*EVERYTHING, mode="auto", limits=limits)
    found = []
    stored = 0
    for size in sizes:
        with database.transaction() as unit:
            for first in range(stored, size, 5_000):
                store(unit, rule, *map(history, range(first, first + 5_000)))
            stored = size
        with database.transaction() as unit, steps(unit) as count:
            decision = decided(unit, rule, incident(2_000_000 + size, NOW))
        assert len(decision.clauses) == len(EVERYTHING)
        assert decision.clauses[1].have >= 900, "so many members were looked at"
        found.append(count[0])
    print(f"steps of SQLite for one new incident, with {sizes} incidents in its group: {found}")
    assert max(found) <= 1.05 * min(found), found


def test_what_becomes_a_candidate_is_read_whole_and_bounded(database: Database) -> None:
    """The reason counts the window, not what it took to decide; what is beyond 1,000 is said."""
    rule = configured({"recurs": {"at_least": 3, "within": "14d"}})
    with database.transaction() as unit:
        decision = decided(unit, rule, *map(history, range(112)), incident(5000, NOW - 20 * DAY))
        assert decision.reasons_met()[0].startswith("112 incidents, opened ")
        assert decision.evidence == tuple(sorted(decision.evidence))
        assert len(decision.evidence) == 112
        (touched,) = store(unit, rule, *map(history, range(112, 1200)))
        finding = look(unit, rule, touched, NOW)
        assert finding is not None
        promotion = add_candidate(unit, finding, NOW)
        said = "no more than the newest 1000 of the group's 1201 incidents were looked at, and the open ones"
        assert promotion.reason.splitlines()[-1] == promotion.attention == said
        assert len(unit.promotions.members(promotion.id)) == 1000


def test_the_open_ones_of_a_group_are_found_without_reading_what_is_over(database: Database) -> None:
    """Three open ones among 5,000 and among 20,000 incidents of the group."""
    rule = configured({"recurs": {"at_least": 900, "within": "1d"}})
    found = []
    stored = 0
    with database.transaction() as unit:
        (touched,) = store(unit, rule, *(incident(1_000_000 + n, NOW - n * DAY, State.NEW) for n in range(3)))
    for size in (5_000, 20_000):
        with database.transaction() as unit:
            store(unit, rule, *map(history, range(stored, size)))
            stored = size
        with database.transaction() as unit, steps(unit) as count:
            assert len(open_ones(unit, "vpn", touched.key)) == 3
        found.append(count[0])
    assert max(found) <= 1.05 * min(found), found
