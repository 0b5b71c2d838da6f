"""Small worlds: incidents that change, rules, what people do; and two ways through them, life and replay."""

from __future__ import annotations

import re
import shutil
import tempfile
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from hypothesis import strategies as st
from tests.unit.backtest.uci import EXAMPLES

from bridge.configuration import load
from bridge.model.incident import Incident, Page, Snapshot, State
from bridge.model.promotion import HANDED_OVER, RUNNING, WAITING, Promotion, PromotionState, move
from bridge.rules.history import History, table
from bridge.rules.matching import compile_rule
from bridge.rules.ruleset import RuleSet
from bridge.rules.schema import Rule
from bridge.store.database import Database
from bridge.store.unit import Unit
from bridge.usecases.backtest.acts import Act, What
from bridge.usecases.backtest.life import Life
from bridge.usecases.backtest.replay import live
from bridge.usecases.candidates import lapse
from bridge.usecases.candidates.outcomes import approve, reject
from bridge.usecases.configured import Configured
from bridge.usecases.deliver.effects import project_effect
from bridge.usecases.deliver.reopening import Reopening
from bridge.usecases.hand_over import back_to_work, deliver
from bridge.usecases.ingest import Taken, take_page
from bridge.usecases.life import verify
from bridge.usecases.promote import sweep
from bridge.usecases.reopen import KIND

