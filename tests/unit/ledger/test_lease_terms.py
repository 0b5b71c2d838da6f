"""Whose word on a lease counts: the rule's, else the settings'; and what is not found without one."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from types import MappingProxyType
from typing import cast

import pytest
from tests.unit.ledger.test_lease_progress import PROMOTION

from bridge.kpi.lease import LeaseTerms
from bridge.kpi.sla import Policy
from bridge.usecases.configured import Configured
from bridge.usecases.ledger.leases import lease_terms
from bridge.usecases.ledger.look import not_looked_for
from bridge.usecases.ledger.policy import LedgerPolicy


class Settings:
    """As much of what is configured as leases ask for."""

    def __init__(self, lease: LeaseTerms | None) -> None:
        self.policy = self
        self.ledger = LedgerPolicy(lease)


@pytest.mark.parametrize(
    ("said", "settings", "counts"),
    [
        ("", LeaseTerms(10, 2), LeaseTerms(10, 2)),
        ("15", LeaseTerms(10, 3), LeaseTerms(15, 3)),
        ("15", None, LeaseTerms(15, 2)),
        ("", None, None),
    ],
)
def test_whose_word_counts(said, settings, counts):
    terms = MappingProxyType({"kpi": "pause"} | ({"lease": said} if said else {}))
    configured = cast("Configured", Settings(settings))
    assert lease_terms(configured, replace(PROMOTION, terms=terms)) == counts


def test_what_cannot_be_found_with_the_settings_is_named() -> None:
    targets = (Policy("p", resolution={1: timedelta(hours=4)}),)
    assert not_looked_for(LedgerPolicy(), targets) == []
    near, idle = not_looked_for(LedgerPolicy(lease=None), (Policy("p", response={1: timedelta(hours=1)}),))
    assert near.startswith("excluded near a breach")
    assert idle.startswith("project idle")
