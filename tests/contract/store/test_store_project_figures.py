"""The plans of projects as they were made, and the work that was left on each day."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from tests.contract.store.fixtures import NASTY, promotion

from bridge.planning.work import Baseline, PlannedWork
from bridge.store.database import Database

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
