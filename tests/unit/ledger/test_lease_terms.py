"""Whose word on a lease counts: the rule's, else the settings'."""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType
from typing import cast

import pytest
from tests.unit.ledger.test_lease_progress import PROMOTION

from bridge.kpi.lease import LeaseTerms
from bridge.usecases.configured import Configured
from bridge.usecases.ledger.leases import lease_terms
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
