"""What the store keeps of candidates: their form, their issue, and where a merged group goes."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from tests.contract.store.fixtures import NASTY, NOON, at, promotion

from bridge.model.intake import Intake
from bridge.model.promotion import PromotionState
from bridge.store.database import Database


def test_a_form_comes_back_as_it_was_stored(database: Database) -> None:
    with database.transaction() as unit:
        form = {"objective": NASTY, "due": date(2027, 1, 31), "template": "t", "impact": NASTY, "proposed_by": "jane"}
        times = {"waiting_since": NOON, "deferred_until": at(5)}
        added = unit.promotions.add(promotion(**form, **times, from_history=True))
        assert unit.promotions.get(added.id) == added
        cleared = replace(added, due=None, deferred_until=None, from_history=False, merged_into=7)
        unit.promotions.save(cleared)
        assert unit.promotions.get(added.id) == cleared


def test_the_issue_of_a_candidate(database: Database) -> None:
    with database.transaction() as unit:
        first, second = (unit.promotions.add(promotion(group_key=key)).id for key in ("a", "b"))
        intake = Intake(first, 17, {"objective": NASTY})
        unit.intakes.save(intake)
        unit.intakes.save(Intake(second, 18))
        unit.intakes.save(replace(intake, journal=9, gone=True))
        assert unit.intakes.of_promotion(first) == replace(intake, journal=9, gone=True)
        assert unit.intakes.of_issue(18) == Intake(second, 18)
        assert (unit.intakes.of_issue(19), unit.intakes.of_promotion(99)) == (None, None)


def test_a_merged_group_goes_to_the_project_that_took_it_in(database: Database) -> None:
    """Also over several mergers; without a target, or into one that was demoted, the group is free."""
    with database.transaction() as unit:
        target = unit.promotions.add(promotion(group_key="big", state=PromotionState.ACTIVE))
        between = unit.promotions.add(promotion(group_key="b", state=PromotionState.MERGED, merged_into=target.id))
        unit.promotions.add(promotion(group_key="a", state=PromotionState.MERGED, merged_into=between.id))
        unit.promotions.add(promotion(group_key="c", state=PromotionState.MERGED))
        rule = target.rule_id
        for key in ("a", "b", "big"):
            assert unit.promotions.of_group(rule, key) == target
        assert unit.promotions.of_group(rule, "c") is None
        unit.promotions.save(replace(target, state=PromotionState.DEMOTED))
        demoted = unit.promotions.of_group(rule, "a")
        assert demoted is not None
        assert (demoted.id, demoted.state) == (target.id, PromotionState.DEMOTED)
