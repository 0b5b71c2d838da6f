"""Where the public log is, if it is here, and the shipped examples about it."""

from __future__ import annotations

import os
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest

from bridge.app.replay import replay_file
from bridge.configuration import load
from bridge.rules.ruleset import RuleSet
from bridge.usecases.backtest.figures import Figures
from bridge.usecases.backtest.replay import Asked, AsOf, Counting

REPOSITORY = Path(__file__).parents[3]
LOG = Path(os.environ.get("BRIDGE_UCI", REPOSITORY.parent / "shared" / "data" / "uci")) / "incident_event_log.zip"
EXAMPLES = REPOSITORY / "config" / "examples" / "uci"
needs_log = pytest.mark.skipif(not LOG.exists(), reason=f"{LOG} is not here")


@cache
def replayed(example: str, as_of: AsOf, counting: Counting = Counting.LIVE, only: str | None = None) -> Figures:
    """The figures of an example's rules over the log, or of one of them."""
    configuration = load(EXAMPLES / f"{example}.yaml")
    if only is not None:
        rules = RuleSet([one for one in configuration.rules.rules if one.id == only])
        configuration = replace(configuration, rules=rules)
    return replay_file(configuration, str(LOG), None, Asked(as_of, counting))
