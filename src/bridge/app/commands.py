"""Changing commands as plain values: what a command line leaves in the store, and what it gets back."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from bridge.model.effect import Effect
from bridge.ports import UnitOfWork
from bridge.queue.contract import Engine
from bridge.usecases.give_up import given_up
from bridge.usecases.promote import Finding

Told = Callable[[Any], None]
"""Learns how far a long command is; gets what JSON can hold."""

Backfill = Callable[..., tuple[dict[str, dict[str, int]], list[Finding]]]
"""App.backfill."""


def nobody_told(_progress: Any) -> None:
    """A Told that does nothing."""


def backfilled(backfill: Backfill, args: Mapping[str, Any], told: Told) -> Mapping[str, Any]:
    """A backfill: counts by source and what the rules propose. Moments in `args` are ISO 8601 with an offset."""
    since = datetime.fromisoformat(args["since"])
    until = datetime.fromisoformat(args["until"]) if args["until"] else None
    beside, store = bool(args.get("beside_polls")), bool(args["propose"])
    counts, findings = backfill(since, until, args["sources"], told, store=store, beside_polls=beside)
    proposals = [{"rule": f.rule.id, "group": f.label, "why": f.decision.reasons_met()} for f in findings]
    return {"sources": counts, "proposals": proposals, "stored": store}


def drop(engine: Engine, args: Mapping[str, Any], now: datetime) -> Mapping[str, Any]:
    """Gives up a dead effect, audited. Raises NotFound when it is not dead, NotPossible when too much needs it."""

    def dropped(uow: UnitOfWork, effect: Effect) -> None:
        given_up(uow, effect, str(args["actor"]), str(args["reason"]), now)

    effect = engine.drop(int(args["effect"]), dropped)
    return {"dropped": effect.id, "kind": effect.kind, "promotion": effect.promotion_id}