BEGIN = datetime(2026, 3, 2, 8, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
SOURCE = "desk"
FIELDS = ("service", "ci", "caller", "site", "summary", "priority", "reopen_count", "reassignment_count", "effort")


@dataclass(frozen=True, slots=True)
class World:
    """`polls` are the moments at which the daemon looks: what it sees then of which incident, and what people did."""

    rules: tuple[dict[str, Any], ...]
    polls: tuple[tuple[datetime, tuple[Incident, ...], tuple[tuple[What, str, str], ...]], ...]


@cache
def _office() -> Configured:
    return load(EXAMPLES / "bridge.yaml").configured("000000")


def configured(world: World) -> Configured:
    """The world's rules with the example's people and templates."""
    compiled = [compile_rule(Rule.model_validate(one)) for one in world.rules]
    office = _office()
    candidates = replace(office.policy.candidates, expire_after=2 * DAY)
    return replace(office, rules=RuleSet(compiled), policy=replace(office.policy, candidates=candidates))


Told = list[tuple[Any, ...]]
"""Every promotion: its rule and group, when what happened to it, how it stands, and who belongs to it how."""


_NUMBERED = re.compile(r"promotion \d+ (“[^”]*”) \([^)]+\)")
"""An earlier project by its number and identifier in life; a replay has only its name."""


def _told(promotion: Promotion, members: dict[str, str]) -> tuple[Any, ...]:
    state = PromotionState.ACTIVE if promotion.state is PromotionState.OPENING else promotion.state
    reason = _NUMBERED.sub(r"the project \1", promotion.reason)
    return (
        *(promotion.rule_id, promotion.group_key, promotion.label, promotion.created_at, promotion.opened_at),
        *(promotion.decided_at, promotion.delivered_at, state, reason, tuple(sorted(members.items()))),
    )


class HandClock:
    """A clock that stands until it is set."""

    def __init__(self) -> None:
        self.moment = BEGIN

    def now(self) -> datetime:
        """The moment it was set to."""
        return self.moment


@cache
def _empty() -> Path:
    """A store with nothing in it: to migrate one takes longer than to live through a world."""
    path = Path(tempfile.mkdtemp()) / "empty.sqlite3"
    database = Database.open(f"sqlite:///{path}", HandClock())
    database.upgrade()
    database.close()
    return path


def lived(world: World, folder: Path) -> Told:
    """The world as the daemon lives through it: its use cases, its store, a clock that is set."""
    setup, clock = configured(world), HandClock()
    shutil.copy(_empty(), folder / "life.sqlite3")
    database = Database.open(f"sqlite:///{folder / 'life.sqlite3'}", clock)
    try:
        with database.transaction() as uow:
            for rule in setup.rules.rules:
                uow.ledger.activate_rule(rule.id, rule.version, BEGIN)
        for at, seen, acts in world.polls:
            clock.moment = at
            with database.transaction() as uow:
                for what, rule_id, key in acts:
                    _do(uow, setup, what, rule_id, key, at)
                page = Page(tuple(Snapshot(one) for one in seen), at.isoformat())
                take_page(uow, setup, SOURCE, page, at, Taken())
                _deliver(database, uow, setup, clock)
                sweep(uow, setup, at)
                lapse.tick(uow, setup, at)
                _deliver(database, uow, setup, clock)
                verify.tick(uow, setup, at)
        with database.reading() as uow:
            return [_told(one, _members(uow, one.id)) for one in uow.promotions.in_states()]
    finally:
        database.close()


def _members(uow: Unit, number: int) -> dict[str, str]:
    return {uow.incidents.get(one.incident_id).external_id: str(one.role) for one in uow.promotions.members(number)}


def _deliver(database: Database, uow: Unit, setup: Configured, clock: HandClock) -> None:
    """What the queue would do in no time: projects become active, delivered ones go back to work."""
    for promotion in uow.promotions.in_states([PromotionState.OPENING]):
        uow.promotions.save(move(promotion, PromotionState.ACTIVE))
    for promotion in uow.promotions.in_states(HANDED_OVER):
        if promotion.delivered_at and uow.effects.is_stored(_reopening(promotion)):
            handler = Reopening(database, None, lambda: setup, clock)
            handler._active(uow, promotion, promotion.delivered_at)


def _reopening(promotion: Promotion) -> str:
    assert promotion.delivered_at is not None
    return project_effect(promotion.id, KIND, promotion.delivered_at.isoformat()).unique


def _do(uow: Unit, setup: Configured, what: What, rule_id: str, key: str, at: datetime) -> None:
    promotion = uow.promotions.of_group(rule_id, key)
    if promotion is None:
        return
    if what is What.APPROVE and promotion.state in WAITING:
        approve(uow, setup, promotion.id, "jane", at, {"objective": "no more of it"})
        _active(uow, promotion.id)
    elif what is What.REJECT and promotion.state in WAITING:
        reject(uow, setup, promotion.id, "jane", "not now", at)
    elif what is What.DELIVER and promotion.state in RUNNING:
        deliver(uow, setup, promotion, at)
    elif what is What.RESUME and promotion.state in HANDED_OVER:
        back_to_work(uow, setup, promotion, promotion.delivered_at or at, at)


def _active(uow: Unit, number: int) -> None:
    uow.promotions.save(move(uow.promotions.get(number), PromotionState.ACTIVE))


def history(world: World) -> tuple[History, list[str]]:
    """The same as a log, and the incidents' ids in the order in which they were first seen."""
    versions: dict[str, list[tuple[datetime, Incident]]] = {}
    for at, seen, _ in world.polls:
        for one in seen:
            versions.setdefault(one.external_id, []).append((at, one))
    rows = [row for those in versions.values() for row in those]
    first, begin = [], 0
    for those in versions.values():
        first.append(begin)
        begin += len(those)
    names = ("source", "external_id", "state", "updated_at", *FIELDS)
    columns = {name: [getattr(one, name) for _, one in rows] for name in names}
    opened = [those[0][1].opened_at for those in versions.values()]
    return table(opened, columns, first=first, known=[at for at, _ in rows]), list(versions)


def replay(world: World, *, thorough: bool = False) -> Told:
    """The world as a replay leads through it."""
    past, names = history(world)
    acts = [Act(at, what, rule, key) for at, _, acts in world.polls for what, rule, key in acts]
    ticks = [at for at, _, _ in world.polls]
    life: Life = live(past, configured(world), active_since=BEGIN, ticks=ticks, acts=acts, thorough=thorough)
    life.walk.go(life)
    promotions = life.book.promotions
    return [
        _told(one, {names[m.incident_id]: str(m.role) for m in promotions.members(one.id)}) for one in promotions.all
    ]


def rule_of(number: int, **parts: Any) -> dict[str, Any]:
    """A rule with the parts that none can be without."""
    return {
        "id": f"rule-{number}",
        "title": "T",
        "project": {"template": "standard-project", "owner": "owner"},
        **parts,
    }


_reasons = st.one_of(
    st.builds(
        lambda n, w, d: {"recurs": {"at_least": n, "within": w, **({"distinct": d} if d else {})}},
        *(st.integers(1, 4), st.sampled_from(["4h", "1d", "5d"]), st.sampled_from([None, None, "caller"])),
    ),
    st.builds(lambda w: {"open_for": {"longer_than": w}}, st.sampled_from(["6h", "1d", "3d"])),
    st.builds(lambda w: {"on_hold_for": {"longer_than": w}}, st.sampled_from(["3h", "1d"])),
    st.builds(lambda n: {"reopened": {"at_least": n}}, st.integers(1, 2)),
    st.builds(lambda n: {"reassigned": {"at_least": n}}, st.integers(1, 3)),
    st.builds(lambda n: {"affected": {"at_least": n, "within": "2d"}}, st.integers(2, 3)),
    st.builds(lambda n: {"effort": {"at_least": f"{n}h", "within": "3d"}}, st.integers(2, 9)),
    st.builds(lambda n: {"rate": {"above": "2x", "within": "1d", "baseline": "3d", "at_least": n}}, st.integers(2, 3)),
)
_whens = st.builds(
    lambda how, reasons: {how: reasons}, st.sampled_from(["any", "all"]), st.lists(_reasons, min_size=1, max_size=2)
)
_matches = st.sampled_from(
    [
        {"field": "opened_at", "exists": True},
        {"field": "service", "equals": "VPN"},
        {"field": "state", "in": ["new", "in_progress", "resolved"]},
        {"not": {"field": "ci", "equals": "R2"}},
    ]
)


@st.composite
def rules(draw: st.DrawFn) -> tuple[dict[str, Any], ...]:
    """One to three rules that may want the same incidents."""
    made = []
    for number in range(draw(st.integers(1, 3))):
        parts: dict[str, Any] = {
            "mode": draw(st.sampled_from(["auto", "auto", "propose", "shadow"])),
            "match": draw(_matches),
            "group_by": draw(st.sampled_from([["service"], ["ci"], ["service", "ci"]])),
            "when": draw(_whens),
            "quiet_for": draw(st.sampled_from(["6h", "2d"])),
            "kpi": draw(st.sampled_from(["pause", "none"])),
            "on_recurrence": draw(
                st.sampled_from([{"delivered": one, "within": "1d"} for one in ("new", "reopen", "ignore")])
            ),
            "priority": draw(st.sampled_from([100, 1])),
        }
        limits = draw(st.sampled_from([None, {"projects_per_day": 1}, {"open_per_group": 1}]))
        made.append(rule_of(number, **parts, **({"limits": limits} if limits else {})))
    return tuple(made)


_STATES = st.sampled_from([State.NEW, State.IN_PROGRESS, State.ON_HOLD, State.RESOLVED, State.CLOSED])


@st.composite
def worlds(draw: st.DrawFn) -> World:
    """A few days with some incidents, looked at every hour or so."""
    those = draw(rules())
    known: dict[str, Incident] = {}
    polls = []
    now = BEGIN
    for _ in range(draw(st.integers(1, 12))):
        now += draw(st.sampled_from([1, 3, 8, 30])) * HOUR
        acts = draw(st.lists(_acts(those), max_size=2)) if known else []
        seen: dict[str, Incident] = {}
        for _ in range(draw(st.integers(0, 4))):
            one = draw(_seen(known, now))
            known[one.external_id] = seen[one.external_id] = one
        polls.append((now, tuple(seen.values()), tuple(acts)))
    return World(those, tuple(polls))


def _acts(those: tuple[dict[str, Any], ...]) -> st.SearchStrategy[tuple[What, str, str]]:
    keys = [(rule["id"], key) for rule in those for key in _keys(rule["group_by"])]
    return st.tuples(st.sampled_from(What), st.sampled_from(keys)).map(lambda one: (one[0], *one[1]))


def _keys(fields: list[str]) -> list[str]:
    service = ["VPN", "Mail"] if "service" in fields else [None]
    ci = ["R1", "R2"] if "ci" in fields else [None]
    return ["[" + ",".join(f'"{one}"' for one in (SOURCE, a, b) if one) + "]" for a in service for b in ci]


@st.composite
def _seen(draw: st.DrawFn, known: dict[str, Incident], now: datetime) -> Incident:
    name = str(draw(st.integers(1, 9)))
    before = known.get(name)
    opened = before.opened_at if before else now - draw(st.sampled_from([0, 0, 1, 5, 40])) * HOUR
    return Incident(
        source=SOURCE,
        external_id=name,
        summary="S",
        state=draw(_STATES),
        opened_at=opened,
        updated_at=now,
        service=draw(st.sampled_from(["VPN", "VPN", "Mail"])),
        ci=draw(st.sampled_from(["R1", "R2"])),
        caller=draw(st.sampled_from(["ann", "bob", "cy"])),
        reopen_count=draw(st.integers(0, 2)),
        reassignment_count=draw(st.integers(0, 3)),
        effort=draw(st.sampled_from([0.0, 1.5, 4.0])),
    )
