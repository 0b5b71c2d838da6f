"""The plans of projects as they were made, and the work that was left on each day."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from tests.contract.store.fixtures import NASTY, at, incident, promotion, save

from bridge.kpi.effect_of_project import Verdict
from bridge.model.incident import GroupRow
from bridge.model.promotion import PromotionState
from bridge.planning.work import Baseline, PlannedWork
from bridge.store.database import Database
from bridge.usecases.reports.looking import did_it_help

DAY = date(2026, 11, 2)
PLAN = Baseline(
    DAY, date(2026, 11, 20), (PlannedWork("1.1", NASTY, DAY, DAY, 2.5, NASTY), PlannedWork("2", "x", DAY, DAY, 0.0))
)


def test_a_plan_is_kept_as_it_was_made(database: Database) -> None:
    with database.transaction() as unit:
        number = unit.promotions.add(promotion()).id
        assert unit.project_figures.baseline(number) is None
        unit.project_figures.begin(number, PLAN)
        unit.project_figures.begin(number, replace(PLAN, due=DAY))
    with database.reading() as unit:
        assert unit.project_figures.baseline(number) == PLAN


def test_the_last_word_on_a_day_counts(database: Database) -> None:
    with database.transaction() as unit:
        number = unit.promotions.add(promotion()).id
        unit.project_figures.write_day(number, date(2026, 11, 3), {"": 30.0, NASTY: 10.0})
        unit.project_figures.write_day(number, DAY, {"": 40.0})
        unit.project_figures.write_day(number, DAY, {"": 38.5})
    with database.reading() as unit:
        days = {name: list(points) for name, points in unit.project_figures.days(number).items()}
    assert days == {"": [(DAY, 38.5), (date(2026, 11, 3), 30.0)], NASTY: [(date(2026, 11, 3), 10.0)]}


def test_incidents_are_counted_before_the_promotion_and_after_the_delivery(database: Database) -> None:
    """Not those between; the first one known only begins the span."""
    opened, delivered, now = at(0), at(10), at(40)
    times = [at(minutes) for minutes in (-40, -30, -20, -1, 5, 20, 30)]
    done = promotion(state=PromotionState.DELIVERED, opened_at=opened, delivered_at=delivered)
    with database.transaction() as unit:
        saved = save(unit, *(incident(number, opened_at=when) for number, when in enumerate(times)))
        unit.groups.join([GroupRow(done.rule_id, done.group_key, one.id, one.incident.opened_at) for one in saved])
    with database.reading() as unit:
        found = did_it_help(unit, done, now)
        assert found is not None
        assert (found.before, found.after) == (3, 2)
        assert [found.before_days * 1440, found.after_days * 1440] == pytest.approx([40, 30])
        assert did_it_help(unit, replace(done, delivered_at=None), now) is None
        assert did_it_help(unit, replace(done, rule_id=""), now) is None
        nothing = did_it_help(unit, replace(done, group_key="other"), now)
        assert nothing is not None
        assert nothing.verdict is Verdict.UNKNOWN
