"""Which candidates are offered a due date by what earlier projects took."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest
from tests.contract.store.fixtures import NOON, HandClock, promotion

from bridge.directory.directory import Directory, Person
from bridge.model.promotion import Promotion, PromotionState
from bridge.planning.experience import Experience
from bridge.rules.loader import KnownNames, load_rules
from bridge.store.database import Database
from bridge.sync.mapping import StatusMapping
from bridge.texts import load_texts
from bridge.usecases.configured import Configured
from bridge.usecases.experience import offered
from bridge.usecases.policy import Policy

RULE = """\
version: 1
rules:
  - id: vpn
    title: VPN drops
    match: {field: service, equals: VPN}
    group_by: [ci]
    when: {any: [{recurs: {at_least: 5, within: 14d}}]}
    project: {template: small, owner: jane%s}
"""


def configured(folder: Path, more: str = "") -> Configured:
    """One rule; `more` is added to what it says about its project."""
    path = folder / "rules.yaml"
    path.write_text(RULE % more, encoding="utf-8")
    rules, problems = load_rules([path], KnownNames())
    assert rules is not None, problems
    policy = Policy("test", "operations", "http://redmine.example", StatusMapping({}, {}))
    return Configured(rules, Directory([Person("jane", redmine_id=6)]), {}, load_texts([], "en")[0], policy)


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    """A store with three delivered projects of the rule, one that still runs, and one of another rule."""
    store = Database.open(f"sqlite:///{tmp_path / 'store.sqlite3'}", HandClock())
    store.upgrade()
    with store.transaction() as uow:
        for days in (7, 14, 28):
            delivered = NOON + timedelta(days=days)
            done = promotion(rule_id="vpn", state=PromotionState.DELIVERED, opened_at=NOON, delivered_at=delivered)
            uow.promotions.add(done)
        uow.promotions.add(promotion(rule_id="vpn", state=PromotionState.ACTIVE, opened_at=NOON))
        long = NOON + timedelta(days=700)
        other = promotion(rule_id="mail", state=PromotionState.VERIFIED, opened_at=NOON, delivered_at=long)
        uow.promotions.add(other)
    yield store
    store.close()


def candidate(**values: object) -> Promotion:
    """A candidate of the rule."""
    return replace(promotion(rule_id="vpn", owner="jane"), **values)  # type: ignore[arg-type]  # values of any field


def test_the_median_of_the_rule_s_projects_is_offered(database: Database, tmp_path: Path) -> None:
    with database.reading() as uow:
        assert offered(uow, configured(tmp_path), candidate()) == Experience(10, 3)


def test_who_names_a_date_is_offered_none(database: Database, tmp_path: Path) -> None:
    """The rule, or a person in the form; and a rule without earlier projects has none to offer."""
    with database.reading() as uow:
        assert offered(uow, configured(tmp_path, ", due: 5 business days"), candidate()) is None
        assert offered(uow, configured(tmp_path), candidate(due=date(2026, 12, 1))) is None
        assert offered(uow, configured(tmp_path), candidate(rule_id="new")) is None
        assert offered(uow, configured(tmp_path), candidate(rule_id="")) is None
