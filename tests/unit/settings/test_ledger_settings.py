"""What the settings say about exclusions, in the use cases' words."""

from __future__ import annotations

from datetime import timedelta

import pytest
from pydantic import ValidationError

from bridge.kpi.finding_model import Thresholds
from bridge.kpi.lease import LeaseTerms
from bridge.settings.ledger import LedgerSettings
from bridge.usecases.ledger.policy import LedgerPolicy


def test_what_is_not_said_is_as_the_use_cases_have_it():
    assert LedgerSettings().policy() == LedgerPolicy()


def test_every_word_arrives():
    told = LedgerSettings.model_validate(
        {"lease": {"days": 5, "warn": 1}, "page": "", "findings": {"near_breach": "6h", "again": 3}}
    ).policy()
    assert told == LedgerPolicy(LeaseTerms(5, 1), "", Thresholds(near_breach=timedelta(hours=6), again=3))
    assert LedgerSettings.model_validate({"lease": "none"}).policy().lease is None


@pytest.mark.parametrize("lease", [{"days": 2, "warn": 5}, {"days": 2, "warn": 2}])
def test_a_lease_that_would_be_warned_of_as_it_begins_is_refused(lease):
    with pytest.raises(ValidationError, match=r"lease of 2: as it begins"):
        LedgerSettings.model_validate({"lease": lease})


@pytest.mark.parametrize(
    ("lease", "terms"),
    [
        ({"days": 2, "warn": 1}, (2, 1)),
        ({"days": 2}, (2, 1)),
        ({"days": 1}, (1, 0)),
        ({"days": 30}, (30, 2)),
        ({}, (10, 2)),
    ],
)
def test_a_lease_is_warned_of_two_days_before_its_end_if_it_is_longer(lease, terms):
    assert LedgerSettings.model_validate({"lease": lease}).policy().lease == LeaseTerms(*terms)


@pytest.mark.parametrize("wrong", [{"lease": {"days": 0}}, {"findings": {"again": 1}}, {"lease": "never"}, {"x": 1}])
def test_what_makes_no_sense_is_refused(wrong):
    with pytest.raises(ValidationError):
        LedgerSettings.model_validate(wrong)
